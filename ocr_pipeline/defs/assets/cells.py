"""What assets with one cell per document share: progress, writing in batches, and their upstream cells."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import dagster as dg

from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.extraction.stage import ExtractionResult
from ocr_pipeline.ocr.stage import OcrResult
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse.tables.documents import DocumentRow

Item = TypeVar("Item")
Result = TypeVar("Result", OcrResult, ExtractionResult)

BATCH = 50
"""Documents that are written together: their rows are a few megabytes, and writing them takes milliseconds."""


@dataclass(frozen=True)
class Restartable(Generic[Item]):
    """An iterable that starts from the beginning each time."""

    begin: Callable[[], Iterator[Item]]

    def __iter__(self) -> Iterator[Item]:
        return self.begin()


def counted(
    results: Iterator[Result], progress: Progress, stage: str, units: Mapping[str, int] | None = None
) -> Iterator[Result]:
    """The results, each reported to `progress`. `units`: of a document, where it is not 1."""
    for result in results:
        failed = result.outcome.failure is not None
        progress.advance(stage, cached=result.cached, failed=failed, by=(units or {}).get(result.document_id, 1))
        yield result


def batches(results: Iterator[Item]) -> Iterator[list[Item]]:
    """Results in batches. If they end in an error, the results before it come first."""
    batch = []
    stopped: OcrPipelineError | None = None
    try:
        for result in results:
            batch.append(result)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except OcrPipelineError as error:
        stopped = error
    if batch:
        yield batch
    if stopped:
        raise stopped


def require(rows: Collection[str], cells: Mapping[str, Collection[str]], asset: str) -> None:
    """A cell without its upstream is not a failed document and must not be scored: the run fails before it starts."""
    documents = {document_id for keys in cells.values() for document_id in keys}
    absent = sorted(documents - set(rows))
    if absent:
        raise dg.Failure(
            f"{len(absent)} of {len(documents)} documents are not in {asset} yet (e.g. {absent[0]}); "
            f"materialise {asset} first."
        )


def document_failure(document: DocumentRow) -> DocumentFailure | None:
    """The failure of a cell whose document could not be opened, or is split: its parts are extracted instead."""
    if document.is_split:
        return DocumentFailure(reason="document_failed", message=document.message or "The document is split.")
    if not document.failed:
        return None
    return DocumentFailure(reason="document_failed", message=f"The document failed: {document.reason}.")
