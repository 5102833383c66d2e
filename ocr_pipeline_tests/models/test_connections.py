"""Connections: none to be had, and more of them than an SDK expects."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from ocr_pipeline.models import retrying
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.failures import Failure, no_connection
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import ModelRequest
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.standin import StandIn


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCalls:
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)
    return ModelCalls(ResultStore(tmp_path), keys={"gemini": "any"})


def request(text: str) -> ModelRequest:
    return ModelRequest(model="m", instructions="i", parts=(text,), json_schema={}, max_output_tokens=10)


def test_more_than_100_calls_at_once(models: ModelCalls) -> None:
    at_once = 120
    with StandIn(latency=4) as standin:  # long enough for all of them to come, on a busy machine
        provider = Provider(
            name="gemini",
            type="gemini",
            api_key_env="GEMINI_API_KEY",
            base_url=standin.url,
            concurrency=at_once,
            retries=0,
        )
        models.client(provider)  # loads the SDK
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda number: models.ask(provider, request(str(number))), range(at_once)))
        assert standin.most_in_flight == at_once


def test_a_server_that_nobody_could_reach_is_left_alone(models: ModelCalls) -> None:
    provider = Provider(
        name="gemini", type="gemini", api_key_env="GEMINI_API_KEY", base_url="http://127.0.0.1:1", retries=1
    )
    attempts = 0

    def refused(_: float) -> NoReturn:
        nonlocal attempts
        attempts += 1
        raise no_connection(provider)

    for _ in range(3):
        with pytest.raises(Failure, match=r"gemini is unreachable at 127\.0\.0\.1:1\."):
            models.attempt(provider, "model", refused)
    assert attempts == 2, "the first of the three, with its retry"


def test_a_server_that_others_reach_in_the_meantime_is_asked_again(models: ModelCalls) -> None:
    provider = Provider(
        name="gemini",
        type="gemini",
        api_key_env="GEMINI_API_KEY",
        base_url="http://127.0.0.1:1",
        concurrency=2,
        retries=1,
    )

    def refused_while_another_is_answered(_: float) -> NoReturn:
        models.attempt(provider, "model", lambda _: "answer")
        raise no_connection(provider)

    with pytest.raises(Failure):
        models.attempt(provider, "model", refused_while_another_is_answered)
    assert models.attempt(provider, "model", lambda _: "answer").value == "answer"
