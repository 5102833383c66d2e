"""The extractors' options, what they send, and what makes their results stale."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.llm import boxes, files
from ocr_pipeline.extraction.llm.extractor import LlmExtractor
from ocr_pipeline.models.types import Media
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Invoice, OcrText
from ocr_pipeline_tests.extraction.llm.page import text_of
from ocr_pipeline_tests.extraction.rules.printed import printed
from ocr_pipeline_tests.files import text_pdf

PDF = text_pdf([[(20, 150, "one")], [(20, 150, "two")]])


def config(folder: Path, extractor: str = "gemini", **options: Any) -> Backends:
    """A configuration of one backend, `b`, beside an entry of a server that needs no key."""
    content = {
        "engines": {"pdf-text": None},
        "backends": {"b": {"extractor": extractor, "options": options}},
        "providers": {
            "ollama": {"type": "openai", "base_url": "http://localhost:11434/v1", "api_key_env": None},
            "second": {"type": "gemini", "base_url": "http://second"},
        },
    }
    path = folder / "backends.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_backends(Project(path.parent))


def extractor(folder: Path, kind: str = "gemini", **options: Any) -> LlmExtractor:
    built = config(folder, kind, **options)["b"].extractor
    assert isinstance(built, LlmExtractor)
    return built


def document(text: OcrText | None) -> ExtractionInput:
    def opened() -> Document:
        assert text is None, "an extractor of text does not look at the pages"
        return open_document(PDF, Limits())

    return ExtractionInput(document_id="d", open=opened, text=text)


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("gemini", {"modell": "x"}, "options.modell: unknown key."),
        ("gemini", {"max_output_tokens": 0}, "options.max_output_tokens: Input should be greater than 0."),
        ("gemini", {"thinking_level": "huge"}, "options.thinking_level: Input should be 'minimal', 'low', "),
        ("gemini", {"mode": "fast"}, "options.mode: Input should be 'interactive' or 'batch'."),
        ("gemini", {"prompt": "mine"}, "options.prompt: there is no 'mine' in prompts; known are invoice-1."),
        ("gemini", {"prompt": "../prompts/invoice-1"}, "options.prompt: there is no "),
        ("gemini", {"schema": "mine"}, "options.schema: there is no 'mine' in schemas; known are invoice-1."),
        (
            "gemini",
            {"provider": "azure"},
            "options.provider: unknown provider; known are gemini, openai, ollama, second.",
        ),
        ("gemini", {"provider": "ollama"}, "options.provider: ollama is of type openai, not gemini."),
        ("openai", {"provider": "second", "model": "m"}, "options.provider: second is of type gemini, not openai."),
        ("openai", {}, "options.model: Field required."),
        ("openai", {"model": "m", "mode": "batch"}, "options.mode: Input should be 'interactive'."),
        ("openai", {"model": "m", "thinking_level": "low"}, "options.thinking_level: unknown key."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_option_is_one_sentence(tmp_path: Path, kind: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        config(tmp_path, kind, **options)
    assert f"backends.b: {sentence}" in str(caught.value)


def test_text_goes_as_data_and_pages_as_what_the_server_reads(tmp_path: Path) -> None:
    gemini, openai = extractor(tmp_path), extractor(tmp_path, "openai", model="m")
    for one in (gemini, openai):
        asked = one.request(document(text_of("TOTAL 12.50")))
        assert asked.parts == ("<document>\nTOTAL 12.50\n</document>",)
        assert (asked.instructions, asked.json_schema) == (files.prompt("invoice-1"), files.schema("invoice-1"))
        assert asked.options == {}

    def types(one: LlmExtractor) -> list[str]:
        return [part.media_type for part in one.request(document(None)).parts if isinstance(part, Media)]

    assert (types(gemini), types(openai)) == (["application/pdf"], ["image/jpeg"] * 2)


def test_boxes_are_asked_for_where_the_model_sees_the_pages(tmp_path: Path) -> None:
    usual, asking = extractor(tmp_path), extractor(tmp_path, boxes=True)
    assert "boxes" not in usual.fingerprint(), "stored replies stay valid"
    assert usual.fingerprint() != asking.fingerprint()
    assert asking.request(document(text_of("x"))) == usual.request(document(text_of("x")))
    request = asking.request(document(None))
    assert request.instructions == files.prompt("invoice-1") + boxes.ASKING
    assert isinstance(request.json_schema["properties"], dict)
    assert set(request.json_schema["properties"]) - set(files.schema("invoice-1")["properties"]) == {"places"}  # type: ignore[call-overload]


def test_boxes_of_values_are_evidence_and_others_are_dropped() -> None:
    values = Invoice.model_validate({"total_amount": "1", "line_items": [{"amount": "2"}]})

    def read(*places: object) -> dict[str, tuple[int, tuple[float, ...]]]:
        reply = f"```json\n{json.dumps({'places': places})}\n```"
        return {path: (found.page, found.box) for path, found in boxes.evidence_of(reply, values).items()}

    box = [800, 600, 820, 1000]
    assert read(
        {"field": "total_amount", "page": 2, "box_2d": box}, {"field": "line_items.0.amount", "page": 1, "box_2d": box}
    ) == {"total_amount": (2, (0.6, 0.8, 1.0, 0.82)), "line_items.0.amount": (1, (0.6, 0.8, 1.0, 0.82))}
    for field in (
        "due_date",
        "line_items.1.amount",
        "line_items.0.quantity",
        "line_items",
        "line_items.-1.amount",
        "x",
        ".",
    ):
        assert read({"field": field, "page": 1, "box_2d": box}) == {}, field
    for wrong in ([820, 600, 800, 1000], [0, 0, 1, 1001], [1, 2, 3], None, "box", [0, 0, 0, 0]):
        assert read({"field": "total_amount", "page": 1, "box_2d": wrong}) == {}, wrong
    assert read({"field": "total_amount", "page": 0, "box_2d": box}, 5, None) == {}
    assert boxes.evidence_of('{"places": null}', values) == boxes.evidence_of("[]", values) == {}


def test_settings_are_sent_where_they_are_given(tmp_path: Path) -> None:
    gemini = extractor(tmp_path, thinking_level="low", temperature=0, max_output_tokens=77)
    asked = gemini.request(document(text_of("x")))
    assert (asked.options, asked.max_output_tokens) == ({"temperature": 0.0, "thinking_level": "low"}, 77)
    openai = extractor(tmp_path, "openai", model="m", reasoning_effort="high", provider="ollama")
    assert openai.request(document(text_of("x"))).options == {"reasoning_effort": "high"}
    sure = (
        extractor(tmp_path, logprobs=True).settings(),
        extractor(tmp_path, "openai", model="m", logprobs=True).settings(),
    )
    assert sure == ({"response_logprobs": True}, {"logprobs": True})


def test_it_is_not_run_without_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    assert config(tmp_path)["b"].unavailable() == "GEMINI_API_KEY is not set"
    assert config(tmp_path, "openai", model="m", provider="ollama")["b"].unavailable() is None


def test_without_calls_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give the stage `models`"):
        extractor(tmp_path).extract(document(text_of("x")))


def test_what_makes_results_stale_and_what_does_not(tmp_path: Path) -> None:
    def fingerprint(kind: str = "gemini", **options: Any) -> str:
        return config(tmp_path, kind, **options)["b"].fingerprint

    base = fingerprint()
    others = [
        fingerprint(model="gemini-3.8-flash"),
        fingerprint(max_output_tokens=77),
        fingerprint(repair=False),
        fingerprint(temperature=0),
        fingerprint(thinking_level="low"),
        fingerprint(provider="second"),
        fingerprint("openai", model="gemini-3.5-flash-lite"),
    ]
    assert len({base, *others}) == len(others) + 1
    assert fingerprint(mode="batch") == base, "a batch gives the same replies"
    assert fingerprint(provider="gemini", model="gemini-3.5-flash-lite", prompt="invoice-1") == base


@pytest.mark.parametrize("changed", ["prompt", "schema"])
def test_another_prompt_or_schema_makes_its_own_backends_stale_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    folder = tmp_path / "llm"
    for name in ("prompts", "schemas"):
        shutil.copytree(files.FOLDER / name, folder / name)
    shutil.copy(folder / "prompts" / "invoice-1.md", folder / "prompts" / "invoice-2.md")
    shutil.copy(folder / "schemas" / "invoice-1.json", folder / "schemas" / "invoice-2.json")
    monkeypatch.setattr(files, "FOLDER", folder)

    def fingerprints() -> list[dict[str, Any]]:
        return [extractor(tmp_path, **{changed: name}).fingerprint() for name in ("invoice-1", "invoice-2")]

    first, second = fingerprints()
    assert first == second, "known by their content, not by their name"
    suffix = {"prompt": "prompts/invoice-1.md", "schema": "schemas/invoice-1.json"}[changed]
    path = folder / suffix
    path.write_text(path.read_text().replace("invoice", "bill", 1))
    again, other = fingerprints()
    assert other == second
    assert {name for name in first if first[name] != again[name]} == {changed}


def test_nothing_that_is_pickled_or_shown_holds_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "CANARY-KEY")
    whole = config(tmp_path)
    built = whole["b"].extractor
    assert whole["b"].unavailable() is None
    for value in (built, getattr(built, "provider"), whole):  # noqa: B009 - a protocol does not know it
        assert b"CANARY" not in pickle.dumps(value)
        assert "CANARY" not in repr(value) + str(value)
    assert "CANARY" not in whole["b"].settings


def test_a_model_gets_the_words_of_the_first_invoice_alone(tmp_path: Path) -> None:
    pages = [f"Putzblitz GmbH\nRechnung\nRechnungsnummer  A-10{n}\nGesamtbetrag  11{n},00 €" for n in range(2)]
    [both] = extractor(tmp_path).request(document(printed(*pages))).parts
    [first] = extractor(tmp_path).request(document(printed(pages[0]))).parts
    assert both == first
