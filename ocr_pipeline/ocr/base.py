"""The engine contract: a document's pages in, words with boxes out."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import ClassVar

from ocr_pipeline.components import Component
from ocr_pipeline.documents.limits import PDF_RENDER_DPI
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.schemas import OcrPage


class OcrEngine(Component):
    """Recognises the words of a document.

    Safe to pickle into a worker process. Loads its models on the first page and keeps them. The fingerprint of an engine
    that recognises pages of PDFs includes `rendering()`: its input changes with how they are drawn.
    """

    former: ClassVar[Sequence[Mapping[str, object]]] = ()
    """What stood in the fingerprint of earlier versions that read as accurately: their results stay current."""

    @property
    def max_processes(self) -> int | None:
        """The number of worker processes it may run in; None: one per core. Read only when there is work.

        Raises:
            ConfigurationError: it cannot run as it is set up.
        """
        return None

    @property
    def variant(self) -> str:
        """What `doctor` says about it beside its name, if the installation decides how it runs; otherwise ""."""
        return ""

    @property
    def gpus(self) -> float:
        """How much of a GPU each process uses; a cluster reserves it."""
        return 0.0

    @abstractmethod
    def read(self, document: Document) -> list[OcrPage]:
        """Recognise the pages of one document, in order. Raises DocumentError."""


def input_of(engine: OcrEngine, sha256: str, transcript_sha256: str | None) -> str:
    """What identifies the input of an engine: the document, and for an engine that reads transcripts also the transcript."""
    return f"{sha256}:{transcript_sha256}" if engine.capabilities.reads_transcripts else sha256


def rendering() -> dict[str, str | int]:
    """The part of a fingerprint that says how a PDF page becomes an image, and how large that image is."""
    return {"pypdfium2": version("pypdfium2"), "pdf_render_dpi": PDF_RENDER_DPI}
