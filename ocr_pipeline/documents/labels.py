"""Label files: the ground truth of a document as validated JSON beside it."""

from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError, describe
from ocr_pipeline.schemas import Label


def read_label(path: Path) -> tuple[Label, str]:
    """The label in a file, and the SHA-256 of the file.

    Raises:
        DocumentError: the file cannot be read or is not a valid label; the message names the key, never the value.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    try:
        return Label.model_validate_json(content), sha256_of(content)
    except ValidationError as error:
        raise DocumentError("invalid_label", f"The label is not valid: {describe(error)}") from None
