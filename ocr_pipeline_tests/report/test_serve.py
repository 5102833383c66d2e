"""The server of the report beside the Dagster UI."""

import http.client
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ocr_pipeline.report.serve import document_url

PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-m", "ocr_pipeline.report.serve", *sys.argv[1:]])
time.sleep(60)
"""


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return done


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.read() == b"a page")
    except (OSError, http.client.HTTPException):  # it ends while it answers
        return False


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "shop-a.html").write_text("a page")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), "127.0.0.1", str(port)])
    try:
        assert within(20, lambda: answers(document_url(base, "shop-a", "total_amount", "rapidocr+rules")))
    finally:
        parent.kill()
        parent.wait()
    assert within(20, lambda: not answers(document_url(base, "shop-a")))


def test_an_address_opens_on_a_value() -> None:
    assert document_url("http://x", "a-1", "total_amount", "pdf-text+rules") == (
        "http://x/documents/a-1.html#total_amount%40pdf-text%2Brules"
    )
    assert document_url("http://x", "a-1", "total_amount") == "http://x/documents/a-1.html"
