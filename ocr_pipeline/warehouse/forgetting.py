"""Removing every trace of documents: from the warehouse, and from other SQLite files that name them.

Both databases keep what was deleted in unused pages until the file is written anew.
"""

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.migrate import table_columns

FORGOTTEN = "forgotten"
"""Stands in lists and texts for what was removed."""

MIN_VALUE = 8
"""Characters of a value that is looked for: shorter ones, like totals, say nothing about a document."""

LOCK_SECONDS = 10.0
"""How long another process may hold an SQLite file."""

_ROWS_OF_EVENTS = re.compile(r"event_logs|asset_event_tags|asset_check_executions|job_ticks|dynamic_partitions")
_LAST_EVENTS = ("last_materialization",)


def texts_of(reader: Reader, ids: Collection[str]) -> list[str]:
    """Texts that only these documents have: extracted and labelled values that can be told from those of others."""
    values = reader.rows(
        """
        WITH every AS (
            SELECT document_id, value FROM extracted_fields UNION SELECT document_id, value FROM ground_truth
        )
        SELECT DISTINCT value FROM every e WHERE list_contains($ids, document_id) AND length(value) >= $length
        AND NOT EXISTS (FROM every o WHERE o.value = e.value AND NOT list_contains($ids, o.document_id))
        AND NOT regexp_full_match(value, '[0-9., -]+') ORDER BY value
        """,
        {"ids": list(ids), "length": MIN_VALUE},
    )
    return [row["value"] for row in values]


def model_calls_of(reader: Reader, ids: Collection[str]) -> set[str]:
    """The keys of the model calls that were made for these documents."""
    rows = reader.rows("SELECT DISTINCT call_key FROM model_calls WHERE list_contains(?, document_id)", [list(ids)])
    return {row["call_key"] for row in rows}


def delete_documents(
    warehouse: Warehouse, ids: Collection[str], sha256s: Collection[str] = (), *, keep_history: bool = False
) -> int:
    """Delete all rows of these documents. The history of evaluations keeps their outcomes, without their names unless
    `keep_history`.

    Returns the number of rows.
    """
    chosen, deleted = list(ids), 0
    if not chosen:
        return 0
    opening = warehouse.opening

    def work(connection: duckdb.DuckDBPyConnection) -> None:
        nonlocal deleted
        deleted = 0
        for table, columns in table_columns().items():
            for column in {"document_id", "group_id"} & {name for name, _ in columns}:
                deleted += opening.delete(connection, table, (column,), [(key,) for key in chosen])
        for column in ("sha256_a", "sha256_b"):
            if sha256s:
                opening.delete(connection, "page_similarities", (column,), [(key,) for key in sha256s])
        if not keep_history:
            connection.execute(
                "UPDATE evaluation_documents SET document_ids = list_transform(document_ids, lambda d: "
                "CASE WHEN list_contains($ids, d) THEN $name ELSE d END) WHERE list_has_any(document_ids, $ids)",
                {"ids": chosen, "name": FORGOTTEN},
            )

    opening.write(work)
    return deleted


@dataclass(frozen=True)
class Traces:
    """What names documents: their ids, hashes and paths as whole words, and texts that only they have."""

    names: Sequence[str]
    texts: Sequence[str]

    def pattern(self) -> re.Pattern[str]:
        """Matches each of them, also within JSON and JSON within JSON. An id is not found within a longer one."""
        names = [f"(?<![\\w-]){re.escape(name)}(?![\\w-])" for name in _longest_first(self.names)]
        escaped = {form for text in self.texts for form in _json_forms(text)}
        return re.compile("|".join([*names, *map(re.escape, _longest_first(escaped))]) or r"(?!)")


def _longest_first(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-len(text), text))


def _json_forms(text: str) -> list[str]:
    once = json.dumps(text)[1:-1]
    return [text, once, json.dumps(once)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]


def scrub_sqlite(path: Path, traces: Traces) -> int:
    """Remove the traces from an SQLite file of Dagster, and write it anew: rows of events are deleted, elsewhere the text is
    replaced. Returns the number of rows.

    Raises:
        WarehouseError: another process holds the file.
    """
    pattern = traces.pattern()
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            connection.execute("BEGIN IMMEDIATE")
            changed = sum(_scrub_table(connection, table, pattern) for table in tables)
            connection.execute("COMMIT")
            if changed:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise WarehouseError(
            f"{path} is in use or damaged ({error}): stop `ocr-pipeline dev` and all runs, then forget the document again."
        ) from None
    return changed


def _scrub_table(connection: sqlite3.Connection, table: str, pattern: re.Pattern[str]) -> int:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if "BLOB" not in row[2].upper()]
    names = ", ".join(f'"{column}"' for column in columns)
    changed = 0
    for rowid, *values in connection.execute(f'SELECT rowid, {names} FROM "{table}"').fetchall():  # noqa: S608
        found = [
            (column, value)
            for column, value in zip(columns, values, strict=True)
            if isinstance(value, str) and pattern.search(value)
        ]
        if not found:
            continue
        changed += 1
        if _ROWS_OF_EVENTS.fullmatch(table):
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', [rowid])  # noqa: S608
            continue
        for column, value in found:
            new = None if column in _LAST_EVENTS else pattern.sub(FORGOTTEN, value)
            connection.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ? WHERE rowid = ?', [new, rowid])  # noqa: S608
    return changed
