"""The tables `ocr_text`, `ocr_pages` and `ocr_words`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.common import NewRows, box_columns, described, mean_confidence

if TYPE_CHECKING:
    from ocr_pipeline.ocr.stage import OcrOutcome

OCR_KEY = ("document_id", "engine")

OCR_TABLES = ("ocr_text", "ocr_pages", "ocr_words")


@dataclass(frozen=True, kw_only=True)
class OcrCell:
    """A row of `ocr_text`: what one engine recognised in one document. `status`: ok, failed."""

    document_id: str
    engine: str
    status: str
    reason: str | None
    message: str | None
    pages: Annotated[int | None, "Number of pages."]
    words: Annotated[int | None, "Number of words."]
    mean_confidence: float | None
    seconds: float | None
    fingerprint: Annotated[str, "Version and settings of the engine."]
    result_key: str | None
    run_id: str | None
    updated_at: datetime

    @property
    def failed(self) -> bool:
        return self.status == "failed"


@dataclass(frozen=True, kw_only=True)
class OcrPageRow:
    """A row of `ocr_pages`."""

    document_id: str
    engine: str
    page: int
    width_px: int
    height_px: int
    words: Annotated[int, "Number of words on the page."]
    mean_confidence: float | None
    seconds: float
    rotation: Annotated[
        int | None, "Degrees clockwise by which the page was turned upright; boxes refer to the upright page."
    ]
    warnings: Annotated[list[str] | None, "What a reader should know about the text of the page."] = None


@dataclass(slots=True, kw_only=True)
class OcrWordRow:
    """A row of `ocr_words`. Not frozen, because there are hundreds of thousands."""

    document_id: str
    engine: str
    page: int
    word: Annotated[int, "Index in reading order over all pages, from 0."]
    line: Annotated[int, "Line of the word."]
    text: Annotated[str, "The word."]
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: Annotated[float | None, "Confidence of the engine, 0..1; NULL: unknown."]


def ocr_cells(reader: Reader, engine: str, document_ids: Iterable[str] | None = None) -> dict[str, OcrCell]:
    """The cells of one engine by document. `document_ids`: of these documents only."""

    def load() -> dict[str, OcrCell]:
        return {row.document_id: row for row in reader.select(OcrCell, "FROM ocr_text WHERE engine = ?", [engine])}

    if document_ids is None:
        return reader.once(("ocr_text", engine), load)
    sql = "FROM ocr_text WHERE engine = ? AND document_id IN (SELECT unnest(?))"
    return {row.document_id: row for row in reader.select(OcrCell, sql, [engine, list(document_ids)])}


def ocr_texts(reader: Reader, engine: str, document_ids: Sequence[str]) -> dict[str, OcrText]:
    """The text that `engine` recognised in these documents; documents without a result are left out."""
    parameters = [engine, list(document_ids)]
    pages = reader.rows(
        "FROM ocr_pages WHERE engine = ? AND document_id IN (SELECT unnest(?)) ORDER BY document_id, page", parameters
    )
    words = reader.rows(
        "FROM ocr_words WHERE engine = ? AND document_id IN (SELECT unnest(?)) ORDER BY document_id, word", parameters
    )
    by_page: dict[tuple[str, int], list[Word]] = {}
    for row in words:
        word = Word.model_construct(
            text=row["text"],
            box=(row["x0"], row["y0"], row["x1"], row["y1"]),
            confidence=row["confidence"],
            page=row["page"],
            line=row["line"],
        )
        by_page.setdefault((row["document_id"], row["page"]), []).append(word)
    return {
        document_id: OcrText.model_construct(
            pages=[
                OcrPage.model_construct(
                    page=row["page"],
                    width=row["width_px"],
                    height=row["height_px"],
                    rotation=row["rotation"],
                    words=by_page.get((document_id, row["page"]), []),
                    seconds=row["seconds"],
                    warnings=row["warnings"] or [],
                )
                for row in rows
            ]
        )
        for document_id, rows in groupby(pages, key=lambda row: str(row["document_id"]))
    }


def result_keys(reader: Reader) -> set[str]:
    """Addresses of the results in use."""
    return {row["result_key"] for row in reader.rows("SELECT result_key FROM ocr_text WHERE result_key IS NOT NULL")}


def characters(reader: Reader, engine: str) -> dict[str, int]:
    """Number of characters that `engine` recognised in each document, with a space after each word."""
    rows = reader.rows(
        "SELECT document_id, sum(length(text) + 1)::BIGINT AS size FROM ocr_words WHERE engine = ? GROUP BY document_id",
        [engine],
    )
    return {row["document_id"]: row["size"] for row in rows}


def readings(reader: Reader) -> dict[str, str]:
    """By document, a text that changes when the result of any engine does."""
    rows = reader.rows(
        """
        SELECT document_id, string_agg(engine || '=' || coalesce(result_key, status), ' ' ORDER BY engine) AS results
        FROM ocr_text GROUP BY document_id
        """
    )
    return {row["document_id"]: row["results"] for row in rows}


def confidences(reader: Reader, backends: Sequence[str]) -> dict[tuple[str, str], float]:
    """Mean confidence of the words that a backend worked on, by (backend, document), if the engine gives any."""
    rows = reader.rows(
        """
        SELECT e.backend, e.document_id, o.mean_confidence FROM extractions e
        JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine
        WHERE o.mean_confidence IS NOT NULL AND e.backend IN (SELECT unnest(?))
        """,
        [list(backends)],
    )
    return {(row["backend"], row["document_id"]): row["mean_confidence"] for row in rows}


class OcrConfidence(NamedTuple):
    """Mean confidence of an engine over the documents of a data set."""

    dataset: str
    engine: str
    documents: int
    confidence: float


def ocr_confidences(reader: Reader) -> list[OcrConfidence]:
    """The confidence of every engine that gives one."""
    return reader.select(
        OcrConfidence,
        """
        SELECT d.dataset, o.engine, count(*) AS documents, avg(o.mean_confidence) AS confidence
        FROM ocr_text o JOIN documents d USING (document_id)
        WHERE o.mean_confidence IS NOT NULL AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
        GROUP BY ALL ORDER BY ALL
        """,
    )


def add_ocr(
    tables: NewRows,
    document_id: str,
    engine: str,
    outcome: "OcrOutcome",
    *,
    fingerprint: str,
    result_key: str | None,
    run_id: str,
) -> OcrCell:
    """Add the rows of one cell."""
    key = {"document_id": document_id, "engine": engine}
    text = outcome.text
    words = list(text.words()) if text else []
    failure = outcome.failure
    cell = OcrCell(
        document_id=document_id,
        engine=engine,
        status="failed" if failure else "ok",
        reason=failure.reason if failure else None,
        message=failure.message if failure else None,
        pages=len(text.pages) if text else None,
        words=len(words) if text else None,
        mean_confidence=mean_confidence(words),
        seconds=text.seconds if text else None,
        fingerprint=fingerprint,
        result_key=result_key,
        run_id=run_id,
        updated_at=utc_now(),
    )
    tables["ocr_text"].append(asdict(cell))
    for page in text.pages if text else ():
        tables["ocr_pages"].append(
            {
                **key,
                "page": page.page,
                "width_px": page.width,
                "height_px": page.height,
                "rotation": page.rotation,
                "words": len(page.words),
                "mean_confidence": mean_confidence(page.words),
                "seconds": page.seconds,
                "warnings": page.warnings or None,
            }
        )
    for index, word in enumerate(words):
        tables["ocr_words"].append(
            {
                **key,
                "page": word.page,
                "word": index,
                "line": word.line,
                "text": word.text,
                **box_columns(word.box),
                "confidence": word.confidence,
            }
        )
    return cell


COLUMNS = {
    "ocr_text": described(OcrCell),
    "ocr_pages": described(OcrPageRow),
    "ocr_words": described(OcrWordRow),
}
