"""What an evaluation is made from, across tables: every row that a run replaces has the id of that run."""

from ocr_pipeline.warehouse.connection import Reader

_KEYS = {
    "documents": "document_id, run_id",
    "labels": "document_id, run_id",
    "ocr_text": "document_id, engine, run_id",
    "extractions": "document_id, backend, run_id",
    "duplicates": "document_id, run_id",
    "evaluation_baselines": "dataset, backend, evaluation_id",
}


def evaluation_inputs(reader: Reader) -> str:
    """Digests that change with every row that scores, checks or the report are made from."""
    digests = []
    for table, columns in _KEYS.items():
        digest = f"md5(string_agg(concat_ws('|', {columns}), ',' ORDER BY {columns}))"
        [row] = reader.rows(f"SELECT {digest} AS digest FROM {table}")
        digests.append(f"{table} {row['digest']}")
    return "\n".join(digests)
