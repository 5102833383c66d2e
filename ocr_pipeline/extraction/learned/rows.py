"""Which rows of the item table that the rules find are items: a logistic regression over facts about each row.

The rules find nearly every row; what they take for one and is none is a sum, a discount or a misread line below the table.
A row that the labels have not is dropped; none is added. Learned and used by kind of document, its country and type: rows
of invoices have quantities, rows of receipts often have none, and a model of the ones would drop most of the others.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.evaluation.scoring.line_items import entries_of, score_list
from ocr_pipeline.extraction.rules.candidates import choose
from ocr_pipeline.extraction.rules.fields import document_type
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.text import letters_in
from ocr_pipeline.schemas import Invoice, Label

FEWEST_DOCUMENTS, FEWEST_INVENTED = 15, 5
"""Labelled documents of a kind with rows, and rows among them that are none, from which on it is learned."""
KEEP = 0.5
"""A row is kept from this probability on."""

_ROUNDING = Decimal("0.02")
_LONG = 40
_SUMS = frozenset(
    {
        "grand_total", "total", "subtotal", "net_total", "net", "excl", "incl", "tax", "tax_summary", "due", "prepaid",
        "cash", "card", "change", "rounding", "carried",
    }
)  # fmt: skip
_DEDUCTIONS = frozenset({"discount", "saving", "surcharge", "service_charge"})

Facts = Mapping[str, float]


class RowModel(BaseModel):
    """The weight of each fact, and what speaks for a row without any."""

    model_config = ConfigDict(frozen=True)

    weights: dict[str, float]
    bias: float

    def kept(self, rows: Sequence[Facts]) -> list[bool]:
        """Whether each row is an item; where none seems to be one, the document is of another sort, and all are kept."""
        flags = [self._keeps(row) for row in rows]
        return flags if any(flags) else [True] * len(rows)

    def _keeps(self, facts: Facts) -> bool:
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in facts.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total)))) >= KEEP


def kind_of(seen: Reading) -> str:
    """Country and type of a document, as the rules see them: `DE invoice`."""
    kind = choose(document_type.candidates(seen), document_type.WEIGHTS).chosen
    return f"{seen.region.code if seen.region else '?'} {kind.value if kind else '?'}"


def row_facts(sold: Sequence[Item], seen: Reading) -> list[dict[str, float]]:
    """What is known about each row."""
    amounts = [item.amount.value for item in sold]
    return [
        {
            "adds_up": float(item.adds_up),
            "quantity": float(item.quantity is not None),
            "unit_price": float(item.unit_price is not None),
            "code": float(item.product_code is not None),
            "description": float(item.description is not None),
            "letters": min(letters_in(item.description.text), _LONG) / _LONG if item.description else 0.0,
            "called_a_sum": float(bool(_classes(item, seen) & _SUMS)),
            "called_a_deduction": float(bool(_classes(item, seen) & _DEDUCTIONS)),
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


def right_rows(found: Invoice, label: Label) -> list[bool] | None:
    """Of each row that was found whether the label has it; None for a label without rows."""
    truth = entries_of(label.invoice, "line_items")
    if not truth:
        return None
    entries = entries_of(found, "line_items")
    scores = score_list("line_items", truth, entries)
    invented = {row.prediction_position for row in scores if row.truth_position is None}
    return [index not in invented for index in range(len(entries))]


def fit(rows: Sequence[Facts], right: Sequence[bool]) -> RowModel | None:
    """Learn from labelled rows; None where all are items, or none is."""
    from sklearn.linear_model import LogisticRegression

    if len(set(right)) < 2:
        return None
    names = sorted({name for row in rows for name in row})
    table: list[list[Any]] = [[row.get(name, 0.0) for name in names] for row in rows]
    model = LogisticRegression(C=1.0, max_iter=1000).fit(table, right)
    weights = {name: float(weight) for name, weight in zip(names, model.coef_[0], strict=True)}
    return RowModel(weights=weights, bias=float(model.intercept_[0]))


def _classes(item: Item, seen: Reading) -> frozenset[str]:
    """What the rows of the amount and of the description are called."""
    described = item.description.words[0] if item.description else None
    rows = {item.amount.row, *(row.index for row in seen.rows if described in row.span.words)}
    return frozenset().union(*(seen.keywords.classes(row) for row in rows))
