"""A mutant counts as too slow only if it is slower than the clean code on the same machine at the same time."""

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import mutation

CLEAN, CHANGED = "clean", "changed"


class Machine(mutation.Trial):
    """Runs of pytest, each with the code that it must find, the seconds that it takes, and its status. It keeps the clock."""

    def __init__(self, file: Path, runs: list[tuple[str, float, int]]) -> None:
        self.package, self.file, self.runs, self.now = "models", file, iter(runs), 0.0

    def _forked(self, arguments: list[str], limit: float) -> int | None:
        assert "-x" in arguments
        code, seconds, status = next(self.runs)
        assert self.file.read_text() == code
        self.now += min(seconds, limit)
        return status if seconds <= limit else None


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([(CHANGED, 9, 0)], 0),
        ([(CHANGED, 9, 1)], 1),
        ([(CHANGED, 11, 0), (CLEAN, 2, 0)], None),  # five times the clean run is no more than it had
        ([(CHANGED, 11, 0), (CLEAN, 3, 0), (CHANGED, 14, 0)], 0),  # the machine was busy
        ([(CHANGED, 11, 0), (CLEAN, 3, 0), (CHANGED, 14, 1)], 1),
        ([(CHANGED, 11, 0), (CLEAN, 3, 0), (CHANGED, 16, 0)], None),
        ([(CHANGED, 999, 0), (CLEAN, 40, 0), (CHANGED, 150, 0)], 0),
    ],
)
def test_a_busy_machine_kills_no_mutant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: list[tuple[str, float, int]], status: int | None
) -> None:
    file = tmp_path / "module.py"
    file.write_text(CHANGED)
    machine = Machine(file, runs)
    monkeypatch.setattr(time, "monotonic", lambda: machine.now)
    assert machine._within(["t.py"], 10, file, CLEAN) == status
    assert next(machine.runs, None) is None


@pytest.mark.parametrize("clean", [(CLEAN, 1.0, 1), (CLEAN, 51.0, 0)])
def test_clean_code_that_fails_is_no_killed_mutant(tmp_path: Path, clean: Any) -> None:
    file = tmp_path / "module.py"
    file.write_text(CHANGED)
    with pytest.raises(SystemExit, match=r"^models: the tests of module\.py fail, or do not end, without a mutant\.$"):
        Machine(file, [(CHANGED, 11, 0), clean])._within(["t.py"], 10, file, CLEAN)
