"""`label_issues`: doubtful labels."""

from collections.abc import Callable, Mapping
from functools import partial

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.independence import backend_voices, engine_voices
from ocr_pipeline.defs.assets.judges import made_by, sources_of, transcripts_of
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import PREVIEW_ROWS, asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.document_schema.loading import load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.evaluation.diagnosis.label_constraints import constraint_issues
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.label_issues import label_issues as find_label_issues
from ocr_pipeline.evaluation.diagnosis.page_issues import page_issues
from ocr_pipeline.evaluation.diagnosis.transcripts import aligned_cases, open_cases, transcript_issues
from ocr_pipeline.evaluation.diagnosis.voices import Voice
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables import NewRow
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.due import Due

READ = ("document", "labels", "copies", "words", "results", "scores")


def label_issues_asset() -> dg.AssetsDefinition:
    """`label_issues`."""

    @dg.asset(name="label_issues", deps=["field_scores", "duplicates"], **asset_options("diagnosis", "label_issues"))
    @readable_failure
    def label_issues(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Labels that independent readers agree against, that the page or they themselves contradict, or that differ between
        copies: the queue of `ocr-pipeline labels review`, without reviewed labels."""
        configured, rules, schemas = project.backends(), project.rules(), load_schemas(project.project.root)
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            voices = backend_voices(configured, tables.extractions.reported_models(snapshot))
            own = [[schema.state, schema.text] for schema in schemas.values() if not schema.is_invoice]
            due = tables.due.due(snapshot, "label_issues", [made_by(configured, rules, voices), own], READ)
        for part in due.parts():
            rows = _rows(target, configured, rules, schemas, voices, part, context.run.run_id)
            tables.due.replace_due(target, part, {"label_issues": rows})
        with target.snapshot() as snapshot:
            count, first = tables.diagnosis.first_label_issues(snapshot, PREVIEW_ROWS)
        columns = ["document_id", "field", "label", "value", "reason"]
        shown = preview(first, columns, project.document_link, count=count)
        return dg.MaterializeResult(
            metadata={"dagster/row_count": count, "looked_at_now": len(due.contents), "preview": shown}
        )

    return label_issues


def _rows(
    target: Warehouse,
    configured: Backends,
    rules: Rules,
    schemas: Mapping[str, DocumentSchema],
    voices: Mapping[str, Voice],
    due: Due,
    run_id: str,
) -> list[NewRow]:
    """The rows of the documents that are due."""
    with target.snapshot() as snapshot:
        copies = tables.due.with_copies(snapshot, due.documents)
    with target.snapshot(only=copies) as snapshot:
        datasets, labels = tables.documents.datasets(snapshot), tables.labels.valid_labels(snapshot)
        values = tables.extractions.extracted_values(snapshot, configured.witnesses)
        sources = sources_of(snapshot, configured)
        groups, reviewed = tables.documents.groups(snapshot), tables.labels.reviewed(snapshot)
        scores = tables.scores.current(snapshot, Scoring.by(list(configured), rules))
    present = {key: label for key, label in labels.items() if key in datasets}
    typed = _contradicted(target, configured, [score for score in scores if score.document_id in due.contents])
    typed += constraint_issues({key: label for key, label in present.items() if key in due.contents}, schemas)
    every = find_label_issues(present, values, voices, groups, typed, sources, _page_text(target, configured))
    issues = [
        issue
        for issue in every
        if issue.document_id in due.contents and (issue.document_id, issue.field) not in reviewed
    ]
    return tables.diagnosis.label_issue_rows(issues, datasets, run_id)


def _page_text(target: Warehouse, configured: Backends) -> Callable[[str], str]:
    """What the engines of all backends recognised on a document, transcripts left out."""
    engines = dict.fromkeys(engine for name in configured.competitors if (engine := configured[name].engine_name))

    def text(document_id: str) -> str:
        found = (tables.words.ocr_texts(target, engine, [document_id]).get(document_id) for engine in engines)
        return "\n".join(" ".join(word.text for word in of_engine.words()) for of_engine in found if of_engine)

    return text


def _contradicted(target: Warehouse, configured: Backends, scores: list[StoredScore]) -> list[LabelIssue]:
    """Labels that the transcript or the page contradicts: the words of each document are loaded once for both."""
    transcripts, voices = transcripts_of(configured), engine_voices(configured)
    engines = [engine for name in configured.competitors if (engine := configured[name].engine_name)]
    every = [*voices, *engines, *([transcripts] if transcripts else [])]
    by_transcript: list[LabelIssue] = []
    by_page: list[LabelIssue] = []
    for case in aligned_cases(open_cases(scores), every, partial(tables.words.ocr_texts, target)):
        if transcripts:
            by_transcript += transcript_issues(case, transcripts=transcripts, engines=engines)
        by_page += page_issues(case, voices, transcripts)
    return by_transcript + by_page
