"""The domain: documents, pages, words, invoices, labels and extractions.

Everything that crosses a stage boundary is one of these models. One coordinate system is used everywhere: boxes are
`(x0, y0, x1, y1)` relative to the page as a person sees it (after rotation), origin top left, x to the right, y down,
each number in 0..1. Page numbers start at 1.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ocr_pipeline.errors import DocumentErrorReason

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1), relative page coordinates, origin top left."""

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]
"""An amount of money in the document's currency, or a quantity. Exact: never a float."""

DocumentType = Literal["invoice", "receipt", "credit_note"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(_Model):
    """One word as an engine read it. The order of words in a list is the reading order."""

    text: str
    box: Box
    confidence: float | None = Field(description="0..1; None where the engine gives none (a PDF text layer).")
    page: int = Field(description="Page number, from 1.")
    line: int = Field(description="Index of the engine's line on this page, from 0, in reading order.")


Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise."""


class OcrPage(_Model):
    """What an engine read on one page, and how large the upright page image was that it read (pixels).

    `rotation` is how far the engine turned the image of the page to make its text upright. Boxes, width and height are
    those of the turned image.
    """

    page: int
    width: int
    height: int
    rotation: Rotation = 0
    words: list[Word]
    seconds: float = Field(description="Wall-clock seconds that this page took, rendering included.")


class OcrText(_Model):
    """What an engine read in one document."""

    pages: list[OcrPage]

    def words(self) -> Iterator[Word]:
        """All words of all pages in reading order. `Evidence.words` are indices into this sequence."""
        for page in self.pages:
            yield from page.words

    @property
    def seconds(self) -> float:
        return sum(page.seconds for page in self.pages)


class TaxLine(_Model):
    """One rate of the tax summary. `rate` in percent: 19 for 19 %."""

    rate: Amount | None = None
    net_amount: Amount | None = None
    amount: Amount | None = None


class LineItem(_Model):
    """One position. `amount` is the amount of the whole line as printed; `quantity` is in `unit`."""

    description: str | None = None
    quantity: Amount | None = None
    unit: str | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    product_code: str | None = None


class Invoice(_Model):
    """The fields of an invoice or receipt, as printed on it; None where the document does not say.

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
    amount_due: Amount | None = Field(default=None, description="What is left to pay.")
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


FieldKind = Literal["money", "quantity", "date", "name", "address", "text", "identifier", "category"]

FIELD_KINDS: dict[str, FieldKind] = {
    "document_type": "category",
    "supplier_name": "name",
    "supplier_address": "address",
    "supplier_tax_id": "identifier",
    "receiver_name": "name",
    "receiver_tax_id": "identifier",
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
"""The single-valued fields in display order, and the kind of comparison that each one needs."""

LIST_KINDS: dict[str, dict[str, FieldKind]] = {
    "line_items": {"description": "text", "quantity": "quantity", "unit_price": "money", "amount": "money"},
    "tax_lines": {"rate": "quantity", "net_amount": "money", "amount": "money"},
}
"""The columns of the lists that are compared, in display order. `unit` and `product_code` are kept and not compared: what
is printed for them differs too much from what it means."""


class Evidence(_Model):
    """Where on the page a value stands.

    `words` are indices into `OcrText.words()`; `box` encloses them, and `text` is what is printed there. `method` names
    the rule or matcher that chose the value, `score` (0..1) is its own confidence and is not calibrated.
    """

    page: int
    text: str
    box: Box
    words: list[int]
    method: str
    score: float = Field(ge=0, le=1)
    correction: str | None = Field(
        default=None,
        description="Why the value is not the printed `text`: `cash - change`. None where it is as printed.",
    )


class FieldCandidate(_Model):
    """A value that was considered for a field: where it stands, the facts about it, and whether it was chosen.

    `score` compares candidates of one field of one document only. `features` holds the facts that are not 0; what is
    absent is 0. `page`, `text`, `box`, `words` and `correction` are as in `Evidence`.
    """

    field: str
    value: str = Field(description="As in the invoice: an ISO date, a plain decimal.")
    score: float
    chosen: bool
    reason: str = Field(description="The fact that spoke loudest for it.")
    features: dict[str, float]
    page: int
    text: str
    box: Box
    words: list[int]
    correction: str | None = None


class Reported(_Model):
    """What the maker of an imported prediction says of it. Nobody measured it here."""

    seconds: float | None = Field(default=None, description="Wall-clock seconds of the document.")
    model: str | None = None
    model_version: str | None = None


class Extraction(_Model):
    """What an extractor returns for one document.

    Keys of `evidence` are field paths: `total_amount`, `line_items.0.amount`, `tax_lines.1.rate`. `candidates` are the
    best values of each field, by falling score; empty for an extractor that weighs none.
    """

    invoice: Invoice
    evidence: dict[str, Evidence] = {}
    candidates: list[FieldCandidate] = []
    logprobs: dict[str, float] = Field(
        default={}, description="By field, how sure a language model was: natural logarithm of a probability."
    )
    cost_usd: float | None = Field(
        default=None, description="US dollars; 0 for local work, None where it is not known."
    )
    reported: Reported | None = Field(
        default=None,
        description="Of an imported prediction, whose `cost_usd` is as reported, too. None for all others.",
    )


class Label(_Model):
    """The ground truth of one document, kept as JSON beside it.

    A key that is absent from `invoice` is *not labelled* and is never scored; a key that is null is labelled as *not on
    the document*, so that a value given for it counts as spurious. `alternatives` lists further accepted values (a brand
    beside a legal name), as they would be written in `invoice`.
    """

    invoice: Invoice
    alternatives: dict[str, list[str]] = {}
    language: str | None = Field(default=None, description="ISO 639-1: de.")
    split: str | None = Field(
        default=None, description="Split of the data set that this document came with: train, test."
    )

    @field_validator("alternatives")
    @classmethod
    def _known_fields(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        unknown = sorted(set(value) - set(FIELD_KINDS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(FIELD_KINDS)}")
        for name, texts in value.items():
            for text in texts:
                try:
                    Invoice.model_validate({name: text})
                except ValidationError:
                    raise ValueError(f"an alternative for {name} is not a {FIELD_KINDS[name]}") from None
        return value

    @property
    def labelled_fields(self) -> list[str]:
        """The single-valued fields that this label speaks about, in display order."""
        return [name for name in FIELD_KINDS if name in self.invoice.model_fields_set]


class DocumentFailure(_Model):
    """Why a stage has no result for a document."""

    reason: DocumentErrorReason
    message: str
