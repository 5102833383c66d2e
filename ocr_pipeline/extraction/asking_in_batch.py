"""Extractors that send all their questions as one batch job."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from ocr_pipeline.documents.guard import remote
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_unchanged
from ocr_pipeline.documents.xml_pages import DRAWN_PAGE
from ocr_pipeline.errors import DocumentError, ProviderError
from ocr_pipeline.extraction.attempt import ExtractionTask, input_of
from ocr_pipeline.extraction.base import ModelExtractor
from ocr_pipeline.extraction.sources import SourceReader
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.batch import answer_in_batch
from ocr_pipeline.models.types import ModelRequest

logger = logging.getLogger(__name__)


def ask_in_batch(reader: SourceReader, tasks: Iterable[ExtractionTask], limits: Limits, models: ModelCalls) -> None:
    """Get the replies to all questions of the tasks as one batch; the tasks then find them in the store."""
    extractor = reader.extractor
    assert isinstance(extractor, ModelExtractor)
    provider = extractor.capabilities.asks

    def requests() -> Iterator[ModelRequest]:
        for task in tasks:
            opener = partial(_open_printed, task, limits)
            with suppress(DocumentError):  # it comes again, and is recorded, when the document is extracted
                request = extractor.request(input_of(task, opener))
                yield from (replace(request, repeat=number) for number in range(1, reader.repeat + 1))

    assert provider is not None
    try:
        answer_in_batch(models, provider, requests())
    except ProviderError as error:  # each document without an answer is recorded, and the run fails at its end
        logger.warning("%s", error)


def _open_printed(task: ExtractionTask, limits: Limits) -> Document:
    """The document, if it has pages to ask about."""
    opened = open_unchanged(task.path, task.sha256 or "", limits, task.part)
    if opened.is_drawn:
        raise DocumentError("drawn_page", DRAWN_PAGE)
    return remote(opened, limits)
