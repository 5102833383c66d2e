"""Messages about problems, and their delivery."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ocr_pipeline.operation.alarms import AlarmState, Message, Problem, deliver, new_messages, send
from ocr_pipeline.operation.settings import Webhook

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def problem(key: str, sentence: str = "It is worse.") -> Problem:
    return Problem(key=key, check="no_regression", severity="error", sentence=sentence, since=MOMENT)


def test_one_message_when_a_problem_starts_and_one_when_it_is_resolved() -> None:
    a, b = problem("a"), problem("b")
    assert new_messages({}, [a, b]) == [Message(problem=a, state="open"), Message(problem=b, state="open")]
    assert new_messages({"a": a, "b": b}, [problem("a", "Now it is worse by more."), b]) == []
    assert new_messages({"a": a, "b": b}, [a]) == [Message(problem=b, state="over")]
    assert new_messages({"a": a}, []) == [Message(problem=a, state="over")]


def test_the_body_has_text_for_people_and_keys_for_programs() -> None:
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
        Message(problem=problem("k"), state="over").body("invoices", "r")["text"]
        == "🟢 Resolved: invoices: It is worse."
    )


class Receiver:
    """Accepts messages and answers with a configurable status."""

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
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_messages_are_posted_as_json(receiver: Receiver) -> None:
    assert send(receiver.url, {"text": "ä"}) is None
    assert receiver.bodies == [{"text": "ä"}]
    receiver.status = 500
    assert send(receiver.url, {}) == "The webhook answered with status 500."


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("hooks.slack.com/secret", "must start with http:// or https://."),
        ("file:///etc/secret", "must start with http:// or https://."),
        ("http://a b/secret", "cannot be reached: InvalidURL."),
        ("http://127.0.0.1:99999/secret", "cannot be reached: "),
        ("http://127.0.0.1:port/secret", "cannot be reached: InvalidURL."),
        ("http://127.0.0.1:1/secret", "cannot be reached: URLError."),
        ("http://[/secret", "cannot be reached: ValueError."),
    ],
)
def test_an_invalid_address_is_reported_without_showing_it(url: str, why: str) -> None:
    failure = send(url, {})
    assert failure
    assert why in failure
    assert "secret" not in failure


def test_each_receiver_gets_every_message_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Receiver(500)
    monkeypatch.setenv("ONE", receiver.url)
    monkeypatch.setenv("TWO", other.url)
    webhooks = [Webhook(url_env="TWO"), Webhook(url_env="ONE"), Webhook(url_env="UNSET", severities=("warn",))]
    state = AlarmState()

    def tick(*current: Problem) -> list[str]:
        nonlocal state
        new = new_messages(state.problems, current)
        queues, failures = deliver(webhooks, state, new, "invoices", "http://report")
        state = AlarmState(problems={problem.key: problem for problem in current}, queues=queues)
        return failures

    def received(receiver: Receiver) -> list[tuple[str, str]]:
        return [(body["problem"], body["state"]) for body in receiver.bodies]

    a, b = problem("a"), problem("b")
    assert tick(a, b) == ["TWO: The webhook answered with status 500."]
    assert tick(a, b) == ["TWO: The webhook answered with status 500."]
    assert received(receiver) == [("a", "open"), ("b", "open")]
    tick(b)
    assert received(receiver) == [("a", "open"), ("b", "open"), ("a", "over")]
    other.status = 200
    assert tick(b) == []
    assert received(other) == [("b", "open")], "a was resolved before it could be delivered"
    tick()
    assert received(other) == [("b", "open"), ("b", "over")]
    assert state == AlarmState()
    other.close()
