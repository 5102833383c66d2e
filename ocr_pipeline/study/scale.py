"""Amounts that are right, off by a power of ten, or wrong, and whether arithmetic agrees with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ocr_pipeline.evaluation.scoring.line_items import entries_of, score_list
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.schemas import Extraction, Invoice

Kind = Literal["right", "power", "wrong", "missing", "spurious"]
POWERS = tuple(Decimal(10) ** exponent for exponent in (-4, -3, -2, -1, 1, 2, 3, 4))


def kind_of(truth: Decimal | None, value: Decimal | None) -> Kind | None:
    """How a value compares with the label, to the cent; None if both are empty."""
    if truth is None or value is None:
        return None if truth == value else "missing" if value is None else "spurious"
    if truth == value:
        return "right"
    return "power" if truth and value and value / truth in POWERS else "wrong"


@dataclass
class Counts:
    """Values by kind. `per_document`: (right, given, labelled) of each document, for the interval of F1."""

    kinds: Counter[str] = field(default_factory=Counter)
    per_document: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, kinds: Sequence[Kind]) -> None:
        counts = Counter(kinds)
        self.kinds.update(counts)
        labelled = len(kinds) - counts["spurious"]
        self.per_document.append((counts["right"], len(kinds) - counts["missing"], labelled))

    @property
    def labelled(self) -> int:
        return sum(labelled for _, _, labelled in self.per_document)

    @property
    def f1(self) -> float | None:
        right, given, labelled = (sum(counts[at] for counts in self.per_document) for at in range(3))
        return 2 * right / (given + labelled) if given + labelled else None

    def interval(self) -> tuple[float | None, float | None]:
        """The interval of F1 by drawing documents; (None, None) with too few."""
        import numpy as np

        counts = np.array(self.per_document, dtype=np.int64).reshape(-1, 3)
        return bootstrap_f1(counts) or (None, None)


def amounts(name: str, labels: Mapping[str, Invoice], answers: Mapping[str, Extraction]) -> Counts:
    """A single amount, where the label has it."""
    counts = Counts()
    for key, label in labels.items():
        truth = getattr(label, name)
        if truth is not None:
            kind = kind_of(truth, getattr(answers[key].invoice, name))
            counts.add([kind] if kind else [])
    return counts


def prices(labels: Mapping[str, Invoice], answers: Mapping[str, Extraction]) -> Counts:
    """The prices of line items, paired by the scorer's optimal assignment."""
    counts = Counts()
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
            counts.add(kinds)
    return counts


def sums_agree(invoice: Invoice) -> bool | None:
    """Whether the prices of the items add up to the total without tax, or with it; None if there is nothing to add."""
    parts = [item.amount for item in invoice.line_items]
    if not parts or None in parts or invoice.total_amount is None:
        return None
    items = sum((part for part in parts if part is not None), Decimal())
    return invoice.total_amount in (items, items + (invoice.total_tax_amount or 0))
