"""The definitions load, quietly, from wherever Dagster loads them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.found import found_definitions
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import ROOT_VARIABLE, Project

CHECKOUT = Path(__file__).parents[2]


def test_workspace_and_pyproject_agree() -> None:
    """A bare `dagster dev` ignores workspace.yaml because of [tool.dg]: both must load the same thing."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    [entry] = yaml.safe_load((CHECKOUT / "workspace.yaml").read_text())["load_from"]
    assert entry["python_module"]["location_name"] == project["code_location_name"]
    assert entry["python_module"]["module_name"] == project["code_location_target_module"]
    of_dev = CHECKOUT / "ocr_pipeline" / "defs" / "workspace.yaml"  # in the wheel: `ocr-pipeline dev` needs no checkout
    assert of_dev.read_text() == (CHECKOUT / "workspace.yaml").read_text()


@pytest.mark.parametrize(
    "command",
    [
        ["dagster", "definitions", "validate", "-w", str(CHECKOUT / "workspace.yaml")],
        ["dg", "check", "defs"],
    ],
)
def test_loads_without_warnings(command: list[str], tmp_path: Path) -> None:
    executable = Path(sys.executable).parent / command[0]
    environment = {key: value for key, value in os.environ.items() if key not in (ROOT_VARIABLE, "DAGSTER_HOME")}
    path = f"{executable.parent}{os.pathsep}{environment['PATH']}"
    answer = subprocess.run(
        [str(executable), *command[1:]],
        cwd=CHECKOUT,
        env={**environment, "PATH": path, "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    output = answer.stdout + answer.stderr
    assert answer.returncode == 0, output
    assert "Warning" not in output.replace("SupersessionWarning", ""), (
        output
    )  # `dagster ...` commands name their successor


def test_resources_can_be_overridden(project: Project) -> None:
    mine = dg.ResourceDefinition.hardcoded_resource("mine")
    definitions = build_definitions(project, {"progress": mine})
    assert (definitions.resources or {})["progress"] is mine


def test_a_wrong_configuration_is_one_sentence(project: Project) -> None:
    project.config_file.write_text("engines: {}\n")
    with pytest.raises(ConfigurationError, match=r"^backends.yaml, line 1: "):
        build_definitions(project)


def test_an_asset_in_the_defs_folder_of_a_project_is_found(project: Project) -> None:
    folder = project.root / "defs"
    folder.mkdir()
    (folder / "mine.py").write_text(
        "import dagster as dg\n\n\n"
        "@dg.asset(deps=['leaderboard'])\n"
        "def my_table(warehouse: dg.ResourceParam[object]) -> None: ...\n"
    )
    executable = Path(sys.executable).parent / "dg"
    answer = subprocess.run(
        [str(executable), "list", "defs", "--assets", "key:my_table", "--json"],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": f"{executable.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"my_table"' in answer.stdout
    (folder / "broken.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(ConfigurationError, match=r"^defs/broken.py cannot be imported: No module named"):
        found_definitions(project)
