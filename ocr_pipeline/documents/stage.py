"""The document stage: a file becomes an opened, checked document, or a typed reason why it cannot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.labels import DecidedLabel, read_decided_label
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document, open_unchanged, read_bytes
from ocr_pipeline.documents.perceptual import comparable, perceptual_hash
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import DocumentFailure, Label

if TYPE_CHECKING:
    from ocr_pipeline.documents.perceptual import Image


@dataclass(frozen=True, kw_only=True)
class TakenIn(Document):
    """An opened document, and the perceptual hash of its first page."""

    perceptual_hash: str


def take_in_all(
    sources: Iterable[SourceFile], limits: Limits
) -> Iterator[tuple[SourceFile, TakenIn | None, DocumentFailure | None]]:
    """Take in every document, in order, in a child process: a file that hangs or crashes a library loses only itself."""
    with Guard(take_in, limits) as guarded:
        for source in sources:
            try:
                document, failure = guarded(source, limits)
            except DocumentError as error:
                document, failure = None, DocumentFailure(reason=error.reason, message=str(error))
            yield source, document, failure


def take_in(source: SourceFile, limits: Limits) -> tuple[TakenIn | None, DocumentFailure | None]:
    """Open a document and decode its first page, so that a broken file is found here and not in every engine."""
    try:
        _check_name(source)
        document = open_document(read_bytes(source.path, limits), limits)
        first_page = perceptual_hash(document.pages[0].image())
    except DocumentError as error:
        return None, DocumentFailure(reason=error.reason, message=str(error))
    except MemoryError:
        message = "Opening the document takes too much memory (limits.max_memory_bytes)."
        return None, DocumentFailure(reason="too_large", message=message)
    except Exception as error:  # noqa: BLE001 - a file that breaks a library in a new way must not stop the others
        message = f"The document cannot be opened: {type(error).__name__}."
        return None, DocumentFailure(reason="unreadable", message=message)
    return TakenIn(**vars(document), perceptual_hash=first_page), None


def first_page(path: Path, sha256: str, limits: Limits) -> "Image | None":
    """The first page of a document that was taken in, ready to be compared; None where it cannot be opened any more."""
    try:
        return comparable(open_unchanged(path, sha256, limits).pages[0].image())
    except DocumentError:
        return None


def _check_name(source: SourceFile) -> None:
    try:
        str(source.path).encode()
    except UnicodeEncodeError:  # the database holds text, and later stages find the file by its path there
        raise DocumentError("unreadable", "The file name is not valid UTF-8; rename the file.") from None


def take_in_label(source: SourceFile) -> tuple[Label | None, str | None, DocumentFailure | None]:
    """The label of a document, its SHA-256 and what is wrong with it; all None for an unlabelled document."""
    decided, failure = take_in_decided_label(source)
    return (decided.label, decided.sha256, None) if decided else (None, None, failure)


def take_in_decided_label(source: SourceFile) -> tuple[DecidedLabel | None, DocumentFailure | None]:
    """The same with what the label file itself says, and the decisions about it."""
    try:
        return read_decided_label(source), None
    except DocumentError as error:
        return None, DocumentFailure(reason=error.reason, message=str(error))
