"""Scores of one backend and data set summed up per field and per list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.ranking.columns import CODES, READS, ScoreColumns
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, counts_of
from ocr_pipeline.evaluation.scoring.line_items import ListName, StoredList, Unit
from ocr_pipeline.evaluation.statistics.counts import LABELLED, Counts, array_of, part_table
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1, bootstrap_precision, bootstrap_recall, wilson
from ocr_pipeline.evaluation.statistics.rates import high, known, low, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = ".cells"
"""`line_items` is the `field` of the row that counts whole line items, `line_items.cells` of the one that counts cells."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Counts of values and rates. The columns are described in `warehouse.tables`, as those of every row type here."""

    n: int
    correct: int
    wrong: int
    spurious: int
    missing: int
    both_empty: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    f1: float | None
    f1_low: float | None
    f1_high: float | None


@dataclass(frozen=True, kw_only=True)
class FieldSummary(Rates):
    """How well one backend extracts one field of one data set. Columns as in the table `leaderboard_fields`.

    In `line_items` and `tax_lines` a value is a whole row, in `line_items.cells` one cell. They are not in `all_fields`.

    Intervals: Wilson for the precision and recall of a field; bootstrap over documents for every F1 and for `all_fields`,
    rows and cells, of which a document has several that are not independent.
    """

    dataset: str
    backend: str
    field: str
    documents: int
    within_0_01: float | None = None
    within_0_05: float | None = None
    within_1_percent: float | None = None
    anls: float | None = None
    anls_match: float | None = None
    f1_strict: float | None
    f1_lenient: float | None
    printed_date: float | None = None
    printed_unreadable: int | None = None
    metrics: Mapping[str, float] | None = None


def summarise_field(dataset: str, backend: str, field: str, scores: ScoreColumns, seed: int) -> FieldSummary:
    """Sum up the scores of one field, or of all fields together (`ALL_FIELDS`)."""
    import numpy as np

    together, outcomes = field == ALL_FIELDS, scores["outcome"]
    documents, of_document = np.unique(scores["document_id"], return_inverse=True)
    per_document = np.stack(
        [np.bincount(of_document, part, len(documents)) for part in part_table()[outcomes].T], axis=1
    ).astype(np.int64)
    is_labelled = np.isin(outcomes, [CODES[outcome] for outcome in LABELLED])
    labelled = scores.only(np.flatnonzero(is_labelled & (not together)))
    reads = scores["printed_reads"]
    read = (reads > 0) & (not together)
    return FieldSummary(
        dataset=dataset,
        backend=backend,
        field=field,
        documents=len(documents),
        **vars(_rates(counts_of(outcomes), per_document, independent=not together, seed=seed)),
        within_0_01=_average(labelled, "within_0_01"),
        within_0_05=_average(labelled, "within_0_05"),
        within_1_percent=_average(labelled, "within_1_percent"),
        anls=_average(labelled, "anls"),
        anls_match=_average(labelled, "anls_match"),
        f1_strict=_f1(scores["outcome_strict"]),
        f1_lenient=_f1(scores["outcome_lenient"]),
        printed_date=mean((reads[read & is_labelled] == READS["correct"]).tolist()),
        printed_unreadable=int(np.count_nonzero(reads == READS["unreadable"])) if read.any() else None,
        metrics=_metrics(labelled),
    )


def summarise_list(
    dataset: str, backend: str, name: ListName, unit: Unit, lists: Sequence[StoredList], seed: int
) -> FieldSummary:
    """Sum up the rows or the cells of one of the lists."""
    levels = [stored.counts.rows if unit == "rows" else stored.counts.cells for stored in lists]
    headline = [counts.headline for counts in levels]
    return FieldSummary(
        dataset=dataset,
        backend=backend,
        field=name if unit == "rows" else name + CELLS,
        documents=len(lists),
        **vars(_rates(sum(headline, Counts()), array_of(headline), independent=False, seed=seed)),
        f1_strict=sum((counts.strict for counts in levels), Counts()).f1,
        f1_lenient=sum((counts.lenient for counts in levels), Counts()).f1,
    )


def _rates(counts: Counts, parts: "NDArray[np.int64]", *, independent: bool, seed: int) -> Rates:
    """`parts`: the counts of each document, see `counts.PARTS`. `independent`: a document has one value at most."""
    precision = wilson(counts.tp, counts.predicted) if independent else bootstrap_precision(parts, seed=seed)
    recall = wilson(counts.tp, counts.labelled) if independent else bootstrap_recall(parts, seed=seed)
    f1 = bootstrap_f1(parts, seed=seed)
    return Rates(
        n=counts.labelled,
        **vars(counts),
        precision=counts.precision,
        precision_low=low(precision),
        precision_high=high(precision),
        recall=counts.recall,
        recall_low=low(recall),
        recall_high=high(recall),
        f1=counts.f1,
        f1_low=low(f1),
        f1_high=high(f1),
    )


def _average(scores: ScoreColumns, column: str) -> float | None:
    return mean(known(scores[column].tolist()))


def _metrics(scores: ScoreColumns) -> dict[str, float] | None:
    if not scores.metrics:
        return None
    names = sorted({name for metrics in scores.metrics.values() for name in metrics})
    rows = [scores.metrics.get(row, {}) for row in range(len(scores))]
    return {name: fmean(metrics.get(name, 0.0) for metrics in rows) for name in names} or None


def _f1(outcomes: "NDArray[np.int8]") -> float | None:
    """None as well if the outcome of a value is unknown at this level."""
    return counts_of(outcomes).f1 if outcomes.all() else None
