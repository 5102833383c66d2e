"""Serves the report over HTTP beside the Dagster UI, whose links cannot open files.

    python -m ocr_pipeline.report.serve FOLDER HOST PORT

Exits when the process that started it ends, for whatever reason.
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote

from ocr_pipeline.schemas import LIST_KINDS
from ocr_pipeline.web.access import HOSTS_VARIABLE, TOKEN_VARIABLE, Access

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


def serve_report(folder: Path, host: str, port: int, access: Access) -> None:
    """Serve until the parent process ends."""
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    from ocr_pipeline.web.serving import serve

    application = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])  # which answers 404
    serve(application, host, port, access, ends_with_parent=True)


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
