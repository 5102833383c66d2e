"""Amounts that are right, off by a power of ten, or wrong, and whether arithmetic agrees with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ocr_pipeline.evaluation.scoring.line_items import entries_of, score_list
from ocr_pipeline.evaluation.statistics.counts import Counts, Outcome, array_of
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.schemas import Extraction, Invoice

Kind = Literal["right", "power", "wrong", "missing", "spurious"]
OUTCOMES: Mapping[Kind, Outcome] = {
    "right": "correct",
    "power": "wrong",
    "wrong": "wrong",
    "missing": "missing",
    "spurious": "spurious",
}
POWERS = tuple(Decimal(10) ** exponent for exponent in (-4, -3, -2, -1, 1, 2, 3, 4))


def kind_of(truth: Decimal | None, value: Decimal | None) -> Kind | None:
    """How a value compares with the label, to the cent; None if both are empty."""
    if truth is None or value is None:
        return None if truth == value else "missing" if value is None else "spurious"
    if truth == value:
        return "right"
    return "power" if truth and value and value / truth in POWERS else "wrong"


@dataclass
class Tally:
    """Values by kind, and the counts of each document."""

    kinds: Counter[str] = field(default_factory=Counter)
    documents: list[Counts] = field(default_factory=list)

    def add(self, kinds: Sequence[Kind]) -> None:
        self.kinds.update(kinds)
        self.documents.append(Counts.of(OUTCOMES[kind] for kind in kinds))

    @property
    def counts(self) -> Counts:
        return sum(self.documents, Counts())

    def interval(self) -> tuple[float | None, float | None]:
        """The interval of F1 by drawing documents; (None, None) with too few."""
        return bootstrap_f1(array_of(self.documents)) or (None, None)


def amounts(name: str, labels: Mapping[str, Invoice], answers: Mapping[str, Extraction]) -> Tally:
    """A single amount, where the label has it."""
    tally = Tally()
    for key, label in labels.items():
        truth = getattr(label, name)
        if truth is not None:
            kind = kind_of(truth, getattr(answers[key].invoice, name))
            tally.add([kind] if kind else [])
    return tally


def prices(labels: Mapping[str, Invoice], answers: Mapping[str, Extraction]) -> Tally:
    """The prices of line items, paired by the scorer's optimal assignment."""
    tally = Tally()
    for key, label in labels.items():
        kinds: list[Kind] = []
        for row in score_list(
            "line_items", entries_of(label, "line_items"), entries_of(answers[key].invoice, "line_items")
        ):
            for cell in row.cells:
                if cell.field == "amount":
                    truth, value = (Decimal(text) if text else None for text in (cell.truth, cell.prediction))
                    kinds += [kind] if (kind := kind_of(truth, value)) else []
        if label.line_items:
            tally.add(kinds)
    return tally


def sums_agree(invoice: Invoice) -> bool | None:
    """Whether the prices of the items add up to the total without tax, or with it; None if there is nothing to add."""
    parts = [item.amount for item in invoice.line_items]
    if not parts or None in parts or invoice.total_amount is None:
        return None
    items = sum((part for part in parts if part is not None), Decimal())
    return invoice.total_amount in (items, items + (invoice.total_tax_amount or 0))
