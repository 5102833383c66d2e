"""Parts of the main job that commands run by themselves: training, and scoring without a plan."""

from collections.abc import Iterable
from contextlib import closing
from uuid import uuid4

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.failures import cause_of
from ocr_pipeline.defs.graph import build_graph
from ocr_pipeline.defs.instance import RUN_TAG, forget_documents, open_instance, register_documents
from ocr_pipeline.defs.launch import Launcher, close_killed_runs, parts_of
from ocr_pipeline.defs.partitions import partitions_of
from ocr_pipeline.defs.pipeline import Execution
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.planning.plan import Scope
from ocr_pipeline.planning.states import label_states
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.opened import open_warehouse


def evaluate_again(project: Project, forgotten: Iterable[str] = ()) -> None:
    """Find duplicates, score and report again. `forgotten`: documents that are no partitions any more.

    Raises:
        OcrPipelineError: it failed.
    """
    calls = ModelCalls(open_store(project))
    with open_instance(project) as instance, closing(calls):
        forget_documents(instance, forgotten)
        backends = load_backends(project)
        scope = Scope(project=project, backends=backends, names=(), sources=(), check_files=False)
        execution = Execution(scope, instance, NoProgress(), calls, None, lambda _: None, {RUN_TAG: str(uuid4())})
        execution.evaluate(["duplicates"])


def train_models(project: Project) -> None:
    """Ingest changed labels, and materialise `extractor_model`: models are trained if labels or words changed.

    Raises:
        OcrPipelineError: it failed.
    """
    warehouse = open_warehouse(project)
    known = tables.documents.documents(warehouse)
    sources = [source for source in find_documents(project.data) if source.document_id in known]
    due = [state.document_id for state in label_states(sources, tables.labels.labels(warehouse)) if state.due]
    with open_instance(project) as instance:
        close_killed_runs(instance)
        partitions = partitions_of(project, load_backends(project))
        register_documents(instance, [source.document_id for source in sources], partitions.shards)
        labels = parts_of([("", document_id) for document_id in due], None, instance, partitions, open_store(project))
        launcher = Launcher(build_graph(project), instance, {RUN_TAG: str(uuid4())})
        for asset, ranges in (("ground_truth", labels), ("extractor_model", [None])):
            for result in launcher.materialize([asset], ranges):
                if not result.success:
                    raise cause_of(result)
