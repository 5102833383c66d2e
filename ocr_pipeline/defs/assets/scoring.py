"""The asset `field_scores`: every extracted value compared with its label."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import get_args

import dagster as dg

from ocr_pipeline.defs._dagster import add_cell_metadata
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import PREVIEW_ROWS, asset_options, preview
from ocr_pipeline.defs.partitions import Partitions, asked_for
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.scoring.document import Comparer
from ocr_pipeline.evaluation.scoring.places import score_places
from ocr_pipeline.evaluation.scoring.repeats import score_repeats
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.stage import StoredScore, score_backend
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Counts, Outcome
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import Label
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.labels import LabelRow
from ocr_pipeline.warehouse.tables.scored import Cell
from ocr_pipeline.warehouse.tables.scores import NewScores

_LINEAGE = {
    "truth": "ground_truth.label_sha256",
    "label_sha256": "ground_truth.label_sha256",
    **{name: f"extractions.{name}" for name in ("engine_fingerprint", "extractor_fingerprint", "result_key")},
}


def scoring_assets(partitions: Partitions, rules: Rules) -> list[dg.AssetsDefinition]:
    """`field_scores`."""

    @dg.asset(
        partitions_def=partitions.backends,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            # Dagster maps one dimension to a partitions definition only if both have the same keys; here, each has a part.
            dg.AssetDep("extractions", partition_mapping=dg.AllPartitionMapping()),
            dg.AssetDep("ensembles", partition_mapping=dg.AllPartitionMapping()),
            dg.AssetDep("ground_truth", partition_mapping=dg.AllPartitionMapping()),
        ],
        **asset_options("evaluation", "field_scores", version=scores_version(rules), lineage=_LINEAGE),
    )
    @readable_failure
    def field_scores(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Extracted fields, line items and tax lines compared with labels: correct, wrong, spurious, missing, both empty."""
        target, backends, rules = warehouse.warehouse(), asked_for(context), project.rules()
        made_by = f"{version('ocr_pipeline')} {scores_version(rules)}"
        with target.snapshot() as snapshot:
            now = tables.scored.scorable(snapshot, backends, made_by)
            cells = tables.scored.changed(now, tables.scored.scored(snapshot, backends))
        parts = parts_of_cells(cells, CELLS_AT_A_TIME)
        progress.start("scores", len(backends) * len(parts))
        for part in parts:
            scores: list[NewScores] = []
            labels, comparer = _Labels(), Comparer(rules)  # what they have loaded and compared ends with the part
            for backend in backends:
                if documents := [document_id for document_id, of_backend in part if of_backend == backend]:
                    scores.append(_score(target, backend, documents, labels, comparer))
                progress.advance("scores", cached=not documents, failed=False)
            made_from = tables.scored.rows({cell: now.get(cell) for cell in part})
            tables.scores.replace_scores(
                target, scores, rules=rules, run_id=context.run.run_id, cells=part, scored_cells=made_from
            )
        with target.snapshot() as snapshot:
            counts = tables.scored.outcomes(snapshot, backends)
            wrong = {backend: tables.scored.wrong(snapshot, backend, limit=PREVIEW_ROWS) for backend in backends}
        scored = Counter(backend for _, backend in cells)
        for backend in backends:
            metadata = _metadata(counts[backend], wrong[backend], project)
            add_cell_metadata(context, backend, {"scored_now": scored[backend], **metadata})
        return dg.MaterializeResult()

    return [field_scores]


def scores_version(rules: Rules) -> str:
    """Code version of everything that is made from scores."""
    own = "".join(f"-{made_by}" for made_by in rules.own_fingerprints.values())
    return f"{SCORING_VERSION}-{rules.fingerprint}{own}"


CELLS_AT_A_TIME = 50_000
"""Scored and written together: what they were extracted to and their scores take about 400 MB."""


def parts_of_cells(cells: Sequence[Cell], most: int) -> list[Sequence[Cell]]:
    """The sorted cells in parts of neighbouring documents; each document is in one part. At least one part."""
    starts = [0]
    for index in range(1, len(cells)):
        if index - starts[-1] >= most and cells[index][0] != cells[index - 1][0]:
            starts.append(index)
    return [cells[start:end] for start, end in zip(starts, [*starts[1:], len(cells)], strict=True)]


class _Labels:
    """The valid labels, loaded once for all backends that are to score the same documents."""

    def __init__(self) -> None:
        self._rows: Mapping[str, LabelRow] | None = None
        self._labels: Mapping[str, Label] = {}

    def load(self, snapshot: Reader) -> Mapping[str, Label]:
        rows = tables.labels.labels(snapshot)
        if rows != self._rows:
            self._rows, self._labels = rows, tables.labels.valid_labels(snapshot)
        return self._labels


def _score(
    target: Warehouse, backend: str, document_ids: Sequence[str], known: _Labels, comparer: Comparer
) -> NewScores:
    """The scores of these documents; of those without a valid label or a result there are none."""
    with target.snapshot(only=document_ids) as snapshot:
        labels, origins = known.load(snapshot), tables.scores.origins(snapshot, backend)
        extractions = tables.extractions.extractions(snapshot, backend)
        printed = tables.evidence.printed_dates(snapshot, backend)
        spots = tables.places.spots(snapshot, backend)
        answers = tables.repeats.answers(snapshot, backend)
    datasets = {document_id: origin.dataset for document_id, origin in origins.items()}
    documents = score_backend(backend, labels, extractions, datasets, comparer, printed_dates=printed)
    places = [
        place
        for document in documents
        for place in score_places(document, labels[document.document_id].boxes, spots.get(document.document_id, {}))
    ]
    repeats = {
        number: score_backend(backend, labels, of_number, datasets, comparer) for number, of_number in answers.items()
    }
    return NewScores(
        backend=backend,
        documents=documents,
        origins=origins,
        places=places,
        repeats=score_repeats({1: documents, **repeats}),
    )


def _metadata(
    outcomes: Mapping[Outcome, int], wrong: Sequence[StoredScore], project: ProjectResource
) -> dict[str, object]:
    counts = Counts(*(outcomes.get(outcome, 0) for outcome in get_args(Outcome)))
    columns = ["document_id", "field", "outcome", "truth", "prediction"]
    not_right = sum(count for outcome, count in outcomes.items() if outcome not in RIGHT)
    return {
        "dagster/partition_row_count": counts.total,
        **vars(counts),
        "not_correct": preview(wrong, columns, project.document_link, count=not_right),
    }
