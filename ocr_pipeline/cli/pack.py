"""`ocr-pipeline pack`: one document with everything about it, for a bug report."""

from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.cli.options import BackendOption
from ocr_pipeline.cli.output import check_known, console, counted, opened, plain
from ocr_pipeline.cli.selection import document_id_of
from ocr_pipeline.project import find_project


def pack(
    document: Annotated[str, typer.Argument(help="Document id.")],
    output: Annotated[
        Path | None, typer.Argument(help="Zip file to write. Default: DOCUMENT.zip in the current folder.")
    ] = None,
    backend: BackendOption = None,
) -> None:
    """Pack everything about one document into a zip file.

    For bug reports: the file, words, prompts, model replies, label, error attributions, configuration and versions. Contains
    the document itself, but no API keys.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.inspection.pack import pack_case

    project = find_project()
    document = document_id_of(project, document)
    configured = load_backends(project)
    check_known("backend", backend, configured)
    target = output or Path(f"{document}.zip")
    backends = [backend] if backend else list(configured)
    names = pack_case(project, configured, opened(project), document, target, backends)
    console.print(
        f"{plain(str(target))}: {counted(len(names), 'file')}, including the document; no API keys.", soft_wrap=True
    )
