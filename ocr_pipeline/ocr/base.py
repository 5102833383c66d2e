"""The engine protocol: a document's pages in, words with boxes out."""

from importlib.metadata import version
from typing import Any, Protocol

from ocr_pipeline.documents.limits import PDF_RENDER_DPI
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.schemas import OcrPage


class OcrEngine(Protocol):
    """Reads the words of a document.

    An engine is a small configured object: cheap to make, safe to pickle into a worker process. It loads its models on the
    first page and keeps them.

    An engine that must not run in a process per core has an attribute `max_processes`: a number, or None for no limit. It is
    asked for where there is something to read, and may raise ConfigurationError.
    """

    def fingerprint(self) -> dict[str, Any]:
        """Everything that can change a result, JSON-serialisable: name, version, settings. Loads no model.

        An engine for pages of PDFs includes `rendering()`: its input changes with how they are drawn.
        """
        ...

    def unavailable(self) -> str | None:
        """Why this engine cannot run here, as one sentence, or None where it can. Loads no model."""
        ...

    def read(self, document: Document) -> list[OcrPage]:
        """Read the pages of one document, in order. Raises DocumentError."""
        ...


def input_of(engine: OcrEngine, sha256: str, transcript_sha256: str | None) -> str:
    """What identifies the input of an engine: the document, and for an engine that says `reads_transcripts` that, too."""
    return f"{sha256}:{transcript_sha256}" if reads_transcripts(engine) else sha256


def reads_transcripts(engine: OcrEngine) -> bool:
    """Whether an engine works on what a data set ships beside its documents, and not on their pages."""
    return getattr(engine, "reads_transcripts", False)


def rendering() -> dict[str, Any]:
    """The part of a fingerprint that says how a PDF page becomes an image, and how large that image is."""
    return {"pypdfium2": version("pypdfium2"), "pdf_render_dpi": PDF_RENDER_DPI}
