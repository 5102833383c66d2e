"""`ocr-pipeline report`: the pages that a person looks at."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.cli.output import DatasetOption, console, opened
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def report(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the report. Default: data/report.")
    ] = None,
    dataset: DatasetOption = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write the report: static pages that open from disk, to look at or to share as a folder.

    Only pages about documents of which something has changed are written again. `ocr-pipeline run` does it at its end.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.report.site import build_site

    project = find_project()
    if not project.database.exists():
        raise ConfigurationError("There is no database yet: run `ocr-pipeline run` first.")
    if dataset is not None and output is None:
        raise ConfigurationError("Name a folder with --output: data/report is the report of all data sets.")
    configured = load_backends(project)
    built = build_site(project, configured, opened(project), (output or project.report).absolute(), dataset)
    console.print(
        f"{plain(project.relative(built.index))}: {built.written} document pages written, {built.unchanged} unchanged.",
        soft_wrap=True,
    )
    if show:
        webbrowser.open(built.index.as_uri())
