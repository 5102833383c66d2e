"""`ocr-pipeline report`: the HTML report."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption
from ocr_pipeline.cli.output import console, counted, opened, plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def report(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write. Default: data/report.")
    ] = None,
    dataset: DatasetOption = None,
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Write the HTML report.

    Static pages that work from disk and can be shared as a folder. Only pages of changed documents are rewritten.
    `ocr-pipeline run` writes the report at the end.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.report.publishing import publish
    from ocr_pipeline.report.site import build_site

    project = find_project()
    if not opened(project).exists():
        raise ConfigurationError("No database yet; run `ocr-pipeline run` first.")
    if dataset is not None and output is None:
        raise ConfigurationError("--dataset needs --output: data/report always covers all data sets.")
    configured = load_backends(project)
    built = build_site(project, configured, opened(project), (output or project.report).absolute(), dataset)
    console.print(
        f"{plain(project.relative(built.index))}: {counted(built.written, 'document page')} written,"
        f" {built.unchanged} unchanged.",
        soft_wrap=True,
    )
    if output is None and (copied := publish(project)):
        console.print(f"Published: {counted(copied, 'file')}.")
    if show:
        webbrowser.open(built.index.as_uri())
