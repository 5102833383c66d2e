"""Problems, and what is said about them: one message when one begins, and one when it is over."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

TIMEOUT = 10.0
"""Seconds that a receiver may take to answer."""


class Problem(BaseModel):
    """Something that is wrong. Two looks see the same problem where `key` is the same, whatever the numbers say."""

    key: str
    check: str
    severity: Literal["error", "warn"]
    sentence: str
    since: datetime


@dataclass(frozen=True)
class Message:
    """A problem that began (`open`) or is `over`."""

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


def messages(known: Mapping[str, Problem], found: Iterable[Problem]) -> list[Message]:
    """What to say: of problems that are new, and of those that are found no more.

    A problem keeps its first sentence and its begin, so that numbers which move do not make it a new one.
    """
    now = {problem.key: problem for problem in found}
    new = [Message(problem, "open") for key, problem in now.items() if key not in known]
    over = [Message(problem, "over") for key, problem in known.items() if key not in now]
    return [*new, *over]


def send(url: str, body: Mapping[str, Any]) -> str | None:
    """Post a message; why it did not arrive, as a sentence without the address, or None."""
    content = json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310 - checked by its caller
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            response.read()
    except urllib.error.HTTPError as error:
        return f"The receiver of alarms answered with status {error.code}."
    except (OSError, ValueError) as error:
        return f"The receiver of alarms cannot be reached: {type(error).__name__}."
    return None


def text_of(found: Sequence[Message]) -> str:
    """For a log: how many began, and how many are over."""
    began = sum(message.state == "open" for message in found)
    return f"{began} new problems, {len(found) - began} over"
