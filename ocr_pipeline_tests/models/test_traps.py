"""The traps of the two SDKs, one test each, with the real SDKs over real sockets. A trap is named in the test's docstring.

What happens to a document after such an answer is in defs/test_model_calls.py, prices are in test_prices.py, what a reply
must hold in extraction/llm/test_reply.py, what is sent in extraction/llm/test_extractor.py.
"""

import gc
import json
import pickle
import socket
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models import gemini
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.failures import Failure
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import Media, Repair, Usage
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.model_project import KEY
from ocr_pipeline_tests.models.asking import KINDS, FakeClock, provider, request
from ocr_pipeline_tests.standin import StandIn

DOCUMENT = "what stands on it"


def calls(store: ResultStore) -> ModelCalls:
    return ModelCalls(store, clock=FakeClock())


def test_the_address_of_the_environment_is_used(
    standin: StandIn, store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GOOGLE_GEMINI_BASE_URL works."""
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", standin.url)
    calls(store).ask(Provider.model_validate({"name": "gemini"}), request())
    assert standin.seen[0].path.endswith("/models/gemini-3.5-flash-lite:generateContent")


def test_the_key_is_the_one_of_the_settings(
    standin: StandIn, store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GOOGLE_API_KEY beats GEMINI_API_KEY in the SDK."""
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    calls(store).ask(provider(standin), request())
    assert standin.seen[0].key == KEY


@pytest.mark.parametrize("variable", ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"])
def test_a_variable_for_vertex_changes_nothing(
    standin: StandIn, store: ResultStore, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The SDK switches to Vertex by the environment alone, and would send documents elsewhere."""
    monkeypatch.setenv(variable, "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "global")
    calls(store).ask(provider(standin), request())
    [seen] = standin.seen
    assert ("/projects/" in seen.path, seen.key) == (False, KEY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_stays_open(standin: StandIn, store: ResultStore, kind: str) -> None:
    """A client without a reference closes under you."""
    asking = calls(store)
    for number in range(3):
        asking.ask(provider(standin, kind), request(f"Total {number}.00"))
        gc.collect()
    assert len(standin.seen) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_does_not_come_is_given_up(standin: StandIn, store: ResultStore, kind: str) -> None:
    """google-genai has no time-out, openai one of 600 s."""
    standin.then("hang")
    with pytest.raises(ProviderError, match=f"^{kind} did not answer in time.$"):
        calls(store).ask(provider(standin, kind, timeout=0.2, retries=0), request())


@pytest.mark.parametrize("kind", KINDS)
def test_an_attempt_may_get_less_time_than_others(standin: StandIn, store: ResultStore, kind: str) -> None:
    """The time-out of google-genai is in milliseconds, and belongs to the client unless a request says otherwise."""
    client = calls(store).client(provider(standin, kind, timeout=20))
    standin.then("hang")
    began = time.monotonic()
    with pytest.raises(Failure, match="did not answer in time"):
        client.send(request(), 0.2)
    assert 0.2 <= time.monotonic() - began < 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scenario", ["error_500", "rate_limited", "dropped", "hang"])
def test_the_sdk_does_not_try_again_by_itself(standin: StandIn, store: ResultStore, kind: str, scenario: str) -> None:
    """openai retries twice: uncounted, beyond every limit, and paid for."""
    standin.plan = lambda _: scenario
    with pytest.raises(ProviderError):
        calls(store).ask(provider(standin, kind, timeout=0.2, retries=0), request())
    assert len(standin.seen) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ("dropped", "closed the connection"),
        ("cut", "closed the connection"),
        ("html_502", "temporary server error (502)"),
        ("broken_json", "sent an answer that"),
        ("array", "sent an answer that"),
        ("error_200", "sent an answer that"),
        ("odd_shape", "sent an answer that"),
        ("html_200", "sent an answer that"),
    ],
)
def test_what_breaks_on_the_way_is_a_provider_error(
    standin: StandIn, store: ResultStore, kind: str, scenario: str, sentence: str
) -> None:
    """HTTP errors, transport errors and a bare JSONDecodeError come as three families of exceptions; some gateways send an
    error with status 200."""
    standin.then(scenario)
    with pytest.raises(ProviderError) as caught:
        calls(store).ask(provider(standin, kind, retries=0), request())
    assert sentence in str(caught.value)
    assert not list((Path(store.shown()) / "calls").rglob("*.json")), "what is no reply is not kept as one"


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_not_there(store: ResultStore, kind: str) -> None:
    """ConnectError is an exception of httpx2, not of the SDK."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        nobody = Provider.model_validate(
            {"name": kind, "base_url": f"http://127.0.0.1:{taken.getsockname()[1]}", "retries": 0, "api_key_env": None}
        )
        with pytest.raises(ProviderError, match=f"^{kind} is unreachable at 127.0.0.1:"):
            calls(store).ask(nobody, request())


@pytest.mark.parametrize("kind", KINDS)
def test_the_pause_that_the_server_asks_for_is_kept(standin: StandIn, store: ResultStore, kind: str) -> None:
    """The SDK ignores RetryInfo; Retry-After is the other servers' way to say it. The stand-in asks for 0.3 s."""
    standin.then("rate_limited", "rate_limited")
    clock = FakeClock()
    ModelCalls(store, clock=clock).ask(provider(standin, kind), request())
    assert len(standin.seen) == 3
    assert all(0.3 <= wait <= 0.331 for wait in clock.waits)


@pytest.mark.parametrize("kind", KINDS)
def test_the_quota_of_the_day_is_final(standin: StandIn, store: ResultStore, kind: str) -> None:
    """It is a 429 like any other, and comes with a RetryInfo of 45.8 s."""
    standin.then("quota_of_the_day")
    clock = FakeClock()
    asking = ModelCalls(store, clock=clock)
    for text in ("Total 1.00", "Total 2.00"):
        with pytest.raises(ProviderError, match="daily quota used up"):
            asking.ask(provider(standin, kind), request(text))
    assert (len(standin.seen), clock.waits) == (1, [])


def test_the_quota_of_one_model_does_not_stop_another(standin: StandIn, store: ResultStore) -> None:
    """Quotas are per project and model."""
    standin.then("quota_of_the_day")
    asking = calls(store)
    with pytest.raises(ProviderError):
        asking.ask(provider(standin), request())
    asking.ask(provider(standin), request(model="gemini-3.8-flash"))
    assert len(standin.seen) == 2


def test_the_schema_goes_out_as_it_is(standin: StandIn, store: ResultStore) -> None:
    """`response_json_schema` takes a dict; a class raises."""
    calls(store).ask(provider(standin), request())
    config = standin.seen[0].body["generationConfig"]
    assert config["responseJsonSchema"] == request().json_schema
    assert (config["responseMimeType"], config["maxOutputTokens"]) == ("application/json", 100)


def test_openai_gets_a_strict_schema_and_the_limit_that_small_servers_know(
    standin: StandIn, store: ResultStore
) -> None:
    """`.parse()` loses the usage of a bad reply, so the schema goes to `.create()`; OpenAI alone refuses `max_tokens`."""
    from ocr_pipeline.models.openai import body_of

    calls(store).ask(provider(standin, "openai"), request())
    body = standin.seen[0].body
    wrapped = body["response_format"]["json_schema"]
    assert (wrapped["strict"], wrapped["schema"]["additionalProperties"]) == (True, False)
    assert "additionalProperties" not in request().json_schema, "ours stays as it was"
    assert (body["max_tokens"], "max_completion_tokens" in body) == (100, False)
    official = body_of(request(), official=True)
    assert (official["max_completion_tokens"], "max_tokens" in official) == (100, False)


ENDS = {
    "ok": "complete",
    "truncated": "truncated",
    "thoughts_only": "truncated",
    "safety": "blocked",
    "recitation": "blocked",
    "prompt_block": "blocked",
    "empty": "empty",
}
OF_GEMINI_ALONE = ("recitation", "prompt_block")


@pytest.mark.parametrize(
    ("kind", "scenario"),
    [(kind, end) for kind in KINDS for end in ENDS if kind == "gemini" or end not in OF_GEMINI_ALONE],
)
def test_how_a_reply_ended(standin: StandIn, store: ResultStore, kind: str, scenario: str) -> None:
    """MAX_TOKENS, SAFETY and RECITATION do not raise, a blocked prompt has no candidates, thoughts alone leave no text."""
    finish = ENDS[scenario]
    standin.then(scenario)
    reply = calls(store).ask(provider(standin, kind), request()).reply()
    assert reply.finish == finish
    assert (reply.text is None) == (finish in ("blocked", "empty") or scenario == "thoughts_only")
    assert reply.usage == Usage(input=1000, cached=200, output=300, thoughts=50), "it was paid for all the same"
    assert reply.model_version == "stand-in-001"


@pytest.mark.parametrize("kind", KINDS)
def test_thoughts_are_no_part_of_the_text(standin: StandIn, store: ResultStore, kind: str) -> None:
    """Gemini sends them as parts of the same candidate."""
    text = calls(store).ask(provider(standin, kind), request()).reply().text
    assert text is not None
    assert json.loads(text) == {"total": "12.50"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_does_not_count_costs_what_is_not_known(standin: StandIn, store: ResultStore, kind: str) -> None:
    """`usage` may be None."""
    standin.then("no_usage")
    asking = calls(store)
    priced = provider(standin, kind, prices={"m": {"input": 1, "output": 1}})
    call = asking.ask(priced, request(model="m"))
    assert (call.reply().usage, asking.cost(priced, call)) == (None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_no_temperature_unless_it_is_asked_for(standin: StandIn, store: ResultStore, kind: str) -> None:
    """temperature, top_p and top_k are deprecated."""
    asking = calls(store)
    asking.ask(provider(standin, kind), request())
    asking.ask(provider(standin, kind), request(options={"temperature": 0.5}))
    sent = [str(seen.body) for seen in standin.seen]
    for name in ("temperature", "topP", "topK", "top_p", "top_k", "thinking", "reasoning"):
        assert name not in sent[0]
    assert "'temperature': 0.5" in sent[1]


def test_how_much_a_model_thinks(standin: StandIn, store: ResultStore) -> None:
    """Gemini 3 has levels instead of budgets."""
    asking = calls(store)
    asking.ask(provider(standin), request(options={"thinking_level": "low"}))
    asking.ask(provider(standin, "openai"), request(options={"reasoning_effort": "low"}))
    assert standin.seen[0].body["generationConfig"]["thinkingConfig"] == {"thinking_level": "LOW"}
    assert standin.seen[1].body["reasoning_effort"] == "low"


def test_the_sdk_calls_no_functions(standin: StandIn, store: ResultStore, caplog: pytest.LogCaptureFixture) -> None:
    """Automatic function calling is on by default, and says so in the log."""
    caplog.set_level("DEBUG")
    calls(store).ask(provider(standin), request())
    assert gemini.generation_config(request()).automatic_function_calling.disable
    assert "AFC" not in caplog.text
    assert "tools" not in standin.seen[0].body


@pytest.mark.parametrize("kind", KINDS)
def test_images_go_inline_and_the_repair_is_a_turn(standin: StandIn, store: ResultStore, kind: str) -> None:
    """Uploaded files would stay at the provider for two days."""
    picture = Media(b"\xff\xd8\xff pixels", "image/jpeg")
    repairs = (Repair(reply='{"total": 1}', complaint="total: must be text."),)
    calls(store).ask(provider(standin, kind), request(parts=(picture, "what is it?"), repairs=repairs))
    [seen] = standin.seen
    assert seen.media_types == ["image/jpeg"]
    assert "what is it?" in seen.text
    turns: list[dict[str, Any]] = seen.body["contents"] if kind == "gemini" else seen.body["messages"][1:]
    roles = ["user", "model", "user"] if kind == "gemini" else ["user", "assistant", "user"]
    assert [turn["role"] for turn in turns] == roles
    assert seen.text.endswith("total: must be text.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        ("wrong_key", ConfigurationError),
        ("missing_key", ConfigurationError),
        ("unknown_model", ConfigurationError),
        ("quota_of_the_day", ProviderError),
        ("rate_limited", ProviderError),
        ("error_500", ProviderError),
        ("dropped", ProviderError),
        ("broken_json", ProviderError),
        ("hang", ProviderError),
        ("refused", DocumentError),
    ],
)
def test_no_error_carries_the_key(
    standin: StandIn, store: ResultStore, kind: str, scenario: str, error: type[OcrPipelineError]
) -> None:
    """It is in `e.response.request.headers` and in a pickled APIError, and an exception remembers the one before it."""
    standin.plan = lambda _: scenario
    asked = request(f"{DOCUMENT} 1.00")
    with pytest.raises(error) as caught:
        calls(store).ask(provider(standin, kind, retries=0, timeout=0.2), asked)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    said = "".join(traceback.format_exception(caught.value)).encode()
    for text in (said, pickle.dumps(caught.value), repr(caught.value).encode(), str(vars(caught.value)).encode()):
        assert KEY.encode() not in text
        assert DOCUMENT.encode() not in text


def test_half_of_a_character_is_replaced(standin: StandIn, store: ResultStore) -> None:
    """JSON may hold a lone surrogate, which neither a file nor a database takes."""
    standin.then("surrogate")
    reply = calls(store).ask(provider(standin), request()).reply()
    assert reply.text is not None
    assert "�" in reply.text.encode().decode()
