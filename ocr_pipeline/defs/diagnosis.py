"""Assets of the group `diagnosis`: why values are wrong, how sure they are, which labels are doubtful, what backends agree
on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.metadata import KINDS, OWNERS, preview, table_metadata
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.diagnosis.agreement import consensus as find_consensus
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.evaluation.diagnosis.confidence import Calibrated, Value, calibrate
from ocr_pipeline.evaluation.diagnosis.features import value_features
from ocr_pipeline.evaluation.diagnosis.label_issues import label_issues as find_label_issues
from ocr_pipeline.evaluation.diagnosis.stage import attribution_rows, transcript_issues
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import utc_now
from ocr_pipeline.warehouse.tables.documents import DocumentRow

ASSETS = ("label_issues", "attributions", "confidences", "consensus")
CONFIDENCE_TABLES = ("confidences", "calibrations", "reliability", "risk_coverage")


def diagnosis_assets(configured: Backends, rules: Rules) -> list[dg.AssetsDefinition]:
    """`label_issues`, `attributions`, `confidences` and `consensus`."""
    competitors = [name for name in configured if not _is_control(configured, name)]

    @dg.asset(
        deps=["field_scores", "duplicates"],
        group_name="diagnosis",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("label_issues"),
    )
    def label_issues(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Labels that backends agree against, that break arithmetic, or that differ between copies: the queue of
        `ocr-pipeline labels review`. What was reviewed is not in it."""
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.valid_labels(snapshot)
            values, groups = (
                tables.extractions.extracted_values(snapshot, competitors),
                tables.documents.groups(snapshot),
            )
            reviewed = tables.labels.reviewed(snapshot)
            scores = tables.scores.scores(snapshot, list(configured), SCORING_VERSION, rules.fingerprint)
        transcripts = _transcripts(configured)
        typed = (
            transcript_issues(
                scores,
                transcripts=transcripts,
                engines=list(dict.fromkeys(e for name in competitors if (e := configured[name].engine_name))),
                texts=lambda engine, ids: tables.words.ocr_texts(target, engine, ids),
            )
            if transcripts
            else []
        )
        there = {key: label for key, label in labels.items() if key in _there(documents)}
        made_of = {name: (configured[name].engine_name, configured[name].extractor_type) for name in competitors}
        found = [
            {
                **asdict(issue),
                "dataset": documents[issue.document_id].dataset,
                "run_id": context.run.run_id,
                "found_at": utc_now(),
            }
            for issue in find_label_issues(there, values, made_of, groups, typed)
            if (issue.document_id, issue.field) not in reviewed
        ]
        target.replace_all({"label_issues": found})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "preview": preview(found, ["document_id", "field", "label", "value", "reason"], project.document_link),
            }
        )

    @dg.asset(
        deps=["field_scores", label_issues],
        group_name="diagnosis",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata(
            "attributions",
            {
                **{name: f"field_scores.{name}" for name in ("outcome", "truth", "prediction")},
                "attribution": "field_scores.outcome field_scores.truth field_scores.prediction label_issues.reason",
            },
        ),
    )
    def attributions(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """For each value that is wrong, missing or spurious: OCR, selection, normalisation, spurious, label, failure."""
        target = warehouse.warehouse()
        backends = list(configured)
        with target.snapshot() as snapshot:
            scores = tables.scores.scores(snapshot, backends, SCORING_VERSION, rules.fingerprint)
            evidence = {name: tables.evidence.evidence(snapshot, name) for name in backends}
            failures = {name: tables.extractions.failures(snapshot, name) for name in backends}
            doubtful, kept = snapshot.rows("FROM label_issues"), snapshot.rows("FROM attributions")
            read = tables.words.readings(snapshot)
        rows = attribution_rows(
            scores,
            engines={name: configured[name].engine_name for name in backends},
            transcripts=_transcripts(configured),
            control_of=_controls(configured),
            texts=lambda engine, documents: tables.words.ocr_texts(target, engine, documents),
            evidence=evidence,
            failures=failures,
            issues=doubtful,
            read=read,
            kept=kept,
        )
        stamp = {"run_id": context.run.run_id, "judged_at": utc_now()}
        new = [row for row in rows if "run_id" not in row]
        target.replace_all({"attributions": [{**stamp, **row} for row in rows]})
        counts = Counter(row["attribution"] for row in rows)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "judged_now": len(new),
                **{attribution: counts[attribution] for attribution in ATTRIBUTIONS},
                "preview": preview(
                    rows, ["document_id", "backend", "field", "attribution", "reason"], project.document_link
                ),
            }
        )

    @dg.asset(
        deps=["field_scores", "duplicates"],
        group_name="diagnosis",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("confidences", {"correct": "field_scores.outcome"}),
    )
    def confidences(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """How probably each value is right, calibrated on other documents; how well that holds; and what can be accepted
        without a look."""
        target = warehouse.warehouse()
        new_rows: dict[str, list[dict[str, Any]]] = {table: [] for table in CONFIDENCE_TABLES}
        with target.snapshot() as snapshot:
            documents, groups = tables.documents.documents(snapshot), tables.documents.groups(snapshot)
            given = tables.extractions.extracted_values(snapshot, competitors)
            scores = tables.scores.scores(snapshot, competitors, SCORING_VERSION, rules.fingerprint)
            evidence = {name: tables.evidence.evidence(snapshot, name) for name in competitors}
            margins = {name: tables.evidence.margins(snapshot, name) for name in competitors}
            words = {name: tables.evidence.word_confidences(snapshot, name) for name in competitors}
            logprobs = {name: tables.evidence.logprobs(snapshot, name) for name in competitors}
        stamp = {"run_id": context.run.run_id, "computed_at": utc_now()}
        for backend in competitors:
            correct = {
                (row["document_id"], row["field"]): row["outcome"] in ("correct", "both_empty")
                for row in scores
                if row["backend"] == backend
            }
            values = value_features(
                backend,
                given,
                correct=correct,
                groups=groups,
                evidence=evidence[backend],
                margins=margins[backend],
                word_confidences=words[backend],
                logprobs=logprobs[backend],
            )
            by_dataset: dict[str, list[Value]] = {}
            for value in values:
                by_dataset.setdefault(documents[value.document_id].dataset, []).append(value)
            for dataset, of_dataset in by_dataset.items():
                key = {"dataset": dataset, "backend": backend}
                _add_confidences(new_rows, key, of_dataset, calibrate(of_dataset), stamp)
        target.replace_all(new_rows)
        calibrations = new_rows["calibrations"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(new_rows["confidences"]),
                "calibrations": preview(
                    calibrations, ["dataset", "backend", "status", "message", "documents", "ece", "ece_by_chance"]
                ),
            }
        )

    @dg.asset(
        deps=["extractions", "ground_truth"],
        group_name="diagnosis",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("consensus"),
    )
    def consensus(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """What most backends say about each field of each document, labelled or not, and how far they agree."""
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.valid_labels(snapshot)
            given = tables.extractions.extracted_values(snapshot, competitors)
        rows = [
            {
                **asdict(entry),
                "dataset": documents[document_id].dataset,
                "labelled": document_id in labels and entry.field in labels[document_id].labelled_fields,
                "run_id": context.run.run_id,
                "computed_at": utc_now(),
            }
            for document_id, values in given.items()
            for entry in find_consensus(document_id, values)
        ]
        target.replace_all({"consensus": rows})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "preview": preview(rows, ["document_id", "field", "value", "agreeing", "backends", "agreement"]),
            }
        )

    return [label_issues, attributions, confidences, consensus]


def _there(documents: Mapping[str, DocumentRow]) -> set[str]:
    return {key for key, row in documents.items() if not row.file_deleted}


def _transcripts(configured: Backends) -> str | None:
    """The engine that reads transcripts."""
    return next((name for name, engine in configured.engines.items() if engine.capabilities.reads_transcripts), None)


def _is_control(configured: Backends, backend: str) -> bool:
    engine = configured[backend].engine
    return engine is not None and engine.capabilities.reads_transcripts


def _controls(configured: Backends) -> dict[str, str]:
    """The backend with the same extractor and settings on transcripts, of each backend that has one."""
    controls = {configured[name].fingerprint: name for name in configured if _is_control(configured, name)}
    return {
        name: controls[backend.fingerprint]
        for name, backend in configured.items()
        if backend.engine and not _is_control(configured, name) and backend.fingerprint in controls
    }


def _add_confidences(
    new_rows: dict[str, list[dict[str, Any]]],
    key: Mapping[str, str],
    values: Sequence[Value],
    result: Calibrated,
    stamp: Mapping[str, object],
) -> None:
    """Rows of one data set and backend."""
    for value, confidence, fold in zip(values, result.confidences, result.folds, strict=True):
        columns = {name: getattr(value, name) for name in ("document_id", "field", "prediction", "correct", "features")}
        new_rows["confidences"].append({**key, **columns, "confidence": confidence, "fold": fold, **stamp})
    new_rows["calibrations"].append({**key, **asdict(result.calibration), **stamp})
    new_rows["reliability"] += [{**key, **asdict(one)} for one in result.reliability]
    new_rows["risk_coverage"] += [{**key, **asdict(one)} for one in result.acceptance]
