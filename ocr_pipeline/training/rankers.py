"""Fitting rankers with LightGBM, and what they choose in documents outside the fold that they were fitted on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.lexicon import ALIKE, labelled
from ocr_pipeline.extraction.learned.ranker import Ranker, columns_without_rules
from ocr_pipeline.extraction.learned.values import value_key
from ocr_pipeline.training.examples import FOLDS, FieldTask
from ocr_pipeline.training.tables import Candidate, FieldTable

if TYPE_CHECKING:
    from ocr_pipeline.extraction.learned.ranker import Floats

_COMMON: dict[str, object] = {
    "learning_rate": 0.15,
    "num_leaves": 12,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.5,
    "verbosity": -1,
    "seed": 20261125,
    "deterministic": True,
    "force_col_wise": True,  # faster here than by rows, with the same trees
    "num_threads": 1,  # two threads wait for each other in loops, and a busy machine makes that minutes
}
_ROUNDS = 50
"""Fewer, larger steps: 150 of 0.05 take three times as long and choose the same values (benchmarks/training_time.py)."""
_CLASSIFIER: dict[str, object] = {"objective": "binary"}
_RANKER: dict[str, object] = {"objective": "lambdarank", "lambdarank_truncation_level": 5}


@dataclass(frozen=True)
class OutOfFold:
    """What was learned without each fold: one ranker per fold, and what the labels say (one more: of all labels). What these
    choose in each document of their fold: the rankers' own scores of its values, and score and key of the chosen one."""

    rankers: Sequence[Ranker]
    known: Sequence[Known]
    own: Mapping[int, "Floats"]
    scores: Mapping[int, float]
    keys: Mapping[int, str | None]


def train(task: FieldTask, known: Known, indices: Sequence[int]) -> Ranker:
    """Fit the four models to these samples, each with what the labels of the others say."""
    ranker = fit(task.table, task.table.seen_by(known, set(indices)), indices)
    ranker.unload()
    return ranker


def fit(table: FieldTable, features: "Floats", indices: Sequence[int]) -> Ranker:
    """Fit the four models to these samples. `features`: of all rows of the table. Documents without a right value teach the
    classifiers only."""
    import lightgbm
    import numpy as np

    rows, sizes = table.training_rows(indices)
    chosen_rows, right = features[rows], table.is_right[rows]
    ranked = [table.right[index] is not None for index in indices]
    in_ranked = np.flatnonzero(np.repeat(np.array(ranked, dtype=bool), sizes)).tolist()
    groups = [size for size, has_right in zip(sizes, ranked, strict=True) if has_right]
    boosters = []
    for columns in (columns_without_rules(table.names), list(range(len(table.names)))):
        first = table.binned.get(len(columns))
        every = lightgbm.Dataset(
            chosen_rows[:, columns], right, reference=first, params=_COMMON, free_raw_data=False
        ).construct()
        table.binned.setdefault(len(columns), every)
        chosen = every.subset(in_ranked).set_group(groups)
        for objective, data in ((_CLASSIFIER, every), (_RANKER, chosen)):
            parameters = {**_COMMON, **objective}
            boosters.append(lightgbm.train(parameters, data, num_boost_round=_ROUNDS, keep_training_booster=True))
    models = tuple(booster.model_to_string() for booster in boosters)
    return Ranker(table.names, models, sum(size > 0 for size in sizes), boosters)


def known_of(task: FieldTask, indices: Iterable[int]) -> Known:
    """What the labels of these samples say about texts; nothing for fields without a lexicon."""
    names = (task.labelled_text(index) for index in indices) if task.field in ALIKE else ()
    return Known(task.field, labelled(name for name in names if name))


def out_of_fold(task: FieldTask, folds: Sequence[int]) -> OutOfFold:
    """Fit a ranker without each fold and let it choose in the documents of that fold."""
    rankers: list[Ranker] = []
    said: list[Known] = []
    own: dict[int, Floats] = {}
    scores: dict[int, float] = {}
    keys: dict[int, str | None] = {}
    for fold in range(FOLDS):
        inside = [index for index in task.queries if folds[index] != fold]
        outside = [index for index in task.queries if folds[index] == fold]
        known = known_of(task, inside)
        ranker, own_scores = train_and_score(task, known, inside, outside)
        rankers.append(ranker)
        said.append(known)
        own |= own_scores
        for index in outside:
            scores[index], keys[index] = best_value(ranker, task, index, own[index], known)
    return OutOfFold(rankers, [*said, known_of(task, task.queries)], own, scores, keys)


def train_and_score(
    task: FieldTask, known: Known, inside: Sequence[int], outside: Sequence[int]
) -> "tuple[Ranker, dict[int, Floats]]":
    """A ranker of the samples inside, whose labels are `known`, and its own scores of all values of those outside."""
    table = task.table
    features = table.seen_by(known, set(inside))
    ranker = fit(table, features, inside)
    scores = ranker.own_scores_of(features[table.rows(outside)], table.sizes(outside))
    ranker.unload()  # a trained model keeps its training data
    return ranker, dict(zip(outside, scores, strict=True))


def best_value(
    ranker: Ranker, task: FieldTask, index: int, own: "Floats", known: Known, trust: float = 1.0
) -> tuple[float, str | None]:
    """The rankers' own score of the best value of a sample, and its key after correction by the labels; (0, None) without
    values. `own`: the rankers' scores of all values; `trust`: how far they decide which one is the best."""
    values, rules = task.values(index), task.table.rules[index]
    if not values:
        return 0.0, None
    best = int(ranker.mixed(own, rules, trust).argmax())
    return float(ranker.mixed(own, rules, 1.0)[best]), corrected_key(values[best], known)


def rules_key(task: FieldTask, index: int, known: Known) -> str | None:
    """The key of the value that the rules choose, after correction by the labels."""
    key = task.chosen(index)
    chosen = next((value for value in task.values(index) if value.key == key), None)
    return corrected_key(chosen, known) if chosen else key


def corrected_key(candidate: Candidate, known: Known) -> str:
    spelled = known.corrected(candidate.value) if isinstance(candidate.value, str) else None
    return value_key(spelled) if spelled else candidate.key
