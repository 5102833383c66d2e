"""Where values are read from: the XML of an e-invoice, codes on the page, the page as it is printed.

A backend that reads several of them prefers one to the other field by field, see `preferring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from ocr_pipeline.components import Capabilities, fingerprint_of
from ocr_pipeline.documents.limits import TimeLimits
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.documents.xml_pages import XmlPage
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.preferring import preferred
from ocr_pipeline.schemas import Extraction, ReadFrom

_VERSION = 1
"""Raise it with every code change here or in `preferring` that can change a result."""


@dataclass(frozen=True)
class Sources:
    """What a backend reads besides the page. `order`: all that it reads, the page included, the preferred one first."""

    order: tuple[ReadFrom, ...]

    @property
    def settings(self) -> dict[str, object]:
        """What they add to the fingerprint of the backend's extractor."""
        read = {str(source): _extractor(source).fingerprint() for source in self.order if source != "page"}
        return {"reads": {"order": list(self.order), "version": _VERSION, "by": read}}


def sources_of(
    reads: Sequence[ReadFrom] | None, extractor: Capabilities, engine: Capabilities | None
) -> Sources | None:
    """What a backend reads besides the page: `reads` of its entry, otherwise what its engine declares; None: nothing.

    Raises:
        ConfigurationError: the extractor does not read pages, and so cannot prefer anything to them.
    """
    reads_pages = extractor.reads == ("page",) and not (extractor.imports or extractor.votes_on)
    if reads is not None and not reads_pages:
        raise ConfigurationError("`reads` is for backends that read pages; this one has another source.")
    order = tuple(reads or (engine.reads if engine and reads_pages else ()))
    return Sources(order) if len(order) > 1 else None


@dataclass(frozen=True)
class SourceReader:
    """Extracts documents with an extractor and, if there are `sources`, prefers them to it where they have a value."""

    extractor: Extractor
    sources: Sources | None = None
    times: TimeLimits | None = None
    """How long it may take for a document; None: what `limits` say of its extractor."""
    repeat: int = 1
    """How often a model is asked about each document."""

    @property
    def reads_xml(self) -> bool:
        """Whether it has something to read in a document that is XML alone."""
        can = self.extractor.capabilities
        return can.imports or "xml" in (self.sources.order if self.sources else can.reads)

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.extractor, self.settings)

    @property
    def settings(self) -> dict[str, object]:
        """What the backend adds to the fingerprint of its extractor."""
        sources = self.sources.settings if self.sources else {}
        return {**sources, **({"repeat": self.repeat} if self.repeat > 1 else {})}

    def extract(self, document: ExtractionInput) -> Extraction:
        """The fields of one document, as `Extractor.extract` gives them, with what each was read from."""
        document = replace(document, open=cache(document.open))
        if self.sources is None or not document.schema.is_invoice:  # XML and codes are about invoices
            source = self.extractor.capabilities.reads[0]
            extraction = self.extractor.extract(document)
            return _read_from(_placed(extraction, document.open()) if source == "xml" else extraction, source)
        opened = document.open()
        found: dict[ReadFrom, Extraction] = {}
        failures: dict[ReadFrom, DocumentError] = {}
        for source in self.sources.order:
            extractor = self.extractor if source == "page" else _extractor(source)
            if (source == "xml") < opened.is_drawn or extractor.unavailable():
                continue  # on a page that was drawn from XML there is nothing to read but the XML
            try:
                found[source] = _placed(extractor.extract(document), opened)
            except DocumentError as error:
                failures[source] = error
        if not found:
            raise failures.get("page") or next(iter(failures.values()))
        extraction = preferred(found)
        if failure := failures.get("page"):
            sentence = f"Nothing was read from the page: {failure}"
            extraction = extraction.model_copy(update={"warnings": [*extraction.warnings, sentence]})
        return extraction


@cache
def _extractor(source: ReadFrom) -> Extractor:
    if source == "code":
        from ocr_pipeline.extraction.codes.extractor import CodesExtractor

        return CodesExtractor()
    from ocr_pipeline.extraction.einvoice.extractor import EInvoiceExtractor

    return EInvoiceExtractor()


def _read_from(extraction: Extraction, source: ReadFrom) -> Extraction:
    """The extraction with the source of all its values."""
    if source == "page":
        return extraction
    fields = (name for name in extraction.invoice.KINDS if getattr(extraction.invoice, name) is not None)
    return extraction.model_copy(update={"read_from": dict.fromkeys(fields, source)})


def _placed(extraction: Extraction, document: Document) -> Extraction:
    """The extraction with the places of its values on pages that were drawn from them."""
    if not document.is_drawn:
        return extraction
    places: Mapping[str, dict[str, object]] = {
        path: {"page": page.number, "box": box}
        for page in reversed(document.pages)
        if isinstance(page, XmlPage)
        for path, box in page.places.items()
    }
    return extraction.model_copy(
        update={
            "evidence": {
                path: found.model_copy(update=places.get(path, {})) for path, found in extraction.evidence.items()
            },
            "candidates": [
                row.model_copy(update=places.get(row.field, {})) if row.chosen else row for row in extraction.candidates
            ],
        }
    )
