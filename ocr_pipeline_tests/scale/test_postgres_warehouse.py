"""The warehouse on PostgreSQL: the tests of the DuckDB file that say nothing about files, and what is special here."""

import inspect
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from ocr_pipeline.warehouse import migrate, postgres_schema
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.postgres import Postgres as Opening
from ocr_pipeline.warehouse.postgres import _attach, explain, load_extension
from ocr_pipeline_tests.scale.servers import Postgres
from ocr_pipeline_tests.warehouse import test_round_trip, test_stored_scores, test_tables, test_warehouse
from ocr_pipeline_tests.warehouse.test_tables import extracted
from ocr_pipeline_tests.warehouse.test_warehouse import KEY, page, word, words

__all__ = ["extracted"]

OTHERWISE = {
    "test_attributions_of_current_scores",  # fills a MAP with text
    "test_ocr",  # stores a NUL
    "test_a_database_that_is_not_there_knows_nothing",
}


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.create())


@pytest.fixture
def warehouse(url: str) -> Iterator[Warehouse]:
    """An empty warehouse: making one for each test would take a second each."""
    made = Warehouse(Opening(url))
    made.size()
    yield made
    with made.connect(read_only=False) as connection:
        tables = ", ".join(f'"{table}"' for table in postgres_schema.transfer_types() if table != "schema_version")
        postgres_schema.execute(connection, f"TRUNCATE {tables}")


def _tests(module: ModuleType) -> dict[str, Any]:
    """Tests that have a warehouse from a fixture."""
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_")
        and {"warehouse", "extracted"} & set(inspect.signature(test).parameters)
        and name not in OTHERWISE
    }


for _module in (test_tables, test_round_trip, test_stored_scores):
    globals().update(_tests(_module))


class TestReplace(test_warehouse.TestReplace):
    test_no_keys_is_nothing_to_do = None  # type: ignore[assignment]

    @pytest.mark.parametrize(
        "text", ["", 'it\'s "quoted" `and` \\', "😀", "null", '{"a": [1]}', "'); DROP TABLE ocr_words; --"]
    )
    def test_odd_strings(self, warehouse: Warehouse, text: str) -> None:
        for _ in range(2):
            warehouse.replace(KEY, [(text, "e")], {"ocr_words": [word(text, text=text * 50_000)]})
        assert words(warehouse) == [(text, "e", text * 50_000)]


def test_a_nul_becomes_a_question_mark_in_rows_and_keys(warehouse: Warehouse) -> None:
    for _ in range(2):
        warehouse.replace(KEY, [("a\0'b", "e")], {"ocr_words": [word("a\0'b", text="x\0y")]})
    assert words(warehouse) == [("a?'b", "e", "x?y")]


def test_rows_keep_their_order_when_they_are_replaced(warehouse: Warehouse) -> None:
    """PostgreSQL fills the space of deleted rows."""
    row = {"repeats": 1, "documents": 1, "differing": 0, "dataset": "d", "backend": "b"}
    for names in (range(300), range(7), range(500, 200, -1)):
        warehouse.replace_all({"repeat_spread": [{**row, "field": f"f{name}"} for name in names]})
        found = [entry["field"] for entry in warehouse.rows("FROM repeat_spread ORDER BY rowid")]
        assert found == [f"f{name}" for name in names]
        assert "rowid" not in warehouse.rows("FROM repeat_spread")[0]


def test_every_table_that_is_read_in_the_order_of_insertion_has_it() -> None:
    folder = Path(test_warehouse.__file__).parents[2] / "ocr_pipeline" / "warehouse" / "tables"
    found = [
        text
        for path in folder.glob("*.py")
        for text in path.read_text("utf-8").split("reader.")
        if re.search(r"ORDER BY[^\"']*\browid", text)
    ]
    assert found
    for query in found:
        assert any(table in query for table in postgres_schema.ORDERED), query


def test_deletes_use_the_index(warehouse: Warehouse, url: str) -> None:
    rows = [word(f"d{number}", word=number) for number in range(3000)]
    warehouse.replace(KEY, [(row["document_id"], "e") for row in rows], {"ocr_words": rows})
    plan = _psql(
        url,
        "ANALYZE ocr_words; EXPLAIN DELETE FROM ocr_words t USING unnest(ARRAY['d7'], ARRAY['e']) AS k(a, b)"
        " WHERE t.document_id = k.a AND t.engine = k.b",
    )
    assert "ocr_words_by_document_id_engine" in plan


@pytest.mark.parametrize("first", [22, 26, 30])
def test_an_older_schema_is_migrated_to_what_a_new_database_has(postgres: Postgres, first: int) -> None:
    states = []
    for versions in ([first, None], [None]):
        url = postgres.url(postgres.create())
        with _attach(url).cursor(read_only=False) as connection:
            for version in versions:
                postgres_schema.bring_up_to_date(connection, version)
            assert postgres_schema.schema_version(connection) == migrate.migrations()[-1][0]
        states.append(
            _psql(
                url,
                "SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default, collation_name"
                " FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'coordination%'"
                " ORDER BY 1, 2; SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            )
        )
    assert states[0] == states[1]


def test_the_schema_of_a_newer_version_is_refused(postgres: Postgres) -> None:
    url = postgres.url(postgres.create())
    Warehouse(Opening(url)).size()
    _psql(url, "INSERT INTO schema_version VALUES (9999, now())")
    code = f"""
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.postgres import Postgres
Warehouse(Postgres({url!r})).size()
"""
    assert "upgrade ocr_pipeline" in _process(code).communicate(timeout=60)[1]


def test_processes_write_cells_and_whole_tables_at_once(warehouse: Warehouse, url: str) -> None:
    """Each writer replaces cells of its own, one cell that all of them write, and a whole table."""
    code = """
import sys
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.postgres import Postgres
from ocr_pipeline_tests.warehouse.test_warehouse import KEY, page, word
warehouse, me = Warehouse(Postgres(sys.argv[1])), sys.argv[2]
cell = dict(status="ok", fingerprint="f", updated_at="2026-01-01 00:00:00")
for turn in range(12):
    keys = [(f"{me}{number}", "e") for number in range(5)] + [("shared", "e")]
    cells = [dict(cell, document_id=key, engine=engine, message=me) for key, engine in keys]
    rows = [word(key, word=number, text=me) for key, _ in keys for number in range(20)]
    warehouse.replace(KEY, keys, {"ocr_text": cells, "ocr_words": rows})
    warehouse.replace_all({"pages": [page(me, page=number) for number in range(1, 31)]})
"""
    writers = [_process(code, url, name) for name in "abc"]
    for writer in writers:
        output, errors = writer.communicate(timeout=240)
        assert (writer.returncode, output, errors) == (0, "", "")
    counts = warehouse.rows("SELECT document_id, count(*) AS n, count(DISTINCT text) AS t FROM ocr_words GROUP BY 1")
    assert {(row["n"], row["t"]) for row in counts} == {(20, 1)}
    assert len(counts) == 16
    assert warehouse.rows("SELECT count(*) AS n FROM ocr_text") == [{"n": 16}]
    assert warehouse.rows("SELECT count(*) AS n, count(DISTINCT document_id) AS d FROM pages") == [{"n": 30, "d": 1}]


def test_a_writer_that_is_killed_leaves_no_torn_cell(warehouse: Warehouse, url: str) -> None:
    code = """
import sys
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.postgres import Postgres
from ocr_pipeline_tests.warehouse.test_warehouse import KEY, word
warehouse = Warehouse(Postgres(sys.argv[1]))
cell = dict(status="ok", fingerprint="f", updated_at="2026-01-01 00:00:00")
for turn in range(100000):
    keys = [(f"d{turn % 4}-{number}", "e") for number in range(5)]
    cells = [dict(cell, document_id=key, engine=engine, words=turn) for key, engine in keys]
    rows = [word(key, word=number, line=turn) for key, _ in keys for number in range(100)]
    warehouse.replace(KEY, keys, {"ocr_text": cells, "ocr_words": rows})
    print(turn, flush=True)
"""
    for trial in range(5):
        writer = _process(code, url)
        assert writer.stdout is not None
        for _ in range(3 + trial):
            assert writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate(timeout=60)
        torn = warehouse.rows(
            "SELECT c.document_id FROM ocr_text c LEFT JOIN ocr_words w USING (document_id, engine)"
            " GROUP BY c.document_id, c.words HAVING count(w.word) <> 100 OR min(w.line) <> c.words OR max(w.line) <> c.words"
        )
        assert torn == []


def test_a_snapshot_of_some_documents_hides_the_rows_of_others(warehouse: Warehouse) -> None:
    """Also in tables with a MAP, which are read through views; scores are stored twice if it does not."""
    warehouse.replace_all({"pages": [page("a"), page("b")]})
    with warehouse.snapshot(only=["a"]) as snapshot:
        assert [row["document_id"] for row in snapshot.rows("FROM pages")] == ["a"]
        assert snapshot.rows("SELECT metrics FROM field_scores") == []
    assert len(warehouse.rows("FROM pages")) == 2


def test_rows_of_any_key_are_replaced(warehouse: Warehouse) -> None:
    """Keys are sent as one literal, in which some characters mean something."""
    names = ["plain", "", "NULL", "it's", 'a "quote"', "back\\slash\\", "a,b", "{c}", "two words ", "é\n"]
    warehouse.replace(("document_id",), [("other",)], {"pages": [page("other")]})
    for width in (1, 2):
        new = [page(name, width_px=width) for name in names]
        warehouse.replace(("document_id",), [(name,) for name in names], {"pages": new})
    found = sorted((row["document_id"], row["width_px"]) for row in warehouse.rows("FROM pages"))
    assert found == sorted([("other", 10), *((name, 2) for name in names)])


def test_a_column_is_set_for_some_documents(warehouse: Warehouse) -> None:
    rows = [
        {"document_id": name, "dataset": "d", "path": "p", "status": "ok", "updated_at": "2026-01-01 00:00:00"}
        for name in "ab"
    ]
    warehouse.replace(("document_id",), [("a",), ("b",)], {"documents": rows})
    warehouse.set_column("documents", "file_state", {"a": "x'y"})
    found = warehouse.rows("SELECT document_id, file_state FROM documents ORDER BY 1")
    assert [row["file_state"] for row in found] == ["x'y", None]


def test_a_snapshot_sees_one_state_while_others_write(warehouse: Warehouse) -> None:
    warehouse.replace_all({"pages": [page("a")]})
    with warehouse.snapshot() as snapshot:
        assert len(snapshot.rows("FROM pages")) == 1
        warehouse.replace_all({"pages": [page("a"), page("b")]})
        assert len(snapshot.rows("FROM pages")) == 1
    assert len(warehouse.rows("FROM pages")) == 2


def test_a_write_survives_a_lost_connection(warehouse: Warehouse, url: str) -> None:
    warehouse.replace_all({"pages": [page("a")]})
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
    _psql(url, f"{ended} AND pid <> pg_backend_pid()")
    warehouse.replace_all({"pages": [page("b")]})
    assert warehouse.rows("SELECT document_id FROM pages") == [{"document_id": "b"}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('Unable to connect to Postgres at "postgresql://u:SECRET@h/d": Connection refused', "cannot be reached"),
        ('FATAL: password authentication failed for user "u" SECRET', "refuses this user or password"),
        ('FATAL: database "SECRET" does not exist', "does not exist"),
        ("ERROR: permission denied for table pages SECRET", "may not use a table"),
        ("ERROR: could not serialize access due to concurrent update SECRET", "other machines"),
        ("Conversion Error: SECRET", "does not fit its column"),
        ("could not extend file: No space left on device SECRET", "disk is full"),
        ("Some Error: SECRET", "failed: Some Error."),
    ],
)
def test_errors_are_one_sentence_without_secrets(text: str, sentence: str) -> None:
    said = str(explain(text, "postgresql://u:SECRET@h/d?password=SECRET"))
    assert sentence in said
    assert "SECRET" not in said
    assert "\n" not in said


def _process(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _psql(url: str, sql: str) -> str:
    """What the last statements return, as text."""
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    found: list[tuple[object, ...]] = []
    try:
        for statement in sql.split("; "):
            with connection.cursor() as cursor:
                cursor.execute(statement)
                found += cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
    return "\n".join(map(str, found))


def test_the_packaged_extension_is_used_without_asking_a_server(tmp_path: Path) -> None:
    asked: list[str] = []

    class Repository(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Repository) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        repository = f"http://127.0.0.1:{server.server_port}"
        connection = duckdb.connect(config={"extension_directory": str(tmp_path)})
        for setting in ("autoinstall_extension_repository", "custom_extension_repository"):
            connection.execute(f"SET {setting} = '{repository}'")
        load_extension(connection)
        server.shutdown()

    assert asked == []
    assert list(tmp_path.rglob("postgres_scanner.duckdb_extension"))
