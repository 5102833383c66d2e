"""The command line: thin over the same code that Dagster runs."""

from ocr_pipeline.cli.app import main

__all__ = ["main"]
