"""The ranking stage: scores of documents in, leaderboard, comparisons, slices and history out."""

import hashlib
import json
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import product
from types import MappingProxyType

from ocr_pipeline.evaluation.ranking.columns import ScoreColumns
from ocr_pipeline.evaluation.ranking.history import Evaluation, evaluations
from ocr_pipeline.evaluation.ranking.leaderboard import Group, Leaderboard, LeaderboardRow, leaderboard
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, Outcomes, outcomes_by_dataset
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE, Comparison, compare_under_rules
from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.evaluation.ranking.sensitivity import RuleSensitivity, rule_sensitivity
from ocr_pipeline.evaluation.ranking.slices import (
    DIMENSIONS,
    DocumentFeatures,
    Slice,
    confidence_band,
    slice_of,
    summarise_slices,
)
from ocr_pipeline.evaluation.ranking.standing import Offer, Standing, pareto_front, standings
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary
from ocr_pipeline.evaluation.scoring.line_items import StoredList
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.evaluation.scoring.stage import label_versions
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.schemas import Label


def leaderboard_rows(
    scores: ScoreColumns,
    lists: Iterable[StoredList],
    runs: Sequence[ExtractionRun],
    labels: Mapping[str, Label],
    datasets: Mapping[str, str],
    backends: Sequence[str],
    not_run: Callable[[str, str], str | None],
    rules: Rules = DEFAULT_RULES,
    applies: Callable[[str, str], bool] = lambda backend, document_id: True,
) -> tuple[list[LeaderboardRow], list[FieldSummary]]:
    """Make the rows of `leaderboard` and `leaderboard_fields` from the current scores and the runs that count.

    Args:
        labels: the valid labels of the documents that can be scored.
        datasets: the data set of each of these documents.
        backends: every configured backend.
        not_run: why a backend cannot run on a data set, (dataset, backend); None if it can.
        applies: whether a backend has anything to do for a document, (backend, document).
    """
    now = datetime.now(UTC)
    board = leaderboard(scores, runs, lists=lists, evaluated_at=now)
    at = now.replace(tzinfo=None).isoformat(sep=" ")
    row_of = partial(LeaderboardRow, scoring_version=board.scoring_version, rules=rules.fingerprint, evaluated_at=at)
    versions = label_versions(labels, datasets)
    front, standing_of = _pareto(board), _standings(scores, runs)
    scored = {backend: set(part.used("document_id")) for (backend,), part in scores.by("backend")}
    missing = partial(_missing, datasets, scored, applies)
    rows = [
        row_of(
            dataset=summary.dataset,
            backend=summary.backend,
            status="ok",
            missing_documents=missing(summary.dataset, summary.backend),
            label_version=versions.get(summary.dataset),
            summary=summary,
            standing=standing_of.get((summary.dataset, summary.backend)),
            pareto=front[summary.dataset, summary.backend],
        )
        for summary in board.backends
    ]
    ran = {(row.dataset, row.backend) for row in rows}
    rows += [
        row_of(
            dataset=dataset,
            backend=backend,
            status="not_run",
            message=not_run(dataset, backend) or "not requested yet",
            missing_documents=missing(dataset, backend),
            label_version=versions[dataset],
        )
        for dataset, backend in product(versions, backends)
        if (dataset, backend) not in ran
    ]
    return rows, list(board.fields)


def _missing(
    datasets: Mapping[str, str],
    scored: Mapping[str, Container[str]],
    applies: Callable[[str, str], bool],
    dataset: str,
    backend: str,
) -> int:
    """How many labelled documents have no score of a backend that has something to do for them."""
    unscored = (key for key, name in datasets.items() if name == dataset and key not in scored.get(backend, ()))
    return sum(applies(backend, key) for key in unscored)


def _standings(scores: ScoreColumns, runs: Sequence[ExtractionRun]) -> dict[Group, Standing]:
    failed = {(run.backend, run.document_id) for run in runs if run.failed}
    cubes = outcomes_by_dataset(scores, "outcome")
    return {(row.dataset, row.backend): row for cube in cubes for row in standings(cube, failed)}


def _pareto(board: Leaderboard) -> dict[Group, bool | None]:
    f1_of = {(row.dataset, row.backend): row.f1 for row in board.fields if row.field == ALL_FIELDS}
    offers: dict[str, dict[str, Offer]] = {}
    for row in board.backends:
        offer = Offer(f1_of.get((row.dataset, row.backend)), row.cost_per_document, row.seconds_per_document)
        offers.setdefault(row.dataset, {})[row.backend] = offer
    return {
        (dataset, backend): is_on_front
        for dataset, of_dataset in offers.items()
        for backend, is_on_front in pareto_front(of_dataset).items()
    }


Levels = Mapping[str, Sequence[Outcomes]]
"""By name of the rules, including the headline's, the outcomes of each data set."""


def levels_of(columns: ScoreColumns, rules: Sequence[str]) -> Levels:
    """`columns`: with outcomes by each of `rules`."""
    return {name: outcomes_by_dataset(columns, name) for name in rules}


def digest_of(levels: Levels) -> str:
    """Changes with every outcome, and so with everything that comparisons are made from."""
    digest = hashlib.sha256()
    for name, cubes in levels.items():
        for cube in cubes:
            digest.update(json.dumps([name, cube.dataset, cube.backends, cube.documents, cube.fields]).encode())
            digest.update(cube.codes.tobytes())
    return digest.hexdigest()


def comparison_rows(levels: Levels) -> tuple[list[Comparison], list[RuleSensitivity]]:
    """Make the rows of `comparisons` and `rule_sensitivity`."""
    comparisons = [
        row
        for position in range(len(levels[HEADLINE]))
        for row in compare_under_rules({name: cubes[position] for name, cubes in levels.items()})
    ]
    return comparisons, rule_sensitivity(comparisons)


def slice_rows(
    columns: ScoreColumns,
    features: Mapping[str, DocumentFeatures],
    confidences: Mapping[tuple[str, str], float],
) -> list[Slice]:
    """Make the rows of `leaderboard_slices`.

    Args:
        columns: with the headline's outcomes.
        features: of every document.
        confidences: mean confidence of the engine's words by (backend, document), if known.
    """

    def of_cube(cube: Outcomes, dimension: str) -> list[Slice]:
        if dimension == "confidence":
            return summarise_slices(cube, dimension, lambda *key: confidence_band(confidences.get(key)))
        slices = {name: slice_of(dimension, cube.dataset, features.get(name), None) for name in cube.documents}
        return summarise_slices(cube, dimension, lambda backend, document: slices[document])

    cubes = outcomes_by_dataset(columns, HEADLINE)
    return [row for cube in cubes for dimension in DIMENSIONS for row in of_cube(cube, dimension)]


def _on_all(cube: Outcomes, documents: Collection[str]) -> Outcomes:
    """The part of a data set that is in a test set, with the backends that were run on all of it."""
    import numpy as np

    part = cube.only(np.array([document in documents for document in cube.documents], dtype=bool))
    complete = np.array([bool(part.documents) and bool(flags.all()) for flags in part.ran()], dtype=bool)
    names = tuple(name for name, is_complete in zip(cube.backends, complete, strict=True) if is_complete)
    return Outcomes(cube.dataset, names, part.documents, part.fields, part.codes[complete])


def new_evaluations(
    columns: ScoreColumns,
    label_sha256: Mapping[str, str],
    runs: Iterable[ExtractionRun],
    versions: Mapping[str, str],
    latest: Mapping[tuple[str, str, str], str],
    rules: Rules = DEFAULT_RULES,
    testsets: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> list[Evaluation]:
    """Find the evaluations that differ from the last one of their data set, backend and test set.

    Args:
        columns: with the headline's outcomes.
        label_sha256: by document.
        runs: as in `leaderboard_rows`.
        versions: of the labels, by data set.
        latest: `content` of the last evaluation by (dataset, backend, test set with its version; empty: none).
        rules: the rules that the scores were made by.
        testsets: the documents of each test set, by name and version. A backend is evaluated on a test set if it was run on
            all of its documents.
    """
    fingerprints = {(run.backend, run.document_id): run.fingerprint or "" for run in runs}
    every = [
        evaluation
        for cube in outcomes_by_dataset(columns, HEADLINE)
        for evaluation in evaluations(
            cube, label_sha256, fingerprints, versions[cube.dataset], SCORING_VERSION, rules.fingerprint_of(cube.fields)
        )
    ]
    for title, documents in testsets.items():
        for cube in outcomes_by_dataset(columns, HEADLINE):
            part = _on_all(cube, documents)
            version = versions[cube.dataset]
            every += evaluations(
                part,
                label_sha256,
                fingerprints,
                version,
                SCORING_VERSION,
                rules.fingerprint_of(cube.fields),
                testset=title,
            )
    return [row for row in every if latest.get((row.dataset, row.backend, row.testset)) != row.content]
