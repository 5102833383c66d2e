"""Engines and extractors written for version 0.1, which had no base classes: they go on working, with default capabilities.

They are named by their module and class, as 0.1 named them, so that their results stay current.
"""

from typing import Any, cast

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.schemas import Extraction, OcrPage


class UndeclaredEngine(OcrEngine):
    """An object with `fingerprint`, `unavailable` and `read`."""

    def __init__(self, wrapped: object) -> None:
        self._wrapped = cast(Any, wrapped)

    @property
    def identity(self) -> str:
        return _class_name(self._wrapped)

    def fingerprint(self) -> dict[str, Any]:
        return dict(self._wrapped.fingerprint())

    def unavailable(self) -> str | None:
        return cast(str | None, self._wrapped.unavailable())

    def read(self, document: Document) -> list[OcrPage]:
        return cast(list[OcrPage], self._wrapped.read(document))


class UndeclaredExtractor(Extractor):
    """An object with `fingerprint` and `extract`; `unavailable` and `concurrency` are used if it has them."""

    def __init__(self, wrapped: object) -> None:
        self._wrapped = cast(Any, wrapped)

    @property
    def identity(self) -> str:
        return _class_name(self._wrapped)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(concurrency=getattr(self._wrapped, "concurrency", 1))

    def fingerprint(self) -> dict[str, Any]:
        return dict(self._wrapped.fingerprint())

    def unavailable(self) -> str | None:
        check = getattr(self._wrapped, "unavailable", None)
        return check() if check else None

    def extract(self, document: ExtractionInput) -> Extraction:
        return cast(Extraction, self._wrapped.extract(document))


def _class_name(wrapped: object) -> str:
    return f"{type(wrapped).__module__}.{type(wrapped).__qualname__}"
