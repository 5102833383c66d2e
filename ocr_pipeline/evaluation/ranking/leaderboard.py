"""From the scores of single documents to a leaderboard: per field, over all fields, and per backend.

Groups are (dataset, backend): data sets are not mixed, because their documents and labels are not comparable.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from ocr_pipeline.document_fields import in_display_order
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.runs import BackendSummary, ExtractionRun, summarise_backend
from ocr_pipeline.evaluation.ranking.standing import Standing
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary, summarise_field, summarise_list
from ocr_pipeline.evaluation.scoring.line_items import StoredList
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION

Group = tuple[str, str]
"""(dataset, backend)."""

_T = TypeVar("_T", ExtractionRun, StoredScore, StoredList)


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """The summaries of one evaluation, and what they were made from."""

    fields: tuple[FieldSummary, ...]
    """By dataset and backend; in each group `all_fields` first, then the fields in display order, then the lists."""
    backends: tuple[BackendSummary, ...]
    """By dataset and backend."""
    label_version: str
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
    scores: Iterable[StoredScore],
    runs: Iterable[ExtractionRun],
    *,
    lists: Iterable[StoredList] = (),
    label_version: str,
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
    scores_of, lists_of, runs_of = _grouped(scores), _grouped(lists), _grouped(runs)
    for group in scores_of.keys() | lists_of.keys() | runs_of.keys():
        _check(scores_of[group], lists_of[group], runs_of[group])

    fields: list[FieldSummary] = []
    backends: list[BackendSummary] = []
    for group in sorted(runs_of):
        fields += _summarise_fields(group, scores_of[group], lists_of[group], seed)
        backends.append(summarise_backend(*group, scores_of[group], runs_of[group], seed))
    return Leaderboard(
        fields=tuple(fields),
        backends=tuple(backends),
        label_version=label_version,
        scoring_version=SCORING_VERSION,
        evaluated_at=evaluated_at,
    )


def _grouped(rows: Iterable[_T]) -> dict[Group, list[_T]]:
    groups: dict[Group, list[_T]] = defaultdict(list)
    for row in rows:
        groups[row.dataset, row.backend].append(row)
    return groups


def _summarise_fields(
    group: Group, scores: Sequence[StoredScore], lists: Sequence[StoredList], seed: int
) -> list[FieldSummary]:
    by_field: dict[str, list[StoredScore]] = {field: [] for field in in_display_order(score.field for score in scores)}
    for score in scores:
        by_field.setdefault(score.field, []).append(score)
    summaries = [summarise_field(*group, ALL_FIELDS, scores, seed)]
    summaries += [summarise_field(*group, field, part, seed) for field, part in by_field.items() if part]
    for name in in_display_order(row.list for row in lists):
        part = [row for row in lists if row.list == name]
        if part:
            summaries.append(summarise_list(*group, name, "rows", part, seed))
            summaries.append(summarise_list(*group, name, "cells", part, seed))
    return summaries


def _check(scores: Sequence[StoredScore], lists: Sequence[StoredList], runs: Sequence[ExtractionRun]) -> None:
    ran = Counter(run.document_id for run in runs)
    scored = Counter((score.document_id, score.field) for score in scores)
    scored.update((row.document_id, row.list) for row in lists)
    for document_id, times in ran.items():
        if times > 1:
            raise ValueError(f"document {document_id} ran {times} times for one backend")
    for (document_id, field), times in scored.items():
        if times > 1:
            raise ValueError(f"{field} of document {document_id} is scored {times} times for one backend")
        if document_id not in ran:
            raise ValueError(f"document {document_id} has scores but no run")
