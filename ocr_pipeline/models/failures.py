"""Maps failures of servers and connections to exceptions: whose fault it is, and whether to retry.

Server messages are not passed on: they may repeat a part of the key or of the document. They are kept beside the stored
calls, and the message says where.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypedDict, Unpack

from ocr_pipeline.errors import ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models.provider import Provider


class _Options(TypedDict, total=False):
    retry: bool
    wait: float | None
    everyone: bool


class Failure(Exception):
    """A failed attempt. Never leaves this package: `error` is what is raised in the end.

    Args:
        retry: another attempt may help.
        wait: seconds that the server asked to wait before it.
        everyone: every other request would fail too, e.g. because the daily quota is used up.
        unreachable: no connection at all. After the last attempt it applies to everyone too.
        unreadable: an answer came, and may have cost something, but nobody can read it.
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
        unreadable: bool = False,
        answer: str | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry = retry
        self.wait = wait
        self.everyone = everyone
        self.unreachable = unreachable
        self.unreadable = unreadable
        self.answer = answer


def connection_failure(provider: Provider, what: str) -> Failure:
    """No answer: timeout, connection lost. `what` completes "gemini ..."."""
    return Failure(ProviderError(f"{provider.name} {what}."), retry=True)


def no_connection(provider: Provider) -> Failure:
    """Connection refused, unknown host, or no network."""
    return Failure(ProviderError(f"{provider.name} is unreachable at {provider.host}."), retry=True, unreachable=True)


def unreadable_answer(provider: Provider, what: str, answer: str | None = None) -> Failure:
    """An answer that this API does not send: the page of a proxy, a truncated body, one that is too large."""
    return Failure(ProviderError(f"{provider.name} {what}."), retry=True, unreadable=True, answer=answer)


def http_failure(provider: Provider, model: str, status: int, body: object, headers: Mapping[str, str]) -> Failure:
    """An HTTP status other than 200. `body` is the parsed JSON, or whatever came instead."""
    who, words = provider.name, _words(body)
    key = provider.api_key_env or "the key"
    answer = None if isinstance(body, bytes) else str(body)

    def final(error: OcrPipelineError, **options: Unpack[_Options]) -> Failure:
        return Failure(error, answer=answer, **options)

    if status == 429:
        if words & {"insufficient_quota"} or any("perday" in word for word in words):
            message = f"{who}: daily quota used up; run again tomorrow or raise the quota."
            return final(ProviderError(message), everyone=True)
        return final(ProviderError(f"{who}: rate limit exceeded (429)."), retry=True, wait=_wait(body, headers))
    if status in (408, 409, 425, 499) or status >= 500:
        return final(ProviderError(f"{who}: temporary server error ({status})."), retry=True, wait=_wait(body, headers))
    if status in (401, 403) or words & {"api_key_invalid", "invalid_api_key"}:
        message = f"{who} rejected {key} ({status}): check the key and its permissions."
        return Failure(ConfigurationError(message))  # without the answer: it may hold the key, or a part of it
    if 300 <= status < 400:  # never followed: key and document would go to whichever host it names
        message = f"{who} redirects to another address ({status}): is base_url in backends.yaml right?"
        return Failure(ConfigurationError(message))
    if status == 404:
        return final(
            ConfigurationError(f"{who}: unknown model {model!r} (404): correct the model or base_url in backends.yaml.")
        )
    if words & {"failed_precondition"}:
        return final(
            ConfigurationError(f"{who} cannot be used from this location with {key} ({status} FAILED_PRECONDITION).")
        )
    if words & {"content_filter", "content_policy_violation"}:
        return final(DocumentError("blocked", f"{who} refused the document because of its content ({status})."))
    if status in (400, 413, 422):
        return final(DocumentError("refused", f"{who} refused the request for this document ({status})."))
    return final(ConfigurationError(f"{who} answered with status {status}: check its base_url."))


def _words(body: object) -> set[str]:
    """The machine-readable words of an error in lower case: statuses, reasons, codes, names of quotas."""
    return {value.lower() for name, value in _strings(body) if name in ("status", "reason", "code", "type", "quotaId")}


def _strings(body: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(body, Mapping):
        for key, value in body.items():
            yield from _strings(value, str(key))
    elif isinstance(body, list):
        for value in body:
            yield from _strings(value, name)
    elif isinstance(body, str):
        yield name, body


def _wait(body: object, headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: RetryInfo in the body (Google), else Retry-After (HTTP: seconds or a date).

    None if it asks for nothing or for no time at all.
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
