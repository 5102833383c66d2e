"""The ingestion stage: a file becomes an opened, checked document, or a failure with a typed reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_pipeline.documents.bucket_files import local_copy, object_size
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.labels import DecidedLabel, load_decided_label
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.looks import Look, look_of
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import Document, document_sha256, open_document, open_unchanged, read_bytes
from ocr_pipeline.documents.perceptual import HASH_PREFIX, grey_of, perceptual_hash
from ocr_pipeline.errors import DocumentError, OcrPipelineError
from ocr_pipeline.schemas import DocumentFailure, Label
from ocr_pipeline.store import fingerprint

if TYPE_CHECKING:
    from ocr_pipeline.documents.looks import Image


class FinalFailure(DocumentFailure):
    """A failure that is decided by the file and the limits: trying again changes nothing until one of them changes.

    `attempt` identifies both, and the version of this package.
    """

    attempt: str


@dataclass(frozen=True, kw_only=True)
class IngestedDocument(Document):
    """An opened document with the perceptual hash and the look of its first page; drawn pages have no look."""

    perceptual_hash: str
    look: Look | None = None


def ingest_all(
    sources: Iterable[SourceFile], limits: Limits
) -> Iterator[tuple[SourceFile, IngestedDocument | None, DocumentFailure | None]]:
    """Ingest documents in order, in a child process: a file that hangs or crashes a library only fails itself."""
    guarded = Guard(ingest, limits)
    for source in sources:
        try:
            document, failure = guarded(source, limits)
        except DocumentError as error:
            document, failure = None, DocumentFailure(reason=error.reason, message=str(error))
        yield source, document, failure


def ingest(source: SourceFile, limits: Limits) -> tuple[IngestedDocument | None, DocumentFailure | None]:
    """Open a document and decode its first page, so that corrupt files fail here and not in each engine."""
    try:
        document = open_document(read_bytes(source.path, limits), limits, source.pages)
        hashed, look = _first_page_of(document)
    except DocumentError as error:
        return None, _failure(error, source, limits)
    except OcrPipelineError:  # of a bucket: access is denied, or the service does not answer
        raise
    except MemoryError:
        message = "Opening the document uses too much memory (limits.max_memory_bytes)."
        return None, DocumentFailure(reason="too_large", message=message)
    except Exception as error:  # noqa: BLE001 - a file that breaks a library in a new way must not affect others
        message = f"The document cannot be opened: {type(error).__name__}."
        return None, DocumentFailure(reason="unreadable", message=message)
    return IngestedDocument(**vars(document), perceptual_hash=hashed, look=look), None


def attempt_of(source: SourceFile, limits: Limits) -> str | None:
    """What ingesting a file depends on, as a hash; None if it cannot be read at the moment. A file above the limit is not
    read: its size stands for its content."""
    try:
        size = object_size(source.path)
        size = source.path.stat().st_size if size is None else size
        is_read = size <= limits.max_bytes
        content = document_sha256(local_copy(source.path).read_bytes(), source.pages) if is_read else str(size)
    except OSError:
        return None
    return fingerprint([content, limits.model_dump(mode="json"), version("ocr_pipeline")])


def _failure(error: DocumentError, source: SourceFile, limits: Limits) -> DocumentFailure:
    attempt = None if error.reason == "missing_file" or _is_of_machine(error) else attempt_of(source, limits)
    if attempt is None:
        return DocumentFailure(reason=error.reason, message=str(error))
    return FinalFailure(reason=error.reason, message=str(error), attempt=attempt)


def _is_of_machine(error: BaseException | None) -> bool:
    """Whether memory, permissions or the disk are behind an error. For bad content, OSError has no number."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_page_of(document: Document) -> tuple[str, Look | None]:
    """Hash and look of the first page. Pages that are drawn all look alike: only the same bytes are a duplicate."""
    image = document.pages[0].image()
    if document.is_drawn:
        return HASH_PREFIX + document.sha256, None
    grey = grey_of(image)
    return perceptual_hash(grey), look_of(grey)


def first_page(path: Path, sha256: str, limits: Limits, part: PageRange | None = None) -> "Image | None":
    """The first page of an ingested document, of shape (height, width, 3); None if it can no longer be opened."""
    try:
        return open_unchanged(path, sha256, limits, part).pages[0].image()
    except DocumentError:
        return None


def ingest_label(source: SourceFile) -> tuple[Label | None, str | None, DocumentFailure | None]:
    """The label of a document, its SHA-256, or the failure; all None for an unlabelled document."""
    decided, failure = ingest_decided_label(source)
    return (decided.label, decided.sha256, None) if decided else (None, None, failure)


def ingest_decided_label(source: SourceFile) -> tuple[DecidedLabel | None, DocumentFailure | None]:
    """Like `ingest_label`, with the label file's own values and the decisions about them."""
    try:
        return load_decided_label(source), None
    except DocumentError as error:
        return None, DocumentFailure(reason=error.reason, message=str(error))
