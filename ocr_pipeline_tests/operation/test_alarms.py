"""What is said about problems, and to whom."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ocr_pipeline.operation.alarms import Message, Problem, messages, send

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def problem(key: str, sentence: str = "It is worse.") -> Problem:
    return Problem(key=key, check="no_regression", severity="error", sentence=sentence, since=MOMENT)


def test_one_message_when_it_begins_and_one_when_it_is_over() -> None:
    a, b = problem("a"), problem("b")
    assert messages({}, [a, b]) == [Message(a, "open"), Message(b, "open")]
    assert messages({"a": a, "b": b}, [problem("a", "Now it is worse by more."), b]) == []
    assert messages({"a": a, "b": b}, [a]) == [Message(b, "over")]
    assert messages({"a": a}, []) == [Message(a, "over")]


def test_the_body_is_for_people_and_for_programs() -> None:
    body = Message(problem("k"), "open").body("invoices", "http://report")
    assert body == {
        "text": "🔴 invoices: It is worse.",
        "project": "invoices",
        "state": "open",
        "problem": "k",
        "check": "no_regression",
        "severity": "error",
        "sentence": "It is worse.",
        "since": "2026-03-01T00:00:00+00:00",
        "report": "http://report",
    }
    assert Message(problem("k"), "over").body("invoices", "r")["text"] == "🟢 Over: invoices: It is worse."


@pytest.mark.parametrize(
    ("status", "sentence"), [(200, None), (500, "The receiver of alarms answered with status 500.")]
)
def test_it_is_posted_as_json(status: int, sentence: str | None) -> None:
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/secret"
    assert send(url, {"text": "ä"}) == sentence
    server.shutdown()
    server.server_close()
    assert received == [{"text": "ä"}]
    trouble = send(url, {})
    assert trouble == "The receiver of alarms cannot be reached: URLError."
    assert "secret" not in trouble
