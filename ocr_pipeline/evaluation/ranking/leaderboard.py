"""From the scores of single documents to a leaderboard: per field, over all fields, and per backend.

Groups are (dataset, backend): data sets are not mixed, because their documents and labels are not comparable.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from ocr_pipeline.document_fields import in_display_order
from ocr_pipeline.evaluation.ranking.columns import ScoreColumns
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.runs import BackendSummary, ExtractionRun, summarise_backend
from ocr_pipeline.evaluation.ranking.standing import Standing
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary, summarise_field, summarise_list
from ocr_pipeline.evaluation.scoring.line_items import StoredList
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION

Group = tuple[str, str]
"""(dataset, backend)."""

_T = TypeVar("_T", ExtractionRun, StoredList)


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """The summaries of one evaluation, and what they were made from."""

    fields: tuple[FieldSummary, ...]
    """By dataset and backend; in each group `all_fields` first, then the fields in display order, then the lists."""
    backends: tuple[BackendSummary, ...]
    """By dataset and backend."""
    scoring_version: int
    evaluated_at: datetime


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """A backend on a data set, whether it ran or not. The table `leaderboard` holds the parts in one row."""

    dataset: str
    backend: str
    status: Literal["ok", "not_run"]
    message: str | None = None
    """Why the backend was not run."""
    missing_documents: int
    """Labelled documents without a current score."""
    label_version: str | None
    scoring_version: int
    rules: str
    """Fingerprint of the rules of `evaluation.yaml`."""
    evaluated_at: str
    summary: BackendSummary | None = None
    standing: Standing | None = None
    read_from: Mapping[str, int] | None = None
    """How many values were read from the page, from codes and from XML."""
    pareto: bool | None = None
    """See `standing.pareto_front`."""


def leaderboard(
    scores: ScoreColumns,
    runs: Iterable[ExtractionRun],
    *,
    lists: Iterable[StoredList] = (),
    evaluated_at: datetime,
    seed: int = 0,
) -> Leaderboard:
    """Sum up every (dataset, backend) among `runs`.

    Raises:
        ValueError: a field is scored twice, a document ran twice, a score has no run, or `evaluated_at` has no time zone.
            Each would make a number wrong without showing.
    """
    if evaluated_at.tzinfo is None:
        raise ValueError("evaluated_at needs a time zone")
    lists_of, runs_of = _grouped(lists), _grouped(runs)
    scores_of = {(dataset, backend): part for (dataset, backend), part in scores.by("dataset", "backend")}
    for group in scores_of.keys() | lists_of.keys() | runs_of.keys():
        _check(scores_of.get(group, _NONE), lists_of[group], runs_of[group])

    fields: list[FieldSummary] = []
    backends: list[BackendSummary] = []
    for group in sorted(runs_of):
        of_group = scores_of.get(group, _NONE)
        fields += _summarise_fields(group, of_group, lists_of[group], seed)
        backends.append(summarise_backend(*group, of_group, runs_of[group], seed))
    return Leaderboard(
        fields=tuple(fields),
        backends=tuple(backends),
        scoring_version=SCORING_VERSION,
        evaluated_at=evaluated_at,
    )


def _grouped(rows: Iterable[_T]) -> dict[Group, list[_T]]:
    groups: dict[Group, list[_T]] = defaultdict(list)
    for row in rows:
        groups[row.dataset, row.backend].append(row)
    return groups


_NONE = ScoreColumns()


def _summarise_fields(group: Group, scores: ScoreColumns, lists: Sequence[StoredList], seed: int) -> list[FieldSummary]:
    import numpy as np

    by_document = np.argsort(scores["document_id"], kind="stable")
    fields, first = np.unique(scores["field"][by_document], return_index=True)
    names = [scores.names["field"][number] for number in fields[np.argsort(first)]]
    parts = {name: part for (name,), part in scores.by("field")}
    summaries = [summarise_field(*group, ALL_FIELDS, scores, seed)]
    summaries += [summarise_field(*group, name, parts[name], seed) for name in in_display_order(names)]
    for name in in_display_order(row.list for row in lists):
        part = [row for row in lists if row.list == name]
        if part:
            summaries.append(summarise_list(*group, name, "rows", part, seed))
            summaries.append(summarise_list(*group, name, "cells", part, seed))
    return summaries


def _check(scores: ScoreColumns, lists: Sequence[StoredList], runs: Sequence[ExtractionRun]) -> None:
    ran = Counter(run.document_id for run in runs)
    for document_id, times in ran.items():
        if times > 1:
            raise ValueError(f"document {document_id} ran {times} times for one backend")
    scored = Counter((row.document_id, row.list) for row in lists)
    scored.update(scores.repeated())
    for (document_id, name), times in scored.items():
        if times > 1:
            raise ValueError(f"{name} of document {document_id} is scored {times} times for one backend")
    for document_id in (*scores.used("document_id"), *(row.document_id for row in lists)):
        if document_id not in ran:
            raise ValueError(f"document {document_id} has scores but no run")
