"""Alarms: one message when a problem starts and one when it is resolved.

Each receiver has its own queue: messages it did not accept wait for it in order and are not repeated to the others.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.operation.settings import Webhook

TIMEOUT_SECONDS = 10.0
"""Time a receiver has to answer a request."""

MAX_DELIVERY_SECONDS = 30.0
"""Time spent on deliveries per sensor tick; remaining messages wait for the next tick."""

MAX_QUEUE = 200
"""Messages kept per receiver; the oldest are dropped first."""


class Problem(BaseModel):
    """A failed check. Problems with the same `key` are the same problem, even if the numbers in the sentence change."""

    key: str
    check: str
    severity: Literal["error", "warn"]
    sentence: str
    since: datetime


class Message(BaseModel):
    """Reports that a problem started (`open`) or was resolved (`over`)."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    state: Literal["open", "over"]

    def body(self, project: str, report_url: str) -> dict[str, str]:
        """The JSON to post. Slack shows `text`; the other keys are for programs (docs/operating.md)."""
        problem = self.problem
        prefix = {"open": "🔴" if problem.severity == "error" else "🟠", "over": "🟢 Resolved:"}[self.state]
        return {
            "text": f"{prefix} {project}: {problem.sentence}",
            "project": project,
            "state": self.state,
            "problem": problem.key,
            "check": problem.check,
            "severity": problem.severity,
            "sentence": problem.sentence,
            "since": problem.since.isoformat(),
            "report": report_url,
        }


class AlarmState(BaseModel):
    """State kept between ticks: open problems by key, and undelivered messages by the receiver's `url_env`."""

    problems: dict[str, Problem] = {}
    queues: dict[str, list[Message]] = {}


def new_messages(known: Mapping[str, Problem], current: Iterable[Problem]) -> list[Message]:
    """Messages about problems that started, then about problems that were resolved.

    A known problem keeps its first sentence and start time, so changing numbers do not make it a new problem.
    """
    by_key = {problem.key: problem for problem in current}
    started = [Message(problem=problem, state="open") for key, problem in by_key.items() if key not in known]
    resolved = [Message(problem=problem, state="over") for key, problem in known.items() if key not in by_key]
    return [*started, *resolved]


def enqueue(queue: Sequence[Message], messages: Iterable[Message]) -> list[Message]:
    """The queue of a receiver with new messages added.

    If a problem is resolved before its start was delivered, both messages are dropped.
    """
    waiting = list(queue)
    for message in messages:
        undelivered = [other for other in waiting if other.problem.key == message.problem.key and other.state == "open"]
        if message.state == "over" and undelivered:
            waiting = [other for other in waiting if other not in undelivered]
        else:
            waiting.append(message)
    return waiting[-MAX_QUEUE:]


def deliver(
    webhooks: Iterable[Webhook], state: AlarmState, messages: Sequence[Message], project: str, report_url: str
) -> tuple[dict[str, list[Message]], list[str]]:
    """Send queued and new messages to each receiver. Returns the remaining queues, and the failures as sentences."""
    started = time.monotonic()
    remaining: dict[str, list[Message]] = {}
    failures: list[str] = []
    for webhook in webhooks:
        subscribed = [message for message in messages if message.problem.severity in webhook.severities]
        queue = enqueue(state.queues.get(webhook.url_env, []), subscribed)
        while queue and time.monotonic() - started < MAX_DELIVERY_SECONDS:
            url = webhook.url()
            body = queue[0].body(project, report_url)
            failure = send(url, body) if url else "The webhook has no address: its environment variable is not set."
            if failure:
                failures.append(f"{webhook.url_env}: {failure}")
                break
            queue.pop(0)
        if queue:
            remaining[webhook.url_env] = queue
    return remaining, failures


def send(url: str, body: Mapping[str, str]) -> str | None:
    """Post a message. Returns the failure as a sentence without the address (a secret), or None on success."""
    if not url.startswith(("http://", "https://")):
        return "The webhook address must start with http:// or https://."
    try:
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - the scheme was checked
            return None
    except urllib.error.HTTPError as error:
        return f"The webhook answered with status {error.code}."
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"The webhook cannot be reached: {type(error).__name__}."


def summary(messages: Sequence[Message]) -> str:
    """Counts for a log line."""
    started = sum(message.state == "open" for message in messages)
    return f"{started} new problem{'s' * (started != 1)}, {len(messages) - started} resolved"
