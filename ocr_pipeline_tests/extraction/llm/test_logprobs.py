"""How sure a model was of each value, from the tokens that it was written with."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.llm.extractor import LlmExtractor
from ocr_pipeline.extraction.llm.logprobs import value_logprobs
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.types import Token
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.extraction.llm.page import text_of
from ocr_pipeline_tests.standin import StandIn


def tokens(*pairs: tuple[str, float]) -> list[Token]:
    return [Token(text=text, logprob=logprob) for text, logprob in pairs]


WRITTEN = tokens(
    ('{"', -9.0), ("total_amount", -9.0), ('":', -9.0), (' "', -0.5), ("12", -0.25), (".50", -0.125), ('",', -0.0625),
    (' "currency": ', -9.0), ("null", -2.0), (', "line_items": [{"net_amount": ', -9.0), ("1", -9.0), ("}]}", -9.0),
)  # fmt: skip


def test_the_tokens_of_a_value_and_no_others() -> None:
    text = "".join(token.text for token in WRITTEN)
    sure = {"total_amount": -0.9375, "currency": -2.0}
    assert value_logprobs(text, WRITTEN) == sure
    assert value_logprobs(text, [Token(text="Let me think.", logprob=-9.0), *WRITTEN]) == sure, "thoughts before it"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{}", WRITTEN),
        ('{"currency": null}', []),
        ("prose", tokens(("prose", -1.0))),
        ('{"total_amount": ', tokens(('{"total_amount": ', -1.0))),
        ("{", tokens(("{", -1.0))),
    ],
)
def test_other_tokens_or_no_json_say_nothing(text: str, written: list[Token]) -> None:
    assert value_logprobs(text, written) == {}


@pytest.mark.parametrize("kind", ["gemini", "openai"])
def test_they_are_asked_for_and_read(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_KEY", "k")
    options = {"provider": "standin", "model": "m", "logprobs": True}
    with StandIn() as standin:
        url = standin.url + ("" if kind == "gemini" else "/v1")
        content = {
            "providers": {"standin": {"type": kind, "base_url": url, "api_key_env": "STAND_IN_KEY"}},
            "engines": {"pdf-text": None},
            "backends": {"b": {"extractor": kind, "engine": "pdf-text", "options": options}},
        }
        (tmp_path / "backends.yaml").write_text(json.dumps(content))
        extractor = load_backends(Project(tmp_path))["b"].extractor
        assert isinstance(extractor, LlmExtractor)
        with closing(ModelCalls(ResultStore(tmp_path / "results"))) as models:
            calls, text = models.for_document(), text_of("Total 12.50")
            result = extractor.extract(ExtractionInput(document_id="d", open=pytest.fail, text=text, models=calls))
    sure = {name: value for name, value in result.logprobs.items() if value}
    assert sure == {"total_amount": -0.5, "invoice_date": -0.75}, "the stand-in gives -0.25 for each number"
    assert result.logprobs["currency"] == 0.0
