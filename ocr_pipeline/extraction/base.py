"""The extractor protocol: a document in, fields with evidence out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ocr_pipeline.documents.pages import Document
from ocr_pipeline.schemas import Extraction, OcrText


@dataclass(frozen=True, kw_only=True)
class ExtractionInput:
    """One document for an extractor.

    `text` is what the backend's engine read, or None for a backend without an engine. `open` gives the pages themselves
    and raises `DocumentError`; an extractor that reads only text never calls it.
    """

    document_id: str
    open: Callable[[], Document]
    text: OcrText | None


class Extractor(Protocol):
    """Reads the fields of one document.

    An extractor is made once per process and used for many documents.
    """

    def fingerprint(self) -> dict[str, Any]:
        """Everything that can change a result, JSON-serialisable: name, version, options, model, prompt hash."""
        ...

    def extract(self, document: ExtractionInput) -> Extraction:
        """The fields of one document.

        Raises:
            DocumentError: this document cannot be handled.
            ProviderError: a remote service failed for now.
            ConfigurationError: it can never work as it is set up.
        """
        ...
