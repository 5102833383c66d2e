"""The extractor contract: a document in, fields with evidence out."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ocr_pipeline.components import Component
from ocr_pipeline.document_fields import as_model
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.extraction.later import LaterMembers
from ocr_pipeline.extraction.own import OwnCompany
from ocr_pipeline.models.asking import DocumentCalls
from ocr_pipeline.models.families import model_family
from ocr_pipeline.models.types import ModelRequest
from ocr_pipeline.schemas import Extraction, OcrText


@dataclass(frozen=True)
class MemberResults:
    """What the members of an ensemble extracted from a document: extractions by backend, in the order of the ensemble,
    without those that failed; what it took altogether, each engine counted once, in seconds and US dollars (None: unknown).

    Of a cascade, only the first member is among them; `later` asks the others."""

    extractions: Mapping[str, Extraction]
    seconds: float | None
    cost_usd: float | None
    later: LaterMembers | None = None

    def of_schema(self, schema: DocumentSchema) -> dict[str, Extraction]:
        """The extractions that fit a schema: it may have changed since a member was run."""
        models = {name: as_model(result.invoice, schema.model) for name, result in self.extractions.items()}
        return {
            name: self.extractions[name].model_copy(update={"invoice": values})
            for name, values in models.items()
            if values is not None
        }


@dataclass(frozen=True, kw_only=True)
class ExtractionInput:
    """One document for an extractor.

    `text` is what the backend's engine recognised, None for a backend without an engine. `open` gives the pages themselves
    and raises `DocumentError`; an extractor that needs only text never calls it. `models` is for an extractor that asks
    language models: its calls are stored, limited, retried and priced there. `prediction` gives the text of the row
    imported for the document (capability `imports`), None if there is none. `members` is for an ensemble.
    `schema`: what to extract; that of invoices, unless `capabilities.schemas` says that the extractor reads any.
    """

    document_id: str
    open: Callable[[], Document]
    text: OcrText | None
    models: DocumentCalls | None = None
    prediction: Callable[[], str] | None = None
    members: MemberResults | None = None
    schema: DocumentSchema = field(default_factory=invoice_schema)


class Extractor(Component):
    """Extracts the fields of one document. Made once per process and used for many documents."""

    own: OwnCompany | None = None
    """The own company; set before the first document, if `capabilities.knows_own` and the project names one."""

    @abstractmethod
    def extract(self, document: ExtractionInput) -> Extraction:
        """The fields of one document.

        Raises:
            DocumentError: this document cannot be handled.
            ProviderError: a remote service failed temporarily.
            ConfigurationError: it can never work as it is set up.
        """

    def use_keywords(self, path: Path) -> None:
        """Load the words that the project learned, as they are now. Only extractors that look for keywords use them."""

    def input_of(self, document_id: str, key: str) -> str:
        """What a result is addressed by, besides the fingerprint. `key` identifies what the extractor works on."""
        return key

    def schema_key(self, schema: DocumentSchema) -> str:
        """What of a schema can change a result: a part of the key of results of documents other than invoices."""
        return schema.reading_fingerprint


class ModelExtractor(Extractor):
    """An extractor that asks a model of the provider in `capabilities.asks`."""

    model: str

    @property
    def families(self) -> frozenset[str]:
        """The family of its model: sizes and versions of one model are trained on the same data."""
        return frozenset({model_family(self.model)})

    @abstractmethod
    def request(self, document: ExtractionInput) -> ModelRequest:
        """What is asked about a document. Raises DocumentError."""

    @abstractmethod
    def expected_tokens(self, pages: int, characters: int | None) -> int:
        """Input tokens that a document may come to. `characters` is None for a backend without an engine."""


class TrainedExtractor(Extractor):
    """An extractor with something learned from labels: a model of its engine's text, or weights of an ensemble.

    A result is also addressed by the fold it was left out of, see `input_of`.
    """

    @abstractmethod
    def use(self, path: Path) -> None:
        """Load what was learned, as it is now. No file: nothing was learned yet."""
