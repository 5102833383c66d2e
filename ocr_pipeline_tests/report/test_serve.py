"""The server of the report beside the Dagster UI."""

import http.client
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

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
    report = tmp_path / "report"
    (report / "documents").mkdir(parents=True)
    (report / "documents" / "shop-a.html").write_text("a page")
    (tmp_path / "secret").write_text("beside the report")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(report), "127.0.0.1", str(port)])
    try:
        assert within(20, lambda: answers(document_url(base, "shop-a", "total_amount", "rapidocr+rules")))
        foreign = urllib.request.Request(document_url(base, "shop-a"), headers={"Host": "example.com"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign, timeout=5)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/../secret", timeout=5)
    finally:
        parent.kill()
        parent.wait()
    assert within(20, lambda: not answers(document_url(base, "shop-a")))


def test_an_address_opens_on_a_value() -> None:
    assert document_url("http://x", "a-1", "total_amount", "pdf-text+rules") == (
        "http://x/documents/a-1.html#total_amount%40pdf-text%2Brules"
    )
    assert document_url("http://x", "a-1", "total_amount") == "http://x/documents/a-1.html"
