import errno
import inspect
import json
import multiprocessing
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

from ocr_pipeline.components import fingerprint_of
from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.store import ResultStore, fingerprint, is_sealed, result_key, write_durably
from ocr_pipeline_tests.plugins import PageWidth

KEY = "ab" + "0" * 62


class Number(BaseModel):
    number: int


def root(store: ResultStore) -> Path:
    return Path(store.shown())


def entry(store: ResultStore) -> Path:
    return root(store) / "ocr" / KEY[:2] / f"{KEY}.json"


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def test_what_was_put_is_there(store: ResultStore) -> None:
    assert store.get("ocr", KEY) is None
    store.put("ocr", KEY, '{"text": "Grüße 😀\u0000"}')
    assert store.get("ocr", KEY) == '{"text": "Grüße 😀\u0000"}'
    assert store.get("extraction", KEY) is None
    assert store.get("ocr", "ab" + "1" * 62) is None


def test_the_last_one_stays(store: ResultStore) -> None:
    store.put("ocr", KEY, "first, and longer")
    store.put("ocr", KEY, "second")
    assert store.get("ocr", KEY) == "second"
    assert [path.name for path in root(store).rglob("*.*")] == [f"{KEY}.json"]


def test_as_a_model(store: ResultStore) -> None:
    assert store.load("ocr", KEY, Number) is None
    store.put("ocr", KEY, '{"number": 5}')
    assert store.load("ocr", KEY, Number) == Number(number=5)
    store.put("ocr", KEY, '{"numb')
    assert store.load("ocr", KEY, Number) is None


BODIES = ['{"number": 5}', "{}", '{"text": "Grüße 😀\\u0000", "rows": [{"a": 1}]}', '{"_sha256":"0"}']


@pytest.mark.parametrize("body", BODIES)
def test_an_entry_stays_a_json_object_and_comes_back_as_it_was(store: ResultStore, body: str) -> None:
    store.put("ocr", KEY, body)
    assert json.loads(entry(store).read_text()).keys() == json.loads(body).keys() | {"_sha256"}
    assert store.get("ocr", KEY) == body


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.replace(b": 5", b": 6"),
        lambda content: content.replace(b"number", b"numbed"),
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b"5", b"\xff"),
        lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
    ],
)
def test_a_damaged_entry_is_said_and_set_aside(
    store: ResultStore, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """One changed digit would change the leaderboard."""
    store.put("ocr", KEY, '{"number": 5}')
    path = entry(store)
    path.write_bytes(damage(path.read_bytes()))
    assert store.load("ocr", KEY, Number) is None
    assert f"{path} is damaged: it is set aside as {KEY}.json.damaged, and made again." in caplog.text
    assert [found.name for found in path.parent.iterdir()] == [f"{KEY}.json.damaged"]
    store.put("ocr", KEY, '{"number": 5}')
    assert store.load("ocr", KEY, Number) == Number(number=5)


@pytest.mark.parametrize(("content", "text"), [(b'{"number": 5}', '{"number": 5}'), (b'{"name": "\xff"}', None)])
def test_an_entry_of_an_older_version_counts_if_it_is_text(
    store: ResultStore, content: bytes, text: str | None
) -> None:
    store.put("ocr", KEY, "{}")
    entry(store).write_bytes(content)
    assert store.get("ocr", KEY) == text


def test_the_folder_is_synced_after_the_file_and_its_new_name(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mutant without either fsync survives every other test: nobody cuts the power."""
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle: int) -> None:
        status = os.fstat(handle)
        steps.append("folder" if stat.S_ISDIR(status.st_mode) else "file" if status.st_size else "empty file")
        fsync(handle)

    def note_replace(source: str, target: str) -> None:
        steps.append("name")
        replace(source, target)

    monkeypatch.setattr("os.fsync", note_fsync)
    monkeypatch.setattr("os.replace", note_replace)
    store.put("ocr", KEY, "{}")
    assert steps == ["file", "name", "folder", "folder"], "the folder is new, so its own name has to last, too"
    store.put("ocr", KEY, "{}")
    assert steps[4:] == ["file", "name", "folder"]


def test_who_may_read_a_file_is_a_matter_of_the_umask(tmp_path: Path) -> None:
    """A project's folder may be shared by a container, its group and whoever commits the files."""
    before = os.umask(0o027)
    try:
        write_durably(tmp_path / "ids.jsonl", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "ids.jsonl").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["ids.jsonl"]


def test_entries_are_results_and_nothing_else(store: ResultStore) -> None:
    keys = [KEY, "cd" + "0" * 62]
    for key in keys:
        store.put("ocr", key, "{}")
    folder = entry(store).parent
    for name in (f"{KEY}.lock", f"{KEY}.json.damaged", ".x.json", "zz.json"):  # zz belongs into another folder
        (folder / name).write_text("{}")
    assert sorted(found.key for found in store.entries()) == keys
    assert is_sealed(entry(store).read_bytes())
    assert not is_sealed(b"{}")


def test_a_write_leaves_no_descriptor_open(store: ResultStore) -> None:
    store.put("ocr", KEY, "{}")
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        store.put("ocr", KEY, "{}")
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_lock_waits_for_ever_and_may_be_gone_at_its_end(store: ResultStore) -> None:
    assert inspect.signature(ResultStore.locked).parameters["timeout"].default < 0
    with store.locked("ocr", KEY):
        entry(store).with_suffix(".lock").unlink()  # as another process that made the result does


def test_the_same_result_is_made_by_one_at_a_time(store: ResultStore) -> None:
    """Two runs may want the same page at the same time."""
    made = 0

    def make(_: int) -> None:
        nonlocal made
        with store.locked("ocr", KEY):
            if store.get("ocr", KEY) is None:
                made += 1
                time.sleep(0.05)
                store.put("ocr", KEY, "{}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(8)))
    assert made == 1
    assert [path.name for path in entry(store).parent.iterdir()] == [entry(store).name], "no lock is left"


def test_what_a_killed_process_left_is_ignored(store: ResultStore) -> None:
    store.put("ocr", KEY, "whole")
    folder = root(store) / "ocr" / "ab"
    (folder / ".x7f.tmp").write_text("ha")
    assert store.get("ocr", KEY) == "whole"
    store.put("ocr", KEY, "again")
    assert store.get("ocr", KEY) == "again"


def _put_many(root: Path, letter: str, times: int) -> None:
    store = ResultStore(root)
    for _ in range(times):
        store.put("ocr", KEY, letter * 200_000)


def test_a_reader_sees_all_or_nothing_while_others_write(store: ResultStore) -> None:
    store.put("ocr", KEY, "a" * 200_000)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put_many, args=(root(store), letter, 40)) for letter in "bc"]
    observed = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            text = store.get("ocr", KEY) or ""
            observed.add((len(text), text[:1], text.count(text[:1])))

    reader = threading.Thread(target=look)
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    reader.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert observed <= {(200_000, letter, 200_000) for letter in "abc"}
    assert len(observed) > 1
    assert [path.name for path in root(store).rglob("*.*")] == [f"{KEY}.json"]


def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(store: ResultStore) -> None:
    """A limit on the size of files stands in for a full disk: the write fails in the middle."""
    store.put("ocr", KEY, "before")
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from ocr_pipeline.store import ResultStore\n"
        "from ocr_pipeline.errors import OcrPipelineError\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY}))\n"
        "try: ResultStore(Path(sys.argv[1])).put('ocr', sys.argv[2], 'x' * 100_000)\n"
        "except OcrPipelineError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root(store)), KEY], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith(
        "A file may not be larger than 1,000 bytes here, or the disk is full: raise the limit"
    )
    assert done.stderr == ""
    assert store.get("ocr", KEY) == "before"
    assert [result.name for result in root(store).rglob("*.*")] == [f"{KEY}.json"]


def test_a_place_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ResultStore(tmp_path / "file")
    with pytest.raises(WarehouseError, match=r"^The result store cannot use .*\.json: [A-Z][a-z ]+\.$"):
        store.get("ocr", KEY)
    with pytest.raises(WarehouseError, match=r"^The result store cannot use .*\.json: [A-Z][a-z ]+\.$"):
        store.put("ocr", KEY, "x")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The result store cannot use .*json: No way"),
        (errno.EACCES, "No permission to use .*json"),
        (errno.EROFS, "No permission to use .*json"),
    ],
)
def test_nothing_is_left_where_the_last_step_fails(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "No way")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(WarehouseError, match=said):
        store.put("ocr", KEY, "x")
    assert list(root(store).rglob("*.*")) == []


def test_fingerprints_do_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": {"c": [1, 2], "d": None}}) == fingerprint({"b": {"d": None, "c": [1, 2]}, "a": 1})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert fingerprint({"name": "Ü"}) == "d687535d5fde9311"  # must not change between versions: results are found by it


def test_a_result_key_depends_on_both_parts() -> None:
    keys = {result_key(content, stage) for content in ("a", "b") for stage in ("1", "2")}
    assert len(keys) == 4
    assert all(len(key) == 64 for key in keys)


def test_a_subclass_has_a_fingerprint_of_its_own() -> None:
    """Else two extractors, of which one inherits `fingerprint`, would share their results."""

    class Mine(PageWidth):
        pass

    assert Mine().fingerprint() == PageWidth().fingerprint()
    assert fingerprint_of(Mine()) != fingerprint_of(PageWidth())
    assert fingerprint_of(PageWidth()) == fingerprint_of(PageWidth())
