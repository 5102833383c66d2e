"""Small gradient-boosted rankers over the values of one field.

Four models, averaged: a classifier and a ranker without the rules' judgement among the features, and the same two with it.
Rankers alone fail confidently on unknown layouts; the rules' judgement prevents that; a hybrid alone trusts its rules too
much. `training/rankers.py` fits them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocr_pipeline.extraction.learned.values import RULES
from ocr_pipeline.extraction.rules.candidates import Features

if TYPE_CHECKING:
    import lightgbm
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AS_MUCH_AS = 50
"""The rules count as much as this many training documents. Without it, models of 20 to 50 labels are worse on totals than the
rules (benchmarks/learned_accuracy.py)."""

MODELS_PER_TABLE = 2
"""A classifier and a ranker: the first pair does not see the rules' judgement, the second pair does."""


@dataclass
class Ranker:
    """Trained models of one field. `models`: LightGBM's text format, without code; `documents`: trained on this many."""

    names: tuple[str, ...]
    models: tuple[str, ...]
    documents: int
    _boosters: list["lightgbm.Booster"] = field(default_factory=list, repr=False)

    def scores(self, rows: Sequence[Features], trust: float = 1.0) -> "Floats":
        """The score of each value, 0..1: the models' own mixed with the rules'."""
        return self.mixed(self.own_scores(rows), rules_shares(rows), trust)

    def own_scores(self, rows: Sequence[Features]) -> "Floats":
        """The mean of the models' shares, 0..1, for each value."""
        return self.own_scores_of(matrix(rows, self.names), [len(rows)])[0]

    def own_scores_of(self, table: "Floats", sizes: Sequence[int]) -> "list[Floats]":
        """The same for the values of many documents at once, which takes a fraction of the time. `table`: one row per value,
        one column per name; `sizes`: values per document."""
        import lightgbm
        import numpy as np

        totals = [np.zeros(size) for size in sizes]
        if not len(table):
            return totals
        if not self._boosters:
            self._boosters = [lightgbm.Booster(model_str=model) for model in self.models]
        ends = np.cumsum(sizes)[:-1]
        for number, booster in enumerate(self._boosters):
            visible = table if number >= MODELS_PER_TABLE else table[:, columns_without_rules(self.names)]
            raw = np.asarray(booster.predict(visible, num_threads=1), dtype=np.float64)
            for total, part in zip(totals, np.split(raw, ends), strict=True):
                if len(part):
                    total += part if number % MODELS_PER_TABLE == 0 else _softmax(part)
        return [total / len(self._boosters) for total in totals]

    def unload(self) -> None:
        """Free the memory of the models; they are loaded again from their text when they are needed."""
        self._boosters = []

    def mixed(self, own: "Floats", rules: "Floats", trust: float) -> "Floats":
        """The models' own scores mixed with the shares of the rules; the fewer training documents and the less `trust` (0..1),
        the more the rules count."""
        trust *= self.documents / (self.documents + AS_MUCH_AS)
        return trust * own + (1 - trust) * rules

    def importance(self) -> dict[str, float]:
        """Share of each feature in the gain of the classifier that sees all features."""
        import lightgbm

        booster = lightgbm.Booster(model_str=self.models[-MODELS_PER_TABLE])
        gains = booster.feature_importance("gain")
        whole = float(gains.sum()) or 1.0
        shares = {name: float(gain) / whole for name, gain in zip(self.names, gains, strict=True)}
        return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def matrix(rows: Sequence[Features], names: Sequence[str]) -> "Floats":
    """One row per value; an absent feature is 0, as in the rules."""
    import numpy as np

    cells = [[row.get(name, 0.0) for name in names] for row in rows]
    return np.array(cells, dtype=np.float64).reshape(len(rows), len(names))


def columns_without_rules(names: Sequence[str]) -> list[int]:
    return [index for index, name in enumerate(names) if not name.startswith(RULES)]


def rules_shares(rows: Sequence[Features]) -> "Floats":
    """The scores of the rules for the values of a document, as shares of 1."""
    import numpy as np

    return _softmax(np.array([row.get(f"{RULES}score", 0.0) for row in rows])) if rows else np.zeros(0)


def _softmax(scores: "Floats") -> "Floats":
    import numpy as np

    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), dtype=np.float64)
