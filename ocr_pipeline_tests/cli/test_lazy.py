"""Commands are imported when they are called, and old names lead to new ones."""

import inspect
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ocr_pipeline.cli.app import PANELS
from ocr_pipeline.cli.lazy import LazyCommand, LazyGroup
from ocr_pipeline.cli.output import console, plain
from ocr_pipeline.project import Project
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.cli.test_cli import _terminal as _terminal
from ocr_pipeline_tests.cli.test_cli import run as run

COMMANDS = [
    command
    for entry in (entry for panel in PANELS.values() for entry in panel)
    for command in (entry.commands.values() if isinstance(entry, LazyGroup) else [entry])
]

ALLOWED = {
    "ocr_pipeline",
    "ocr_pipeline.cli",
    "ocr_pipeline.cli.app",
    "ocr_pipeline.cli.lazy",
    "ocr_pipeline.cli.terminal",
    "ocr_pipeline.cli.watched",
    "ocr_pipeline.memory_limit",
}
"""Modules of this package that `--help` may import."""

BANNED = {
    "dagster",
    "duckdb",
    "pydantic",
    "yaml",
    "numpy",
    "pandas",
    "sqlalchemy",
    "filelock",
    "email",
    "importlib.metadata",
}
"""Packages that `--help` must not import: they took half of its time."""


def test_help_imports_no_command(tmp_path: Path) -> None:
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from ocr_pipeline.cli import main\n"
        "sys.argv = ['ocr-pipeline', '--help']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    modules = set(json.loads(done.stderr))
    assert {name for name in modules if name.startswith("ocr_pipeline")} == ALLOWED
    assert not BANNED & modules


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_the_summary_is_the_first_line_of_the_docstring(command: LazyCommand) -> None:
    module, _, function = command.target.partition(":")
    docstring = inspect.getdoc(getattr(import_module(f"ocr_pipeline.cli.{module}"), function))
    assert docstring is not None
    assert command.help == docstring.partition("\n\n")[0]


def test_help_lists_every_command_on_one_line(run: Cli) -> None:
    lines = run.ok("--help").splitlines()
    for panel, commands in PANELS.items():
        assert any(line.startswith(f"╭─ {panel} ─") for line in lines)
        for command in commands:
            assert any(re.fullmatch(rf"│ {command.name} +{re.escape(command.help or '')} +│", line) for line in lines)


def test_a_renamed_command_works_and_names_the_new_one(run: Cli, project: Project) -> None:
    for old, new in ((("verdicts",), "attribution"), (("labels", "suspects"), "labels issues")):
        result = run(*old, "--json")
        current = run(*new.split(), "--json")
        note, _, error = result.err.partition("\n")
        assert note == (
            f"`ocr-pipeline {' '.join(old)}` is now `ocr-pipeline {new}`; the old name will be removed in the next release."
        )
        assert (result.code, result.out, error) == (current.code, current.out, current.err)
        assert f" {old[-1]} " not in run(*old[:-1], "--help").out


@pytest.mark.parametrize("old", [("--verdict", "bad"), ("--verdict=bad",), ("-v", "bad"), ("-vbad",)])
def test_a_renamed_option_works_and_names_the_new_one(run: Cli, project: Project, old: tuple[str, ...]) -> None:
    result = run("errors", *old)
    note, _, error = result.err.partition("\n")
    assert re.fullmatch(r"`-(v|-verdict)` is now `-(a|-attribution)`; the old name will be removed .*", note)
    assert error.startswith("Error: Unknown attribution 'bad'; choose from ocr_missing")


def test_a_typo_is_answered_with_the_current_name(run: Cli) -> None:
    assert "Did you mean 'attribution'?" in " ".join(run("atribution").err.split())


def test_text_with_colons_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console.print(plain("Total :smile: 12"))
    assert capsys.readouterr().out == "Total :smile: 12\n"
