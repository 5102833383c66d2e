"""How many rows PostgreSQL reads for the documents that are asked for: those of the documents, not those of the table."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from ocr_pipeline.warehouse import postgres_queries, tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.postgres import Postgres as Opening
from ocr_pipeline.warehouse.postgres import _forget
from ocr_pipeline.warehouse.postgres_queries import MANY, with_literals
from ocr_pipeline.warehouse.tables.common import of_documents
from ocr_pipeline.warehouse.tables.evidence import CandidateRow
from ocr_pipeline_tests.scale.servers import Postgres
from ocr_pipeline_tests.scale.test_postgres_warehouse import _psql

DOCUMENTS, WORDS = 2500, 20
FILLED = {
    "documents": "(document_id, dataset, path, status, updated_at) SELECT 'd-' || d, 'set', '', 'ok', now()",
    "labels": "(document_id, dataset, status, updated_at) SELECT 'd-' || d, 'set', 'ok', now()",
    "ocr_text": "(document_id, engine, status, fingerprint, updated_at) SELECT 'd-' || d, 'e', 'ok', '', now()",
    "ocr_pages": "(document_id, engine, page, width_px, height_px, words, seconds) SELECT 'd-' || d, 'e', 1, 9, 9, 20, 0",
    "ocr_words": "(document_id, engine, page, word, line, text, x0, y0, x1, y1)"
    f" SELECT 'd-' || d, 'e', 1, w, 1, 'word', 0, 0, 1, 1 FROM generate_series(1, {WORDS}) w,",
    "candidates": "(document_id, backend, field, rank, value, score, chosen, reason, features, page, text, words,"
    f" x0, y0, x1, y1) SELECT 'd-' || d, 'b', 'total_amount', w, '1', 1, true, '', '{{}}', 1, '1', '{{}}', 0, 0, 1, 1"
    f" FROM generate_series(1, {WORDS}) w,",
}  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    """A database with rows of many documents, of which the server knows the number. The words take some thousand pages, which
    several threads would read in parts."""
    url = postgres.url(postgres.create())
    Warehouse(Opening(url)).size()
    _psql(url, "ALTER TABLE ocr_words SET (fillfactor = 20)")
    for table, rows in FILLED.items():
        source = rows if rows.endswith(",") else f"{rows} FROM"
        _psql(url, f"INSERT INTO {table} {source} generate_series(1, {DOCUMENTS}) d; ANALYZE {table}")
    return url


def rows_read(url: str, read: Callable[[Warehouse], int]) -> tuple[int, Mapping[str, int]]:
    """What `read` returns, and how many rows the server read for it, by table. Its counts are there when the connection is
    closed."""

    def counts() -> dict[str, int]:
        _forget(url)
        ours = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ocr-pipeline'"
        until = time.monotonic() + 20
        while _psql(url, ours) and time.monotonic() < until:
            time.sleep(0.05)
        fetched = "coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
        listed = _psql(url, f"SELECT relname || ' ' || ({fetched}) FROM pg_stat_user_tables")
        pairs = (line.strip("(',)").split(" ") for line in listed.splitlines())
        return {table: int(rows) for table, rows in pairs}

    warehouse = Warehouse(Opening(url))
    warehouse.size()
    before = counts()
    found = read(warehouse)
    after = counts()
    return found, {table: after[table] - before[table] for table in FILLED}


def _of_some(reader: Reader, ids: list[str]) -> int:
    found: list[Mapping[str, object]] = [
        tables.documents.documents(reader, ids),
        tables.labels.labels(reader, ids),
        tables.words.ocr_cells(reader, "e", ids),
        tables.words.ocr_texts(reader, "e", ids),
        of_documents(reader, CandidateRow, "candidates", ids),
        tables.review.texts(reader, None, ids),
    ]
    assert all(rows.keys() == set(ids) for rows in found)
    return len(found)


def test_reading_some_documents_reads_no_row_of_others(url: str) -> None:
    ids = [f"d-{number}" for number in range(7, DOCUMENTS, DOCUMENTS // 5)]
    _, read = rows_read(url, partial(_of_some, ids=ids))
    assert read == {
        "documents": len(ids), "labels": len(ids), "ocr_text": len(ids), "ocr_pages": len(ids),
        "ocr_words": 2 * WORDS * len(ids), "candidates": WORDS * len(ids),
    }  # fmt: skip


def test_a_snapshot_of_some_documents_reads_no_row_of_others(url: str) -> None:
    ids = ["d-5", "d-50", "it's none"]

    def read(warehouse: Warehouse) -> int:
        with warehouse.snapshot(only=ids) as snapshot:
            assert sorted(tables.documents.documents(snapshot)) == ids[:2]
            return len(snapshot.columns("FROM ocr_words")["word"])

    found, rows = rows_read(url, read)
    assert found == rows["ocr_words"] == 2 * WORDS
    assert rows["documents"] == 2


def test_of_no_document_no_row_is_read(url: str) -> None:
    """A tick of `arrivals` asks so if nothing has changed."""
    found, rows = rows_read(url, lambda warehouse: len(tables.documents.documents(warehouse, [])))
    assert (found, rows["documents"]) == (0, 0)


def test_a_snapshot_of_very_many_neighbours_reads_no_row_of_others(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many to be named to the server: it is told the first and the last of them."""
    monkeypatch.setattr(postgres_queries, "MANY", 20)
    neighbours = sorted(f"d-{number}" for number in range(1, DOCUMENTS + 1))[10:50]

    def read(warehouse: Warehouse) -> int:
        with warehouse.snapshot(only=neighbours) as snapshot:
            return len(tables.documents.documents(snapshot))

    found, rows = rows_read(url, read)
    assert found == len(neighbours)
    assert rows["documents"] <= found + 2  # the server looks at the ends of an index to estimate a range


def test_one_document_is_found_by_the_index(url: str) -> None:
    _, rows = rows_read(url, lambda warehouse: len(warehouse.rows("FROM ocr_words WHERE document_id = ?", ["d-5"])))
    assert rows["ocr_words"] == WORDS


def test_a_query_of_columns_may_be_read_in_parts(url: str) -> None:
    def read(warehouse: Warehouse) -> int:
        with warehouse.snapshot() as snapshot:
            return len(snapshot.columns("SELECT word FROM ocr_words")["word"])

    found, rows = rows_read(url, read)
    assert found == rows["ocr_words"] == WORDS * DOCUMENTS


def test_very_many_documents_are_read_as_a_whole(url: str) -> None:
    ids = [f"d-{number}" for number in range(1, MANY + 2)]
    found, rows = rows_read(url, lambda warehouse: len(tables.documents.documents(warehouse, ids)))
    assert (found, rows["documents"]) == (MANY + 1, DOCUMENTS)


def test_values_are_written_into_a_query_in_the_place_of_their_parameter() -> None:
    sql = "FROM t WHERE a = ? AND b IN (SELECT unnest(?)) AND c = ?"
    assert with_literals(sql, ["A", ["it's", "NUL\0"], "C"]) == (
        "FROM t WHERE a = ? AND b IN ('it''s', 'NUL?') AND c = ?",
        ["A", "C"],
    )
    sql = "FROM t WHERE a IN (SELECT unnest($ids)) AND b = $b"
    assert with_literals(sql, {"ids": ["x"], "b": 1}) == ("FROM t WHERE a IN ('x') AND b = $b", {"b": 1})
    assert with_literals(sql, {"ids": [], "b": 1}) == (sql, {"ids": [], "b": 1})
    assert with_literals(sql, {"ids": [1], "b": 1}) == (sql, {"ids": [1], "b": 1})
    twice = "SELECT list_contains($ids, a) FROM t WHERE a IN (SELECT unnest($ids))"
    assert with_literals(twice, {"ids": ["x"]}) == (
        "SELECT list_contains($ids, a) FROM t WHERE a IN ('x')",
        {"ids": ["x"]},
    )
    assert with_literals("SELECT '?' FROM t WHERE a IN (SELECT unnest(?))", [["x"]])[1] == [["x"]]
