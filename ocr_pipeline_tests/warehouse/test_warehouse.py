import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import pytest

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.local import LocalFile, explain

KEY = ("document_id", "engine")


def word(document_id: str = "a", engine: str = "e", **values: Any) -> dict[str, Any]:
    row = {"document_id": document_id, "engine": engine, "page": 1, "word": 0, "line": 0, "text": "x"}
    return {**row, "x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4, "confidence": None, **values}


def page(document_id: str = "a", **values: Any) -> dict[str, Any]:
    return {"document_id": document_id, "page": 1, "width_px": 10, "height_px": 20, **values}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data" / "w.duckdb", lock_timeout=30)


def file_of(warehouse: Warehouse) -> Path:
    assert isinstance(warehouse.opening, LocalFile)
    return warehouse.opening.path


def words(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    rows = warehouse.rows("FROM ocr_words ORDER BY ALL")
    return [(row["document_id"], row["engine"], row["text"]) for row in rows]


class TestReplace:
    def test_exactly_the_affected_keys(self, warehouse: Warehouse) -> None:
        everything = [(document, engine) for document in "abc" for engine in "de"]
        warehouse.replace(KEY, everything, {"ocr_words": [word(*key, text="old") for key in everything]})
        chosen = [("a", "d"), ("b", "e"), ("c", "d")]
        warehouse.replace(KEY, chosen, {"ocr_words": [word("a", "d", text="new"), word("b", "e", text="new")]})
        assert words(warehouse) == [
            ("a", "d", "new"),
            ("a", "e", "old"),
            ("b", "d", "old"),
            ("b", "e", "new"),
            ("c", "e", "old"),  # ("c", "d") was asked for and has no rows any more
        ]

    def test_several_tables_and_single_keys(self, warehouse: Warehouse) -> None:
        label = {"document_id": "a", "field": "total_amount", "value": "1"}
        warehouse.replace(
            ("document_id",), [("a",), ("b",)], {"pages": [page("a"), page("b")], "ground_truth": [label]}
        )
        warehouse.replace(("document_id",), [("a",)], {"pages": [page("a", page=2)], "ground_truth": []})
        assert warehouse.rows("SELECT document_id, page FROM pages ORDER BY ALL") == [
            {"document_id": "a", "page": 2},
            {"document_id": "b", "page": 1},
        ]
        assert warehouse.rows("FROM ground_truth") == []

    def test_no_keys_is_nothing_to_do(self, warehouse: Warehouse) -> None:
        warehouse.replace(KEY, [], {"ocr_words": []})
        assert not file_of(warehouse).exists()

    def test_all(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page("a"), page("b")]})
        warehouse.replace_all({"pages": [page("c")]})
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["c"]

    def test_columns_are_matched_by_name(self, warehouse: Warehouse) -> None:
        row = dict(reversed(page(width_px=111, height_px=222, dpi=72.5).items()))
        warehouse.replace_all({"pages": [row, page("b", width_px=1, height_px=2)]})
        assert warehouse.rows("FROM pages ORDER BY document_id") == [
            {"document_id": "a", "page": 1, "width_px": 111, "height_px": 222, "dpi": 72.5},
            {"document_id": "b", "page": 1, "width_px": 1, "height_px": 2, "dpi": None},
        ]

    def test_an_unknown_column_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(ValueError, match="table pages has no column 'width'"):
            warehouse.replace_all({"pages": [page(width=1)]})

    def test_a_column_of_nulls_keeps_its_type(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"ocr_words": [word(confidence=None)] * 3})
        with warehouse.connect(read_only=True) as connection:
            assert connection.execute("SELECT DISTINCT typeof(confidence) FROM ocr_words").fetchall() == [("DOUBLE",)]

    def test_lists_stay_lists(self, warehouse: Warehouse) -> None:
        lists = [["x", "y", 'z"'], [], None]
        rows = [{"document_id": str(number), "field": "f", "alternatives": value} for number, value in enumerate(lists)]
        warehouse.replace_all({"ground_truth": rows})
        assert [row["alternatives"] for row in warehouse.rows("FROM ground_truth ORDER BY document_id")] == lists

    @pytest.mark.parametrize(
        "text",
        [
            "",
            'it\'s "quoted" `and` \\',
            "a\0b\0",
            "😀",
            "שלום עולם",
            "\u202e\x1b[31m",
            "null",
            '{"a": [1]}',
            "x" * 10**6,
            "'); DROP TABLE ocr_words; --",
            "\r\n\t",
            "ﬁ①",
        ],
    )
    def test_odd_strings(self, warehouse: Warehouse, text: str) -> None:
        warehouse.replace(KEY, [(text, "e")], {"ocr_words": [word(text, text=text)]})
        warehouse.replace(KEY, [(text, "e")], {"ocr_words": [word(text, text=text)]})
        assert words(warehouse) == [(text, "e", text)]
        assert len(warehouse.rows("FROM ocr_words WHERE text = ?", [text])) == 1

    def test_half_a_surrogate_does_not_take_the_others_with_it(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"ocr_words": [word("a", text="caf\udce9"), word("b", text="é😀")]})
        assert words(warehouse) == [("a", "e", "caf?"), ("b", "e", "é😀")]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"page": "SECRET"},
            {"page": 2**40},
            {"confidence": "SECRET"},
            {"text": None},
            {"x0": ["SECRET"]},
            {"page": None},
        ],
    )
    def test_a_wrong_value_is_refused_without_quoting_it_and_nothing_is_written(
        self, warehouse: Warehouse, wrong: dict[str, Any]
    ) -> None:
        warehouse.replace_all({"ocr_words": [word(text="old")], "pages": [page("old")]})
        with pytest.raises(WarehouseError) as error:
            # the first table is all right, the second one is not: both stay as they were
            warehouse.replace_all({"pages": [page("new")], "ocr_words": [word(text="new"), word(**wrong)]})
        assert str(error.value) == (
            f"The database {warehouse.name} refused a value that does not fit its column; nothing was written."
        )
        assert words(warehouse) == [("a", "e", "old")]
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["old"]

    def test_many_rows_are_one_transaction(self, warehouse: Warehouse) -> None:
        many = [page(f"d{number:05}") for number in range(12_000)]
        warehouse.replace_all({"pages": many})
        found = warehouse.rows("SELECT document_id FROM pages ORDER BY 1")
        assert [row["document_id"] for row in found] == [row["document_id"] for row in many]
        with pytest.raises(WarehouseError):
            warehouse.replace_all({"pages": [*many, page("last", width_px="SECRET")]})
        assert warehouse.rows("SELECT count(*) AS n FROM pages") == [{"n": 12_000}]

    def test_any_exception_rolls_back(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page("old")]})
        with pytest.raises(ValueError, match="no column"):
            warehouse.replace_all({"pages": [page("new")], "ocr_words": [{"x": 1}]})
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["old"]

    def test_a_query_can_fail_without_quoting_data(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"ocr_words": [word(text="SECRET")]})
        with pytest.raises(WarehouseError) as error:
            warehouse.rows("SELECT text::INTEGER FROM ocr_words")
        assert "SECRET" not in str(error.value)


def test_replacing_is_like_assigning_in_a_dictionary(warehouse: Warehouse) -> None:
    chance = random.Random(7)
    expected: dict[tuple[str, str], list[str]] = {}
    everything = [(document, engine) for document in "abc" for engine in "de"]
    for _ in range(12):
        write = {key: chance.choices("xyz", k=chance.randrange(3)) for key in chance.sample(everything, 3)}
        rows = [word(*key, text=text) for key, texts in write.items() for text in texts]
        warehouse.replace(KEY, list(write), {"ocr_words": rows})
        expected.update(write)
        assert sorted(words(warehouse)) == sorted((*key, text) for key, texts in expected.items() for text in texts)


class TestReading:
    def test_a_database_that_is_not_there_has_no_rows_and_is_not_made(self, warehouse: Warehouse) -> None:
        assert warehouse.rows("FROM documents") == []
        assert not file_of(warehouse).parent.exists()

    def test_a_database_that_was_removed_is_made_again(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        file_of(warehouse).unlink()
        assert warehouse.rows("FROM pages") == []
        warehouse.replace_all({"pages": [page("b")]})
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["b"]

    def test_parameters(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page("a"), page("b")]})
        assert len(warehouse.rows("FROM pages WHERE document_id = ?", ["a"])) == 1
        assert len(warehouse.rows("FROM pages WHERE document_id = $id", {"id": "b"})) == 1

    def test_nothing_but_the_database_is_left(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        assert [path.name for path in file_of(warehouse).parent.iterdir()] == ["w.duckdb"]


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held_by_another_process(path: Path, *, read_only: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Another process has the file open until its standard input is closed."""
    code = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True')\n"
        "print('open', flush=True); sys.stdin.read()\n"
    )
    holder = python(code, path, read_only)
    assert holder.stdout
    assert holder.stdout.readline() == "open\n"
    try:
        yield holder
    finally:
        holder.communicate()


class TestOtherProcesses:
    def test_a_holder_is_named_after_the_wait(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        with held_by_another_process(file_of(warehouse)) as holder:
            impatient = Warehouse(file_of(warehouse), lock_timeout=0.2)
            for use in (lambda: impatient.rows("FROM pages"), lambda: impatient.replace_all({"pages": []})):
                with pytest.raises(WarehouseError) as error:
                    use()
                assert str(error.value).startswith(f"The database {file_of(warehouse)} is in use by ")
                assert f"(process {holder.pid}); close it there and try again." in str(error.value)
        assert len(impatient.rows("FROM pages")) == 1

    def test_a_holder_that_leaves_is_waited_for(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        with held_by_another_process(file_of(warehouse)) as holder:
            assert holder.stdin
            letting_go = threading.Timer(0.2, holder.stdin.close)
            letting_go.start()
            Warehouse(file_of(warehouse), lock_timeout=60).replace_all({"pages": [page("b")]})
            letting_go.join()
            holder.stdin = None
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["b"]

    def test_readers_do_not_shut_each_other_out(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        with held_by_another_process(file_of(warehouse), read_only=True):
            fresh = Warehouse(file_of(warehouse), lock_timeout=0.2)
            assert len(fresh.rows("FROM pages")) == 1
            with pytest.raises(WarehouseError, match="is in use by"):
                fresh.replace_all({"pages": []})

    def test_many_processes_write_at_once_beginning_with_no_database(self, warehouse: Warehouse) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from ocr_pipeline.warehouse.connection import Warehouse\n"
            "warehouse, name = Warehouse(Path(sys.argv[1])), sys.argv[2]\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "row = {'page': 1, 'width_px': 1, 'height_px': 1}\n"
            "for turn in range(4):\n"
            "    keys = [(f'{name}-{number}',) for number in range(turn + 1)]\n"
            "    warehouse.replace(('document_id',), keys, {'pages': [{**row, 'document_id': k[0]} for k in keys]})\n"
            "    assert len(warehouse.rows('FROM pages WHERE starts_with(document_id, ?)', [name + '-'])) == turn + 1\n"
        )
        writers = [python(code, file_of(warehouse), name) for name in "abcd"]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [(writer.communicate(timeout=120)[1], writer.returncode) for writer in writers] == [("", 0)] * 4
        expected = {f"{name}-{number}" for name in "abcd" for number in range(4)}
        rows = warehouse.rows("FROM pages")
        assert len(rows) == len(expected)
        assert {row["document_id"] for row in rows} == expected
        assert [path.name for path in file_of(warehouse).parent.iterdir()] == ["w.duckdb"]

    def test_a_writer_killed_in_its_transaction_leaves_all_as_it_was(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page("old")], "ocr_words": [word(text="old")]})
        code = (
            "import os, signal, sys; from pathlib import Path\n"
            "from ocr_pipeline.warehouse.connection import Warehouse\n"
            "class Rows(list):\n"
            "    def __bool__(self): os.kill(os.getpid(), signal.SIGKILL)  # asked after the first table was written\n"
            "page = {'document_id': 'new', 'page': 1, 'width_px': 1, 'height_px': 1}\n"
            "Warehouse(Path(sys.argv[1])).replace_all({'pages': [page] * 10_000, 'ocr_words': Rows()})\n"
        )
        writer = python(code, file_of(warehouse))
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (-9, "")
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["old"]
        assert words(warehouse) == [("a", "e", "old")]
        warehouse.replace_all({"pages": [page("next")]})

    def test_threads_take_turns(self, warehouse: Warehouse) -> None:
        failed: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for _ in range(5):
                    warehouse.replace(("document_id",), [(name,)], {"pages": [page(name)]})
                    assert len(Warehouse(file_of(warehouse)).rows("FROM pages WHERE document_id = ?", [name])) == 1
            except BaseException as error:  # noqa: BLE001 - a thread cannot fail a test by itself
                failed.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(warehouse.rows("FROM pages")) == 3


class TestOneDuckDB:
    """DuckDB is started once; the file is open only during a task (`TestOtherProcesses` opens it in between)."""

    def test_it_is_started_once_for_many_tasks(self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        warehouse.replace_all({"pages": [page()]})
        started = Mock(side_effect=duckdb.connect)
        monkeypatch.setattr(duckdb, "connect", started)
        for _ in range(3):
            assert len(Warehouse(file_of(warehouse)).rows("FROM pages")) == 1
        warehouse.replace_all({"pages": []})
        assert started.call_count == 0

    def test_two_files_are_not_mixed_up(self, warehouse: Warehouse, tmp_path: Path) -> None:
        other = Warehouse(tmp_path / "it's another.duckdb")
        for turn in range(3):
            warehouse.replace_all({"pages": [page(f"a{turn}")]})
            other.replace_all({"pages": [page(f"b{turn}")]})
            assert [row["document_id"] for row in warehouse.rows("FROM pages")] == [f"a{turn}"]
            assert [row["document_id"] for row in other.rows("FROM pages")] == [f"b{turn}"]

    def test_temporary_tables_end_with_the_task(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page("a"), page("b")]})
        for document_id in "ab":
            with warehouse.snapshot(only=[document_id]) as snapshot:
                assert [row["document_id"] for row in snapshot.rows("FROM pages")] == [document_id]
        assert len(warehouse.rows("FROM pages")) == 2

    def test_a_task_that_fails_leaves_the_file_closed(self, warehouse: Warehouse) -> None:
        warehouse.replace_all({"pages": [page()]})
        with pytest.raises(WarehouseError):
            warehouse.rows("SELECT document_id::INTEGER FROM pages")
        with pytest.raises(ZeroDivisionError), warehouse.snapshot():
            _ = 1 / 0
        with held_by_another_process(file_of(warehouse)):
            pass
        assert len(warehouse.rows("FROM pages")) == 1

    def test_a_forked_process_starts_its_own(self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        """That of the parent has no threads here."""
        warehouse.replace_all({"pages": [page()]})
        child = os.fork()
        if not child:
            signal.alarm(30)
            started = Mock(side_effect=duckdb.connect)
            monkeypatch.setattr(duckdb, "connect", started)
            os._exit(len(warehouse.rows("FROM pages")) and started.call_count)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        assert len(warehouse.rows("FROM pages")) == 1


class TestUnusableFile:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda path: path.write_text("hello " * 1000), "{} is not a DuckDB database; move it away and run again."),
            (lambda path: path.write_bytes(b""), "{} is not a DuckDB database; move it away and run again."),
            (lambda path: path.write_bytes(path.read_bytes()[:9000]), "The database {} failed: IOException: "),
            (
                lambda path: path.write_bytes(path.read_bytes()[:12288] + os.urandom(path.stat().st_size - 12288)),
                "The database {} failed: ",
            ),
            (lambda path: (path.unlink(), path.mkdir()), "The database {} failed: IOException: "),
        ],
        ids=["text", "empty", "cut off", "overwritten", "folder"],
    )
    def test_it_is_one_sentence(self, warehouse: Warehouse, make: Any, message: str) -> None:
        warehouse.replace_all({"pages": [page()]})
        make(file_of(warehouse))
        for use in (
            lambda: Warehouse(file_of(warehouse)).rows("FROM pages"),
            lambda: Warehouse(file_of(warehouse)).replace_all({"pages": [page()]}),
        ):
            with pytest.raises(WarehouseError) as error:
                use()
            assert message.format(file_of(warehouse)) in str(error.value)
            assert "\n" not in str(error.value)

    def test_of_a_newer_duckdb(self) -> None:
        """What DuckDB 1.5 says of a file of 2.0; a later one to make such a file with is not at hand."""
        said = duckdb.IOException(
            "IO Error: Trying to read a database file with version number 999, but we can only read"
        )
        assert f"newer version of DuckDB than {duckdb.__version__}: install" in str(explain(said, Path("w.duckdb")))

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(WarehouseError, match=r"cannot be created: (File exists|Not a directory)\.$"):
            Warehouse(tmp_path / "file" / "w.duckdb").replace_all({"pages": []})

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(WarehouseError, match=r"cannot be created: Permission denied\.$"):
            Warehouse(tmp_path / "w.duckdb").replace_all({"pages": []})

    def test_a_write_that_fails_in_the_middle_loses_nothing(self, warehouse: Warehouse) -> None:
        """A limit on the size of files stands in for a full disk."""
        warehouse.replace_all({"pages": [page("old")]})
        code = (
            "import resource, sys; from pathlib import Path\n"
            "from ocr_pipeline.errors import OcrPipelineError\n"
            "from ocr_pipeline.warehouse.connection import Warehouse\n"
            "warehouse = Warehouse(Path(sys.argv[1]))\n"
            "warehouse.rows('FROM pages')\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, -1))\n"
            "row = {'document_id': 'new', 'field': 'f'}\n"
            "try: warehouse.replace_all({'ground_truth': [{**row, 'value': str(n) * 99} for n in range(9_000)]})\n"
            "except OcrPipelineError as error: print(error)\n"
        )
        writer = python(code, file_of(warehouse))
        output, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")
        assert output.startswith("A file may not be larger than 300,000 bytes here, or the disk is full")
        assert output.count("\n") == 1
        assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["old"]
        assert warehouse.rows("FROM ground_truth") == []


def test_no_space_left_is_said_in_words(tmp_path: Path) -> None:
    from ocr_pipeline.warehouse.local import explain

    error = duckdb.IOException('IO Error: Could not write file "/data/w.duckdb.wal": No space left on device')
    assert str(explain(error, tmp_path)) == (
        "The disk is full, or fails: free some space, then run the same command again. What was finished is kept."
    )


def test_rows_travel_as_json_once(warehouse: Warehouse) -> None:
    rows = [word(str(number), text="x" * 50) for number in range(5000)]
    warehouse.replace(KEY, [(row["document_id"], "e") for row in rows], {"ocr_words": rows})
    assert warehouse.rows("SELECT count(*) AS n, sum(length(text)) AS letters FROM ocr_words") == [
        {"n": 5000, "letters": 250_000}
    ]
    json.dumps(warehouse.rows("FROM ocr_words LIMIT 1"))  # plain values


def test_a_connection_inside_another_is_refused(warehouse: Warehouse) -> None:
    opening = warehouse.opening
    assert isinstance(opening, LocalFile)
    with (
        opening.connect(read_only=False),
        pytest.raises(RuntimeError, match="open"),
        opening.connect(read_only=True),
    ):
        pass
    with opening.connect(read_only=True) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
