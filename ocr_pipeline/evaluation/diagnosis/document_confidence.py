"""How probably a whole document is right in a chosen set of fields.

A model of its own on top of the fields' evidence. Each family of fields (kind) has its calibration; a logistic regression
over the calibrated fields, what is weakest about them, and what is known about the document gives one probability for it.
Both are fitted by nested cross-validation: a probability never comes from a model, nor a model from probabilities, that saw
the document, a copy of it or another document of its vendor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.diagnosis.confidence import Value, matrix_of
from ocr_pipeline.evaluation.statistics.calibration import logistic

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.calibration import Floats, Integers

FOLDS = 5
MIN_WRONG = 10
"""Wrong values that a family needs for a calibration of its own; with fewer it shares one with the other fields."""
_WEAKEST = {"agree": 1.0, "agree_value": 1.0, "margin": 20.0, "ocr_lowest": 1.0, "known_words": 1.0, "sums": 0.0}
"""Evidence of which the lowest of the fields counts, and what is assumed where none is known."""
_SURE = 1e-4


@dataclass(frozen=True, kw_only=True)
class DocumentValues:
    """The values of the chosen fields of a document, all of them, given or empty.

    `family`: shared by copies and by all documents of a vendor. `features`: of the document, see `foreign.py`.
    """

    document_id: str
    family: str
    values: Mapping[str, Value]
    features: Mapping[str, float] = field(default_factory=dict)

    @property
    def right(self) -> bool | None:
        """Whether all values are right; None unless all fields are labelled."""
        known = [value.correct for value in self.values.values()]
        return None if None in known else all(known)


def folds_by_family(families: Sequence[str], folds: int = FOLDS, seed: int = 0) -> "Integers":
    """The fold of each document: families whole, the largest first into the smallest fold, in an order that is drawn."""
    import numpy as np

    names, inverse, sizes = np.unique(np.asarray(families), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of, filled = np.zeros(len(names), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for family in order:
        fold_of[family] = int(np.argmin(filled))
        filled[fold_of[family]] += sizes[family]
    return fold_of[inverse]


class _Evidence:
    """The evidence of some documents as arrays, made once for all folds.

    Attributes:
        fields: their names, in the order of the columns of probabilities.
        families: of each document.
        matrices: by field, one row per document.
        right: by field, whether the value is right.
        weak: what is weakest about the document's values, and its own features.
    """

    def __init__(self, documents: Sequence[DocumentValues], kinds: Mapping[str, str]) -> None:
        import numpy as np

        self.fields = list(documents[0].values)
        self.families = [document.family for document in documents]
        self.kinds = [kinds.get(name, name) for name in self.fields]
        every = [document.values[name] for name in self.fields for document in documents]
        stacked = matrix_of(every, self.fields)
        count = len(documents)
        self.matrices = [stacked[index * count : (index + 1) * count] for index in range(len(self.fields))]
        self.right = [
            np.array([bool(document.values[name].correct) for document in documents], dtype=bool)
            for name in self.fields
        ]
        names = sorted({name for document in documents for name in document.features})
        self.weak = np.array([[*_weakest(document), *_own(document, names)] for document in documents])

    def probabilities(self, train: "Integers", new: "Integers") -> "Floats":
        """Of each field of the new documents, by the calibration of its family."""
        import numpy as np

        result = np.zeros((len(new), len(self.fields)))
        for index, kind in enumerate(self.kinds):
            family = [other for other, name in enumerate(self.kinds) if name == kind]
            if sum(int((~self.right[other][train]).sum()) for other in family) < MIN_WRONG:
                family = list(range(len(self.fields)))
            evidence = np.concatenate([self.matrices[other][train] for other in family])
            right = np.concatenate([self.right[other][train] for other in family])
            result[:, index] = logistic(evidence, right, self.matrices[index][new])
        return np.clip(result, _SURE, 1 - _SURE)

    def rows(self, probabilities: "Floats", documents: "Integers") -> "Floats":
        """The features of documents: the surest and the least sure field, all together, and what is weakest."""
        import numpy as np

        odds = np.log(probabilities / (1 - probabilities))
        return np.column_stack([odds, odds.min(axis=1), np.log(probabilities).sum(axis=1), self.weak[documents]])

    def scores(self, train: "Integers", new: "Integers") -> "tuple[Floats, Floats]":
        """Probabilities of new documents, and of their fields, by models fitted on `train` only."""
        import numpy as np

        folds = folds_by_family([self.families[index] for index in train])
        inner = np.zeros((len(train), len(self.fields)))
        for number in np.unique(folds):
            inside = folds == number
            inner[inside] = self.probabilities(train[~inside], train[inside])
        of_fields = self.probabilities(train, new)
        every = np.all([right[train] for right in self.right], axis=0)
        return logistic(self.rows(inner, train), every, self.rows(of_fields, new)), of_fields


def _weakest(document: DocumentValues) -> list[float]:
    values = document.values.values()
    lowest = [
        min((value.features[name] for value in values if name in value.features), default=assumed)
        for name, assumed in _WEAKEST.items()
    ]
    empty = sum(value.prediction is None for value in values)
    corrected = sum(value.features.get("corrected", 0.0) for value in values)
    return [*lowest, float(empty), corrected]


def _own(document: DocumentValues, names: Sequence[str]) -> list[float]:
    return [document.features.get(name, 0.0) for name in names]


@dataclass(frozen=True)
class Scored:
    """Probabilities by position of the document. `fields`: shape (documents, fields). `fold`: -1 for unlabelled documents."""

    documents: "Floats"
    fields: "Floats"
    fold: "Integers"


def document_confidences(documents: Sequence[DocumentValues], kinds: Mapping[str, str], seed: int = 0) -> Scored:
    """How probably all fields of each document are right, and each field.

    Labelled documents are judged by models of the other folds, others by a model of all labelled ones. At least one document
    has to be labelled. `kinds`: kind of each field, for the calibration by family.
    """
    import numpy as np

    labelled = np.array(
        [index for index, document in enumerate(documents) if document.right is not None], dtype=np.int64
    )
    other = np.array([index for index, document in enumerate(documents) if document.right is None], dtype=np.int64)
    evidence = _Evidence(documents, kinds)
    scores, fields = np.zeros(len(documents)), np.zeros((len(documents), len(evidence.fields)))
    fold = np.full(len(documents), -1, dtype=np.int64)
    fold[labelled] = folds_by_family([documents[index].family for index in labelled], seed=seed)
    for number in range(FOLDS):
        inside, outside = labelled[fold[labelled] == number], labelled[fold[labelled] != number]
        if len(inside) and len(outside):
            scores[inside], fields[inside] = evidence.scores(outside, inside)
    if len(other):
        scores[other], fields[other] = evidence.scores(labelled, other)
    limits = np.array(
        [[value.features.get("limit", 1.0) for value in document.values.values()] for document in documents]
    )
    return Scored(np.minimum(scores, limits.min(axis=1)), np.minimum(fields, limits), fold)
