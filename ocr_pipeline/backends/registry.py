"""Building engines and extractors from their type name and options. Shipped types, or `package.module:Class` of your own."""

import importlib
from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from ocr_pipeline.backends.config import PROVIDERS, BackendConfig, EngineConfig
from ocr_pipeline.backends.undeclared import UndeclaredEngine, UndeclaredExtractor
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.extraction.base import Extractor
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.ocr.base import OcrEngine

ENGINE_TYPES: Mapping[str, str] = {
    "rapidocr": "ocr_pipeline.ocr.rapidocr:RapidOcr",
    "tesseract": "ocr_pipeline.ocr.tesseract:Tesseract",
    "pdf-text": "ocr_pipeline.ocr.pdf_text:PdfText",
    "auto": "ocr_pipeline.ocr.auto:Auto",
    "oracle": "ocr_pipeline.ocr.oracle:Oracle",
    "doctr": "ocr_pipeline.ocr.doctr:DocTr",
}
EXTRACTOR_TYPES: Mapping[str, str] = {
    "rules": "ocr_pipeline.extraction.rules.extractor:RulesExtractor",
    "gemini": "ocr_pipeline.extraction.llm.extractor:GeminiExtractor",
    "openai": "ocr_pipeline.extraction.llm.extractor:OpenAiExtractor",
    "smollm2": "ocr_pipeline.extraction.smollm2.extractor:SmolLm2Extractor",
    "codes": "ocr_pipeline.extraction.codes.extractor:CodesExtractor",
    "einvoice": "ocr_pipeline.extraction.einvoice.extractor:EInvoiceExtractor",
    "external": "ocr_pipeline.extraction.external.extractor:External",
    "learned": "ocr_pipeline.extraction.learned.extractor:LearnedExtractor",
    "ensemble": "ocr_pipeline.extraction.ensemble.extractor:EnsembleExtractor",
    "cascade": "ocr_pipeline.extraction.cascade.extractor:CascadeExtractor",
}


def build_engine(entry: EngineConfig) -> OcrEngine:
    """The engine of an entry of `engines`. Raises ConfigurationError."""
    built = _build(entry.type, ENGINE_TYPES, entry.options, "engine")
    if isinstance(built, OcrEngine):
        return built
    _require_methods(entry.type, built, "engine", "fingerprint", "unavailable", "read")
    return UndeclaredEngine(built)


def build_extractor(entry: BackendConfig, providers: Mapping[str, Provider]) -> Extractor:
    """The extractor of an entry of `backends`. Raises ConfigurationError."""
    built = _build(entry.extractor, EXTRACTOR_TYPES, _with_provider(entry, providers), "extractor")
    if isinstance(built, Extractor):
        return built
    _require_methods(entry.extractor, built, "extractor", "fingerprint", "extract")
    return UndeclaredExtractor(built)


def _with_provider(entry: BackendConfig, providers: Mapping[str, Provider]) -> Mapping[str, object]:
    """The options, with the entry of `providers` in place of its name. `gemini` and `openai` name themselves."""
    name = entry.options.get("provider", entry.extractor if entry.extractor in PROVIDERS else None)
    if name is None:
        return entry.options
    if name not in providers:
        raise ConfigurationError(f"options.provider: unknown provider; known are {', '.join(providers)}.")
    return {**entry.options, "provider": providers[name]}


def _build(name: str, known: Mapping[str, str], options: Mapping[str, object], what: str) -> object:
    target = known.get(name, name)
    if ":" not in target:
        raise ConfigurationError(f"unknown {what} {name!r}; known are {', '.join(known)}, or package.module:Class.")
    module, _, attribute = target.partition(":")
    try:
        factory = cast(Any, getattr(importlib.import_module(module), attribute))
    except Exception as error:  # noqa: BLE001 - whatever a user's own module raises while it is imported
        raise ConfigurationError(f"the {what} {name!r} cannot be imported: {error}.") from None
    try:
        return cast(object, factory(**options))
    except ValidationError as error:
        raise ConfigurationError(f"options.{describe(error)}") from None
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"options: {error}.") from None


def _require_methods(name: str, built: object, what: str, *methods: str) -> None:
    for method in methods:
        if not callable(getattr(built, method, None)):
            raise ConfigurationError(f"{name!r} is not an {what}: method `{method}` is missing.")
