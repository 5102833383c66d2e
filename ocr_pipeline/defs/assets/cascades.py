"""What a cascade works on: the result of its first member, and its later members, to be asked where it is not sure enough."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.backends.members import member_results
from ocr_pipeline.defs.assets.cells import document_failure
from ocr_pipeline.defs.assets.reading import extraction_tasks
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.document_schema.loading import load_schemas, schema_named
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.base import MemberResults
from ocr_pipeline.extraction.later import LaterMembers, MemberAnswer, plus
from ocr_pipeline.extraction.stage import answer_of
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.planning.inputs import cascade_inputs
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell

Ask = Callable[[], MemberAnswer]


def cascade_tasks(
    warehouse: Warehouse,
    cascade: Backend,
    document_ids: Sequence[str],
    known: Mapping[str, DocumentRow],
    project: ProjectResource,
    limits: Limits,
    models: ModelCalls,
) -> Iterator[ExtractionTask]:
    """The tasks of a cascade. A later member is asked, or its stored result taken, only when the cascade needs it."""
    first = cascade.members[0]
    with warehouse.snapshot() as snapshot:
        inputs = cascade_inputs(cascade, snapshot)
        rows = tables.extractions.extraction_cells(snapshot, first.name)
    later = {
        member.name: _answers(warehouse, member, first.engine_name, document_ids, known, project, limits, models)
        for member in cascade.asked_later
    }
    schemas = load_schemas(project.project.root)
    for document_id in document_ids:
        document, row, input_key = known[document_id], rows.get(document_id), inputs.get(document_id)
        if input_key:
            input_key = cascade.input_of_schema(input_key, document.schema_state)
        failure = document_failure(document) or (None if input_key else _no_first(first))
        asks = {name: next(answers) for name, answers in later.items()}
        yield ExtractionTask(
            document_id=document_id,
            path=project.project.path_of(document.path),
            sha256=document.sha256,
            text=None,
            input_key=cascade.extractor.input_of(document_id, input_key) if input_key and not failure else None,
            failure=failure,
            members=replace(_of_first(project, row), later=LaterMembers(asks)),
            part=document.page_range,
            schema=schema_named(schemas, document.schema_name),
        )


def _of_first(project: ProjectResource, row: ExtractionCell | None) -> MemberResults:
    """What the first member extracted, and what it took; it took that too if it failed."""
    if row is None:
        return MemberResults({}, 0.0, 0.0)
    results = member_results(project.store, {row.backend: row}) if row.result_key else None
    return results or MemberResults({}, plus(row.seconds, row.ocr_seconds or 0.0), row.cost_usd)


def _answers(
    warehouse: Warehouse,
    member: Backend,
    engine_of_first: str | None,
    document_ids: Sequence[str],
    known: Mapping[str, DocumentRow],
    project: ProjectResource,
    limits: Limits,
    models: ModelCalls,
) -> Iterator[Ask]:
    """For each document what asks this member about it; nothing is asked here."""
    ocr = tables.words.ocr_cells(warehouse, member.engine.name) if member.engine else {}
    there = [document_id for document_id in document_ids if member.engine is None or document_id in ocr]
    waiting = extraction_tasks(warehouse, member, there, known, ocr, project)
    for document_id in document_ids:
        task = next(waiting) if document_id in ocr or member.engine is None else None
        if task is None:
            yield partial(_no_text, member)
            continue
        is_other = member.engine_name not in (None, engine_of_first)
        seconds = ocr[document_id].seconds if is_other else 0.0
        yield partial(_ask, member, task, seconds, project, limits, models)


def _ask(
    member: Backend,
    task: ExtractionTask,
    ocr_seconds: float | None,
    project: ProjectResource,
    limits: Limits,
    models: ModelCalls,
) -> MemberAnswer:
    answer = answer_of(member.reader, task, project.store, limits, models)
    return replace(answer, seconds=plus(answer.seconds, ocr_seconds))


def _no_text(member: Backend) -> MemberAnswer:
    message = f"There is no text of {member.engine_name} to work on."
    return MemberAnswer(None, DocumentFailure(reason="ocr_failed", message=message), 0.0, 0.0, [], stored=True)


def _no_first(first: Backend) -> DocumentFailure:
    return DocumentFailure(reason="document_failed", message=f"{first.name} has no result for this document yet.")
