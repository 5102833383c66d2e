"""Batch jobs over real sockets: what is submitted, found again, collected, and asked once more."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, ProviderError
from ocr_pipeline.models import batch
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.batch import JOBS, answer_in_batch
from ocr_pipeline.models.types import Media
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.models.asking import FakeClock, provider, request
from ocr_pipeline_tests.standin import StandIn

TEXTS = ("Total 1.00", "Total 2.00", "Total 3.00")


@pytest.fixture
def calls(store: ResultStore) -> ModelCalls:
    return ModelCalls(store, clock=FakeClock())


def ask(calls: ModelCalls, standin: StandIn, *texts: str, **settings: Any) -> list[bool]:
    """Ask for these texts in batch jobs; which of them are answered afterwards."""
    gemini, requests = provider(standin, **settings), [request(text) for text in texts or TEXTS]
    answer_in_batch(calls, gemini, requests)
    return [calls.stored(gemini, one) is not None for one in requests]


def sizes(standin: StandIn) -> list[int]:
    """Requests of each job."""
    return [len(job["requests"]) for job in standin.jobs.values()]


def jobs(store: ResultStore) -> list[Path]:
    return sorted((Path(store.shown()) / JOBS).rglob("*.json"))


def test_one_job_answers_all_and_nothing_is_asked_twice(standin: StandIn, calls: ModelCalls) -> None:
    standin.batch_polls = 3
    assert ask(calls, standin) == [True] * 3
    assert (sizes(standin), standin.counts["batch_poll"], len(standin.seen)) == ([3], 3, 0)
    assert ask(calls, standin, *TEXTS, TEXTS[0], "Total 4.00") == [True] * 5
    assert sizes(standin) == [3, 1]
    call = calls.stored(provider(standin), request(TEXTS[0]))
    assert call is not None
    assert (call.batch, call.attempts, call.endpoint, call.seconds >= 0) == (True, 1, standin.url, True)


@pytest.mark.parametrize("name_was_saved", [True, False])
def test_a_job_goes_on_after_a_restart(
    standin: StandIn, store: ResultStore, calls: ModelCalls, name_was_saved: bool
) -> None:
    standin.batch_polls = 100
    assert ask(calls, standin, batch_deadline=0.001) == [False] * 3
    [job] = jobs(store)
    if not name_was_saved:  # killed after the job was begun, before its name was written
        content = json.loads(job.read_text())
        del content["_sha256"]  # it is what an earlier version wrote
        job.write_text(json.dumps({**content, "name": None}))
    standin.batch_polls = 0
    assert ask(ModelCalls(store, clock=FakeClock()), standin) == [True] * 3
    assert sizes(standin) == [3]
    polls = standin.counts["batch_poll"]
    assert ask(calls, standin) == [True] * 3
    assert standin.counts["batch_poll"] == polls, "it is closed"


def test_a_job_that_never_began_is_begun_again(standin: StandIn, store: ResultStore, calls: ModelCalls) -> None:
    standin.batch_then("unavailable_503")
    with pytest.raises(ProviderError):
        ask(calls, standin, retries=0)
    assert sizes(standin) == []
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [3]


def test_a_job_begun_without_an_answer_is_found_by_its_title(standin: StandIn, calls: ModelCalls) -> None:
    standin.batch_then("created_and_dropped")
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [3]


@pytest.mark.parametrize("how", ["BATCH_STATE_EXPIRED", "forgotten"])
def test_a_job_that_fails_is_begun_again(standin: StandIn, calls: ModelCalls, how: str) -> None:
    if how == "forgotten":  # the server knows no such job any more
        standin.batch_then("ok", "unknown_model")
    else:
        standin.batch_error = how
    assert ask(calls, standin) == [False] * 3
    standin.batch_error = None
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [3, 3]


@pytest.mark.parametrize(("scenario", "error"), [("unavailable_503", ProviderError), ("wrong_key", ConfigurationError)])
def test_a_job_whose_state_cannot_be_asked_for_is_not_paid_again(
    standin: StandIn, store: ResultStore, scenario: str, error: type[Exception]
) -> None:
    standin.batch_then("ok", scenario)
    with pytest.raises(error):
        ask(ModelCalls(store, clock=FakeClock()), standin, retries=0)
    assert ask(ModelCalls(store, clock=FakeClock()), standin) == [True] * 3
    assert sizes(standin) == [3]


def test_what_a_job_does_not_answer_is_asked_in_the_next(standin: StandIn, calls: ModelCalls) -> None:
    standin.plan = lambda seen: "error_500" if TEXTS[1] in str(seen.body) else "ok"
    assert ask(calls, standin) == [True, False, True]
    standin.plan = lambda _: "ok"
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [3, 1]


def test_a_job_takes_as_much_as_fits(standin: StandIn, calls: ModelCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_REQUESTS", 2)
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [2, 1]
    monkeypatch.setattr(batch, "MAX_REQUESTS", 1000)
    monkeypatch.setattr(batch, "MAX_BYTES", 25)
    media = [request(parts=(Media(bytes([number]) * 10, "image/png"), "text")) for number in range(3)]
    answer_in_batch(calls, provider(standin), media)
    assert sizes(standin) == [2, 1, 1, 1, 1], "14 bytes each; two have more than 25"
    monkeypatch.setattr(batch, "MAX_BYTES", 28)
    media = [request(parts=(Media(bytes([number]) * 10, "image/png"), "text")) for number in range(3, 6)]
    answer_in_batch(calls, provider(standin), media)
    assert sizes(standin)[5:] == [2, 1]


def test_jobs_count_for_the_spending_limit(standin: StandIn, store: ResultStore) -> None:
    with pytest.raises(ConfigurationError, match="Spending limit"):
        ask(ModelCalls(store, clock=FakeClock(), max_cost_usd=0.0001), standin)
    assert sizes(standin) == []


def test_a_damaged_job_and_one_of_another_server_are_left_alone(
    standin: StandIn, store: ResultStore, calls: ModelCalls, caplog: pytest.LogCaptureFixture
) -> None:
    standin.batch_polls = 100
    ask(calls, standin, batch_deadline=0.001)
    [job] = jobs(store)
    job.with_name(f"{job.parent.name}-damaged.json").write_text("{")
    with StandIn() as other:
        assert ask(ModelCalls(store, clock=FakeClock()), other) == [True] * 3
        assert sizes(other) == [3], "what is on its way elsewhere is not on its way here"
    assert "-damaged.json" in caplog.text
    standin.batch_polls = 0
    assert ask(calls, standin) == [True] * 3
    assert sizes(standin) == [3]


def test_only_gemini_has_batch_jobs(standin: StandIn, calls: ModelCalls) -> None:
    with pytest.raises(ConfigurationError, match="batch jobs are not supported"):
        answer_in_batch(calls, provider(standin, "openai"), [request()])
