"""The table `findings`: what each asset last looked at, so that it looks again only at documents whose rows changed since.

Every row that a run writes has its run and time. So a document is due for an asset if rows of it changed in any of the tables
that the asset reads, or if what holds for all documents did.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ocr_pipeline.warehouse.changes import Replacement, Update
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.inserting import Rows
from ocr_pipeline.warehouse.tables.findings import content_of

_PARTS = {
    "document": "SELECT document_id, concat_ws('|', dataset, schema_state) AS part FROM documents",
    "labels": """
        SELECT document_id, concat_ws('|', dataset, status, label_sha256, run_id, updated_at) AS part FROM labels
        """,
    "copies": """
        SELECT u.document_id, string_agg(concat_ws('|', o.document_id, l.label_sha256, l.run_id, l.updated_at), ' '
            ORDER BY o.document_id) AS part
        FROM duplicates u JOIN duplicates o ON o.group_id = u.group_id
        LEFT JOIN labels l ON l.document_id = o.document_id GROUP BY u.document_id
        """,
    "group": "SELECT document_id, group_id AS part FROM duplicates",
    "words": """
        SELECT document_id, string_agg(concat_ws('|', engine, status, fingerprint, result_key, run_id, updated_at), ' '
            ORDER BY engine) AS part
        FROM ocr_text GROUP BY document_id
        """,
    "results": """
        SELECT document_id, string_agg(concat_ws('|', backend, status, engine_fingerprint, extractor_fingerprint, result_key,
            run_id, updated_at), ' ' ORDER BY backend) AS part
        FROM extractions GROUP BY document_id
        """,
    "scores": """
        SELECT document_id, string_agg(concat_ws('|', backend, content), ' ' ORDER BY backend) AS part
        FROM scored_cells GROUP BY document_id
        """,
    "label_issues": """
        SELECT document_id, string_agg(concat_ws('|', field, value, kinds::VARCHAR, reason,
            independent), ' '
            ORDER BY field) AS part
        FROM label_issues GROUP BY document_id
        """,
    "scale_suspects": """
        SELECT document_id, string_agg(concat_ws('|', backend, field, value), ' ' ORDER BY backend, field, value) AS part
        FROM scale_suspects GROUP BY document_id
        """,
}
"""SQL of what an asset can read of each document: a text that changes with it."""

AT_A_TIME = 10_000
"""Documents that an asset looks at together: with 5 backends, what it reads of them takes 0.3 to 0.8 GB."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """Documents that an asset has to look at again, and those of which it must keep nothing: their file was deleted, or they
    were split. `contents`: what stands for all inputs, by document to look at."""

    asset: str
    contents: Mapping[str, str]
    gone: Sequence[str]

    @property
    def documents(self) -> list[str]:
        return list(self.contents)

    def parts(self) -> Iterator["Due"]:
        """The same in parts of neighbouring documents, each to be stored before the next; none if nothing is due."""
        ids, gone = self.documents, self.gone
        for start in range(0, len(ids) or bool(gone), AT_A_TIME):
            contents = {document_id: self.contents[document_id] for document_id in ids[start : start + AT_A_TIME]}
            yield Due(asset=self.asset, contents=contents, gone=gone)
            gone = ()


def due(reader: Reader, asset: str, made_by: object, parts: Collection[str]) -> Due:
    """What an asset has to do.

    Args:
        made_by: what holds for all documents, as JSON: backends, rules. The version of the package is added.
        parts: what the asset reads of each document, of `_PARTS`.
    """
    joins = " ".join(f"LEFT JOIN ({_PARTS[part]}) {part}_ ON {part}_.document_id = d.document_id" for part in parts)
    content = ", ".join(["$made_by", *(f"coalesce({part}_.part, '')" for part in parts)])
    rows = reader.rows(
        f"""
        WITH now AS (
            SELECT d.document_id, md5(concat_ws(chr(10), {content})) AS content FROM documents d {joins}
            WHERE coalesce(d.reason, '') NOT IN ('missing_file', 'split') AND d.status <> 'split'
        ), known AS (SELECT document_id, content FROM findings WHERE asset = $asset)
        SELECT document_id, now.content FROM now FULL JOIN known USING (document_id)
        WHERE now.content IS DISTINCT FROM known.content ORDER BY document_id
        """,
        {"asset": asset, "made_by": content_of(asset, made_by)},
    )
    contents = {row["document_id"]: row["content"] for row in rows if row["content"] is not None}
    gone = [row["document_id"] for row in rows if row["content"] is None]
    return Due(asset=asset, contents=contents, gone=gone)


def with_copies(reader: Reader, document_ids: Sequence[str]) -> list[str]:
    """These documents and all copies of them."""
    rows = reader.rows(
        """
        SELECT unnest($ids::VARCHAR[]) AS document_id UNION
        SELECT document_id FROM duplicates
        WHERE group_id IN (SELECT group_id FROM duplicates WHERE document_id IN (SELECT unnest($ids::VARCHAR[])))
        """,
        {"ids": list(document_ids)},
    )
    return [row["document_id"] for row in rows]


def replace_due(
    warehouse: Warehouse,
    done: Due,
    new_rows: Mapping[str, Rows],
    results: Mapping[str, object] = MappingProxyType({}),
    more: Sequence[Replacement | Update] = (),
) -> None:
    """Replace the rows of the documents that were looked at, and remember that they were, in one transaction.

    Args:
        new_rows: by table, of the documents that were due.
        results: what to keep for the asset itself, by document, as JSON.
        more: further changes.
    """
    documents = [(document_id,) for document_id in (*done.contents, *done.gone)]
    looked_at = [
        {
            "document_id": document_id,
            "asset": done.asset,
            "content": content,
            "result": json.dumps(results.get(document_id)),
        }
        for document_id, content in done.contents.items()
    ]
    findings = [(document_id, done.asset) for (document_id,) in documents]
    warehouse.replace_together(
        [
            Replacement(("document_id",), documents, new_rows),
            Replacement(("document_id", "asset"), findings, {"findings": looked_at}),
            *more,
        ]
    )


def sums(reader: Reader, asset: str, names: Sequence[str]) -> dict[str, int]:
    """Sums of numbers that an asset keeps of each document."""
    columns = ", ".join(f"coalesce(sum((result->>'{name}')::INTEGER), 0)::INTEGER AS {name}" for name in names)
    [row] = reader.rows(f"SELECT {columns} FROM findings WHERE asset = ?", [asset]) or [dict.fromkeys(names, 0)]
    return row
