"""The tables `documents`, `pages`, `duplicates` and `page_similarities`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from ocr_pipeline.document_schema.schema import name_in_state
from ocr_pipeline.documents.duplicates import Duplicate, Pair
from ocr_pipeline.documents.fingerprints import Fingerprint
from ocr_pipeline.documents.media_types import DRAWN
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.splits import split_sentence
from ocr_pipeline.evaluation.ranking.slices import DocumentFeatures
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRows, described
from ocr_pipeline.warehouse.tables.document_files import of_file

if TYPE_CHECKING:
    from ocr_pipeline.documents.find import SourceFile
    from ocr_pipeline.documents.pages import Document

DOCUMENT_KEY = ("document_id",)
DOCUMENT_TABLES = ("documents", "pages")


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """A row of `documents`. `status`: ok, failed, or split: its parts are documents of their own, and it is not read."""

    document_id: str
    dataset: str
    path: Annotated[str, "Path of the file, relative to the project."]
    media_type: Annotated[str | None, "Media type, detected from the content."]
    size_bytes: Annotated[int | None, "Size of the file."]
    sha256: Annotated[str | None, "Hash of the content."]
    perceptual_hash: Annotated[str | None, "Hash of how the first page looks: dct1-, then 256 bits in hex."]
    pages: Annotated[int | None, "Number of pages."]
    transcript_sha256: Annotated[
        str | None, "Hash of the transcript that the data set provides beside the document; NULL: none."
    ]
    status: str
    reason: str | None
    message: str | None
    run_id: str | None
    updated_at: datetime
    parent_id: Annotated[str | None, "Document that this one is a part of; NULL: a file of its own."] = None
    first_page: Annotated[int | None, "First page of the part in the file of its parent, from 1."] = None
    last_page: Annotated[int | None, "Last page of the part in the file of its parent."] = None
    file_state: Annotated[str | None, "Size, times, inode of the files when read; NULL: unknown."] = None
    part_detection: Annotated[
        str | None,
        "How several invoices were looked for: auto-VERSION (:no words, until an engine has read it), by hand; NULL: not.",
    ] = None
    attempt: Annotated[
        str | None, "Of a failure that file and limits decide, a hash of both; NULL: every run tries again."
    ] = None
    schema_name: str | None = None
    schema_state: Annotated[str | None, "Fingerprint of the schema, for rules and for models; NULL: an invoice."] = None

    @property
    def page_range(self) -> PageRange | None:
        """The pages of a part in its parent's file."""
        if self.first_page is None or self.last_page is None:
            return None
        return PageRange(self.first_page, self.last_page)

    @property
    def is_split(self) -> bool:
        """Its parts are documents of their own; no backend reads it."""
        return self.status == "split"

    @property
    def waits_for_words(self) -> bool:
        """It is to be looked at for several invoices as soon as an engine has read it."""
        return self.status == "ok" and (self.part_detection or "").endswith(":no words")

    @property
    def has_transcript(self) -> bool:
        return self.transcript_sha256 is not None

    @property
    def is_drawn(self) -> bool:
        """Whether it is XML alone, and its pages were drawn from it."""
        return self.media_type in DRAWN

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    @property
    def file_deleted(self) -> bool:
        """Its file is not there any more; its results are kept, but excluded from scores."""
        return self.reason == "missing_file"


@dataclass(frozen=True, kw_only=True)
class PageRow:
    """A row of `pages`."""

    document_id: str
    page: int
    width_px: int
    height_px: int
    dpi: Annotated[float | None, "Resolution; NULL: unknown."]


@dataclass(frozen=True, kw_only=True)
class DuplicateRow:
    """A row of `duplicates`."""

    document_id: str
    group_id: Annotated[str, "First document of the group that has the same content or looks the same."]
    duplicate_of: Annotated[str | None, "The same; NULL for the first document itself."]
    kind: Annotated[str | None, "exact or near."]
    distance: Annotated[int | None, "Bits of 256 in which the perceptual hashes differ."]
    split: Annotated[str | None, "Split in use: test for a whole group that has a test document."]
    run_id: str | None
    updated_at: datetime


def documents(reader: Reader, document_ids: Iterable[str] | None = None) -> dict[str, DocumentRow]:
    """The rows of `documents` by document. `document_ids`: of these documents only."""
    if document_ids is not None:
        if not (ids := list(document_ids)):  # PostgreSQL would send all rows, to be joined with nothing
            return {}
        sql = "FROM documents WHERE document_id IN (SELECT unnest(?)) ORDER BY document_id"
        return {row.document_id: row for row in reader.select(DocumentRow, sql, [ids])}

    def load() -> dict[str, DocumentRow]:
        return {row.document_id: row for row in reader.select(DocumentRow, "FROM documents ORDER BY document_id")}

    return reader.once("documents", load)


def datasets(reader: Reader) -> dict[str, str]:
    """The data set of every document whose file exists, and that is not split."""
    return {key: row.dataset for key, row in documents(reader).items() if not row.file_deleted and not row.is_split}


def schema_states(reader: Reader) -> dict[str, str]:
    """Schema and its fingerprints of every document other than an invoice."""
    rows = reader.rows("SELECT document_id, schema_state FROM documents WHERE schema_state IS NOT NULL")
    return {row["document_id"]: row["schema_state"] for row in rows}


def transcribed(reader: Reader) -> set[str]:
    """The data sets with transcripts."""
    rows = reader.rows("SELECT DISTINCT dataset FROM documents WHERE transcript_sha256 IS NOT NULL")
    return {row["dataset"] for row in rows}


def fingerprints(reader: Reader) -> list[Fingerprint]:
    """What documents are compared by to find duplicates; documents that cannot be opened are left out."""
    return reader.select(
        Fingerprint,
        """
        SELECT d.document_id, d.sha256, d.pages, d.perceptual_hash, p.width_px / greatest(p.height_px, 1) AS aspect
        FROM documents d JOIN pages p ON p.document_id = d.document_id AND p.page = 1
        WHERE d.status = 'ok' AND d.perceptual_hash IS NOT NULL ORDER BY d.document_id
        """,
    )


def page_similarities(reader: Reader) -> dict[Pair, float]:
    """Similarity of the first pages of two contents, by pair."""
    return {(row["sha256_a"], row["sha256_b"]): row["similarity"] for row in reader.rows("FROM page_similarities")}


def duplicates(reader: Reader) -> dict[str, DuplicateRow]:
    """The rows of `duplicates` by document."""
    return {row.document_id: row for row in reader.select(DuplicateRow, "FROM duplicates ORDER BY document_id")}


def groups(reader: Reader) -> dict[str, str]:
    """The group of each document that has duplicates."""
    return {row["document_id"]: row["group_id"] for row in reader.rows("SELECT document_id, group_id FROM duplicates")}


def document_features(reader: Reader) -> dict[str, DocumentFeatures]:
    """What slices are made by, per labelled document."""
    rows = reader.rows(
        """
        SELECT d.document_id, d.pages, l.language, coalesce(u.split, l.split) AS split,
               coalesce(t.value, d.schema_name) AS document_type, c.value AS currency
        FROM documents d
        JOIN labels l USING (document_id)
        LEFT JOIN duplicates u USING (document_id)
        LEFT JOIN ground_truth t ON t.document_id = d.document_id AND t.field = 'document_type'
        LEFT JOIN ground_truth c ON c.document_id = d.document_id AND c.field = 'currency'
        """
    )
    return {row.pop("document_id"): DocumentFeatures(**row) for row in rows}


def add_document(
    tables: NewRows,
    source: "SourceFile",
    path: str,
    *,
    run_id: str,
    document: "Document | None" = None,
    transcript_sha256: str | None = None,
    failure: DocumentFailure | None = None,
    file_state: str | None = None,
    known: DocumentRow | None = None,
    detection: str | None = None,
    split_into: Sequence[str] = (),
    schema_state: str | None = None,
) -> DocumentRow:
    """Add the rows of a document that was opened (`document`), or of one that could not be (`failure`).

    Args:
        known: its row so far: of a file that is gone, what was known stays.
        detection: how it was looked at for several invoices.
        split_into: the ids of its parts.
        schema_state: see `documents.labels.schema_state`.
    """
    from ocr_pipeline.documents.stage import FinalFailure, IngestedDocument

    row = DocumentRow(
        document_id=source.document_id,
        dataset=source.dataset,
        perceptual_hash=document.perceptual_hash if isinstance(document, IngestedDocument) else None,
        **of_file(path, document, known if failure is not None and failure.reason == "missing_file" else None),
        transcript_sha256=transcript_sha256,
        status="failed" if failure else "split" if split_into else "ok",
        reason=failure.reason if failure else "split" if split_into else None,
        message=failure.message if failure else split_sentence(split_into) if split_into else None,
        run_id=run_id,
        updated_at=utc_now(),
        file_state=file_state,
        parent_id=source.parent,
        first_page=source.pages.first if source.pages else None,
        last_page=source.pages.last if source.pages else None,
        part_detection=detection,
        attempt=failure.attempt if isinstance(failure, FinalFailure) else None,
        schema_name=name_in_state(schema_state) if schema_state else None,
        schema_state=schema_state,
    )
    tables["documents"].append(asdict(row))
    for page in document.pages if document else ():
        tables["pages"].append(
            {
                "document_id": source.document_id,
                "page": page.number,
                "width_px": page.width,
                "height_px": page.height,
                "dpi": page.dpi,
            }
        )
    return row


def duplicate_rows(
    members: Sequence[Duplicate], splits: Mapping[str, str | None], *, run_id: str
) -> list[DuplicateRow]:
    """The rows of `duplicates`; `splits` are those in use."""
    now = utc_now()
    return [
        DuplicateRow(**asdict(member), split=splits.get(member.document_id), run_id=run_id, updated_at=now)
        for member in members
    ]


def replace_duplicates(warehouse: Warehouse, rows: Sequence[DuplicateRow], similarities: Mapping[Pair, float]) -> None:
    """Replace `duplicates` and `page_similarities`."""
    warehouse.replace_all({
        "duplicates": [asdict(row) for row in rows],
        "page_similarities": _similarity_rows(similarities),
    })  # fmt: skip


def add_similarities(warehouse: Warehouse, similarities: Mapping[Pair, float]) -> None:
    """Add pairs to `page_similarities`."""
    rows = _similarity_rows(similarities)
    warehouse.replace(("sha256_a", "sha256_b"), list(similarities), {"page_similarities": rows})


def _similarity_rows(similarities: Mapping[Pair, float]) -> list[dict[str, str | float]]:
    return [{"sha256_a": a, "sha256_b": b, "similarity": alike} for (a, b), alike in similarities.items()]


COLUMNS = {
    "documents": described(DocumentRow),
    "pages": described(PageRow),
    "duplicates": described(DuplicateRow),
    "page_similarities": {
        "sha256_a": "Content of the first document; the smaller hash.",
        "sha256_b": "Content of the second document.",
        "similarity": "Similarity of the first pages, 0..1; the same document from 0.83. No row: not alike.",
    },
}
