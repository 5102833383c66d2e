"""What `documents` and `labels` say of files."""

from typing import TYPE_CHECKING, NamedTuple, TypedDict

from ocr_pipeline.warehouse.connection import Reader

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


class StoredFile(NamedTuple):
    """A document as it was ingested. `path`: as in `documents`; `is_part`: of the file of another document.

    `label_state`: of its label; empty if it is not known, None without a row in `labels`.
    """

    document_id: str
    path: str
    is_part: bool
    is_split: bool
    file_deleted: bool
    file_state: str | None
    label_state: str | None


def stored_files(reader: Reader) -> list[StoredFile]:
    """All documents, in their order: a tenth of what whole rows of them and their labels take."""
    return reader.select(
        StoredFile,
        """
        SELECT d.document_id, d.path, d.parent_id IS NOT NULL AS is_part, d.status = 'split' AS is_split,
               coalesce(d.reason, '') = 'missing_file' AS file_deleted, d.file_state,
               CASE WHEN l.document_id IS NOT NULL THEN coalesce(l.file_state, '') END AS label_state
        FROM documents d LEFT JOIN labels l ON l.document_id = d.document_id ORDER BY d.document_id
        """,
    )


def count_and_version(reader: Reader) -> tuple[int, str]:
    """Number of documents whose file exists, and a text that changes with the rows of `documents` and `labels`."""
    [row] = reader.rows(
        "SELECT count(*) AS documents, max(updated_at) AS updated, count(*) FILTER (reason = 'missing_file') AS missing, "
        "(SELECT count(*) FROM labels) AS labels, (SELECT max(updated_at) FROM labels) AS labelled FROM documents"
    ) or [{"documents": 0, "missing": 0}]
    return row["documents"] - row["missing"], " ".join(str(value) for value in row.values())
