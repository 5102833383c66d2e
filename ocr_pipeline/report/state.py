"""What each document page was made from, so that only pages are written again about which something has changed."""

from collections import defaultdict
from collections.abc import Sequence

from ocr_pipeline.warehouse.connection import Reader

_SINCE = ("run_id", "scored_at", "judged_at", "computed_at", "found_at", "updated_at", "content")
"""Columns that change with every run and that no page shows."""

_CELLS = ("ocr_text", "extractions")
"""Which run made a cell is shown, so here these columns count."""

_TABLES = (
    *("documents", "labels", "ground_truth", "ground_truth_line_items", "ground_truth_tax_lines", "label_issues"),
    *("duplicates", *_CELLS, "field_scores", "line_item_cells", "attributions", "confidences", "model_calls"),
)
"""Words, values and candidates are not here: they are those of the results that `ocr_text` and `extractions` name."""


def document_states(reader: Reader, extra: str) -> dict[str, str]:
    """By document, a text that changes when anything on its page does. `extra` belongs to all of them: templates, version."""
    states: dict[str, list[str]] = defaultdict(list)
    for table in _TABLES:
        kept = _kept(reader, table)
        rows = reader.rows(
            f"SELECT document_id, bit_xor(hash(row)) AS state FROM (SELECT document_id, struct_pack({kept}) AS row"  # noqa: S608
            f' FROM "{table}") GROUP BY document_id'
        )
        for row in rows:
            states[row["document_id"]].append(f"{table}={row['state']:x}")
    return {document_id: " ".join([extra, *parts]) for document_id, parts in states.items()}


def _kept(reader: Reader, table: str) -> str:
    columns: Sequence[str] = [row["column_name"] for row in reader.rows(f'DESCRIBE "{table}"')]
    return ", ".join(f'"{name}" := "{name}"' for name in columns if table in _CELLS or name not in _SINCE)
