"""Asking, over real sockets: attempts and pauses, what is stored when, what is paid once, and what it may cost."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, ProviderError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.failures import Failure
from ocr_pipeline.models.stored import CALLS, REFUSED, REPLACED, StoredCall, call_key
from ocr_pipeline.models.types import Media
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.model_project import KEY
from ocr_pipeline_tests.models.asking import KINDS, FakeClock, provider, request
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.server import Seen


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def calls(store: ResultStore, clock: FakeClock) -> ModelCalls:
    return ModelCalls(store, clock=clock)


def stored(store: ResultStore, folder: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((Path(store.shown()) / folder).rglob("*.json"))]


# ---- attempts and pauses -------------------------------------------------------------------------------------------


def test_pauses_double_with_jitter_and_have_a_longest(standin: StandIn, calls: ModelCalls, clock: FakeClock) -> None:
    standin.then(*["error_500"] * 8)
    call = calls.ask(provider(standin, retries=8, deadline=10_000), request())
    assert call.attempts == 9
    for wait, whole in zip(clock.waits, [1, 2, 4, 8, 16, 32, 60, 60], strict=True):
        assert whole * 0.5 <= wait <= whole * 1.5
    assert (
        len({round(wait / whole, 6) for wait, whole in zip(clock.waits, [1, 2, 4, 8, 16, 32, 60, 60], strict=True)}) > 1
    )


def test_no_more_attempts_than_retries_and_one(standin: StandIn, calls: ModelCalls) -> None:
    standin.plan = lambda _: "error_500"
    with pytest.raises(ProviderError, match="temporary server error"):
        calls.ask(provider(standin, retries=3), request())
    assert len(standin.seen) == 4


def test_no_pause_goes_over_the_deadline(standin: StandIn, calls: ModelCalls, clock: FakeClock) -> None:
    """Better an error now than the same one later."""
    standin.plan = lambda _: "error_500"
    with pytest.raises(ProviderError):
        calls.ask(provider(standin, retries=100, deadline=20), request())
    assert clock.time - 1000 <= 20
    assert len(standin.seen) < 10


def test_an_attempt_gets_no_more_time_than_the_deadline_leaves(
    standin: StandIn, calls: ModelCalls, clock: FakeClock
) -> None:
    given = []

    def send(timeout: float) -> str:
        given.append(timeout)
        if len(given) == 2:
            return "done"
        clock.time += 5
        raise Failure(ProviderError("Not now."), retry=True, wait=1)

    assert calls.attempt(provider(standin, timeout=5, deadline=8), "m", send).value == "done"
    assert given[0] == 5
    assert 1.8 <= given[1] <= 2


def test_waiting_for_its_turn_is_not_counted_against_the_deadline(
    standin: StandIn, calls: ModelCalls, clock: FakeClock
) -> None:
    """One request a minute: the third waits for two, and is asked all the same."""
    slow = provider(standin, requests_per_minute=1, deadline=30)
    for number in range(3):
        calls.ask(slow, request(f"Total {number}.00"))
    assert len(standin.seen) == 3
    assert clock.time - 1000 == pytest.approx(120)


def test_an_attempt_whose_turn_comes_after_the_deadline_is_not_made(standin: StandIn, calls: ModelCalls) -> None:
    """It would have no time left, and be paid for."""
    standin.then("error_500")
    with pytest.raises(ProviderError, match="temporary server error"):
        calls.ask(provider(standin, requests_per_minute=1, deadline=30), request())
    assert len(standin.seen) == 1


def test_a_pause_longer_than_the_deadline_ends_it_at_once(
    standin: StandIn, calls: ModelCalls, clock: FakeClock
) -> None:
    standin.plan = lambda _: "rate_limited"
    with pytest.raises(ProviderError, match="rate limit exceeded"):
        calls.ask(provider(standin, deadline=0.1), request())
    assert (len(standin.seen), clock.waits) == (1, [])


def test_a_stopped_run_asks_nothing_more(standin: StandIn, store: ResultStore) -> None:
    calls = ModelCalls(store)
    standin.plan = lambda _: calls.stop() or "error_500"  # type: ignore[func-returns-value]
    with pytest.raises(ProviderError, match="stopped"):
        calls.ask(provider(standin, retries=5), request())
    assert len(standin.seen) == 1


# ---- what is stored ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_kept_as_it_came_with_media_by_hash(
    standin: StandIn, store: ResultStore, calls: ModelCalls, kind: str
) -> None:
    picture = Media(b"\x89PNG\r\n\x1a\n secret pixels", "image/png")
    standin.then("error_500")
    calls.ask(provider(standin, kind), request(parts=(picture,)))
    [kept] = stored(store, CALLS)
    assert kept["request"]["parts"] == [{"sha256": picture.sha256, "media_type": "image/png", "bytes": 22}]
    assert kept["request"]["model"] == "gemini-3.5-flash-lite"
    assert "secret pixels" not in json.dumps(kept)
    assert json.loads(kept["raw"])["modelVersion" if kind == "gemini" else "model"] == "stand-in-001"
    assert (kept["attempts"], kept["batch"], kept["endpoint"].startswith(standin.url)) == (2, False, True)


def test_what_makes_another_call(standin: StandIn) -> None:
    """All that is sent, and where to; not the key, and not how hard the server may be used."""
    base = call_key(provider(standin), request())
    different = [
        call_key(provider(standin, base_url="http://elsewhere"), request()),
        call_key(provider(standin, "openai"), request()),
        call_key(provider(standin), request("Total 12.51")),
        call_key(provider(standin), request(model="gemini-3.8-flash")),
        call_key(provider(standin), request(instructions="Read it well.")),
        call_key(provider(standin), request(max_output_tokens=101)),
        call_key(provider(standin), request(json_schema={"type": "object"})),
        call_key(provider(standin), request(options={"temperature": 0})),
        call_key(provider(standin), request(parts=(Media(b"1", "image/png"),))),
        call_key(provider(standin), request(parts=(Media(b"2", "image/png"),))),
        call_key(provider(standin), request(parts=(Media(b"2", "image/jpeg"),))),
    ]
    assert len({base, *different}) == len(different) + 1
    harder = provider(standin, concurrency=1, requests_per_minute=1, timeout=1, deadline=1, retries=0, api_key_env=None)
    assert call_key(harder, request()) == base


def test_the_same_request_is_paid_once_by_many_threads(standin: StandIn, store: ResultStore) -> None:
    standin.latency = 0.1
    calls = ModelCalls(store)
    documents = [calls.for_document() for _ in range(4)]
    asked = provider(standin, concurrency=4)
    threads = [threading.Thread(target=document.ask, args=(asked, request())) for document in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    facts = [document.facts[0] for document in documents]
    assert len(standin.seen) == 1
    assert sorted(fact.from_store for fact in facts) == [False, True, True, True], "one of them paid"
    assert len({fact.call_key for fact in facts}) == 1


ASK = """
import sys
from pathlib import Path
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.models.asking import request

provider = Provider.model_validate({"name": "gemini", "base_url": sys.argv[1]})
print(ModelCalls(ResultStore(Path(sys.argv[2]))).ask(provider, request()).asked_at)
"""


def test_the_same_request_is_paid_once_by_two_processes(standin: StandIn, store: ResultStore) -> None:
    """The second asks while the answer of the first is on its way."""
    at_work, answer = threading.Event(), threading.Event()

    def plan(_: Seen) -> str:
        at_work.set()
        answer.wait(20)
        return "ok"

    standin.plan = plan
    command = [sys.executable, "-c", ASK, standin.url, store.shown()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert at_work.wait(30)
        second = ModelCalls(store).for_document()
        thread = threading.Thread(target=second.ask, args=(provider(standin), request()))
        thread.start()
        thread.join(0.3)  # it waits for the first: it would be done, or have asked
        assert thread.is_alive()
        answer.set()
        thread.join(20)
        asked_at = first.communicate(timeout=20)[0].strip()
    assert len(standin.seen) == 1
    assert (second.facts[0].from_store, str(second.facts[0].asked_at)) == (True, asked_at)
    assert not list(Path(store.shown()).rglob("*.lock")), "what is done leaves no lock"


def test_a_lock_of_a_killed_process_is_no_obstacle(standin: StandIn, store: ResultStore, calls: ModelCalls) -> None:
    key = call_key(provider(standin), request())
    lock = Path(store.shown()) / CALLS / key[:2] / f"{key}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    calls.ask(provider(standin), request())
    assert len(standin.seen) == 1


def test_a_damaged_call_is_asked_again(standin: StandIn, store: ResultStore, calls: ModelCalls) -> None:
    calls.ask(provider(standin), request())
    [path] = (Path(store.shown()) / CALLS).rglob("*.json")
    path.write_text('{"provider": "gem')
    calls.ask(provider(standin), request())
    assert len(standin.seen) == 2
    assert len(stored(store, CALLS)) == 1


def test_fresh_asks_once_more_and_keeps_the_old_reply(standin: StandIn, store: ResultStore) -> None:
    first = ModelCalls(store).ask(provider(standin), request())
    again = ModelCalls(store, fresh_since=datetime.now(UTC))
    second = again.ask(provider(standin), request())
    assert again.ask(provider(standin), request()) == second, "only once in a run"
    assert len(standin.seen) == 2
    assert [StoredCall.model_validate(old) for old in stored(store, REPLACED)] == [first]
    assert [StoredCall.model_validate(new) for new in stored(store, CALLS)] == [second]
    assert ModelCalls(store).ask(provider(standin), request()) == second


def test_a_fresh_call_that_fails_leaves_the_old_reply(standin: StandIn, store: ResultStore) -> None:
    first = ModelCalls(store).ask(provider(standin), request())
    standin.then("error_500")
    with pytest.raises(ProviderError):
        ModelCalls(store, fresh_since=datetime.now(UTC)).ask(provider(standin, retries=0), request())
    assert ModelCalls(store).ask(provider(standin), request()) == first


def test_the_words_of_a_refusal_are_kept_without_the_key(
    standin: StandIn, store: ResultStore, calls: ModelCalls
) -> None:
    standin.then("unknown_model")
    with pytest.raises(ConfigurationError, match=r"Its answer is kept in calls-refused/"):
        calls.ask(provider(standin), request())
    [kept] = stored(store, REFUSED)
    assert "Your key *** and your document" in kept["answer"]
    assert KEY not in str(kept)


# ---- keys and money ------------------------------------------------------------------------------------------------


def test_a_key_of_the_deployment_goes_before_the_one_of_the_environment(standin: StandIn, store: ResultStore) -> None:
    ModelCalls(store, keys={"gemini": "team"}).ask(provider(standin), request())
    assert standin.seen[0].key == "team"


@pytest.mark.parametrize(
    ("key", "sentence"), [(None, "GEMINI_API_KEY is not set."), ("kéy", "GEMINI_API_KEY contains characters")]
)
def test_without_a_usable_key_nothing_is_asked(
    standin: StandIn, calls: ModelCalls, monkeypatch: pytest.MonkeyPatch, key: str | None, sentence: str
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    if key:
        monkeypatch.setenv("GEMINI_API_KEY", key)
    with pytest.raises(ConfigurationError, match=f"^{sentence}"):
        calls.ask(provider(standin), request())
    assert not standin.seen


def test_a_server_that_wants_no_key_gets_none_of_ours(standin: StandIn, calls: ModelCalls) -> None:
    calls.ask(provider(standin, "openai", api_key_env=None), request())
    assert standin.seen[0].key == "none"


def test_a_package_that_is_missing_stops_the_run(
    standin: StandIn, calls: ModelCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not fail one document after the other."""
    from importlib.metadata import PackageNotFoundError

    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("ocr_pipeline.models.provider.version", version)
    with pytest.raises(ConfigurationError, match=r"^the package openai is not installed: .*install openai\.$"):
        calls.ask(provider(standin, "openai"), request())


ONE = 0.001121
"""US dollars of an answer of the stand-in: 800 new and 200 cached tokens in at 0.30 and 0.03, 350 out at 2.50 a million."""


def test_the_maximum_cost_is_not_exceeded(standin: StandIn, store: ResultStore) -> None:
    """About 0.002 USD are expected of a request, so the third does not fit any more."""
    calls = ModelCalls(store, max_cost_usd=0.0042)
    for number in range(2):
        calls.ask(provider(standin), request(f"Total {number}.00"))
    assert calls.spent_usd == pytest.approx(2 * ONE)
    with pytest.raises(ConfigurationError, match=r"^Spending limit of 0.0042 USD reached: 0.0022 USD spent."):
        calls.ask(provider(standin), request("Total 3.00"))
    assert len(standin.seen) == 2
    calls.ask(provider(standin), request("Total 0.00"))  # what is stored costs nothing
    assert calls.spent_usd == pytest.approx(2 * ONE)


def test_what_is_on_its_way_counts_for_the_maximum(standin: StandIn, store: ResultStore) -> None:
    calls = ModelCalls(store, max_cost_usd=0.003)
    with (
        calls.budget(provider(standin), [request()], batch=False),
        pytest.raises(ConfigurationError, match="Spending limit"),
        calls.budget(provider(standin), [request()], batch=False),
    ):
        pass
    with calls.budget(provider(standin), [request()], batch=False) as expected:
        assert 0.0015 < expected < 0.003


def test_what_costs_nothing_or_has_no_price_is_expected_to_cost_nothing(standin: StandIn, calls: ModelCalls) -> None:
    for of_nothing in (provider(standin, price=0), provider(standin)):
        with calls.budget(of_nothing, [request(model="unknown")] * 2, batch=False) as expected:
            assert expected == 0


def test_a_batch_is_expected_to_cost_half(standin: StandIn, calls: ModelCalls) -> None:
    with calls.budget(provider(standin), [request()], batch=False) as whole:
        pass
    with calls.budget(provider(standin), [request()], batch=True) as half:
        pass
    assert half == pytest.approx(whole / 2)


def test_without_a_price_no_maximum_can_be_kept(standin: StandIn, store: ResultStore) -> None:
    with pytest.raises(ConfigurationError, match=r"^Unknown price for unknown of gemini: set it under"):
        ModelCalls(store, max_cost_usd=100).ask(provider(standin), request(model="unknown"))
    assert not standin.seen
    ModelCalls(store).ask(provider(standin), request(model="unknown"))


def test_a_server_that_does_not_count_is_taken_to_cost_what_was_expected(standin: StandIn, store: ResultStore) -> None:
    """Or the maximum would never be reached."""
    standin.plan = lambda _: "no_usage"
    calls = ModelCalls(store, max_cost_usd=0.0042)
    for number in range(2):
        calls.ask(provider(standin), request(f"Total {number}.00"))
    assert calls.spent_usd == pytest.approx(0.004, rel=0.05)


def test_closing_closes_the_connections(standin: StandIn, store: ResultStore) -> None:
    calls = ModelCalls(store)
    calls.ask(provider(standin), request())
    client = calls.client(provider(standin))
    calls.close()
    assert calls.client(provider(standin)) is not client
    calls.ask(provider(standin), request("Total 2.00"))
    assert Path(store.shown()).is_dir()
