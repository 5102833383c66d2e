"""The weights of each member's votes, per field, as plain numbers. `training/votes.py` learns them."""

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from ocr_pipeline.extraction.ensemble.votes import Group
from ocr_pipeline.extraction.learned.model import Curve

SCHEMA = 1
MAX_SHARE = 0.98
"""No vote counts as surer than this, whatever a few labels say."""


class VoteReport(TypedDict):
    """Documents of a field, and in how many the ensemble and each member are right, out of fold."""

    documents: int
    right: int
    members: dict[str, int]


class FieldWeights(BaseModel):
    """The weights of one field, by member: `curves` from its score to the share of right values, `weights` of its vote for
    and against a value."""

    model_config = ConfigDict(frozen=True)

    curves: dict[str, Curve]
    weights: dict[str, tuple[float, float]]
    bias: float

    def shares(self, groups: Sequence[Group]) -> list[float]:
        """The probability that each value is right."""
        shares = []
        for group in groups:
            total = self.bias
            for rival in groups:
                for vote in rival.votes:
                    pro, contra = self.weights.get(vote.member, (0.0, 0.0))
                    total += (pro if rival is group else -contra) * self.worth(vote.member, vote.score)
            shares.append(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))))
        return shares

    def worth(self, member: str, score: float) -> float:
        """The strength of a vote before weighting: more, the fewer values of such a score were wrong; never below 0, because
        even the vote of a poor member makes a value more likely."""
        import numpy as np

        curve = self.curves.get(member)
        share = float(np.interp(score, *curve)) if curve else 0.5
        return -math.log(1 - min(MAX_SHARE, share))


class Weights(BaseModel):
    """All fields of an ensemble: per field one set of weights per fold, learned without it, and a last one of all labels.

    `fold_of`: the fold of every training document. `report`: by field. `training`: a hash of everything that went in.
    """

    model_config = ConfigDict(frozen=True)

    weights_schema: int = SCHEMA
    members: tuple[str, ...]
    training: str
    documents: int
    fold_of: dict[str, int]
    fields: dict[str, tuple[FieldWeights, ...]]
    report: dict[str, VoteReport]

    def of(self, field: str, fold: int | None) -> FieldWeights | None:
        """The weights learned without this fold (None: from all labels); None for a field with too few labels."""
        folds = self.fields.get(field)
        return folds[-1 if fold is None else fold] if folds else None
