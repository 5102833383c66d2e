"""Fitting rankers with LightGBM, and what they choose in documents outside the fold that they were fitted on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.lexicon import ALIKE, labelled
from ocr_pipeline.extraction.learned.ranker import Ranker, columns_without_rules, matrix
from ocr_pipeline.extraction.learned.values import Value, value_key
from ocr_pipeline.extraction.rules.candidates import Features
from ocr_pipeline.training.examples import FOLDS, FieldTask, Query
from ocr_pipeline.values.names import normalise_name

if TYPE_CHECKING:
    from ocr_pipeline.extraction.learned.ranker import Floats

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
    """What was learned without each fold: one ranker per fold, and what the labels say (one more: of all labels). What these
    choose in each document of their fold: its rows of features with the rankers' own scores, and score and key of the
    value."""

    rankers: Sequence[Ranker]
    known: Sequence[Known]
    rows: Mapping[int, Sequence[Features]]
    own: Mapping[int, "Floats"]
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


def known_of(task: FieldTask, indices: Iterable[int]) -> Known:
    """What the labels of these samples say about texts; nothing for fields without a lexicon."""
    names = (_label(task, index) for index in indices) if task.field in ALIKE else ()
    return Known(task.field, labelled(name for name in names if name))


def queries_of(task: FieldTask, known: Known, indices: Iterable[int]) -> list[Query]:
    """What a ranker is fitted on: each sample with what the labels of the others say."""
    return [
        Query(known.rows(task.values(index), normalise_name(_label(task, index) or "")), task.queries[index].right)
        for index in indices
    ]


def _label(task: FieldTask, index: int) -> str | None:
    value = getattr(task.samples[index].example.label.invoice, task.field)
    return str(value) if value is not None else None


def out_of_fold(task: FieldTask, folds: Sequence[int]) -> OutOfFold:
    """Fit a ranker without each fold and let it choose in the documents of that fold."""
    rankers: list[Ranker] = []
    said: list[Known] = []
    rows: dict[int, Sequence[Features]] = {}
    own: dict[int, Floats] = {}
    scores: dict[int, float] = {}
    keys: dict[int, str | None] = {}
    for fold in range(FOLDS):
        inside = [index for index in task.queries if folds[index] != fold]
        known = known_of(task, inside)
        ranker = train(queries_of(task, known, inside))
        rankers.append(ranker)
        said.append(known)
        outside = [index for index in task.queries if folds[index] == fold]
        rows |= {index: known.rows(task.values(index)) for index in outside}
        own |= dict(zip(outside, ranker.own_scores_of([rows[index] for index in outside]), strict=True))
        for index in outside:
            scores[index], keys[index] = best_value(ranker, task.values(index), rows[index], own[index], known)
    return OutOfFold(rankers, [*said, known_of(task, task.queries)], rows, own, scores, keys)


def best_value(
    ranker: Ranker,
    values: Sequence[Value],
    rows: Sequence[Features],
    own: "Floats",
    known: Known,
    trust: float = 1.0,
) -> tuple[float, str | None]:
    """The rankers' own score of the best value, and its key after correction by the labels; (0, None) without values.
    `own`: the rankers' scores of all values; `trust`: how far they decide which one is the best."""
    if not values:
        return 0.0, None
    best = int(ranker.mixed(own, rows, trust).argmax())
    return float(ranker.mixed(own, rows, 1.0)[best]), corrected_key(values[best], known)


def rules_key(task: FieldTask, index: int, known: Known) -> str | None:
    """The key of the value that the rules choose, after correction by the labels."""
    key = task.chosen(index)
    chosen = next((value for value in task.values(index) if value.key == key), None)
    return corrected_key(chosen, known) if chosen else key


def corrected_key(value: Value, known: Known) -> str:
    text = value.entry.value
    spelled = known.corrected(text) if isinstance(text, str) else None
    return value_key(spelled) if spelled else value.key
