"""The drill sees what it is there to see: with a promise of the product taken out, its table is no longer zero."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.drill import kills, mutations
from benchmarks.drill.power import lose_power, read_disk, unanswered
from benchmarks.drill.processes import CHILD, REPOSITORY
from benchmarks.drill.projects import tree_without
from benchmarks.drill.sentences import is_clear, unclear_lines
from benchmarks.drill.table import Try, keep, load, table
from ocr_pipeline_tests.documents.hostile import FILES

BLOBS, ASKING = "ocr_pipeline/blobs.py", "ocr_pipeline/models/asking.py"
POWER = ["put:calls:end#3"]
"""Power is lost when three replies are stored."""
AT_ONCE = ["", ""]
"""Two runs at once, and nobody is killed."""

PUT = """
from pathlib import Path
from ocr_pipeline.store import ResultStore
store = ResultStore(Path({root!r}))
for number in range(3):
    store.put("calls", f"{{number:02}}", '{{"a": 1}}')
"""


def put_three(root: Path, tree: Path) -> Path:
    """Store three results in a process with the probe; returns its journal."""
    journal = root.parent / "journal"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (CHILD, tree))),
        "DRILL_JOURNAL": str(journal),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run(
        [sys.executable, "-c", PUT.format(root=str(root))], env=environment, cwd=tree, check=True, timeout=60
    )
    return journal


def small_tree(folder: Path, old: str = "", new: str = "") -> Path:
    """The result store and what it imports, with `old` in it replaced."""
    (folder / "ocr_pipeline").mkdir(parents=True)
    (folder / "ocr_pipeline" / "__init__.py").touch()
    for name in ("store.py", "blobs.py", "errors.py", "machine.py", "memory_limit.py"):
        text = (REPOSITORY / "ocr_pipeline" / name).read_text()
        assert name != "blobs.py" or old in text
        (folder / "ocr_pipeline" / name).write_text(text.replace(old, new) if old else text)
    return folder


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("", "", 0),
        ("os.fsync(file.fileno())", "pass", 3),
        ("        _sync_folder(path.parent)\n", "", 3),
        ("os.replace(temporary, path)", "path.write_bytes(content); Path(temporary).unlink()", 3),
    ],
    ids=["intact", "no fsync", "folder not synced", "written in place"],
)
def test_a_loss_of_power_takes_what_was_not_synced(tmp_path: Path, old: str, new: str, lost: int) -> None:
    root = tmp_path / "results"
    journal = put_three(root, small_tree(tmp_path / "tree", old, new))
    assert len(read_disk(journal).promised) == 3
    assert lose_power(journal, root) == lost


def test_what_a_killed_run_was_waiting_for_is_known_although_another_run_has_it_now(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    lines = [
        "ask A k1 00001",
        "ask A k2 00002",
        "answered A k2",
        "killed put:calls:begin",
        "ask B k1 00001",
        "answered B k1",
    ]
    journal.write_text("".join(f"{line.replace(' ', chr(9))}\n" for line in lines))
    assert unanswered(journal) == {1: 1}


def test_the_table_adds_up_and_continues(tmp_path: Path) -> None:
    path = tmp_path / "tries.jsonl"
    for result in (Try("kills", 1, tries=5), Try("kills", 2, tries=4, lost=2), Try("disk", 1, not_run="no root")):
        keep(path, result)
    with path.open("a") as file:
        file.write('{"scenario": "ki')  # killed while it was written
    lines = table(load(path)).split("\n")
    assert lines[2] == "| kills | 9 | 2 | 0 | 0 | 0 | 0 | 0 |"
    assert lines[3] == "| disk | not run: no root | | | | | | |"
    assert lines[4] == "| all | 9 | 2 | 0 | 0 | 0 | 0 | 0 |"


def test_the_hostile_documents_are_the_same_each_time() -> None:
    """All have names of their own, and the seed makes them."""
    indices = range(len(FILES), mutations.NUMBER, 7)
    first, again, other = ([mutations.hostile(index, seed) for index in indices] for seed in (1, 1, 2))
    assert first == again
    assert [file.content for file in first] != [file.content for file in other]
    assert len({mutations.hostile(index, 1).name for index in range(len(FILES), mutations.NUMBER)}) == 275 - len(FILES)


def test_a_sentence_without_file_and_remedy_is_unclear() -> None:
    assert not is_clear("Error: The run 1234 failed: ValueError: bad")
    assert is_clear("gemini: rate limit exceeded (429).")
    assert unclear_lines("Error: The run 1 failed: ValueError: bad\nnot run: a+b: no key\n") == [
        "Error: The run 1 failed: ValueError: bad"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "old", "new", "targets", "red"),
    [
        (BLOBS, "os.fsync(file.fileno())", "pass", POWER, {"lost", "paid_twice"}),
        (BLOBS, "        _sync_folder(path.parent)\n", "", POWER, {"lost", "paid_twice"}),
        (BLOBS, "with FileLock(path, timeout=timeout):", "if True:", AT_ONCE, {"paid_twice"}),
        (
            ASKING,
            "if stored := self.stored(provider, request):  # another",
            "if stored := None:  #",
            AT_ONCE,
            {"paid_twice"},
        ),
    ],
    ids=["fsync", "sync of the folder", "lock", "look again under the lock"],
)
def test_the_drill_turns_red(
    tmp_path: Path, module: str, old: str, new: str, targets: list[str], red: set[str]
) -> None:
    tree = tree_without(tmp_path / "tree", REPOSITORY, module, old, new)
    at_once = targets == AT_ONCE
    # Slow answers: both runs have asked before the first one is answered.
    result = kills.drill(
        "mini", tmp_path / "project", 0, runs=len(targets), tree=tree, targets=targets, latency=15 if at_once else 0.1
    )
    assert red <= {name for name in ("lost", "paid_twice") if getattr(result, name)}, result.line()


@pytest.mark.slow
@pytest.mark.parametrize("targets", [POWER, AT_ONCE], ids=["power lost", "two at once"])
def test_the_drill_is_green_on_the_code_as_it_is(tmp_path: Path, targets: list[str]) -> None:
    at_once = targets == AT_ONCE
    result = kills.drill(
        "mini", tmp_path / "project", 0, runs=len(targets), targets=targets, latency=15 if at_once else 0.1
    )
    assert result.faults == 0, result.line()
    assert result.tries == (0 if at_once else 1)
