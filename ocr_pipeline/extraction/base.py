"""The extractor protocol: a document in, fields with evidence out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ocr_pipeline.documents.pages import Document
from ocr_pipeline.models.calls import DocumentCalls
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.schemas import Extraction, OcrText


@dataclass(frozen=True)
class MemberResults:
    """What the members of an ensemble have read in a document: extractions by backend, in the order of the ensemble, those
    that did not fail; what all of it took together, engines counted once, in seconds and US dollars (None: not known)."""

    extractions: Mapping[str, Extraction]
    seconds: float | None
    cost_usd: float | None


@dataclass(frozen=True, kw_only=True)
class ExtractionInput:
    """One document for an extractor.

    `text` is what the backend's engine read, or None for a backend without an engine. `open` gives the pages themselves
    and raises `DocumentError`; an extractor that reads only text never calls it. `models` is for an extractor that asks
    language models: what it asks is stored, limited, retried and priced there. `prediction` gives the text of the row that
    was imported for the document, for an extractor that says `reads_predictions`; None where there is none. `members`: for an
    ensemble.
    """

    document_id: str
    open: Callable[[], Document]
    text: OcrText | None
    models: DocumentCalls | None = None
    prediction: Callable[[], str] | None = None
    members: MemberResults | None = None


class Extractor(Protocol):
    """Reads the fields of one document.

    An extractor is made once per process and used for many documents. Two more attributes are looked at where it has them:
    `unavailable()`, as an engine has it, and `concurrency`, the number of documents that it may be given at once, each in
    a thread of its own.
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


def unavailable(extractor: Extractor) -> str | None:
    """Why this extractor cannot run here, as one sentence, or None where it can."""
    check = getattr(extractor, "unavailable", None)
    return check() if check else None


def reads_predictions(extractor: Extractor) -> bool:
    """Whether an extractor works on what was imported for its backend, and not on documents."""
    return getattr(extractor, "reads_predictions", False)


def learns(extractor: Extractor) -> bool:
    """Whether an extractor is trained on labels: before it reads, `use(path)` tells it where its model is."""
    return getattr(extractor, "learns", False)


def members_of(extractor: Extractor) -> tuple[str, ...]:
    """The backends whose results an extractor works on; none for all but ensembles. `use(path)` tells it its weights."""
    return getattr(extractor, "members", ())


def input_key_of(extractor: Extractor, document_id: str, key: str) -> str:
    """What a result of this extractor is addressed by: the key of what it reads, and, of one that learns, what it was
    trained without."""
    own = getattr(extractor, "input_of", None)
    return str(own(document_id, key)) if own else key


def provider_of(extractor: Extractor) -> Provider | None:
    """The provider whose models an extractor asks, or None where it asks none."""
    provider = getattr(extractor, "provider", None)
    return provider if isinstance(provider, Provider) else None
