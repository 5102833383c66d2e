"""Serves the report over HTTP beside the Dagster UI, whose links cannot open files.

    python -m ocr_pipeline.report.serve FOLDER HOST PORT

Exits when the process that started it ends, for whatever reason.
"""

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ocr_pipeline.project import project_around
from ocr_pipeline.schemas import LIST_KINDS
from ocr_pipeline.web.access import HOSTS_VARIABLE, TOKEN_VARIABLE, Access

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.staticfiles import StaticFiles

_ID = re.compile(r"[a-z0-9_-]{1,200}")
URL_VARIABLE = "OCR_PIPELINE_REPORT_URL"
"""Base of links to the report; `ocr-pipeline dev` sets it for the runs that it starts."""
DEFAULT_URL = "http://127.0.0.1:3001"


def document_url(base: str, document_id: str, field: str | None = None, backend: str | None = None) -> str:
    """The page of a document, opened at the value of a field and backend if both are given."""
    place = f"#{quote(f'{field}@{backend}', safe='')}" if backend and _is_single(field) else ""
    return f"{base}/documents/{quote(document_id)}.html{place}"


def _is_single(field: str | None) -> bool:
    """Whether it is a single-valued field: not a list, nor all fields together."""
    return field is not None and "." not in field and field not in (*LIST_KINDS, "all_fields")


def report_application(folder: Path) -> "Starlette":
    """The files of a report, and pages of documents that are written when they are opened."""
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    files = StaticFiles(directory=folder, html=True)  # which answers 404
    page = Route("/documents/{document_id}.html", partial(_document_page, folder, files))
    return Starlette(routes=[page, Mount("/", files)])


def serve_report(folder: Path, host: str, port: int, access: Access) -> None:
    """Serve until the parent process ends."""
    from ocr_pipeline.web.serving import serve

    serve(report_application(folder), host, port, access, ends_with_parent=True)


async def _document_page(folder: Path, files: "StaticFiles", request: "Request") -> "Response":
    """The page of a document; of very many documents, only some have one before it is opened."""
    from anyio.to_thread import run_sync

    from ocr_pipeline.report.on_demand import write_document_page

    document_id = request.path_params["document_id"]
    path = folder / "documents" / f"{document_id}.html"
    if _ID.fullmatch(document_id) and not path.exists() and (project := project_around()) and project.report == folder:
        await run_sync(write_document_page, project, folder, document_id)
    return await files.get_response(f"documents/{document_id}.html", request.scope)


def main() -> None:
    """Serve what the arguments name, to whom the environment variables name."""
    folder, host, port = sys.argv[1:]
    access = Access.on(host, os.environ.get(HOSTS_VARIABLE, "").split(), os.environ.get(TOKEN_VARIABLE) or None)
    serve_report(Path(folder), host, int(port), access)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
