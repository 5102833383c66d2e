"""Servers that repeat the key, over real sockets: nothing that is stored or raised holds a part of it."""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.canary import ENDING, PASSING, REDIRECTS, forms, found_in, leaks, leaky_standin
from ocr_pipeline_tests.models.asking import KINDS, FakeClock, provider, request
from ocr_pipeline_tests.standin import StandIn

SECRET = "AIzaSyDw/7+Kq2-XvTn_b9RjmLc4ZsEo8"


@pytest.fixture
def leaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    for variable in ("GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, SECRET)
    with leaky_standin() as standin:
        yield standin


def asked(leaky: StandIn, root: Path, kind: str, scenario: str) -> OcrPipelineError | None:
    """What one call raises when it is answered so."""
    leaky.plan = lambda seen: scenario
    calls = ModelCalls(ResultStore(root), clock=FakeClock())
    try:
        calls.ask(provider(leaky, kind, retries=1), request(scenario))
    except OcrPipelineError as error:
        return error
    finally:
        calls.close()
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_brings_the_key_in(
    leaky: StandIn, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for scenario in ("ok", *PASSING, *ENDING):
        error = asked(leaky, tmp_path, kind, scenario)
        assert (error is None) == (scenario == "ok"), scenario
        if error is not None:
            assert found_in("".join(traceback.format_exception(error)).encode(), SECRET) is None, scenario
        for known in (error, error and error.__cause__, error and error.__context__):
            assert found_in(repr(getattr(known, "__dict__", "")).encode(), SECRET) is None, scenario
    assert leaks(tmp_path, {"key": SECRET}) == []
    assert found_in(caplog.text.encode(), SECRET) is None
    assert {seen.key for seen in leaky.seen} == {SECRET}
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert kept.count("***") > 3 * len(forms(SECRET))  # the answers themselves are kept


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_one_request_and_a_sentence(leaky: StandIn, tmp_path: Path, kind: str, status: str) -> None:
    error = asked(leaky, tmp_path, kind, status)
    assert isinstance(error, ConfigurationError)
    assert f"redirects to another address ({status}): is base_url in backends.yaml right?" in str(error)
    assert len(leaky.seen) == 1


def test_a_key_in_the_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are stored with each result."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    for path in (SECRET, SECRET.replace("/", "%2F")):
        settings = Provider.model_validate({"name": "openai", "base_url": f"http://127.0.0.1:9/{path}/v1"})
        problem = settings.unavailable() or ""
        assert "must not contain the key" in problem
        assert found_in(problem.encode(), SECRET) is None


@pytest.mark.parametrize("form", sorted(forms(SECRET)))
def test_the_search_finds_every_form(form: str) -> None:
    assert found_in(f"before {forms(SECRET)[form]} after".encode(), SECRET) is not None
    assert found_in(b"nothing of that kind here", SECRET) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("proxy", ["answers 407", "refuses", "is unknown", "is malformed"])
def test_a_password_of_a_proxy_is_in_no_message(
    leaky: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, proxy: str
) -> None:
    password = "pr0xY-Pass_w0rd"
    host = {"refuses": "127.0.0.1:1", "is unknown": "proxy.invalid:80", "is malformed": "127.0.0.1:x"}.get(proxy)
    address = f"http://user:{password}@{host or leaky.url.removeprefix('http://')}"
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, address)
    monkeypatch.setenv("no_proxy", "")
    calls = ModelCalls(ResultStore(tmp_path), clock=FakeClock())
    settings = {"name": kind, "base_url": "http://models.invalid/v1", "retries": 0, "timeout": 5.0}
    leaky.plan = lambda seen: "407"
    with pytest.raises(OcrPipelineError) as error:
        calls.ask(Provider.model_validate(settings), request())
    assert found_in("".join(traceback.format_exception(error.value)).encode(), password) is None
    assert leaks(tmp_path, {"password": password}) == []
