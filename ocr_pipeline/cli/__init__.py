"""The command line: options, and the printing of what the other packages compute.

A module per command; `app.py` registers them and imports none. No SQL, no pipeline logic: Dagster runs the same code."""

from ocr_pipeline.cli.app import main

__all__ = ["main"]
