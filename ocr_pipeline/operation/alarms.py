"""Problems, and what is said about them: one message when one begins, and one when it is over.

Every receiver has a queue of its own: what one did not take waits for it, in order, and is not said twice to the others.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.operation.settings import Webhook

TIMEOUT = 10.0
"""Seconds that a receiver may take to answer."""

DELIVERY = 30.0
"""Seconds after which no further message is sent in one look: what waits, waits for the next one."""

LONGEST_QUEUE = 200
"""Messages that wait for a receiver; the oldest go first."""


class Problem(BaseModel):
    """Something that is wrong. Two looks see the same problem where `key` is the same, whatever the numbers say."""

    key: str
    check: str
    severity: Literal["error", "warn"]
    sentence: str
    since: datetime


class Message(BaseModel):
    """A problem that began (`open`) or is `over`."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    state: Literal["open", "over"]

    def body(self, project: str, report_url: str) -> dict[str, Any]:
        """What is posted: `text` is what Slack shows; the rest is for programs. docs/operating.md describes it."""
        problem = self.problem
        word = {"open": "🔴" if problem.severity == "error" else "🟠", "over": "🟢 Over:"}[self.state]
        return {
            "text": f"{word} {project}: {problem.sentence}",
            "project": project,
            "state": self.state,
            "problem": problem.key,
            "check": problem.check,
            "severity": problem.severity,
            "sentence": problem.sentence,
            "since": problem.since.isoformat(),
            "report": report_url,
        }


class Memory(BaseModel):
    """What is remembered from look to look: the problems that are known, and what each receiver (by the variable of its
    address) still has to hear."""

    problems: dict[str, Problem] = {}
    queues: dict[str, list[Message]] = {}


def messages(known: Mapping[str, Problem], found: Iterable[Problem]) -> list[Message]:
    """What to say: of problems that are new, and of those that are found no more.

    A problem keeps its first sentence and its begin, so that numbers which move do not make it a new one.
    """
    now = {problem.key: problem for problem in found}
    new = [Message(problem=problem, state="open") for key, problem in now.items() if key not in known]
    over = [Message(problem=problem, state="over") for key, problem in known.items() if key not in now]
    return [*new, *over]


def queued(queue: Sequence[Message], new: Iterable[Message]) -> list[Message]:
    """The queue of a receiver with what is new. A problem that is over before anybody heard of it is no news."""
    waiting = list(queue)
    for message in new:
        unheard = [one for one in waiting if one.problem.key == message.problem.key and one.state == "open"]
        if message.state == "over" and unheard:
            waiting = [one for one in waiting if one not in unheard]
        else:
            waiting.append(message)
    return waiting[-LONGEST_QUEUE:]


def deliver(
    webhooks: Iterable[Webhook], memory: Memory, new: Sequence[Message], project: str, report_url: str
) -> tuple[dict[str, list[Message]], list[str]]:
    """Send to each receiver what it has to hear. Returns what is left of the queues, and what went wrong as sentences."""
    began, left, troubles = time.monotonic(), {}, []
    for webhook in webhooks:
        wanted = [message for message in new if message.problem.severity in webhook.severities]
        queue = queued(memory.queues.get(webhook.url_env, []), wanted)
        while queue and time.monotonic() - began < DELIVERY:
            url = webhook.url()
            body = queue[0].body(project, report_url)
            trouble = send(url, body) if url else "The receiver of alarms has no address: its variable is not set."
            if trouble:
                troubles.append(f"{webhook.url_env}: {trouble}")
                break
            queue.pop(0)
        if queue:
            left[webhook.url_env] = queue
    return left, troubles


def send(url: str, body: Mapping[str, Any]) -> str | None:
    """Post a message; why it did not arrive, as a sentence without the address, which is a secret, or None."""
    if not url.startswith(("http://", "https://")):
        return "The address of the receiver of alarms must begin with http:// or https://."
    try:
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310 - its scheme is known
            return None
    except urllib.error.HTTPError as error:
        return f"The receiver of alarms answered with status {error.code}."
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"The receiver of alarms cannot be reached: {type(error).__name__}."


def text_of(found: Sequence[Message]) -> str:
    """For a log: how many began, and how many are over."""
    began = sum(message.state == "open" for message in found)
    return f"{began} new problems, {len(found) - began} over"
