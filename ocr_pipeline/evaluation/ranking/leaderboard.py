"""From the scores of single documents to a leaderboard: per field, over all fields, and per backend.

Rows come in as dictionaries (a database cursor, `DataFrame.to_dict("records")`) and leave as frozen dataclasses whose
fields are columns. A rate without a denominator is None, never 0. Groups are (dataset, backend): data sets are not
mixed, because their documents and labels are not alike.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median
from typing import Any, Literal, NotRequired, TypedDict, get_args

from ocr_pipeline.evaluation.scoring.comparators import Outcome, PrintedReads
from ocr_pipeline.evaluation.scoring.line_items import LISTS
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.evaluation.statistics.intervals import (
    Interval,
    bootstrap_f1,
    bootstrap_median,
    bootstrap_precision,
    bootstrap_recall,
    wilson,
)
from ocr_pipeline.schemas import FIELD_KINDS

Row = Mapping[str, Any]
"""A `ScoreRow` or a `RunFact`, typed as loosely as a database cursor returns it."""

ALL_FIELDS = "all_fields"
"""The `field` of the row that counts the single values of all fields together (micro average)."""

CELLS = ".cells"
"""`line_items` is the `field` of the row that counts whole line items, `line_items.cells` of that which counts cells."""

_Level = Literal["outcome", "outcome_strict", "outcome_lenient"]

_CORRECT: tuple[Outcome, ...] = ("correct",)
_PREDICTED: tuple[Outcome, ...] = ("correct", "wrong", "spurious")
_LABELLED: tuple[Outcome, ...] = ("correct", "wrong", "missing")

# What one outcome adds to (correct, predicted, labelled).
_COUNTS: dict[Outcome, tuple[int, ...]] = {
    outcome: tuple(int(outcome in part) for part in (_CORRECT, _PREDICTED, _LABELLED)) for outcome in get_args(Outcome)
}


class ScoreRow(TypedDict):
    """One `FieldScore` with the document it belongs to. More keys are welcome and ignored."""

    document_id: str
    dataset: str
    backend: str
    field: str
    outcome: Outcome
    within_0_01: NotRequired[bool | None]
    within_0_05: NotRequired[bool | None]
    within_1_percent: NotRequired[bool | None]
    anls: NotRequired[float | None]
    anls_match: NotRequired[bool | None]
    outcome_strict: NotRequired[Outcome]
    outcome_lenient: NotRequired[Outcome]
    printed_reads: NotRequired[PrintedReads | None]


class RunFact(TypedDict):
    """What it took to extract one document, labelled or not.

    `seconds`: wall-clock, OCR included; None where nothing ran. `cost`: in one currency for all rows, 0 for a local
    backend, None where the price is unknown. `reported`: both are figures of somebody else. `fingerprint`: of all stages
    that led to the result.
    """

    document_id: str
    dataset: str
    backend: str
    failed: bool
    seconds: float | None
    cost: float | None
    reported: NotRequired[bool | None]
    fingerprint: NotRequired[str | None]


@dataclass(frozen=True, kw_only=True)
class FieldSummary:
    """How one backend reads one field of one data set. Rates are 0..1, None where nothing was there to count.

    Of `line_items` and `tax_lines`, a value is a whole row; of `line_items.cells`, one cell. They are not in `all_fields`.

    Intervals hold with 95 %: Wilson for the precision and recall of a field, document-level bootstrap for every F1 and
    for `all_fields`, rows and cells, of which a document has several that are not independent.
    """

    dataset: str
    backend: str
    field: str
    documents: int
    """Documents whose label speaks about the field, empty or not."""
    n: int
    """Values that are labelled: correct + wrong + missing. For a single field, documents in which it has a value."""
    correct: int
    wrong: int
    spurious: int
    missing: int
    both_empty: int
    """Counted here and in no rate."""
    precision: float | None
    """correct / (correct + wrong + spurious)."""
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    """correct / n."""
    recall_low: float | None
    recall_high: float | None
    f1: float | None
    """2 · correct / (values predicted + values labelled)."""
    f1_low: float | None
    f1_high: float | None
    within_0_01: float | None
    """Money: share of n that is off by at most 0.01. A missing value is in n, as for recall; so for the next columns."""
    within_0_05: float | None
    within_1_percent: float | None
    anls: float | None
    """Names and addresses: mean ANLS over n."""
    anls_match: float | None
    """Names and addresses: share of n with an ANLS of at least 0.8."""
    f1_strict: float | None
    """F1 by the strict rules, f1 itself being by the normalised ones. None where a score has no such outcome."""
    f1_lenient: float | None
    printed_date: float | None
    """Dates: of the values whose printed text is known, the share whose text reads as the labelled day."""
    printed_unreadable: int | None
    """Dates: how many of these texts are no date by themselves."""


@dataclass(frozen=True, kw_only=True)
class BackendSummary:
    """How one backend fares on one data set as a whole. Intervals hold with 95 %."""

    dataset: str
    backend: str
    documents: int
    """Documents that were run, labelled or not, failed ones included."""
    failures: int
    """Documents without a result. They count as missing in every score."""
    labelled_documents: int
    """Documents whose label has at least one value: the n of `whole_document_accuracy`."""
    accurate_documents: int
    """Of these, those in which every labelled field is correct or rightly left empty."""
    whole_document_accuracy: float | None
    """accurate_documents / labelled_documents, with a Wilson interval."""
    whole_document_accuracy_low: float | None
    whole_document_accuracy_high: float | None
    seconds_per_document: float | None
    """Mean wall-clock seconds of the documents whose time is known."""
    seconds_median: float | None
    """Their median, with a bootstrap interval."""
    seconds_median_low: float | None
    seconds_median_high: float | None
    cost_per_document: float | None
    """Mean cost of all documents in the currency of the run facts. None where the cost of any document is unknown."""
    cost_median: float | None
    """Their median, with a bootstrap interval."""
    cost_median_low: float | None
    cost_median_high: float | None
    reported: bool
    """Seconds and cost are as the maker of imported predictions gives them, not measured."""
    fingerprints: tuple[str, ...]
    """Fingerprints of the results, sorted. More than one: the backend changed between documents."""


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """The scores of one evaluation, and what they were made from."""

    fields: tuple[FieldSummary, ...]
    """By dataset and backend; in each group `all_fields` first, then the fields in display order, then the lists."""
    backends: tuple[BackendSummary, ...]
    """By dataset and backend."""
    label_version: str
    scoring_version: int
    evaluated_at: datetime


def leaderboard(
    scores: Iterable[Row],
    runs: Iterable[Row],
    *,
    lists: Iterable[Row] = (),
    label_version: str,
    evaluated_at: datetime,
    seed: int = 0,
) -> Leaderboard:
    """Sum up every (dataset, backend) among `runs`. `scores` have the keys of `ScoreRow`, `runs` those of `RunFact`.

    `lists` have document_id, dataset, backend, list and the keys of `line_items.list_counts`.

    Raises ValueError for a field scored twice, a document that ran twice, a score without a run, or an `evaluated_at`
    without a time zone: each would make a number wrong without showing.
    """
    if evaluated_at.tzinfo is None:
        raise ValueError("evaluated_at needs a time zone")
    scores_of: dict[tuple[str, str], list[Row]] = defaultdict(list)
    lists_of: dict[tuple[str, str], list[Row]] = defaultdict(list)
    runs_of: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for run in runs:
        runs_of[run["dataset"], run["backend"]].append(run)
    for score in scores:
        scores_of[score["dataset"], score["backend"]].append(score)
    for row in lists:
        lists_of[row["dataset"], row["backend"]].append(row)
    for group in scores_of.keys() | lists_of.keys() | runs_of.keys():
        named = [{**row, "field": row["list"]} for row in lists_of[group]]
        _check([*scores_of[group], *named], runs_of[group])

    fields: list[FieldSummary] = []
    backends: list[BackendSummary] = []
    for dataset, backend in sorted(runs_of):
        rows = scores_of[dataset, backend]
        fields.append(_summarise_field(dataset, backend, ALL_FIELDS, rows, seed))
        of_field: dict[str, list[Row]] = {field: [] for field in FIELD_KINDS}
        for row in rows:
            of_field.setdefault(row["field"], []).append(row)
        fields += [_summarise_field(dataset, backend, field, part, seed) for field, part in of_field.items() if part]
        for name in LISTS:
            part = [row for row in lists_of[dataset, backend] if row["list"] == name]
            if part:
                fields += [_summarise_list(dataset, backend, name, unit, part, seed) for unit in ("rows", "cells")]
        backends.append(_summarise_backend(dataset, backend, rows, runs_of[dataset, backend], seed))
    return Leaderboard(
        fields=tuple(fields),
        backends=tuple(backends),
        label_version=label_version,
        scoring_version=SCORING_VERSION,
        evaluated_at=evaluated_at,
    )


def _check(scores: Sequence[Row], runs: Sequence[Row]) -> None:
    ran = Counter(run["document_id"] for run in runs)
    scored = Counter((score["document_id"], score["field"]) for score in scores)
    for document_id, times in ran.items():
        if times > 1:
            raise ValueError(f"document {document_id} ran {times} times for one backend")
    for (document_id, field), times in scored.items():
        if times > 1:
            raise ValueError(f"{field} of document {document_id} is scored {times} times for one backend")
        if document_id not in ran:
            raise ValueError(f"document {document_id} has scores but no run")


def _summarise_field(dataset: str, backend: str, field: str, rows: Sequence[Row], seed: int) -> FieldSummary:
    import numpy as np

    outcomes = Counter(row["outcome"] for row in rows)
    counts_of: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        counts = counts_of[row["document_id"]]
        for column, count in enumerate(_COUNTS[row["outcome"]]):
            counts[column] += count

    together = field == ALL_FIELDS
    with_value = [] if together else [row for row in rows if row["outcome"] in ("correct", "wrong", "missing")]
    printed = [] if together else [row["printed_reads"] for row in rows if row.get("printed_reads")]
    of_label = [row["printed_reads"] == "correct" for row in with_value if row.get("printed_reads")]
    return FieldSummary(
        dataset=dataset,
        backend=backend,
        field=field,
        documents=len(counts_of),
        **_rates(
            {outcome: outcomes[outcome] for outcome in get_args(Outcome)},
            np.array(list(counts_of.values()), dtype=np.int64).reshape(-1, 3),
            independent=not together,
            seed=seed,
        ),
        within_0_01=_mean(_known(with_value, "within_0_01")),
        within_0_05=_mean(_known(with_value, "within_0_05")),
        within_1_percent=_mean(_known(with_value, "within_1_percent")),
        anls=_mean(_known(with_value, "anls")),
        anls_match=_mean(_known(with_value, "anls_match")),
        f1_strict=_f1(rows, "outcome_strict"),
        f1_lenient=_f1(rows, "outcome_lenient"),
        printed_date=_mean(of_label),
        printed_unreadable=printed.count("unreadable") if printed else None,
    )


def _summarise_list(
    dataset: str, backend: str, name: str, unit: Literal["rows", "cells"], rows: Sequence[Row], seed: int
) -> FieldSummary:
    """One of the lists of a document: its rows, or its cells."""
    import numpy as np

    totals = {outcome: sum(row.get(f"{unit}_{outcome}") or 0 for row in rows) for outcome in get_args(Outcome)}
    per_document = np.array(
        [
            [sum(row.get(f"{unit}_{outcome}") or 0 for outcome in part) for part in (_CORRECT, _PREDICTED, _LABELLED)]
            for row in rows
        ],
        dtype=np.int64,
    )
    both = sum(totals[outcome] for outcome in (*_PREDICTED, *_LABELLED))
    return FieldSummary(
        dataset=dataset,
        backend=backend,
        field=name if unit == "rows" else name + CELLS,
        documents=len(rows),
        **_rates(totals, per_document, independent=False, seed=seed),
        within_0_01=None,
        within_0_05=None,
        within_1_percent=None,
        anls=None,
        anls_match=None,
        f1_strict=_rate(2 * sum(row[f"{unit}_correct_strict"] for row in rows), both),
        f1_lenient=_rate(2 * sum(row[f"{unit}_correct_lenient"] for row in rows), both),
        printed_date=None,
        printed_unreadable=None,
    )


def _rates(totals: Mapping[Outcome, int], per_document: Any, *, independent: bool, seed: int) -> dict[str, Any]:
    """The columns of a summary that follow from the outcomes. `independent`: a document has one value at most."""
    correct = totals["correct"]
    predicted, labelled = (sum(totals[outcome] for outcome in part) for part in (_PREDICTED, _LABELLED))
    precision = wilson(correct, predicted) if independent else bootstrap_precision(per_document, seed=seed)
    recall = wilson(correct, labelled) if independent else bootstrap_recall(per_document, seed=seed)
    f1 = bootstrap_f1(per_document, seed=seed)
    counts: dict[str, int] = dict(totals.items())
    return {
        "n": labelled,
        **counts,
        "precision": _rate(correct, predicted),
        "precision_low": _low(precision),
        "precision_high": _high(precision),
        "recall": _rate(correct, labelled),
        "recall_low": _low(recall),
        "recall_high": _high(recall),
        "f1": _rate(2 * correct, predicted + labelled),
        "f1_low": _low(f1),
        "f1_high": _high(f1),
    }


def _f1(rows: Sequence[Row], level: _Level) -> float | None:
    if not rows or not all(row.get(level) for row in rows):
        return None
    correct, predicted, labelled = (sum(column) for column in zip(*(_COUNTS[row[level]] for row in rows), strict=True))
    return _rate(2 * correct, predicted + labelled)


def _summarise_backend(
    dataset: str, backend: str, scores: Sequence[Row], runs: Sequence[Row], seed: int
) -> BackendSummary:
    outcomes_of: dict[str, set[Outcome]] = defaultdict(set)
    for score in scores:
        outcomes_of[score["document_id"]].add(score["outcome"])
    labelled = [outcomes for outcomes in outcomes_of.values() if outcomes & {"correct", "wrong", "missing"}]
    accurate = sum(outcomes <= {"correct", "both_empty"} for outcomes in labelled)
    accuracy_interval = wilson(accurate, len(labelled))

    seconds = _known(runs, "seconds")
    costs = _known(runs, "cost")
    if len(costs) < len(runs):
        costs = []  # a mean over the known part would make a backend look cheaper or dearer than it is
    seconds_interval = bootstrap_median(seconds, seed=seed)
    cost_interval = bootstrap_median(costs, seed=seed)
    return BackendSummary(
        dataset=dataset,
        backend=backend,
        documents=len(runs),
        failures=sum(bool(run["failed"]) for run in runs),
        labelled_documents=len(labelled),
        accurate_documents=accurate,
        whole_document_accuracy=_rate(accurate, len(labelled)),
        whole_document_accuracy_low=_low(accuracy_interval),
        whole_document_accuracy_high=_high(accuracy_interval),
        seconds_per_document=_mean(seconds),
        seconds_median=median(seconds) if seconds else None,
        seconds_median_low=_low(seconds_interval),
        seconds_median_high=_high(seconds_interval),
        cost_per_document=_mean(costs),
        cost_median=median(costs) if costs else None,
        cost_median_low=_low(cost_interval),
        cost_median_high=_high(cost_interval),
        reported=any(run.get("reported") for run in runs),
        fingerprints=tuple(sorted({fingerprint for run in runs if (fingerprint := run.get("fingerprint"))})),
    )


def _known(rows: Sequence[Row], column: str) -> list[float]:
    """The values that are not None. Nor NaN, which a DataFrame makes of None."""
    values = (row.get(column) for row in rows)
    return [float(value) for value in values if value is not None and value == value]


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _low(interval: Interval | None) -> float | None:
    return interval[0] if interval else None


def _high(interval: Interval | None) -> float | None:
    return interval[1] if interval else None
