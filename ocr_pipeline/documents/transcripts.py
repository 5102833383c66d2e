"""Transcripts: manually transcribed words shipped with a data set, stored as `<file>.transcript.json`.

They stand for perfect OCR: a wrong value extracted from a transcript is the extractor's error.
"""

from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.beside import beside, name_beside
from ocr_pipeline.documents.bucket_files import is_file, local_copy
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import OcrPage, OcrText

SUFFIX = ".transcript.json"


def transcript_file(document: Path) -> Path:
    """The path of a document's transcript, whether or not it exists."""
    return beside(document, SUFFIX)


def transcript_path(document: Path) -> str:
    """The same as text, for hundreds of thousands."""
    name = document.name
    return str(document)[: -len(name)] + name_beside(name, SUFFIX)


def has_transcript(document: Path) -> bool:
    """Whether a document has a transcript."""
    return is_file(transcript_file(document))


def transcript_sha256(document: Path) -> str | None:
    """SHA-256 of a document's transcript file; None if it has none."""
    try:
        return sha256_of(local_copy(transcript_file(document)).read_bytes())
    except OSError:
        return None


def load_transcript(document: Path, part: PageRange | None = None) -> OcrText:
    """Load the transcript of a document file. `part`: of these pages of it, numbered from 1.

    Raises:
        DocumentError: it does not exist or is invalid.
    """
    try:
        text = OcrText.model_validate_json(local_copy(transcript_file(document)).read_bytes())
    except FileNotFoundError:
        raise DocumentError("no_transcript", "This document has no transcript.") from None
    except (OSError, ValidationError):
        raise DocumentError("no_transcript", f"Invalid transcript file: {transcript_file(document).name}.") from None
    return text if part is None else _part_of(text, part)


def _part_of(text: OcrText, part: PageRange) -> OcrText:
    pages = [page for page in text.pages if page.page in part]
    if not pages:
        raise DocumentError("no_transcript", f"The transcript has nothing of pages {part}.")
    return OcrText(pages=[_numbered(page, page.page - part.first + 1) for page in pages])


def _numbered(page: OcrPage, number: int) -> OcrPage:
    words = [word.model_copy(update={"page": number}) for word in page.words]
    return page.model_copy(update={"page": number, "words": words})
