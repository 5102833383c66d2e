"""Assets of the group `diagnosis`: causes of errors, confidences, doubtful labels, and what backends agree on."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import dagster as dg
from pydantic import TypeAdapter

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.independence import backend_voices, engine_voices
from ocr_pipeline.defs.assets.review import review_asset
from ocr_pipeline.defs.assets.scale import scale_asset
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.document_schema.loading import load_schemas
from ocr_pipeline.evaluation.diagnosis.agreement import consensus as find_consensus
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.evaluation.diagnosis.confidence import Value, calibrate
from ocr_pipeline.evaluation.diagnosis.features import value_features
from ocr_pipeline.evaluation.diagnosis.label_constraints import constraint_issues
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.label_issues import label_issues as find_label_issues
from ocr_pipeline.evaluation.diagnosis.page_issues import page_issues
from ocr_pipeline.evaluation.diagnosis.stage import Findings, attribution_rows
from ocr_pipeline.evaluation.diagnosis.transcripts import aligned_cases, open_cases, transcript_issues
from ocr_pipeline.evaluation.diagnosis.truth import Sources, compare_sources, split_by_source
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.extraction.rules.fields.doubts import LIMITS
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.confidence import NewConfidences
from ocr_pipeline.warehouse.tables.current import Scoring

ASSETS = ("label_issues", "attributions", "confidences", "review", "consensus", "scale_suspects")


def diagnosis_assets() -> list[dg.AssetsDefinition]:
    """`label_issues`, `attributions`, `confidences`, `review`, `consensus` and `scale_suspects`."""
    return [
        _label_issues(),
        _attributions(),
        _confidences(),
        review_asset(),
        _consensus(),
        scale_asset(),
    ]


def _label_issues() -> dg.AssetsDefinition:
    @dg.asset(deps=["field_scores", "duplicates"], **asset_options("diagnosis", "label_issues"))
    @readable_failure
    def label_issues(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Labels that independent readers agree against, that the page or they themselves contradict, or that differ between
        copies: the queue of `ocr-pipeline labels review`, without reviewed labels."""
        configured, rules = project.backends(), project.rules()
        competitors = configured.witnesses
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            datasets, labels = tables.documents.datasets(snapshot), tables.labels.valid_labels(snapshot)
            values = tables.extractions.extracted_values(snapshot, competitors)
            sources = _sources(snapshot, configured)
            groups, reviewed = tables.documents.groups(snapshot), tables.labels.reviewed(snapshot)
            reported = tables.extractions.reported_models(snapshot)
            scores = tables.scores.current(snapshot, Scoring.by(list(configured), rules))
        present = {key: label for key, label in labels.items() if key in datasets}
        voices = backend_voices(configured, reported)
        typed = _contradicted(target, configured, scores)
        typed += constraint_issues(present, load_schemas(project.project.root))
        every = find_label_issues(present, values, voices, groups, typed, sources, _page_text(target, configured))
        issues = [issue for issue in every if (issue.document_id, issue.field) not in reviewed]
        tables.diagnosis.replace_label_issues(target, issues, datasets, context.run.run_id)
        columns = ["document_id", "field", "label", "value", "reason"]
        shown = preview(issues, columns, project.document_link)
        return dg.MaterializeResult(metadata={"dagster/row_count": len(issues), "preview": shown})

    return label_issues


def _sources(reader: Reader, configured: Backends) -> dict[str, Sources]:
    """By document, what backends read from the page, from codes and from XML."""
    extractors = {name: backend.extractor_type for name, backend in configured.items()}
    values = tables.sources.sourced_values(reader, configured.competitors)
    return {key: split_by_source(of_document, extractors) for key, of_document in values.items()}


def _page_text(target: Warehouse, configured: Backends) -> Callable[[str], str]:
    """What the engines of all backends recognised on a document, transcripts left out."""
    engines = dict.fromkeys(engine for name in configured.competitors if (engine := configured[name].engine_name))

    def text(document_id: str) -> str:
        found = (tables.words.ocr_texts(target, engine, [document_id]).get(document_id) for engine in engines)
        return "\n".join(" ".join(word.text for word in of_engine.words()) for of_engine in found if of_engine)

    return text


def _contradicted(target: Warehouse, configured: Backends, scores: list[StoredScore]) -> list[LabelIssue]:
    """Labels that the transcript or the page contradicts: the words of each document are loaded once for both, and only if its
    scores or words changed."""
    transcripts, voices = _transcripts(configured), engine_voices(configured)
    engines = [engine for name in configured.competitors if (engine := configured[name].engine_name)]
    every = [*voices, *engines, *([transcripts] if transcripts else [])]
    cases, recognised = open_cases(scores), tables.words.readings(target)
    who = [every, transcripts, [[name, *map(sorted, voice)] for name, voice in voices.items()]]
    inputs = {key: [who, recognised.get(key), list(fields.values())] for key, fields in cases.items()}
    kept = tables.findings.Findings(target, "label_issues", inputs)
    found: dict[str, list[list[LabelIssue]]] = {}
    due = {key: cases[key] for key in kept.stale}
    for document_id, case in zip(due, aligned_cases(due, every, partial(tables.words.ocr_texts, target)), strict=True):
        by_transcript = transcript_issues(case, transcripts=transcripts, engines=engines) if transcripts else []
        found[document_id] = [by_transcript, page_issues(case, voices, transcripts)]
    kept.add(target, {key: [[vars(issue) for issue in part] for part in parts] for key, parts in found.items()})
    parts = [_ISSUES.validate_python(kept.of(key)) for key in sorted(cases)]
    return [issue for number in (0, 1) for of_document in parts for issue in of_document[number]]


_ISSUES = TypeAdapter(tuple[list[LabelIssue], list[LabelIssue]])
"""Of a document: by its transcript, and by its page."""


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
        findings = _findings(target, configured, rules)
        rows = attribution_rows(
            findings,
            lambda engine, documents: tables.words.ocr_texts(target, engine, documents),
            tables.diagnosis.attributions(target),
        )
        tables.diagnosis.replace_attributions(target, rows, context.run.run_id)
        counts = Counter(row.attribution for row in rows)
        shown = preview(rows, ["document_id", "backend", "field", "attribution", "reason"], project.document_link)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "judged_now": sum(row.judged_at is None for row in rows),
                **{attribution: counts[attribution] for attribution in ATTRIBUTIONS},
                "preview": shown,
            }
        )

    return attributions


def _findings(target: Warehouse, configured: Backends, rules: Rules) -> Findings:
    backends = list(configured)
    with target.snapshot() as snapshot:
        return Findings(
            scores=tables.scores.current(snapshot, Scoring.by(backends, rules)),
            engines={name: configured[name].engine_name for name in backends},
            transcripts=_transcripts(configured),
            control_of=_controls(configured),
            evidence={name: tables.evidence.evidence(snapshot, name) for name in backends},
            failures={name: tables.extractions.failures(snapshot, name) for name in backends},
            issues=tables.diagnosis.label_issues(snapshot),
            recognised=tables.words.readings(snapshot),
        )


def _confidences() -> dg.AssetsDefinition:
    @dg.asset(
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
        competitors = configured.competitors
        target = warehouse.warehouse()
        values = _values(target, competitors, rules, _calibrated(configured))
        contents = {
            key: tables.findings.content_of("confidences", list(map(vars, part))) for key, part in values.items()
        }
        before = tables.confidence.calibrated_from(target)
        unchanged = {key for key, content in contents.items() if before.get(key) == content}
        new = [
            NewConfidences(dataset=key[0], backend=key[1], values=part, content=contents[key], result=calibrate(part))
            for key, part in values.items()
            if key not in unchanged
        ]
        tables.confidence.replace_confidences(target, new, unchanged, context.run.run_id)
        calibrations = tables.confidence.calibrations(target, {})
        shown = ["dataset", "backend", "status", "message", "documents", "ece", "ece_by_chance"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(map(len, values.values())),
                "calibrated_now": len(new),
                "calibrations": preview(calibrations, shown),
            }
        )

    return confidences


def _calibrated(configured: Backends) -> set[str]:
    """The backends whose evidence has probabilities as scores."""
    return {name for name, backend in configured.items() if backend.capabilities.calibrated}


def _values(
    target: Warehouse, backends: list[str], rules: Rules, calibrated: set[str]
) -> dict[tuple[str, str], list[Value]]:
    """The values of every (data set, backend) with what is known about them."""
    with target.snapshot() as snapshot:
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
        if backend in calibrated
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
            datasets, labels = tables.documents.datasets(snapshot), tables.labels.valid_labels(snapshot)
            values = tables.extractions.extracted_values(snapshot, configured.witnesses)
            sources = _sources(snapshot, configured)
            voices = backend_voices(configured, tables.extractions.reported_models(snapshot))
        entries = [entry for key, of_document in values.items() for entry in find_consensus(key, of_document, voices)]
        labelled = {(key, field) for key, label in labels.items() for field in label.labelled_fields}
        tables.diagnosis.replace_consensus(target, entries, datasets, labelled, context.run.run_id)
        compared = [row for key, of_document in sources.items() for row in compare_sources(key, *of_document)]
        tables.truth.replace_agreement(target, compared, datasets, context.run.run_id)
        shown = ["document_id", "field", "value", "agreeing", "backends", "agreement"]
        return dg.MaterializeResult(metadata={"dagster/row_count": len(entries), "preview": preview(entries, shown)})

    return consensus


def _transcripts(configured: Backends) -> str | None:
    """The engine that gives transcripts."""
    return next((name for name, engine in configured.engines.items() if engine.capabilities.reads_transcripts), None)


def _controls(configured: Backends) -> dict[str, str]:
    """The backend with the same extractor and settings on transcripts, of each backend that has one."""
    controls = {configured[name].fingerprint: name for name in configured if configured[name].reads_transcripts}
    return {
        name: controls[backend.fingerprint]
        for name, backend in configured.items()
        if backend.engine and not backend.reads_transcripts and backend.fingerprint in controls
    }
