"""The document stage: a file becomes an opened, checked document, or a typed reason why it cannot."""

from collections.abc import Iterable, Iterator

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.labels import read_label
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document, read_bytes
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import DocumentFailure, Label


def take_in_all(
    sources: Iterable[SourceFile], limits: Limits
) -> Iterator[tuple[SourceFile, Document | None, DocumentFailure | None]]:
    """Take in every document, in order, in a child process: a file that hangs or crashes a library loses only itself."""
    with Guard(take_in, limits) as guarded:
        for source in sources:
            try:
                document, failure = guarded(source, limits)
            except DocumentError as error:
                document, failure = None, DocumentFailure(reason=error.reason, message=str(error))
            yield source, document, failure


def take_in(source: SourceFile, limits: Limits) -> tuple[Document | None, DocumentFailure | None]:
    """Open a document and decode its first page, so that a broken file is found here and not in every engine."""
    try:
        _check_name(source)
        document = open_document(read_bytes(source.path, limits), limits)
        document.pages[0].image()
    except DocumentError as error:
        return None, DocumentFailure(reason=error.reason, message=str(error))
    except MemoryError:
        message = "Opening the document takes too much memory (limits.max_memory_bytes)."
        return None, DocumentFailure(reason="too_large", message=message)
    except Exception as error:  # noqa: BLE001 - a file that breaks a library in a new way must not stop the others
        message = f"The document cannot be opened: {type(error).__name__}."
        return None, DocumentFailure(reason="unreadable", message=message)
    return document, None


def _check_name(source: SourceFile) -> None:
    try:
        str(source.path).encode()
    except UnicodeEncodeError:  # the database holds text, and later stages find the file by its path there
        raise DocumentError("unreadable", "The file name is not valid UTF-8; rename the file.") from None


def take_in_label(source: SourceFile) -> tuple[Label | None, str | None, DocumentFailure | None]:
    """The label of a document, the SHA-256 of its file and what is wrong with it; all None for an unlabelled document."""
    if source.label is None:
        return None, None, None
    try:
        label, sha256 = read_label(source.label)
    except DocumentError as error:
        return None, None, DocumentFailure(reason=error.reason, message=str(error))
    return label, sha256, None
