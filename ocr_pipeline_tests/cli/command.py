"""Calling the commands as a user does, in this process."""

import contextlib
import io
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from ocr_pipeline.cli import main


@dataclass
class Result:
    code: int
    out: str
    err: str


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command in this process, from its entry point on, with its output to a pipe 80 columns wide."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["ocr-pipeline", *arguments])
    code: Any = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
    return Result(int(code), out.getvalue(), err.getvalue())
