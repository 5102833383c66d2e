"""Domain models: words, pages, invoices, labels and extractions. Everything that crosses a stage boundary is one of these.

All boxes use one coordinate system: `(x0, y0, x1, y1)` relative to the page as displayed (after rotation), origin top left, x
to the right, y down, each number in 0..1. Page numbers start at 1.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ocr_pipeline.errors import DocumentErrorReason
from ocr_pipeline.page_codes import PageCode

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1), relative page coordinates, origin top left."""

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]
"""An amount of money in the document's currency, or a quantity. Exact, never a float."""

NO_PAGE = 0
"""Page number of evidence that is on no page, such as an element of XML; its box has no size."""

DocumentType = Literal["invoice", "receipt", "credit_note"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class TaxLine(_Model):
    """One rate of the tax summary. `rate` is in percent: 19 for 19 %."""

    rate: Amount | None = None
    net_amount: Amount | None = None
    amount: Amount | None = None


class LineItem(_Model):
    """A line item. `amount` is the total of the line as printed; `quantity` is in `unit`."""

    description: str | None = None
    quantity: Amount | None = None
    unit: str | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    product_code: str | None = None


class Invoice(_Model):
    """The fields of an invoice or receipt as printed; None if the document does not state the value.

    Names follow Google Document AI's invoice processor. `total_amount` (with tax) and `amount_due` (after prepayment and
    rounding) are different fields.
    """

    document_type: DocumentType | None = None
    supplier_name: str | None = None
    supplier_address: str | None = None
    supplier_tax_id: str | None = None
    receiver_name: str | None = None
    receiver_tax_id: str | None = None
    invoice_id: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    purchase_order: str | None = None
    currency: str | None = Field(default=None, description="ISO 4217, upper case: EUR.")
    net_amount: Amount | None = Field(default=None, description="Total without tax.")
    total_tax_amount: Amount | None = None
    total_amount: Amount | None = Field(default=None, description="Total with tax.")
    amount_due: Amount | None = Field(default=None, description="Amount left to pay.")
    tax_lines: list[TaxLine] = []
    line_items: list[LineItem] = []

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("currency")
    @classmethod
    def _currency_code(cls, value: str | None) -> str | None:
        if value is not None and not (len(value) == 3 and value.isascii() and value.isalpha()):
            raise ValueError("must be a three-letter ISO 4217 code, like EUR")
        return value.upper() if value else value


FieldKind = Literal["money", "quantity", "date", "name", "address", "text", "identifier", "tax_id", "category"]

FIELD_KINDS: dict[str, FieldKind] = {
    "document_type": "category",
    "supplier_name": "name",
    "supplier_address": "address",
    "supplier_tax_id": "tax_id",
    "receiver_name": "name",
    "receiver_tax_id": "tax_id",
    "invoice_id": "identifier",
    "invoice_date": "date",
    "due_date": "date",
    "purchase_order": "identifier",
    "currency": "category",
    "net_amount": "money",
    "total_tax_amount": "money",
    "total_amount": "money",
    "amount_due": "money",
}
"""The single-valued fields in display order, with the kind that determines how they are compared."""

LIST_KINDS: dict[str, dict[str, FieldKind]] = {
    "line_items": {"description": "text", "quantity": "quantity", "unit_price": "money", "amount": "money"},
    "tax_lines": {"rate": "quantity", "net_amount": "money", "amount": "money"},
}
"""The compared columns of the lists, in display order. `unit` and `product_code` are stored but not compared: their printed
forms vary too much."""


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
    """The result of an extractor for one document.

    Keys of `evidence` are field paths: `total_amount`, `line_items.0.amount`, `tax_lines.1.rate`. `candidates` are the best
    values of each field by descending score; empty if the extractor does not rank values.
    """

    invoice: Invoice
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


class Label(_Model):
    """The ground truth of one document, kept as JSON beside it.

    A key that is absent from `invoice` is *not labelled* and never scored. A null key is labelled as *not on the document*: an
    extracted value counts as spurious. `alternatives` lists further accepted values (a brand name beside the legal name),
    written as in `invoice`.
    """

    invoice: Invoice
    alternatives: dict[str, list[str]] = {}
    language: str | None = Field(default=None, description="ISO 639-1: de.")
    split: str | None = Field(default=None, description="Split of the data set: train, test.")
    doubts: dict[str, str] = Field(
        default={}, description="By field, why the label may be wrong; of labels that were not read from the page."
    )

    @field_validator("alternatives")
    @classmethod
    def _known_fields(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        unknown = sorted(set(value) - set(FIELD_KINDS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; expected one of {', '.join(FIELD_KINDS)}")
        for name, texts in value.items():
            for text in texts:
                try:
                    Invoice.model_validate({name: text})
                except ValidationError:
                    raise ValueError(f"invalid {FIELD_KINDS[name]} in the alternatives for {name}") from None
        return value

    @property
    def labelled_fields(self) -> list[str]:
        """The labelled single-valued fields, in display order."""
        return [name for name in FIELD_KINDS if name in self.invoice.model_fields_set]


class DocumentFailure(_Model):
    """Why a stage has no result for a document."""

    reason: DocumentErrorReason
    message: str
