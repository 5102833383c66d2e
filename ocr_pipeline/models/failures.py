"""From what a server or a connection did to the exception tree: whose fault it is, and whether to ask again.

Server messages are not passed on: they may repeat a part of the key or of the document. They are kept beside the stored
calls, and the sentence says where.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ocr_pipeline.errors import ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models.provider import Provider


class Failure(Exception):
    """An attempt that gave no reply. Never leaves this package: `error` is what is raised in the end.

    Args:
        retry: asking again may help.
        wait: seconds that the server asked for before that.
        everyone: it would be the same for every other request: the quota of the day is used up.
        unreachable: there was no connection at all. After the last attempt it holds for everyone too.
        answer: the server's own words.
    """

    def __init__(
        self,
        error: OcrPipelineError,
        *,
        retry: bool = False,
        wait: float | None = None,
        everyone: bool = False,
        unreachable: bool = False,
        answer: str | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry = retry
        self.wait = wait
        self.everyone = everyone
        self.unreachable = unreachable
        self.answer = answer


def connection_failure(provider: Provider, what: str) -> Failure:
    """No answer: time-out, cut off. `what` completes "gemini ..."."""
    return Failure(ProviderError(f"{provider.name} {what}."), retry=True)


def no_connection(provider: Provider) -> Failure:
    """Nobody listens there, the name is not known, or there is no network."""
    return Failure(
        ProviderError(f"{provider.name} cannot be reached at {provider.host}."), retry=True, unreachable=True
    )


def broken_answer(provider: Provider) -> Failure:
    """An answer that is not what this API sends: a proxy's page, half of a body."""
    return connection_failure(provider, "sent an answer that is no JSON")


def http_failure(provider: Provider, model: str, status: int, body: Any, headers: Mapping[str, str]) -> Failure:
    """An HTTP status other than 200. `body` is the parsed JSON, or whatever came instead."""
    who, words = provider.name, _words(body)
    key = provider.api_key_env or "the key"
    answer = None if isinstance(body, bytes) else str(body)

    def final(error: OcrPipelineError, **options: Any) -> Failure:
        return Failure(error, answer=answer, **options)

    if status == 429:
        if words & {"insufficient_quota"} or any("perday" in word for word in words):
            message = f"The quota of {who} is used up for today; run again tomorrow, or raise it."
            return final(ProviderError(message), everyone=True)
        return final(ProviderError(f"{who} asks for fewer requests (429)."), retry=True, wait=_wait(body, headers))
    if status in (408, 409, 425, 499) or status >= 500:
        return final(ProviderError(f"{who} failed for now ({status})."), retry=True, wait=_wait(body, headers))
    if status in (401, 403) or words & {"api_key_invalid", "invalid_api_key"}:
        message = f"{who} does not accept {key} ({status}): check the key and what it may do."
        return Failure(ConfigurationError(message))  # without the answer: it may hold the key, or a part of it
    if status == 404:
        return final(
            ConfigurationError(f"{who} knows no model {model!r} (404): correct it, or base_url, in backends.yaml.")
        )
    if words & {"failed_precondition"}:
        return final(ConfigurationError(f"{who} cannot be used from here with {key} ({status} FAILED_PRECONDITION)."))
    if words & {"content_filter", "content_policy_violation"}:
        return final(DocumentError("blocked", f"{who} refused the document for its content ({status})."))
    if status in (400, 413, 422):
        return final(DocumentError("refused", f"{who} refused the request for this document ({status})."))
    return final(ConfigurationError(f"{who} answered with status {status}: is its base_url right?"))


def _words(body: Any) -> set[str]:
    """The machine-readable words of an error, lower case: statuses, reasons, codes, names of quotas."""
    return {value.lower() for name, value in _strings(body) if name in ("status", "reason", "code", "type", "quotaId")}


def _strings(body: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(body, Mapping):
        for key, value in body.items():
            yield from _strings(value, str(key))
    elif isinstance(body, list):
        for value in body:
            yield from _strings(value, name)
    elif isinstance(body, str):
        yield name, body


def _wait(body: Any, headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for: RetryInfo in the body (Google), else Retry-After (HTTP: seconds, or a date).

    None where it asks for nothing, or for no time at all: then the pauses are ours.
    """
    for name, value in _strings(body):
        if name == "retryDelay" and (delay := re.fullmatch(r"(\d+(?:\.\d+)?)s", value)):
            return float(delay[1]) or None
    after = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d+(\.\d+)?", after):
        return float(after) or None
    try:
        seconds = (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None
