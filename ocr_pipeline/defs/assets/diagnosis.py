"""Assets of the group `diagnosis`: causes of errors, confidences, doubtful labels, and what backends agree on."""

from collections.abc import Mapping
from functools import partial

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.independence import backend_voices
from ocr_pipeline.defs.assets.confidences import confidences_asset
from ocr_pipeline.defs.assets.judges import made_by, sources_of, transcripts_of
from ocr_pipeline.defs.assets.label_issues import label_issues_asset
from ocr_pipeline.defs.assets.review import review_asset
from ocr_pipeline.defs.assets.scale import scale_asset
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import PREVIEW_ROWS, asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.diagnosis.agreement import consensus as find_consensus
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.evaluation.diagnosis.stage import Findings, attribution_rows
from ocr_pipeline.evaluation.diagnosis.truth import compare_sources
from ocr_pipeline.evaluation.diagnosis.voices import Voice
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.due import Due

ASSETS = ("label_issues", "attributions", "confidences", "review", "consensus", "scale_suspects")
ATTRIBUTED_FROM = ("document", "labels", "words", "results", "scores", "label_issues")


def diagnosis_assets() -> list[dg.AssetsDefinition]:
    """`label_issues`, `attributions`, `confidences`, `review`, `consensus` and `scale_suspects`."""
    return [
        label_issues_asset(),
        _attributions(),
        confidences_asset(),
        review_asset(),
        _consensus(),
        scale_asset(),
    ]


def _attributions() -> dg.AssetsDefinition:
    lineage = {
        **{name: f"field_scores.{name}" for name in ("outcome", "truth", "prediction")},
        "attribution": "field_scores.outcome field_scores.truth field_scores.prediction label_issues.reason",
    }

    @dg.asset(deps=["field_scores", "label_issues"], **asset_options("diagnosis", "attributions", lineage=lineage))
    @readable_failure
    def attributions(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """The cause of each wrong, missing or spurious value: OCR, selection, normalisation, spurious, label, failure."""
        configured, rules = project.backends(), project.rules()
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            due = tables.due.due(snapshot, "attributions", made_by(configured, rules), ATTRIBUTED_FROM)
        judged_now = 0
        for part in due.parts():
            rows = _judged(target, configured, rules, part)
            new_rows = tables.diagnosis.attribution_rows(rows, context.run.run_id)
            tables.due.replace_due(target, part, {"attributions": new_rows})
            judged_now += sum(row.judged_at is None for row in rows)
        with target.snapshot() as snapshot:
            counts, first = tables.diagnosis.first_attributions(snapshot, PREVIEW_ROWS)
        columns = ["document_id", "backend", "field", "attribution", "reason"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(counts.values()),
                "judged_now": judged_now,
                **{attribution: counts.get(attribution, 0) for attribution in ATTRIBUTIONS},
                "preview": preview(first, columns, project.document_link, count=sum(counts.values())),
            }
        )

    return attributions


def _judged(target: Warehouse, configured: Backends, rules: Rules, due: Due) -> list[AttributionRow]:
    """The attributions of the documents that are due."""
    backends = list(configured)
    with target.snapshot(only=due.documents) as snapshot:
        findings = Findings(
            scores=tables.scores.current(snapshot, Scoring.by(backends, rules)),
            engines={name: configured[name].engine_name for name in backends},
            transcripts=transcripts_of(configured),
            control_of=_controls(configured),
            evidence={name: tables.evidence.evidence(snapshot, name) for name in backends},
            failures={name: tables.extractions.failures(snapshot, name) for name in backends},
            issues=tables.diagnosis.label_issues(snapshot),
            recognised=tables.words.readings(snapshot),
        )
        kept = tables.diagnosis.attributions(snapshot)
    return attribution_rows(findings, partial(tables.words.ocr_texts, target), kept)


def _consensus() -> dg.AssetsDefinition:
    @dg.asset(deps=["extractions", "ensembles", "ground_truth"], **asset_options("diagnosis", "consensus"))
    @readable_failure
    def consensus(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """What most backends extracted for each field of each document, labelled or not, and how far they agree; and whether
        page, codes and XML do (table `truth_agreement`)."""
        configured = project.backends()
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            voices = backend_voices(configured, tables.extractions.reported_models(snapshot))
            made = made_by(configured, voices=voices)
            due = tables.due.due(snapshot, "consensus", made, ("document", "labels", "results"))
        for part in due.parts():
            tables.due.replace_due(target, part, _agreed(target, configured, voices, part, context.run.run_id))
        with target.snapshot() as snapshot:
            count, first = tables.diagnosis.first_consensus(snapshot, PREVIEW_ROWS)
        shown = ["document_id", "field", "value", "agreeing", "backends", "agreement"]
        return dg.MaterializeResult(
            metadata={"dagster/row_count": count, "preview": preview(first, shown, count=count)}
        )

    return consensus


def _agreed(
    target: Warehouse, configured: Backends, voices: Mapping[str, Voice], due: Due, run_id: str
) -> tables.NewRows:
    """The rows of the documents that are due, by table."""
    with target.snapshot(only=due.documents) as snapshot:
        datasets, labels = tables.documents.datasets(snapshot), tables.labels.valid_labels(snapshot)
        values = tables.extractions.extracted_values(snapshot, configured.witnesses)
        sources = sources_of(snapshot, configured)
    entries = [entry for key, of_document in values.items() for entry in find_consensus(key, of_document, voices)]
    labelled = {(key, field) for key, label in labels.items() for field in label.labelled_fields}
    compared = [row for key, of_document in sources.items() for row in compare_sources(key, *of_document)]
    return {
        "consensus": tables.diagnosis.consensus_rows(entries, datasets, labelled, run_id),
        "truth_agreement": tables.truth.agreement_rows(compared, datasets, run_id),
    }


def _controls(configured: Backends) -> dict[str, str]:
    """The backend with the same extractor and settings on transcripts, of each backend that has one."""
    controls = {configured[name].fingerprint: name for name in configured if configured[name].reads_transcripts}
    return {
        name: controls[backend.fingerprint]
        for name, backend in configured.items()
        if backend.engine and not backend.reads_transcripts and backend.fingerprint in controls
    }
