"""What `status`, `run --dry-run`, the sensor `stale_cells` and the check `no_stale_cells` say about the cells of a project."""

import json
from dataclasses import dataclass

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.launch import Launcher
from ocr_pipeline.project import Project
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.test_sensors import Ticks

Cell = tuple[str, str]


@dataclass(frozen=True)
class Said:
    """`states`: by backend, the cells that `status` does not call current, with state and reason. `planned`: the cells of
    `extractions` and `ensembles` in the plan. `wanted`: backends and documents of the run that the sensor asks for; `stale`:
    what the check counts."""

    states: dict[str, dict[str, str]]
    planned: set[Cell]
    wanted: tuple[set[str], set[str]]
    stale: int

    @property
    def due(self) -> set[Cell]:
        """The cells that are missing or stale according to `status`."""
        return {
            (name, key)
            for name, cells in self.states.items()
            for key, said in cells.items()
            if not said.startswith("failed")
        }


def listen(project: Project, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Ask all of them; nothing is changed."""
    rows = json.loads(_out(monkeypatch, "status", "--json"))
    steps = json.loads(_out(monkeypatch, "run", "--dry-run", "--json"))["steps"]
    with open_instance(project) as instance:
        requests = Ticks(project, instance, "stale_cells")()
        checked = Launcher(build_definitions(project), instance).check()
    return Said(
        states={
            row["backend"]: {cell["document_id"]: f"{cell['state']}: {cell['why']}" for cell in row["cells"]}
            for row in rows
        },
        planned={
            (cell["name"], cell["document_id"])
            for step in steps
            if step["asset"] in ("extractions", "ensembles")
            for cell in step["cells"]
        },
        wanted=(
            {name for request in requests for name in request["backends"]},
            {name for request in requests for name in request["documents"]},
        ),
        stale=_stale(checked),
    )


def _stale(result: dg.ExecuteInProcessResult) -> int:
    [found] = [check for check in result.get_asset_check_evaluations() if check.check_name == "no_stale_cells"]
    assert found.passed == (found.metadata["found"].value == 0)
    value = found.metadata["found"].value
    assert isinstance(value, int)
    return value


def _out(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    result = call(monkeypatch, *arguments)
    assert result.code == 0, result.err
    return result.out
