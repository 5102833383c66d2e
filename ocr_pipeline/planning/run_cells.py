"""The cells that a run works on, so that runs of other cells can work at the same time on other machines."""

from collections.abc import Iterable, Sequence

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.members import with_members
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.planning.plan import Step
from ocr_pipeline.project import Project


def cells_of_run(project: Project, sources: Sequence[SourceFile], names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The backends and documents that a run works on: what it claims, so that others can work beside it."""
    return with_members(load_backends(project), names), [source.document_id for source in sources]


def shared_parts(step: Step) -> set[str]:
    """What a step works on that belongs to no backend: engines, or all else."""
    if step.asset == "ocr_text":
        return {f"engine {engine}" for engine, _ in step.cells}
    return set() if step.asset in ("extractions", "ensembles") else {"shared"}
