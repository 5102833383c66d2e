"""What engines and extractors have in common: a declared id, a fingerprint, and capabilities."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Literal

from ocr_pipeline.documents.limits import Limits, TimeLimits
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.schemas import ReadFrom
from ocr_pipeline.store import fingerprint

_HASHED_AS: Mapping[str, str] = {
    "rapidocr": "ocr_pipeline.ocr.rapidocr.RapidOcr",
    "tesseract": "ocr_pipeline.ocr.tesseract.Tesseract",
    "pdf-text": "ocr_pipeline.ocr.pdf_text.PdfText",
    "oracle": "ocr_pipeline.ocr.oracle.Oracle",
    "doctr": "ocr_pipeline.ocr.doctr.DocTr",
    "rules": "ocr_pipeline.extraction.rules.extractor.RulesExtractor",
    "gemini": "ocr_pipeline.extraction.llm.extractor.GeminiExtractor",
    "openai": "ocr_pipeline.extraction.llm.extractor.OpenAiExtractor",
    "smollm2": "ocr_pipeline.extraction.smollm2.extractor.SmolLm2Extractor",
    "external": "ocr_pipeline.extraction.external.extractor.External",
    "learned": "ocr_pipeline.extraction.learned.extractor.LearnedExtractor",
    "ensemble": "ocr_pipeline.extraction.ensemble.extractor.EnsembleExtractor",
}
"""What is hashed for an id that version 0.1 hashed as module and class: results made by it stay current."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an engine or extractor needs and can do. Every default is off.

    Checked when `backends.yaml` is loaded, so that a wrong combination fails before a document is opened.
    """

    requires: Literal["words", "pages"] | None = None
    """Extractors: `words` needs an engine in its backend, `pages` must not have one, None works with both."""
    reads: tuple[ReadFrom, ...] = ("page",)
    """What values are read from, the preferred source first. An extractor for codes or XML reads nothing else; an engine may
    declare what its backends prefer to the page where `backends.yaml` does not say it."""
    asks: Provider | None = None
    """The provider whose models it asks. Such an extractor is a `ModelExtractor`."""
    batch: bool = False
    """Its questions are sent as one batch job before the first document is extracted."""
    concurrency: int = 1
    """Documents that it may be given at once, each in a thread of its own."""
    learns: bool = False
    """It is trained on labels. Such an extractor is a `TrainedExtractor`."""
    votes_on: tuple[str, ...] = ()
    """An ensemble: the backends whose results it works on. Such an extractor is a `TrainedExtractor`."""
    in_order: bool = False
    """A cascade: of `votes_on`, only the first is run on every document; the others are asked where it is not sure enough."""
    knows_own: bool = False
    """It is told the own company of `backends.yaml`, which is then a part of its fingerprint."""
    calibrated: bool = False
    """The scores of its evidence are probabilities by a calibration that ships with it or was learned with its model."""
    imports: bool = False
    """It works on predictions that were imported for its backend, not on documents."""
    local_model: bool = False
    """It runs a model on this machine, which takes longer than rules: `limits.max_local_model_seconds`."""
    schemas: Literal["invoice", "any"] = "invoice"
    """Extractors: `any` reads documents of every schema of the project; others are not run on data sets without invoices."""
    reads_transcripts: bool = False
    """Engines: it works on the transcripts that a data set ships, not on pages."""

    @property
    def isolated(self) -> bool:
        """Extractors: whether it works in a worker process with a time limit. One that asks models spends its time waiting, in
        threads, for calls that have limits of their own."""
        return self.asks is None and not self.in_order

    @property
    def limited_by(self) -> str:
        """Extractors: the setting of `limits` that says how long it may take for a document."""
        if self.imports:
            return "max_prediction_seconds"
        return "max_local_model_seconds" if self.local_model else "max_extraction_seconds"

    def times(self, limits: Limits, name: str | None = None) -> TimeLimits:
        """Extractors: how long it may take for a document. `name`: of its backend."""
        seconds: float = getattr(limits, self.limited_by)
        return limits.times(limits.max_seconds_of.get(name or "", seconds) if self.isolated else inf)


class Component(ABC):
    """Base class of `OcrEngine` and `Extractor`: a small configured object, cheap to make."""

    id: ClassVar[str]
    """Names the component in fingerprints. A class that declares none is named by its module and class, so a subclass
    that changes a method never shares results with its parent; declare one to be free to move the class."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "id" not in vars(cls):
            cls.id = f"{cls.__module__}.{cls.__qualname__}"

    @property
    def identity(self) -> str:
        """What names this component in fingerprints: its declared id."""
        return self.id

    @property
    def families(self) -> frozenset[str]:
        """What it shares its mistakes with: two components with a family in common are not independent readers."""
        return frozenset({self.identity})

    @property
    def capabilities(self) -> Capabilities:
        """Override it with a class attribute, or with a property where options decide."""
        return Capabilities()

    @abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """Everything that can change a result, JSON-serialisable: version, options, model, prompt hash. Loads no model."""

    def unavailable(self) -> str | None:
        """Why it cannot run here, as one sentence; None if it can. Loads no model."""
        return None


def fingerprint_of(component: Component, more: Mapping[str, object] | None = None) -> str:
    """The fingerprint of an engine or extractor: its id, and all that it says can change a result. `more`: what its backend
    adds to it."""
    hashed_as = _HASHED_AS.get(component.identity, component.identity)
    return fingerprint({"class": hashed_as, **component.fingerprint(), **(more or {})})
