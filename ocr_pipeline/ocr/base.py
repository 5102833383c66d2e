"""The engine protocol: pages in, words with boxes out."""

from collections.abc import Sequence
from typing import Any, Protocol

from ocr_pipeline.documents.pages import Page
from ocr_pipeline.schemas import OcrPage


class OcrEngine(Protocol):
    """Reads the words of a page.

    An engine is a small configured object: cheap to make, safe to pickle into a worker process. It loads its models on the
    first page and keeps them.
    """

    def fingerprint(self) -> dict[str, Any]:
        """Everything that can change a result, JSON-serialisable: name, version, settings. Loads no model."""
        ...

    def unavailable(self) -> str | None:
        """Why this engine cannot run here, as one sentence, or None where it can. Loads no model."""
        ...

    def read(self, pages: Sequence[Page]) -> list[OcrPage]:
        """Read the pages of one document, in order. Raises DocumentError."""
        ...
