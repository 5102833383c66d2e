"""Shortages and surprises of one run each: no disk, little memory, few descriptors, a clock that goes back, changed files.

A run that fails must say why in one sentence; the next one, under good conditions, completes everything.
"""

import random
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.drill.checking import Ledger, check_complete, check_ledger, judge
from benchmarks.drill.processes import Run
from benchmarks.drill.projects import Document, make_project, write_document
from benchmarks.drill.table import Try
from ocr_pipeline.project import Project
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.server import Seen

DISK = 64 * 1024 * 1024
DESCRIPTORS = (48, 28, 20, 36, 64)
MEMORY = (400, 700, 1_000, 1_500, 2_500)
"""Megabytes of address space; what a run reserves with DuckDB, pdfium and numpy is between these."""
CLOCK = ("+400d", "+3h", "+26h", "-2h")


def full_disk(folder: Path, seed: int) -> Try:
    """A small disk of its own that fills up at another moment with each seed."""
    chance = random.Random(f"disk {seed}")
    left = chance.choice([0, 16, 64, 256, 700, 1_500, 3_000, 6_000]) * 1024
    result = Try("full disk", seed, f"{left // 1024} kB left")
    try:
        with _small_disk(folder):
            _fill_and_run(result, folder / "project", seed, left)
    except _NotPossible as error:
        result.not_run = str(error)
    return result


def _fill_and_run(result: Try, root: Path, seed: int, left: int) -> None:
    with StandIn() as standin:
        documents = make_project(root, standin.url, seed)
        ledger = Ledger(root, standin)
        filler = root.parent / "filler"
        free = shutil.disk_usage(root).free
        with filler.open("wb") as file:
            for _ in range(max(0, free - left) // 4096):
                file.write(bytes(4096))
        judge(result, Run(root).start().wait(), code=None, where="on a full disk")
        ledger.after_kill()
        filler.unlink()
        _complete(result, root, documents, ledger)


def low_limit(scenario: str, folder: Path, seed: int) -> Try:
    """Few descriptors, or little memory, for one run."""
    values, limit = (DESCRIPTORS, resource.RLIMIT_NOFILE) if "descriptors" in scenario else (MEMORY, resource.RLIMIT_AS)
    value = values[seed % len(values)]
    result = Try(scenario, seed, f"{value}{' MB' if values is MEMORY else ''}")
    with StandIn() as standin:
        documents = make_project(folder, standin.url, seed)
        ledger = Ledger(folder, standin)
        amount = value * 1024 * 1024 if values is MEMORY else value
        judge(result, Run(folder, limits={limit: amount}).start().wait(), code=None, where="with the limit")
        ledger.after_kill()
        _complete(result, folder, documents, ledger)
    return result


def clock_set_back(folder: Path, seed: int) -> Try:
    """A run under another clock is killed; the next one has the true one. Only the process sees the other clock."""
    offset = CLOCK[seed % len(CLOCK)]
    result = Try("clock set back", seed, f"{offset}, then the true time")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        result.not_run = "the package faketime is not installed"
        return result
    moment = random.Random(f"clock {seed}").choice(["put:calls:renamed#2", "table:extractions:end#1", "put:ocr:end#2"])
    # Not by the command `faketime`: processes that share its memory wait for ever for one that was killed.
    environment = {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with StandIn() as standin:
        documents = make_project(folder, standin.url, seed)
        ledger = Ledger(folder, standin)
        ended = Run(folder, environment=environment, kill=moment).start().wait()
        judge(result, ended, where=f"at {offset}, to be killed at {moment}")
        ledger.after_kill()
        _complete(result, folder, documents, ledger)
    return result


def changed_files(folder: Path, seed: int) -> Try:
    """While a model is asked, one file is removed, one replaced, one appears, one is renamed."""
    chance = random.Random(f"files {seed}")
    result = Try("files changed mid-run", seed)
    with StandIn() as standin:
        documents = make_project(folder, standin.url, seed)
        project, ledger = Project(folder), Ledger(folder, standin)
        removed, replaced, renamed = chance.sample(range(len(documents)), 3)
        moment = chance.randint(1, len(documents) - 1)
        result.what = f"at request {moment}"
        after = list(documents)

        def plan(_: Seen) -> str:
            if len(standin.seen) == moment:
                after[:] = _change(project, documents, removed, replaced, renamed)
            return "ok"

        standin.plan = plan
        judge(result, Run(folder).start().wait(), code=None, where="while files change")
        if after == documents:
            result.notes.append("the moment was not reached")
        ledger.after_kill()
        # A replaced or renamed document may be asked about again: its request, or its name, is another one.
        for document in after:
            ledger.allowed[document.number] += 1
        _complete(result, folder, after, ledger)
    return result


def _change(project: Project, documents: list[Document], removed: int, replaced: int, renamed: int) -> list[Document]:
    folder = project.data / "documents"
    for index in (removed, renamed):
        for suffix in ("", ".json"):
            path = folder / (documents[index].name + suffix)
            if index == removed:
                path.unlink()
            else:
                path.rename(folder / ("renamed" + path.name.removeprefix(documents[index].name.partition(".")[0])))
    after = list(documents)
    after[replaced] = replace(documents[replaced], number=documents[replaced].number + 500, total="977.77")
    write_document(project, after[replaced])
    after[renamed] = replace(documents[renamed], name="renamed.pdf")
    after[removed] = replace(documents[removed], number=documents[removed].number + 600, total="978.78", name="new.pdf")
    write_document(project, after[removed])
    return after


def _complete(result: Try, root: Path, documents: list[Document], ledger: Ledger) -> None:
    """The run under good conditions, and what must be true after it."""
    judge(result, Run(root).start().wait(), where="afterwards")
    check_ledger(result, ledger)
    check_complete(result, root, documents)


class _NotPossible(Exception):
    pass


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A tmpfs at `folder`, which is unmounted in the end."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "drill", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise _NotPossible("only root can mount a small disk") from None
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


SHORTAGES: dict[str, tuple[Callable[[Path, int], Try], int]] = {
    "full disk": (full_disk, 6),
    "clock set back": (clock_set_back, 4),
    "files changed mid-run": (changed_files, 4),
    "little memory": (lambda folder, seed: low_limit("little memory", folder, seed), 5),
    "few descriptors": (lambda folder, seed: low_limit("few descriptors", folder, seed), 5),
}
"""By scenario, what it does and how often."""
