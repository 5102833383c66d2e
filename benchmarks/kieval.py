"""KIEval, a published metric for key information extraction: a reference for the package's own line item scores.

Source: Khang et al., KIEval: Evaluation Metric for Document Key Information Extraction, ICDAR 2025 (arXiv 2503.05488). It
deliberately differs from `evaluation.scoring.line_items`: values are compared as strings, a cell can hold several values in
any order, and rows are assigned by the number of equal values alone.

An entity is a (key, value) pair. Within each group, such as the menu of a receipt, rows of truth and prediction are
assigned to each other to maximise the number of equal entities. Then, over all rows, assigned or not, and per key of a row:

    correct       entities that both sides have (multiset intersection)
    substituted   remaining entities that a person would overwrite: min(missing, superfluous)
    corrected     entities still remaining, to add or delete: |missing - superfluous|

    entity F1   = 2 · correct / (entities in the truth + entities in the prediction)
    aligned     = correct / (correct + substituted + corrected): 1 minus the share of corrections that a person makes
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EMPTY, SEVERAL = "<empty>", "||"
"""Marker of an empty cell, and separator of several values in a cell."""

Row = Mapping[str, str]
"""Cell by key."""
Groups = Mapping[str, Sequence[Row]]
"""Rows of one document by group."""

_Entities = Counter[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class KieScore:
    """Counts over a set of documents. Rates without a denominator are None."""

    truth: int
    """Entities labelled."""
    prediction: int
    """Entities predicted."""
    correct: int
    substituted: int
    corrected: int

    @property
    def entity_f1(self) -> float | None:
        both = self.truth + self.prediction
        return 2 * self.correct / both if both else None

    @property
    def aligned(self) -> float | None:
        total = self.correct + self.substituted + self.corrected
        return self.correct / total if total else None


def kieval(documents: Iterable[tuple[Groups, Groups]]) -> KieScore:
    """Score the (truth, prediction) pairs of documents, micro-averaged."""
    total: Counter[str] = Counter()
    for truth, prediction in documents:
        for group in {**truth, **prediction}:
            labelled = [_entities(row) for row in truth.get(group, ())]
            predicted = [_entities(row) for row in prediction.get(group, ())]
            for expected, extracted in _assigned(labelled, predicted):
                total.update(_compare(expected, extracted))
    return KieScore(**{name: total[name] for name in KieScore.__dataclass_fields__})


def read_groups(text: str) -> dict[str, list[Row]]:
    """Parse a document in the authors' format: per group its name, keys and rows, tab-separated, then an empty line."""
    groups: dict[str, list[Row]] = {}
    for block in text.replace("\r\n", "\n").split("\n\n"):
        name, *lines = block.strip("\n").split("\n")
        if lines:
            keys = lines[0].split("\t")
            groups[name] = [dict(zip(keys, line.split("\t"), strict=True)) for line in lines[1:]]
    return groups


def _entities(row: Row) -> _Entities:
    return Counter((key, value) for key, cell in row.items() for value in cell.split(SEVERAL) if value != EMPTY)


def _assigned(truth: Sequence[_Entities], prediction: Sequence[_Entities]) -> list[tuple[_Entities, _Entities]]:
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    nothing: _Entities = Counter()
    size = max(len(truth), len(prediction))  # unmatched rows are assigned to empty rows
    rows, others = ([*side, *[nothing] * (size - len(side))] for side in (truth, prediction))
    equal = np.array([[(row & other).total() for other in others] for row in rows]).reshape(size, size)
    return [(rows[i], others[j]) for i, j in zip(*linear_sum_assignment(equal, maximize=True), strict=True)]


def _compare(truth: _Entities, prediction: _Entities) -> dict[str, int]:
    counts = {"truth": truth.total(), "prediction": prediction.total(), "correct": (truth & prediction).total()}
    missing, superfluous = (_per_key(rest) for rest in (truth - prediction, prediction - truth))
    keys = missing.keys() | superfluous.keys()
    return {
        **counts,
        "substituted": sum(min(missing[key], superfluous[key]) for key in keys),
        "corrected": sum(abs(missing[key] - superfluous[key]) for key in keys),
    }


def _per_key(entities: _Entities) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (key, _), count in entities.items():
        counts[key] += count
    return counts
