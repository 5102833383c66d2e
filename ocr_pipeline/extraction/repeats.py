"""Further answers of a model about the same document: how far it varies. The first answer stays the result of the cell."""

from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.extraction.attempt import Attempt, ExtractionTask, attempt_limited
from ocr_pipeline.extraction.sources import SourceReader
from ocr_pipeline.models.asking import DocumentCalls, ModelCalls
from ocr_pipeline.models.types import CallFacts
from ocr_pipeline.schemas import DocumentFailure, Extraction


class RepeatedAnswer(BaseModel):
    """The answer number `repeat` (from 2), or why there is none."""

    repeat: int
    extraction: Extraction | None = None
    failure: DocumentFailure | None = None


@dataclass
class Repeats:
    """The answers after the first one and their calls. `failed`: the attempt that failed temporarily; then the cell is tried
    again by the next run, which finds the answers so far in the store."""

    answers: list[RepeatedAnswer] = field(default_factory=list)
    calls: list[CallFacts] = field(default_factory=list)
    failed: Attempt | None = None


def ask_again(
    reader: SourceReader,
    task: ExtractionTask,
    limits: Limits,
    models: ModelCalls | None,
    first: Attempt,
    calls: DocumentCalls | None,
) -> Repeats:
    """Ask about a document until it was asked about `reader.repeat` times; not if the first attempt asked nothing (`calls`),
    or is not kept.

    Raises:
        ConfigurationError: as `attempt_limited`; or the spending limit is reached.
    """
    repeats = Repeats()
    if models is None or calls is None or not calls.facts or not first.keep:
        return repeats
    for number in range(2, reader.repeat + 1):
        calls = models.for_document(number)
        done = attempt_limited(reader, task, limits, calls)
        repeats.calls += calls.facts
        if done.failure and not done.keep:
            message = f"Answer {number} of {reader.repeat}: {done.failure.message}"
            repeats.failed = replace(done, failure=done.failure.model_copy(update={"message": message}))
            return repeats
        repeats.answers.append(RepeatedAnswer(repeat=number, extraction=done.extraction, failure=done.failure))
    return repeats
