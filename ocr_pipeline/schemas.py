"""Domain models: words, pages, invoices, labels and extractions. Everything that crosses a stage boundary is one of these.

All boxes use one coordinate system: `(x0, y0, x1, y1)` relative to the page as displayed (after rotation), origin top left, x
to the right, y down, each number in 0..1. Page numbers start at 1.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_serializer,
    field_validator,
)

from ocr_pipeline.document_fields import FIELD_KINDS as FIELD_KINDS
from ocr_pipeline.document_fields import LIST_KINDS as LIST_KINDS
from ocr_pipeline.document_fields import SHAPE_KEY, fields_model, shape_of
from ocr_pipeline.document_fields import Amount as Amount
from ocr_pipeline.document_fields import DocumentType as DocumentType
from ocr_pipeline.document_fields import FieldKind as FieldKind
from ocr_pipeline.document_fields import Fields as Fields
from ocr_pipeline.document_fields import Invoice as Invoice
from ocr_pipeline.document_fields import LineItem as LineItem
from ocr_pipeline.document_fields import TaxLine as TaxLine
from ocr_pipeline.errors import DocumentErrorReason
from ocr_pipeline.label_boxes import LabelBox, check_paths
from ocr_pipeline.page_codes import PageCode
from ocr_pipeline.quickly_pickled import QuicklyPickled

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1), relative page coordinates, origin top left."""

NO_PAGE = 0
"""Page number of evidence that is on no page, such as an element of XML; its box has no size."""


class _Model(QuicklyPickled, BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _fields_of(value: Any, as_invoice: ValidatorFunctionWrapHandler) -> Any:
    """Values are those of an invoice, unless they are of another model or say which shape they have."""
    if isinstance(value, Fields) and not isinstance(value, Invoice):
        return value
    if isinstance(value, dict) and SHAPE_KEY in value:
        content = {name: entry for name, entry in value.items() if name != SHAPE_KEY}
        return fields_model(value[SHAPE_KEY]).model_validate(content)
    return as_invoice(value)


AnyFields = Annotated[SerializeAsAny[Invoice], WrapValidator(_fields_of)]


class Word(_Model):
    """A word as recognised by an engine. Lists of words are in reading order."""

    text: str
    box: Box
    confidence: float | None = Field(description="0..1; None if the engine has none (a PDF text layer).")
    page: int = Field(description="Page number, from 1.")
    line: int = Field(description="Index of the engine's line on this page, from 0, in reading order.")


Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise."""


class OcrPage(_Model):
    """The text recognised on one page. `width` and `height` are those of the page image in pixels.

    `rotation` is the rotation the engine applied to make the text upright. Boxes, width and height refer to the rotated image.
    """

    page: int
    width: int
    height: int
    rotation: Rotation = 0
    words: list[Word]
    seconds: float = Field(description="Wall-clock seconds for this page, including rendering.")
    warnings: list[str] = Field(default=[], description="What a reader should know about this text: one sentence each.")


class OcrText(_Model):
    """The text recognised in one document."""

    pages: list[OcrPage]

    def words(self) -> Iterator[Word]:
        """All words of all pages in reading order. `Evidence.words` are indices into this sequence."""
        for page in self.pages:
            yield from page.words

    @property
    def seconds(self) -> float:
        return sum(page.seconds for page in self.pages)


ReadFrom = Literal["page", "code", "xml"]
"""What a value was read from: the page as it is printed, a QR or bar code on it, or the XML of an e-invoice."""


class Evidence(_Model):
    """The place of a value on the page, or in the document's XML (page `NO_PAGE`; `method` has the path of the element).

    `words` are indices into `OcrText.words()`; `box` encloses them and `text` is their printed text. `method` names the rule
    or matcher that chose the value; `score` (0..1) is its own, uncalibrated confidence.
    """

    page: int
    text: str
    box: Box
    words: list[int]
    method: str
    score: float = Field(ge=0, le=1)
    correction: str | None = Field(
        default=None,
        description="Why the value differs from the printed `text`: `cash - change`. None if it does not.",
    )


class FieldCandidate(_Model):
    """A value considered for a field: its place, its features, and whether it was chosen.

    Scores are only comparable among candidates for the same field of the same document. `features` omits features that are 0.
    `page`, `text`, `box`, `words` and `correction` are as in `Evidence`.
    """

    field: str
    value: str = Field(description="As in the invoice: an ISO date, a plain decimal.")
    score: float
    chosen: bool
    reason: str = Field(description="The feature that contributed most to the score.")
    features: dict[str, float]
    page: int
    text: str
    box: Box
    words: list[int]
    correction: str | None = None


class ReportedUsage(_Model):
    """Time and model of an imported prediction as reported by its producer, not measured here."""

    seconds: float | None = Field(default=None, description="Wall-clock seconds for the document.")
    model: str | None = None
    model_version: str | None = None


class DocumentOrigin(_Model):
    """Where a document comes from. Each confidence is a probability, `margin` the distance to the next country."""

    country: str | None
    country_confidence: float = Field(description="Of the likeliest country, even if it is too unlikely to be named.")
    margin: float
    currency: str | None
    currency_confidence: float | None
    day_first: bool
    day_first_confidence: float
    evidence: list[str]


class Extraction(_Model):
    """The result of an extractor for one document. `invoice` has the values of a document of any schema.

    Keys of `evidence` are field paths: `total_amount`, `line_items.0.amount`, `tax_lines.1.rate`. `candidates` are the best
    values of each field by descending score; empty if the extractor does not rank values.
    """

    invoice: AnyFields
    evidence: dict[str, Evidence] = {}
    candidates: list[FieldCandidate] = []
    logprobs: dict[str, float] = Field(
        default={}, description="Confidence of a language model by field: natural logarithm of a probability."
    )
    warnings: list[str] = Field(
        default=[], description="What a reader of the values has to know about the whole document, a sentence each."
    )
    origin: DocumentOrigin | None = Field(default=None, description="Of an extractor that judges it.")
    cost_usd: float | None = Field(default=None, description="US dollars; 0 for local processing, None if unknown.")
    read_from: dict[str, ReadFrom] = Field(
        default={}, description="By field, what the value was read from; the page for fields that are not in it."
    )
    others: dict[str, dict[ReadFrom, str]] = Field(
        default={}, description="By field, what the other sources have for it: the same, or something else."
    )
    codes: list[PageCode] = Field(default=[], description="Of an extractor that decodes them: all codes on the pages.")
    reported: ReportedUsage | None = Field(default=None, description="Imported only; `cost_usd` is reported, too.")
    unreadable: dict[str, str] = Field(
        default={},
        description="Imported only: fields whose given value is not of their kind, with its text. They score as wrong.",
    )

    @field_serializer("invoice", mode="wrap")
    def _with_shape(self, value: Fields, serialise: SerializerFunctionWrapHandler) -> Any:
        """Values of an own schema carry their shape, so that a stored result can be read by itself."""
        values = serialise(value)
        return values if isinstance(value, Invoice) else {SHAPE_KEY: shape_of(type(value)), **values}


class Label(_Model):
    """The ground truth of one document, kept as JSON beside it.

    A key that is absent from `invoice` is *not labelled* and never scored. A null key is labelled as *not on the document*: an
    extracted value counts as spurious. `alternatives` lists further accepted values (a brand name beside the legal name),
    written as in `invoice`. `boxes` are the places of values, which evidence is compared with.
    """

    invoice: AnyFields
    alternatives: dict[str, list[str]] = {}
    language: str | None = Field(default=None, description="ISO 639-1: de.")
    split: str | None = Field(default=None, description="Split of the data set: train, test.")
    doubts: dict[str, str] = Field(
        default={}, description="By field, why the label may be wrong; of labels that were not read from the page."
    )
    boxes: dict[str, list[LabelBox]] = Field(
        default={}, description="By field path, the places where the value is printed: each is accepted as evidence."
    )

    @field_validator("boxes")
    @classmethod
    def _known_paths(cls, value: dict[str, list[LabelBox]], info: ValidationInfo) -> dict[str, list[LabelBox]]:
        check_paths(value, type(info.data.get("invoice", Invoice())).model_fields)
        return value

    @field_validator("alternatives")
    @classmethod
    def _known_fields(cls, value: dict[str, list[str]], info: ValidationInfo) -> dict[str, list[str]]:
        model = type(info.data.get("invoice", Invoice()))  # without values, they are what is reported
        unknown = sorted(set(value) - set(model.KINDS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; expected one of {', '.join(model.KINDS)}")
        for name, texts in value.items():
            for text in texts:
                try:
                    model.model_validate({name: text})
                except ValidationError:
                    raise ValueError(f"invalid {model.KINDS[name]} in the alternatives for {name}") from None
        return value

    @property
    def labelled_fields(self) -> list[str]:
        """The labelled single-valued fields, in display order."""
        given = self.invoice.model_fields_set
        return [name for name in self.invoice.KINDS if name in given]


class DocumentFailure(_Model):
    """Why a stage has no result for a document."""

    reason: DocumentErrorReason
    message: str
