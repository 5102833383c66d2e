"""Transcripts: the words that a data set ships for a document, made by people, kept beside it as `<file>.transcript.json`.

They are what an engine without errors would read: with them, a wrong value is the extractor's fault.
"""

from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import OcrText

SUFFIX = ".transcript.json"


def transcript_file(document: Path) -> Path:
    """Where the transcript of a document file lies, if there is one."""
    return document.with_name(document.name + SUFFIX)


def has_transcript(document: Path) -> bool:
    """Whether the data set ships a transcript of a document file."""
    return transcript_file(document).is_file()


def transcript_sha256(document: Path) -> str | None:
    """The SHA-256 of a document's transcript file; None where there is none."""
    try:
        return sha256_of(transcript_file(document).read_bytes())
    except OSError:
        return None


def read_transcript(document: Path) -> OcrText:
    """The transcript of a document file.

    Raises:
        DocumentError: there is none, or it is not valid.
    """
    try:
        return OcrText.model_validate_json(transcript_file(document).read_bytes())
    except FileNotFoundError:
        raise DocumentError("no_transcript", "The data set ships no transcript of this document.") from None
    except (OSError, ValidationError):
        raise DocumentError("no_transcript", f"The file {transcript_file(document).name} is no transcript.") from None
