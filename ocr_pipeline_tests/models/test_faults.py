"""Every fault of the stand-in, in both protocols: a stored reply or one typed error, no key, nothing asked twice."""

from collections import Counter
from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.model_project import KEY
from ocr_pipeline_tests.models.asking import KINDS, FakeClock, provider, request
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.faults import FAULTS

EXPECTED: dict[str, tuple[str, ...]] = {
    "ok": ("reply",),
    "kept": (DocumentError.__name__, "reply", "reply without text"),
    "later": (ProviderError.__name__,),
    "everyone": (ConfigurationError.__name__,),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_becomes_of_each_fault(standin: StandIn, store: ResultStore, kind: str) -> None:
    standin.plan = lambda seen: seen.text
    calls = ModelCalls(store, clock=FakeClock())
    wrong = {}
    for name, fault in FAULTS.items():
        outcome = fault.gemini if kind == "gemini" else fault.openai
        asking = ModelCalls(store, clock=FakeClock()) if outcome == "everyone" else calls
        slow = {"retries": 0, "timeout": 1.0 if outcome == "later" else 20, "max_reply_bytes": 1_000_000}
        became = _ask(asking, provider(standin, kind, **slow), name)
        if became not in EXPECTED[outcome]:
            wrong[name] = became
        elif became.startswith("reply"):
            _ask(calls, provider(standin, kind, **slow), name)  # from the store
    assert wrong == {}
    assert Counter(seen.text for seen in standin.seen) == dict.fromkeys(FAULTS, 1)
    assert all(KEY not in path.read_text() for path in Path(store.shown()).rglob("*.json"))


def _ask(calls: ModelCalls, asked: Provider, name: str) -> str:
    try:
        text = calls.ask(asked, request(name)).reply().text
    except OcrPipelineError as error:
        return "the key" if KEY in str(error) else type(error).__name__
    return "reply" if text else "reply without text"
