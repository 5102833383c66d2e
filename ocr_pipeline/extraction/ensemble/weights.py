"""What the votes of each member are worth: learned per field from labels, and kept as plain numbers.

First, of each member, a rising curve from its own score to the share of its values that was right (isotonic regression).
Then a logistic regression over the votes for and against a value: two members that make the same mistakes, as two
extractors on one engine do, do not count twice.
"""

import math
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.evaluation.statistics.calibration import isotonic
from ocr_pipeline.extraction.ensemble.votes import Group
from ocr_pipeline.extraction.learned.model import Curve

SCHEMA = 1
MOST = 0.98
"""No vote is surer than this, whatever few labels say."""


class FieldWeights(BaseModel):
    """Of one field. `curves` by member; `weights` of its vote for a value, and against it."""

    model_config = ConfigDict(frozen=True)

    curves: dict[str, Curve]
    weights: dict[str, tuple[float, float]]
    bias: float

    def shares(self, groups: Sequence[Group]) -> list[float]:
        """The probability that each value is right."""
        found = []
        for group in groups:
            total = self.bias
            for one in groups:
                for vote in one.votes:
                    pro, contra = self.weights.get(vote.member, (0.0, 0.0))
                    total += (pro if one is group else -contra) * self.worth(vote.member, vote.score)
            found.append(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))))
        return found

    def worth(self, member: str, score: float) -> float:
        """What a vote counts before it is weighed: more, the fewer values of such a score were wrong; never below 0, because
        a value that a poor reader gives, too, is the likelier for it."""
        import numpy as np

        curve = self.curves.get(member)
        share = float(np.interp(score, *curve)) if curve else 0.5
        return -math.log(1 - min(MOST, share))


class Weights(BaseModel):
    """All fields of an ensemble: per field one set of weights per fold, which has not seen it, and the last of all labels.

    `fold_of`: the fold of every document that was learned from. `report`: what the folds say, by field. `training`: a hash of
    everything that went in.
    """

    model_config = ConfigDict(frozen=True)

    weights_schema: int = SCHEMA
    members: tuple[str, ...]
    training: str
    documents: int
    fold_of: dict[str, int]
    fields: dict[str, tuple[FieldWeights, ...]]
    report: dict[str, dict[str, Any]]

    def of(self, field: str, fold: int | None) -> FieldWeights | None:
        """The weights that have not seen a fold; None where too few labels were there to learn any."""
        folds = self.fields.get(field)
        return folds[-1 if fold is None else fold] if folds else None


Example = tuple[Sequence[Group], Sequence[bool]]
"""The values that members gave in a document, and which of them are right."""


def fit(examples: Sequence[Example], members: Sequence[str]) -> FieldWeights | None:
    """Learn from documents; None where all values are right, or none is."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    flags = [flag for _, right in examples for flag in right]
    if len(set(flags)) < 2:
        return None
    first = FieldWeights(curves=_curves(examples, members), weights={}, bias=0.0)
    rows = []
    for groups, _ in examples:
        for group in groups:
            row = []
            for member in members:
                own = next((vote for vote in group.votes if vote.member == member), None)
                other = next((v for one in groups if one is not group for v in one.votes if v.member == member), None)
                row += [
                    first.worth(member, own.score) if own else 0.0,
                    -first.worth(member, other.score) if other else 0.0,
                ]
            rows.append(row)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(np.array(rows), flags)
    numbers = [float(number) for number in model.coef_[0]]
    pairs = zip(members, numbers[::2], numbers[1::2], strict=True)
    # a vote never speaks against its own value
    weights = {member: (max(0.0, pro), max(0.0, contra)) for member, pro, contra in pairs}
    return first.model_copy(update={"weights": weights, "bias": float(model.intercept_[0])})


def _curves(examples: Sequence[Example], members: Sequence[str]) -> dict[str, Curve]:
    found = {}
    for member in members:
        pairs = [
            (vote.score, flag)
            for groups, right in examples
            for group, flag in zip(groups, right, strict=True)
            for vote in group.votes
            if vote.member == member
        ]
        if pairs:
            found[member] = isotonic([score for score, _ in pairs], [flag for _, flag in pairs])
    return found
