"""Which rows of the item table are items: a logistic regression over features of each row that the rules find.

The rules find nearly every row; the spurious ones are sums, discounts or misread lines below the table. Rows are dropped,
never added. Learned and used by kind of document (country and type): rows of invoices have quantities, rows of receipts
often do not, and a model of one kind would drop most rows of another. `training/rows.py` fits it.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.extraction.rules.candidates import Features, choose
from ocr_pipeline.extraction.rules.fields import document_type
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.text import letters_in

KEEP = 0.5
"""Probability at which a row is kept."""

_ROUNDING = Decimal("0.02")
_LONG = 40
_SUMS = frozenset(
    {
        "grand_total", "total", "subtotal", "net_total", "net", "excl", "incl", "tax", "tax_summary", "due", "prepaid",
        "cash", "card", "change", "rounding", "carried",
    }
)  # fmt: skip
_DEDUCTIONS = frozenset({"discount", "saving", "surcharge", "service_charge"})


class RowModel(BaseModel):
    """A logistic regression: the weight of each feature, and the bias."""

    model_config = ConfigDict(frozen=True)

    weights: dict[str, float]
    bias: float

    def kept(self, rows: Sequence[Features]) -> list[bool]:
        """Whether each row is an item. If none is, the document is of another kind, and all are kept."""
        flags = [self._keeps(row) for row in rows]
        return flags if any(flags) else [True] * len(rows)

    def _keeps(self, features: Features) -> bool:
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total)))) >= KEEP


def kind_of(reading: Reading) -> str:
    """Country and type of a document, as the rules see them: `DE invoice`."""
    kind = choose(document_type.candidates(reading), document_type.WEIGHTS).chosen
    return f"{reading.region.code if reading.region else '?'} {kind.value if kind else '?'}"


def row_features(sold: Sequence[Item], reading: Reading) -> list[dict[str, float]]:
    """The features of each row."""
    amounts = [item.amount.value for item in sold]
    return [
        {
            "adds_up": float(item.adds_up),
            "quantity": float(item.quantity is not None),
            "unit_price": float(item.unit_price is not None),
            "code": float(item.product_code is not None),
            "description": float(item.description is not None),
            "letters": min(letters_in(item.description.text), _LONG) / _LONG if item.description else 0.0,
            "called_a_sum": float(bool(_classes(item, reading) & _SUMS)),
            "called_a_deduction": float(bool(_classes(item, reading) & _DEDUCTIONS)),
            "first": float(index == 0),
            "last": float(index == len(sold) - 1),
            "only": float(len(sold) == 1),
            "sum_of_the_others": float(len(sold) > 2 and abs(sum(amounts) - 2 * item.amount.value) < _ROUNDING),
            "zero": float(item.amount.value == 0),
            "negative": float(item.amount.value < 0),
            "largest": float(abs(item.amount.value) >= max(map(abs, amounts))),
        }
        for index, item in enumerate(sold)
    ]


def _classes(item: Item, reading: Reading) -> frozenset[str]:
    """What the rows of the amount and of the description are called."""
    described = item.description.words[0] if item.description else None
    rows = {item.amount.row, *(row.index for row in reading.rows if described in row.span.words)}
    return frozenset().union(*(reading.keywords.classes(row) for row in rows))
