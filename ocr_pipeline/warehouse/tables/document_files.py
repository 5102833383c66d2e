"""What `documents` says of a file."""

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ocr_pipeline.documents.pages import Document
    from ocr_pipeline.warehouse.tables.documents import DocumentRow


class FileColumns(TypedDict):
    """The columns of `documents` that say what a file is."""

    path: str
    media_type: str | None
    size_bytes: int | None
    sha256: str | None
    pages: int | None


def of_file(path: str, document: "Document | None", gone: "DocumentRow | None") -> FileColumns:
    """What is known of a file: as it is, or as it was before it was deleted."""
    if document is not None:
        return FileColumns(
            path=path,
            media_type=document.media_type,
            size_bytes=document.size,
            sha256=document.sha256,
            pages=len(document.pages),
        )
    if gone is not None:
        return FileColumns(
            path=gone.path,
            media_type=gone.media_type,
            size_bytes=gone.size_bytes,
            sha256=gone.sha256,
            pages=gone.pages,
        )
    return FileColumns(path=path, media_type=None, size_bytes=None, sha256=None, pages=None)
