"""`ocr-pipeline label`: the label page in the browser."""

import webbrowser
from typing import Annotated, cast, get_args

import typer

from ocr_pipeline.cli.options import DatasetOption
from ocr_pipeline.cli.output import check_known, console, opened
from ocr_pipeline.cli.selection import document_id_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

HOST = "127.0.0.1"


def label(
    dataset: DatasetOption = None,
    document: Annotated[str | None, typer.Option("--document", "-d", help="Open this document.")] = None,
    fields: Annotated[
        str | None,
        typer.Option(
            "--fields",
            help="Fields to label, comma-separated. Default: those labelled in the data set so far, or found by a backend.",
        ),
    ] = None,
    issues: Annotated[bool, typer.Option("--issues", help="Begin with labels that may be wrong.")] = False,
    queue: Annotated[
        str,
        typer.Option(
            help="suggested: documents whose label teaches most first; review: those not accepted without a look, and"
            " accepted ones drawn for a check.",
        ),
    ] = "suggested",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 3010,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Label documents in the browser.

    A page per document, filled in with what the backends agree on; the document whose label teaches most comes first. Served
    on this machine only, with a token; labels are written beside the documents. Ctrl-C ends it.
    """
    from ocr_pipeline.documents.labels import schema_of
    from ocr_pipeline.labelling.queue import Order
    from ocr_pipeline.labelling.server import build_app
    from ocr_pipeline.labelling.session import Session
    from ocr_pipeline.web.access import Access, new_token
    from ocr_pipeline.web.login import login_path
    from ocr_pipeline.web.serving import check_free, serve, tell_login, url_of

    project = find_project()
    wanted = [name.strip() for name in (fields or "").split(",") if name.strip()]
    check_known("queue", queue, get_args(Order))
    session = Session(project, opened(project), dataset, tuple(wanted), order=cast("Order", queue))
    schemas = dict.fromkeys(schema_of(source) for source in session.sources().values()) if wanted else {}
    known = dict.fromkeys(name for schema in schemas for name in (*schema.field_kinds, *schema.list_kinds))
    for name in wanted if schemas else ():
        check_known("field", name, known)
    if document is not None:
        document = session.source(document_id_of(project, document)).document_id
    if not session.sources():
        raise ConfigurationError("No documents to label; `ocr-pipeline import folder FOLDER` brings some in.")
    check_free(HOST, port)
    token = new_token()
    path = f"documents/{document}" if document else "issues" if issues else "next"
    link = url_of(HOST, port) + login_path(token)
    file = project.data / ".label-login"
    console.print(tell_login(link, file), soft_wrap=True, markup=False)
    console.print("Ctrl-C ends it.")
    if show:
        webbrowser.open(link)
    try:
        serve(build_app(session, path), HOST, port, Access.on(HOST, token=token))
    finally:
        session.pages.close()
        file.unlink(missing_ok=True)
