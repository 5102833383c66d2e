"""Fitting rankers with LightGBM, and what they choose in documents outside the fold that they were fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.learned.lexicon import ALIKE, MIN_LABELS, corrected, grow
from ocr_pipeline.extraction.learned.ranker import Ranker, columns_without_rules, matrix
from ocr_pipeline.extraction.learned.values import Value, value_key
from ocr_pipeline.training.examples import FOLDS, FieldTask, Query, Sample

_COMMON: dict[str, object] = {
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
_ROUNDS = 150
_CLASSIFIER: dict[str, object] = {"objective": "binary"}
_RANKER: dict[str, object] = {"objective": "lambdarank", "lambdarank_truncation_level": 5}


@dataclass(frozen=True)
class OutOfFold:
    """One ranker per fold, fitted on the other folds, and what it chooses in each document: score and key of the value."""

    rankers: Sequence[Ranker]
    scores: Mapping[int, float]
    keys: Mapping[int, str | None]


def train(queries: Sequence[Query]) -> Ranker:
    """Fit the four models. Documents without a right value teach the classifiers only."""
    import lightgbm
    import numpy as np

    used = [query for query in queries if query.rows]
    names = tuple(sorted({name for query in used for row in query.rows for name in row}))
    table = matrix([row for query in used for row in query.rows], names)
    right = np.concatenate([[float(index == query.right) for index in range(len(query.rows))] for query in used])
    sizes = np.array([len(query.rows) for query in used])
    ranked = np.repeat([query.right is not None for query in used], sizes)
    groups = [len(query.rows) for query in used if query.right is not None]
    models = []
    for columns in (columns_without_rules(names), list(range(len(names)))):
        for objective, data in (
            (_CLASSIFIER, lightgbm.Dataset(table[:, columns], right)),
            (_RANKER, lightgbm.Dataset(table[ranked][:, columns], right[ranked], group=groups)),
        ):
            booster = lightgbm.train({**_COMMON, **objective}, data, num_boost_round=_ROUNDS)
            models.append(booster.model_to_string())
    return Ranker(names, tuple(models), len(used))


def out_of_fold(task: FieldTask, folds: Sequence[int], lexicons: Sequence[Mapping[str, str]]) -> OutOfFold:
    """Fit a ranker without each fold and let it choose in the documents of that fold. `lexicons`: one per fold."""
    rankers: list[Ranker] = []
    scores: dict[int, float] = {}
    keys: dict[int, str | None] = {}
    for fold in range(FOLDS):
        ranker = train([query for index, query in task.queries.items() if folds[index] != fold])
        rankers.append(ranker)
        for index in task.queries:
            if folds[index] == fold:
                scores[index], keys[index] = best_value(ranker, task.field, task.values(index), lexicons[fold])
    return OutOfFold(rankers, scores, keys)


def best_value(
    ranker: Ranker, field: str, values: Sequence[Value], lexicon: Mapping[str, str], trust: float = 1.0
) -> tuple[float, str | None]:
    """The rankers' own score of the best value, and its key after correction by the lexicon; (0, None) without values.
    `trust`: how far the rankers decide which one is the best."""
    if not values:
        return 0.0, None
    rows = [value.features for value in values]
    scores = ranker.scores(rows)
    best = int((scores if trust == 1 else ranker.scores(rows, trust)).argmax())
    key = values[best].key
    if field in ALIKE and (name := corrected(field, str(values[best].entry.value), lexicon)):
        key = value_key(name)
    return float(scores[best]), key


def rules_key(task: FieldTask, index: int, lexicon: Mapping[str, str]) -> str | None:
    """The key of the value that the rules choose, after correction by the lexicon."""
    key = task.chosen(index)
    chosen = next((value for value in task.values(index) if value.key == key), None)
    if chosen and task.field in ALIKE and (name := corrected(task.field, str(chosen.entry.value), lexicon)):
        return value_key(name)
    return key


def grow_lexicon(
    field: str, samples: Sequence[Sample], folds: Sequence[int] = (), without: int | None = None
) -> dict[str, str]:
    """The vendor lexicon of these samples except those of the fold `without`; empty for fields that have none."""
    if field not in ALIKE:
        return {}
    names = [getattr(sample.example.label.invoice, field) for sample in samples]
    inside = (name for index, name in enumerate(names) if name and (without is None or folds[index] != without))
    return grow(inside, MIN_LABELS[field])
