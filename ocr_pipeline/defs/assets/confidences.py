"""`confidences`: how probably each value is right."""

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.assets.judges import made_by
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.diagnosis.confidence import Value, calibrate
from ocr_pipeline.evaluation.diagnosis.features import value_features
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.extraction.rules.fields.doubts import LIMITS
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.confidence import NewConfidences
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.due import Due

READ = ("document", "labels", "group", "words", "results", "scores", "scale_suspects")


def confidences_asset() -> dg.AssetsDefinition:
    """`confidences`."""

    @dg.asset(
        name="confidences",
        deps=["field_scores", "duplicates", "scale_suspects"],
        **asset_options("diagnosis", "confidences", lineage={"correct": "field_scores.outcome"}),
    )
    @readable_failure
    def confidences(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """How probably each value is right, calibrated on other documents; how well that holds; and what could be
        accepted without review."""
        configured, rules = project.backends(), project.rules()
        target = warehouse.warehouse()
        made = tables.findings.content_of("confidences", [made_by(configured, rules), LIMITS])
        with target.snapshot() as snapshot:
            due = tables.due.due(snapshot, "confidences", made, READ)
        for part in due.parts():
            _collect(target, configured, rules, part, made)
        with target.snapshot() as snapshot:
            contents = tables.confidence.values_from(snapshot)
            before = tables.confidence.calibrated_from(snapshot)
        current = {key for key, content in contents.items() if before.get(key) == content}
        new = [_calibrated(target, *key, content) for key, content in contents.items() if key not in current]
        if new or before.keys() - contents.keys():
            tables.confidence.replace_calibrations(target, new, current, context.run.run_id)
        with target.snapshot() as snapshot:
            calibrations = tables.confidence.calibrations(snapshot, {})
            count = tables.confidence.number_of_values(snapshot)
        shown = ["dataset", "backend", "status", "message", "documents", "ece", "ece_by_chance"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": count,
                "looked_at_now": len(due.contents),
                "calibrated_now": len(new),
                "calibrations": preview(calibrations, shown),
            }
        )

    return confidences


def _collect(target: Warehouse, configured: Backends, rules: Rules, due: Due, made: str) -> None:
    """Store the values of the documents that are due, with what is known about them; not again those that are the same."""
    by_cell: dict[tuple[str, str], tuple[str, list[Value]]] = {}
    for (dataset, backend), values in _values(target, configured, rules, due).items():
        for value in values:
            by_cell.setdefault((value.document_id, backend), (dataset, []))[1].append(value)
    now = {
        cell: (dataset, tables.findings.content_of("confidences", [made, dataset, list(map(vars, values))]))
        for cell, (dataset, values) in by_cell.items()
    }
    with target.snapshot() as snapshot:
        before = tables.confidence.contents_of(snapshot, [*due.contents, *due.gone])
    changed = [cell for cell in dict.fromkeys([*before, *now]) if before.get(cell) != now.get(cell)]
    touched = {(state[cell][0], cell[1]) for cell in changed for state in (before, now) if cell in state}
    contents: dict[str, dict[str, str]] = {document_id: {} for document_id in due.contents}
    for (document_id, backend), (_, content) in now.items():
        contents[document_id][backend] = content
    rows = [
        row
        for cell in changed
        if cell in by_cell
        for row in tables.confidence.new_value_rows(by_cell[cell][1], by_cell[cell][0], cell[1])
    ]
    tables.due.replace_due(target, due, {}, contents, tables.confidence.replaced_values(changed, rows, sorted(touched)))


def _calibrated(target: Warehouse, dataset: str, backend: str, content: str) -> NewConfidences:
    with target.snapshot() as snapshot:
        values = tables.known_values.value_columns(snapshot, backend, dataset)
    return NewConfidences(dataset=dataset, backend=backend, values=values, content=content, result=calibrate(values))


def _values(target: Warehouse, configured: Backends, rules: Rules, due: Due) -> dict[tuple[str, str], list[Value]]:
    """The values of the documents that are due with what is known about them, by data set and backend."""
    backends = configured.competitors
    with target.snapshot(only=due.documents) as snapshot:
        datasets, groups = tables.documents.datasets(snapshot), tables.documents.groups(snapshot)
        extracted = tables.extractions.extracted_values(snapshot, backends)
        scores = tables.scores.current(snapshot, Scoring.by(backends, rules))
        evidence = {backend: tables.evidence.evidence(snapshot, backend) for backend in backends}
        margins = {backend: tables.evidence.margins(snapshot, backend) for backend in backends}
        words = {backend: tables.evidence.word_confidences(snapshot, backend) for backend in backends}
        logprobs = {backend: tables.evidence.logprobs(snapshot, backend) for backend in backends}
        limits = {backend: tables.evidence.confidence_limits(snapshot, backend, LIMITS) for backend in backends}
        for row in tables.scale.scale_suspects(snapshot):
            limits.get(row.backend, {})[row.document_id, row.field] = LIMITS["open_scale"]
    sure = {
        backend: {key: known.score for key, known in evidence[backend].items()}
        for backend in backends
        if configured[backend].capabilities.calibrated  # its evidence has probabilities as scores
    }
    values: dict[tuple[str, str], list[Value]] = {}
    for backend in backends:
        for value in value_features(
            backend,
            extracted,
            correct={(row.document_id, row.field): row.is_right for row in scores if row.backend == backend},
            groups=groups,
            evidence=evidence[backend],
            margins=margins[backend],
            word_confidences=words[backend],
            logprobs=logprobs[backend],
            calibrated=sure,
            limits=limits[backend],
        ):
            values.setdefault((datasets[value.document_id], backend), []).append(value)
    return values
