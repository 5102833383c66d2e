"""Serves the report over HTTP beside the Dagster UI, whose links cannot open files.

    python -m ocr_pipeline.report.serve FOLDER HOST PORT

Exits when the process that started it ends, for whatever reason.
"""

import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from ocr_pipeline.schemas import FIELD_KINDS

URL_VARIABLE = "OCR_PIPELINE_REPORT_URL"
"""Base of links to the report; `ocr-pipeline dev` sets it for the runs that it starts."""
DEFAULT_URL = "http://127.0.0.1:3001"


class _Handler(SimpleHTTPRequestHandler):
    """Does not log requests: they would clutter the log of the Dagster UI."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def document_url(base: str, document_id: str, field: str | None = None, backend: str | None = None) -> str:
    """The page of a document, opened at the value of a field and backend if both are given."""
    place = f"#{quote(f'{field}@{backend}', safe='')}" if field in FIELD_KINDS and backend else ""
    return f"{base}/documents/{quote(document_id)}.html{place}"


def serve(folder: Path, host: str, port: int) -> None:
    """Serve until the parent process ends."""
    parent = os.getppid()
    with ThreadingHTTPServer((host, port), partial(_Handler, directory=str(folder))) as server:
        server.timeout = 1.0
        while os.getppid() == parent:
            server.handle_request()


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    except KeyboardInterrupt:
        sys.exit(130)
