"""How probably a whole document is right in a chosen set of fields.

A model of its own, a logistic regression over what its fields and what is known about the document say; each family of
fields (kind) has a calibration, too. Both are cross-validated by families of documents: a probability never comes from a
model that saw the document, a copy of it or another document of its vendor. The model is small on purpose: the wrong
documents among some hundred labelled ones are a few dozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.value_columns import ValueColumns
from ocr_pipeline.evaluation.statistics.calibration import Logistic, logistic, one_thread

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.calibration import Floats, Integers

FOLDS = 5
MIN_WRONG = 10
"""Wrong values that a family needs for a calibration of its own; with fewer it shares one with the other fields."""
_SURE, _UNSURE = 1e-4, 1e-3
"""Probabilities are at least this far from 0 and 1, and the doubt of a backend about its own value is at least this."""


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
        rows: what the model of documents sees, one row per document.
    """

    def __init__(self, documents: Sequence[DocumentValues], kinds: Mapping[str, str]) -> None:
        import numpy as np

        self.fields = list(documents[0].values)
        self.families = [document.family for document in documents]
        self.kinds = [kinds.get(name, name) for name in self.fields]
        every = [document.values[name] for name in self.fields for document in documents]
        stacked = ValueColumns.of(every).matrix(np.arange(len(every)), self.fields)
        count = len(documents)
        self.matrices = [stacked[index * count : (index + 1) * count] for index in range(len(self.fields))]
        self.right = [
            np.array([bool(document.values[name].correct) for document in documents], dtype=bool)
            for name in self.fields
        ]
        names = sorted({name for document in documents for name in document.features})
        self.rows = np.array([[*_of_fields(document), *_own(document, names)] for document in documents])

    def probabilities(self, train: "Integers", new: "Integers") -> "Floats":
        """Of each field of the new documents, by the calibration of its family."""
        import numpy as np

        result = np.zeros((len(new), len(self.fields)))
        models: dict[tuple[int, ...], Logistic] = {}
        for index, kind in enumerate(self.kinds):
            family = tuple(other for other, name in enumerate(self.kinds) if name == kind)
            if sum(int((~self.right[other][train]).sum()) for other in family) < MIN_WRONG:
                family = tuple(range(len(self.fields)))
            if family not in models:
                evidence = np.concatenate([self.matrices[other][train] for other in family])
                right = np.concatenate([self.right[other][train] for other in family])
                models[family] = Logistic.fit(evidence, right)
            result[:, index] = models[family].probabilities(self.matrices[index][new])
        return np.clip(result, _SURE, 1 - _SURE)

    def scores(self, train: "Integers", new: "Integers") -> "Floats":
        """Probabilities of new documents by a model fitted on `train` only."""
        import numpy as np

        return logistic(self.rows[train], np.all([right[train] for right in self.right], axis=0), self.rows[new])


def _of_fields(document: DocumentValues) -> list[float]:
    """The backend's doubt about each field (a missing value is the most doubtful), the weakest agreement of backends, the most
    unclear print, and whether a value was corrected. Arithmetic was tried: few receipts have it, and it made things worse."""
    known = [value.features for value in document.values.values()]
    doubts = [log(min(1.0, max(_UNSURE, 1 - of.get("shipped", of.get("score", 0.0))))) for of in known]
    weakest = [min(of.get(name, 1.0) for of in known) for name in ("agree_value", "ocr_lowest")]
    return [*doubts, *weakest, max(of.get("corrected", 0.0) for of in known)]


def _own(document: DocumentValues, names: Sequence[str]) -> list[float]:
    return [document.features.get(name, 0.0) for name in names]


@dataclass(frozen=True)
class Scored:
    """Probabilities by position of the document. `fields`: shape (documents, fields). `fold`: -1 for unlabelled documents."""

    documents: "Floats"
    fields: "Floats"
    fold: "Integers"


def document_confidences(
    documents: Sequence[DocumentValues], kinds: Mapping[str, str], seed: int = 0, *, of_fields: bool = True
) -> Scored:
    """How probably all fields of each document are right, and each field.

    Labelled documents are judged by models of the other folds, others by a model of all labelled ones. At least one document
    has to be labelled. `kinds`: kind of each field, for the calibration by family. `of_fields`: whether probabilities of the
    fields are wanted, too; they take most of the time.
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
    with one_thread():
        for number in range(FOLDS):
            inside, outside = labelled[fold[labelled] == number], labelled[fold[labelled] != number]
            if len(inside) and len(outside):
                scores[inside] = evidence.scores(outside, inside)
                if of_fields:
                    fields[inside] = evidence.probabilities(outside, inside)
        if len(other):
            scores[other] = evidence.scores(labelled, other)
            if of_fields:
                fields[other] = evidence.probabilities(labelled, other)
    limits = np.array(
        [[value.features.get("limit", 1.0) for value in document.values.values()] for document in documents]
    )
    return Scored(np.minimum(scores, limits.min(axis=1)), np.minimum(fields, limits), fold)
