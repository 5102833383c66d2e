"""Small gradient-boosted rankers over the values of one field.

Four models, averaged: a classifier and a ranker that see the facts alone, and the same with the rules' judgement among the
facts. Rankers alone fail on layouts that they have not seen, with confidence; the rules among the facts prevent it; a
hybrid alone trusts its rules too much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ocr_pipeline.extraction.learned.values import RULES

if TYPE_CHECKING:
    import lightgbm
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Facts = Mapping[str, float]

AS_MUCH_AS = 50
"""The rules count as much as what so many documents have taught. Without it, 20 to 50 labels read totals worse than the rules
do (benchmarks/learned_accuracy.py)."""

_COMMON: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 12,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.5,
    "verbosity": -1,
    "seed": 20261125,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # two threads wait for each other in loops, and a busy machine makes that minutes
}
_OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"objective": "binary", "rounds": 150},
    {"objective": "lambdarank", "rounds": 150, "lambdarank_truncation_level": 5},
)


@dataclass(frozen=True)
class Document:
    """The values of one field in one document, and which of them is right: an index, or None where none is."""

    rows: Sequence[Facts]
    right: int | None


@dataclass
class Ranker:
    """Trained models of one field, of so many `documents`. `models` are LightGBM's text format: no code comes with them."""

    names: tuple[str, ...]
    models: tuple[str, ...]
    documents: int
    _boosters: list["lightgbm.Booster"] = field(default_factory=list, repr=False)

    def scores(self, rows: Sequence[Facts]) -> "Floats":
        """How much speaks for each value, 0..1: the mean of the models' shares, and of the rules' own scores the more, the
        fewer documents were learned from."""
        import lightgbm
        import numpy as np

        if not self._boosters:
            self._boosters = [lightgbm.Booster(model_str=model) for model in self.models]
        table = matrix(rows, self.names)
        total = np.zeros(len(rows))
        for number, booster in enumerate(self._boosters):
            seen = table if number >= len(_OBJECTIVES) else table[:, _without_rules(self.names)]
            raw = np.asarray(booster.predict(seen, num_threads=1), dtype=np.float64)
            total += raw if number % len(_OBJECTIVES) == 0 else _softmax(raw)
        rules = _softmax(np.array([row.get(f"{RULES}score", 0.0) for row in rows]))
        trust = self.documents / (self.documents + AS_MUCH_AS)
        return trust * total / len(self._boosters) + (1 - trust) * rules

    def importance(self) -> dict[str, float]:
        """Share of each fact in the gain of the models that see all facts."""
        import lightgbm

        booster = lightgbm.Booster(model_str=self.models[-len(_OBJECTIVES)])
        gains = booster.feature_importance("gain")
        whole = float(gains.sum()) or 1.0
        shares = {name: float(gain) / whole for name, gain in zip(self.names, gains, strict=True)}
        return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def train(documents: Sequence[Document]) -> Ranker:
    """Fit the four models. Documents in which no value is right teach the classifiers only."""
    import lightgbm
    import numpy as np

    used = [document for document in documents if document.rows]
    names = tuple(sorted({name for document in used for row in document.rows for name in row}))
    table = matrix([row for document in used for row in document.rows], names)
    right = np.concatenate(
        [[float(index == document.right) for index in range(len(document.rows))] for document in used]
    )
    sizes = np.array([len(document.rows) for document in used])
    ranked = np.repeat([document.right is not None for document in used], sizes)
    models = []
    for columns in (_without_rules(names), list(range(len(names)))):
        for objective in _OBJECTIVES:
            options = {**_COMMON, **objective}
            rounds = options.pop("rounds")
            if options["objective"] == "binary":
                data = lightgbm.Dataset(table[:, columns], right)
            else:
                groups = [len(document.rows) for document in used if document.right is not None]
                data = lightgbm.Dataset(table[ranked][:, columns], right[ranked], group=groups)
            models.append(lightgbm.train(options, data, num_boost_round=rounds).model_to_string())
    return Ranker(names, tuple(models), len(used))


def matrix(rows: Sequence[Facts], names: Sequence[str]) -> "Floats":
    """One row per value; a fact that is absent is 0, as in the rules."""
    import numpy as np

    table = np.zeros((len(rows), len(names)))
    places = {name: column for column, name in enumerate(names)}
    for index, row in enumerate(rows):
        for name, held in row.items():
            if name in places:
                table[index, places[name]] = held
    return table


def _without_rules(names: Sequence[str]) -> list[int]:
    return [index for index, name in enumerate(names) if not name.startswith(RULES)]


def _softmax(scores: "Floats") -> "Floats":
    import numpy as np

    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), dtype=np.float64)
