"""Runs of one backend on one data set summed up: whole documents, failures, time and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from ocr_pipeline.evaluation.ranking.columns import CODES, ScoreColumns
from ocr_pipeline.evaluation.statistics.counts import LABELLED, RIGHT
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_median, wilson
from ocr_pipeline.evaluation.statistics.rates import high, known, low, mean, rate


class ExtractionRun(NamedTuple):
    """What it took to extract one document with one backend, labelled or not.

    `seconds`: wall-clock, OCR included; None if nothing ran. `cost`: in one currency for all runs, 0 for a local backend,
    None if the price is unknown. `reported`: both figures come from the maker of imported predictions. `fingerprint`: of
    all stages that led to the result.
    """

    document_id: str
    dataset: str
    backend: str
    failed: bool
    seconds: float | None
    cost: float | None
    reported: bool | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, kw_only=True)
class BackendSummary:
    """How one backend performs on one data set as a whole. Columns as in the table `leaderboard`."""

    dataset: str
    backend: str
    documents: int
    failures: int
    labelled_documents: int
    accurate_documents: int
    whole_document_accuracy: float | None
    whole_document_accuracy_low: float | None
    whole_document_accuracy_high: float | None
    seconds_per_document: float | None
    seconds_median: float | None
    seconds_median_low: float | None
    seconds_median_high: float | None
    cost_per_document: float | None
    cost_median: float | None
    cost_median_low: float | None
    cost_median_high: float | None
    reported: bool
    fingerprints: tuple[str, ...]


def summarise_backend(
    dataset: str, backend: str, scores: ScoreColumns, runs: Sequence[ExtractionRun], seed: int
) -> BackendSummary:
    """Sum up whole documents, time and cost."""
    labelled, accurate = _whole_documents(scores)
    accuracy_interval = wilson(accurate, labelled)

    seconds = known([run.seconds for run in runs])
    costs = known([run.cost for run in runs])
    if len(costs) < len(runs):
        costs = []  # a mean over the known part would make a backend look cheaper or dearer than it is
    seconds_interval = bootstrap_median(seconds, seed=seed)
    cost_interval = bootstrap_median(costs, seed=seed)
    return BackendSummary(
        dataset=dataset,
        backend=backend,
        documents=len(runs),
        failures=sum(bool(run.failed) for run in runs),
        labelled_documents=labelled,
        accurate_documents=accurate,
        whole_document_accuracy=rate(accurate, labelled),
        whole_document_accuracy_low=low(accuracy_interval),
        whole_document_accuracy_high=high(accuracy_interval),
        seconds_per_document=mean(seconds),
        seconds_median=median(seconds) if seconds else None,
        seconds_median_low=low(seconds_interval),
        seconds_median_high=high(seconds_interval),
        cost_per_document=mean(costs),
        cost_median=median(costs) if costs else None,
        cost_median_low=low(cost_interval),
        cost_median_high=high(cost_interval),
        reported=any(run.reported for run in runs),
        fingerprints=tuple(sorted({run.fingerprint for run in runs if run.fingerprint})),
    )


def _whole_documents(scores: ScoreColumns) -> tuple[int, int]:
    """How many documents have a labelled value, and in how many of them every value is right."""
    import numpy as np

    if not len(scores):
        return 0, 0
    document, outcome = scores["document_id"], scores["outcome"]
    labelled, wrong = (
        np.unique(document[np.isin(outcome, [CODES[name] for name in names], invert=invert)])
        for names, invert in ((LABELLED, False), (RIGHT, True))
    )
    return len(labelled), len(np.setdiff1d(labelled, wrong, assume_unique=True))
