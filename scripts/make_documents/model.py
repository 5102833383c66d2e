"""The data behind one document: what is printed and what the label says come from the same objects."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from ocr_pipeline.schemas import Invoice, Label, LineItem, TaxLine

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """One printed position. `rate` is its tax rate in percent, `note` a second printed line that is not labelled."""

    description: str
    amount: Decimal
    rate: Decimal
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    code: str | None = None
    note: str | None = None

    @property
    def item(self) -> LineItem:
        return LineItem(
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=self.unit_price,
            amount=self.amount,
            product_code=self.code,
        )


def line(description: str, quantity: str, unit_price: str, rate: str, **more: Any) -> Line:
    """A position whose amount is quantity times unit price."""
    amount = cents(Decimal(quantity) * Decimal(unit_price))
    return Line(description, amount, Decimal(rate), Decimal(quantity), unit_price=Decimal(unit_price), **more)


def plain(description: str, amount: str, rate: str, **more: Any) -> Line:
    """A position with an amount only."""
    return Line(description, Decimal(amount), Decimal(rate), **more)


def tax_lines(lines: list[Line], *, included: bool) -> list[TaxLine]:
    """The tax summary by rate, highest rate first; positions at rate 0 carry no tax line."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for position in lines:
        sums[position.rate] += position.amount
    result = []
    for rate, amount in sorted(sums.items(), reverse=True):
        if rate == 0:
            continue
        tax = cents(amount * rate / (100 + rate if included else Decimal(100)))
        result.append(TaxLine(rate=rate, net_amount=amount - tax if included else amount, amount=tax))
    return result


def totals(lines: list[Line], *, included: bool, discount: Decimal = Decimal(0)) -> dict[str, Any]:
    """The money fields of an invoice. A `discount` comes off the sum of positions that share one rate."""
    taxed = [*lines, Line("", -discount, lines[0].rate)] if discount else lines
    taxes = tax_lines(taxed, included=included)
    tax = sum((t.amount for t in taxes if t.amount), Decimal(0))
    positions = sum((position.amount for position in taxed), Decimal(0))
    total = positions if included else positions + tax
    return {
        "net_amount": total - tax,
        "total_tax_amount": tax,
        "total_amount": total,
        "tax_lines": taxes,
        "line_items": [position.item for position in lines],
    }


@dataclass(frozen=True)
class Document:
    """One demo document.

    `extra` is printed and not labelled. `numbers` is the way of writing amounts, `dates` a strftime pattern.
    """

    stem: str
    suffix: Literal["pdf", "png", "jpg"]
    language: str
    numbers: Literal["1,234.56", "1.234,56", "1'234.56"]
    dates: str
    invoice: Invoice
    lines: list[Line]
    extra: dict[str, Any] = field(default_factory=dict)
    alternatives: dict[str, list[str]] = field(default_factory=dict)

    @property
    def label(self) -> Label:
        complete = Invoice(**{name: getattr(self.invoice, name) for name in Invoice.model_fields})
        return Label(invoice=complete, alternatives=self.alternatives, language=self.language)

    def format_amount(self, value: Decimal) -> str:
        text = f"{value:,}".replace("-", "\N{MINUS SIGN}" if self.suffix == "pdf" else "-")
        thousands, point = self.numbers[1], self.numbers[5]
        return text.translate(str.maketrans(",.", thousands + point))


def check(document: Document) -> None:
    """Stop when the amounts of a document do not add up."""
    inv = document.invoice
    taxes = sum((t.amount for t in inv.tax_lines if t.amount), Decimal(0))
    if taxes != inv.total_tax_amount or (inv.net_amount or 0) + taxes != inv.total_amount:
        raise ValueError(f"{document.stem}: net and tax do not add up to the total")
    positions = sum((position.amount for position in document.lines), Decimal(0))
    positions -= document.extra.get("discount", Decimal(0))
    if positions not in (inv.total_amount, inv.net_amount):
        raise ValueError(f"{document.stem}: the positions do not add up")
    due = inv.total_amount - document.extra.get("deposit", Decimal(0)) + document.extra.get("rounding", Decimal(0))
    if inv.amount_due not in (None, due):
        raise ValueError(f"{document.stem}: the amount due does not follow from the total")
    if "cash" in document.extra and document.extra["cash"] - document.extra["change"] != due:
        raise ValueError(f"{document.stem}: cash and change do not fit the total")
