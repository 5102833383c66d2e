"""From what a server says to whose fault it is, and whether and when to ask again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models.failures import Failure, http_failure
from ocr_pipeline.models.provider import Provider

GEMINI = Provider.model_validate({"name": "gemini"})


def failure(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Failure:
    return http_failure(GEMINI, "some-model", status, body, headers or {})


def google(status: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"status": status, "message": "SECRET", "details": list(details)}}


PER_DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
PER_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]}
BAD_KEY = {"reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "retry", "sentence"),
    [
        (429, google("RESOURCE_EXHAUSTED", PER_MINUTE), ProviderError, True, "rate limit exceeded (429)"),
        (429, google("RESOURCE_EXHAUSTED", PER_DAY), ProviderError, False, "daily quota used up"),
        (429, {"code": "insufficient_quota"}, ProviderError, False, "daily quota used up"),
        (429, b"<html>", ProviderError, True, "rate limit exceeded"),
        (408, None, ProviderError, True, "temporary server error (408)"),
        (409, None, ProviderError, True, "temporary server error (409)"),
        (499, google("CANCELLED"), ProviderError, True, "temporary server error (499)"),
        (500, google("INTERNAL"), ProviderError, True, "temporary server error (500)"),
        (502, "<html>", ProviderError, True, "temporary server error (502)"),
        (503, google("UNAVAILABLE"), ProviderError, True, "temporary server error (503)"),
        (504, google("DEADLINE_EXCEEDED"), ProviderError, True, "temporary server error (504)"),
        (400, google("INVALID_ARGUMENT", BAD_KEY), ConfigurationError, False, "rejected GEMINI_API_KEY"),
        (401, {"code": "invalid_api_key"}, ConfigurationError, False, "rejected GEMINI_API_KEY"),
        (403, google("PERMISSION_DENIED"), ConfigurationError, False, "rejected GEMINI_API_KEY"),
        (404, google("NOT_FOUND"), ConfigurationError, False, "unknown model 'some-model'"),
        (400, google("FAILED_PRECONDITION"), ConfigurationError, False, "cannot be used from this location"),
        (405, None, ConfigurationError, False, "check its base_url"),
        (302, None, ConfigurationError, False, "is base_url in backends.yaml right?"),
        (400, google("INVALID_ARGUMENT"), DocumentError, False, "refused the request for this document (400)"),
        (413, None, DocumentError, False, "refused the request for this document (413)"),
        (422, {"detail": "SECRET"}, DocumentError, False, "refused the request for this document (422)"),
        (400, {"code": "content_filter"}, DocumentError, False, "refused the document because of its content"),
    ],
)
def test_whose_fault_it_is(status: int, body: Any, kind: type[OcrPipelineError], retry: bool, sentence: str) -> None:
    found = failure(status, body)
    assert (type(found.error), found.retry) == (kind, retry)
    assert sentence in str(found.error)
    assert "SECRET" not in str(found.error) + str(found)


def test_only_the_quota_of_the_day_is_the_same_for_everyone() -> None:
    assert failure(429, google("RESOURCE_EXHAUSTED", PER_DAY)).everyone
    assert not failure(429, google("RESOURCE_EXHAUSTED", PER_MINUTE)).everyone


def test_what_a_server_says_to_a_wrong_key_is_not_kept() -> None:
    assert failure(401, {"message": "Incorrect API key provided: sk-CANA****KEY"}).answer is None
    assert failure(404, {"message": "no"}).answer == "{'message': 'no'}"


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.8s"}


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        (google("RESOURCE_EXHAUSTED", RETRY_INFO), {}, 45.8),
        (google("RESOURCE_EXHAUSTED", RETRY_INFO), {"Retry-After": "3"}, 45.8),
        (google("RESOURCE_EXHAUSTED", {"retryDelay": "7s"}), {}, 7.0),
        (google("RESOURCE_EXHAUSTED", {"retryDelay": "0s"}), {}, None),
        (None, {"Retry-After": "12"}, 12.0),
        (None, {"retry-after": "0.5"}, 0.5),
        (None, {"Retry-After": "0"}, None),
        (None, {"Retry-After": "soon"}, None),
        (None, {"Retry-After": format_datetime(datetime.now(UTC) - timedelta(minutes=1), usegmt=True)}, None),
        (None, {}, None),
    ],
    ids=[
        "RetryInfo",
        "RetryInfo first",
        "whole seconds",
        "no time",
        "Retry-After",
        "fraction",
        "0",
        "word",
        "past",
        "-",
    ],
)
def test_how_long_the_server_asks_to_wait(body: Any, headers: dict[str, str], seconds: float | None) -> None:
    assert failure(429, body, headers).wait == seconds
    assert failure(503, body, headers).wait == seconds


def test_a_date_in_retry_after_is_the_time_until_then() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert failure(429, None, {"Retry-After": at}).wait == pytest.approx(89.5, abs=1.5)
