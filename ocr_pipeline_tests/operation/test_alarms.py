"""What is said about problems, and to whom."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ocr_pipeline.operation.alarms import Memory, Message, Problem, deliver, messages, send
from ocr_pipeline.operation.settings import Webhook

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def problem(key: str, sentence: str = "It is worse.") -> Problem:
    return Problem(key=key, check="no_regression", severity="error", sentence=sentence, since=MOMENT)


def test_one_message_when_it_begins_and_one_when_it_is_over() -> None:
    a, b = problem("a"), problem("b")
    assert messages({}, [a, b]) == [Message(problem=a, state="open"), Message(problem=b, state="open")]
    assert messages({"a": a, "b": b}, [problem("a", "Now it is worse by more."), b]) == []
    assert messages({"a": a, "b": b}, [a]) == [Message(problem=b, state="over")]
    assert messages({"a": a}, []) == [Message(problem=a, state="over")]


def test_the_body_is_for_people_and_for_programs() -> None:
    body = Message(problem=problem("k"), state="open").body("invoices", "http://report")
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
    assert (
        Message(problem=problem("k"), state="over").body("invoices", "r")["text"] == "🟢 Over: invoices: It is worse."
    )


class Receiver:
    """Takes messages with a status that can be set."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.bodies = status, list[Any]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if receiver.status == 200:
                    receiver.bodies.append(body)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_it_is_posted_as_json(receiver: Receiver) -> None:
    assert send(receiver.url, {"text": "ä"}) is None
    assert receiver.bodies == [{"text": "ä"}]
    receiver.status = 500
    assert send(receiver.url, {}) == "The receiver of alarms answered with status 500."


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("hooks.slack.com/secret", "must begin with http:// or https://."),
        ("file:///etc/secret", "must begin with http:// or https://."),
        ("http://a b/secret", "cannot be reached: InvalidURL."),
        ("http://127.0.0.1:99999/secret", "cannot be reached: "),
        ("http://127.0.0.1:port/secret", "cannot be reached: InvalidURL."),
        ("http://127.0.0.1:1/secret", "cannot be reached: URLError."),
        ("http://[/secret", "cannot be reached: ValueError."),
    ],
)
def test_an_address_that_is_none_is_no_error_and_not_shown(url: str, why: str) -> None:
    trouble = send(url, {})
    assert trouble
    assert why in trouble
    assert "secret" not in trouble


def test_each_receiver_hears_everything_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Receiver(500)
    monkeypatch.setenv("ONE", receiver.url)
    monkeypatch.setenv("TWO", other.url)
    webhooks = [Webhook(url_env="TWO"), Webhook(url_env="ONE"), Webhook(url_env="UNSET", severities=("warn",))]
    memory = Memory()

    def look(*found: Problem) -> list[str]:
        nonlocal memory
        new = messages(memory.problems, found)
        queues, troubles = deliver(webhooks, memory, new, "invoices", "http://report")
        memory = Memory(problems={one.key: one for one in found}, queues=queues)
        return troubles

    def said(who: Receiver) -> list[tuple[str, str]]:
        return [(body["problem"], body["state"]) for body in who.bodies]

    a, b = problem("a"), problem("b")
    assert look(a, b) == ["TWO: The receiver of alarms answered with status 500."]
    assert look(a, b) == ["TWO: The receiver of alarms answered with status 500."]
    assert said(receiver) == [("a", "open"), ("b", "open")]
    look(b)
    assert said(receiver) == [("a", "open"), ("b", "open"), ("a", "over")]
    other.status = 200
    assert look(b) == []
    assert said(other) == [("b", "open")], "a was over before it could be told"
    look()
    assert said(other) == [("b", "open"), ("b", "over")]
    assert memory == Memory()
    other.close()
