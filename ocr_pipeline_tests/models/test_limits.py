"""Rates and places, by a clock that moves when the test says so."""

import threading
from typing import Any

import pytest

from ocr_pipeline.models.limits import Clock, Limiter, TokenBucket
from ocr_pipeline.models.provider import Provider
from ocr_pipeline_tests.models.asking import FakeClock


def limiter(clock: Clock, **limits: Any) -> Limiter:
    return Limiter(Provider.model_validate({"name": "gemini", **limits}), clock)


def test_a_bucket_gives_one_token_after_another_at_its_rate() -> None:
    clock = FakeClock()
    bucket = TokenBucket(60, clock.now)
    assert [bucket.take(1) for _ in range(4)] == [0.0, 1.0, 2.0, 3.0]
    clock.time += 10  # 4 s are owed, and no more than one second's worth is saved up
    assert [bucket.take(1) for _ in range(2)] == [0.0, 1.0]


def test_a_bucket_of_a_low_rate_still_holds_one_request() -> None:
    bucket = TokenBucket(6, FakeClock().now)
    assert [bucket.take(1) for _ in range(3)] == [0.0, 10.0, 20.0]


def test_a_request_that_is_larger_than_the_bucket_is_paid_off_afterwards() -> None:
    clock = FakeClock()
    bucket = TokenBucket(6000, clock.now)  # 100 a second
    assert bucket.take(1000) == pytest.approx(9.0)
    assert bucket.take(100) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("limits", "tokens", "seconds"),
    [
        ({"requests_per_minute": 120}, 1, 0.5 * 8),  # what one second brings is there at once: two requests
        ({"tokens_per_minute": 60_000}, 500, 0.5 * 8),  # and 1,000 tokens
        ({"requests_per_minute": 120, "tokens_per_minute": 6_000}, 100, 1.0 * 9),
        ({}, 10**9, 0.0),
    ],
    ids=["requests", "tokens", "the stricter of both", "no limit"],
)
def test_ten_requests_take_the_time_that_the_rate_gives_them(
    limits: dict[str, int], tokens: int, seconds: float
) -> None:
    clock = FakeClock()
    places = limiter(clock, **limits)
    for _ in range(10):
        with places.place(tokens):
            pass
    assert clock.time - 1000 == pytest.approx(seconds)


def test_a_pause_that_the_server_asks_for_holds_everybody() -> None:
    clock = FakeClock()
    places = limiter(clock)
    places.hold(7)
    places.hold(3)  # a shorter one does not shorten it
    with places.place(1):
        assert clock.time == pytest.approx(1007)


def test_a_hold_that_comes_while_a_call_waits_for_its_turn_is_kept() -> None:
    places: Limiter

    class Interrupted(FakeClock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if len(self.waits) == 1:
                places.hold(5)

    clock = Interrupted()
    places = limiter(clock, requests_per_minute=60)
    for _ in range(2):
        with places.place(1):
            pass
    assert clock.waits == pytest.approx([1.0, 5.0])


def test_no_more_calls_at_once_than_there_are_places() -> None:
    places = limiter(Clock(), concurrency=2)
    entered, leave = threading.Semaphore(0), threading.Event()

    def call() -> None:
        with places.place(1):
            entered.release()
            leave.wait(10)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert [entered.acquire(timeout=10) for _ in range(2)] == [True, True]
    assert not entered.acquire(timeout=0.1), "the third waits"
    leave.set()
    assert [entered.acquire(timeout=10) for _ in range(2)] == [True, True]
    for thread in threads:
        thread.join(10)


def test_a_stopped_run_waits_for_nothing() -> None:
    clock = Clock()
    clock.stop()
    places = limiter(clock, requests_per_minute=1)
    places.hold(3600)
    for _ in range(3):
        with places.place(1):
            pass
    assert clock.stopped
