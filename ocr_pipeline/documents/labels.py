"""Label files: the ground truth of a document, as JSON beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.overrides import Decision, apply, read_overrides
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError, describe
from ocr_pipeline.schemas import Label
from ocr_pipeline.store import write_durably


def load_label(path: Path) -> tuple[Label, str]:
    """Load a label file; returns the label and the SHA-256 of the file.

    Raises:
        DocumentError: the file cannot be read or is invalid; the message names the key, never the value.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    return checked_label(content), sha256_of(content)


def checked_label(text: str | bytes) -> Label:
    """The label of this text.

    Raises:
        DocumentError: it is invalid; the message names the key, never the value.
    """
    try:
        return Label.model_validate_json(text)
    except ValidationError as error:
        raise DocumentError("invalid_label", f"Invalid label: {describe(error)}") from None


def write_label(path: Path, text: str) -> str:
    """Write a label file, if its text is a valid label; returns the SHA-256 of the file. Readers see all of it or nothing.

    Raises:
        DocumentError: the label is invalid; nothing is written.
        WarehouseError: the file cannot be written.
    """
    checked_label(text)
    write_durably(path, text)
    return sha256_of(text.encode())


def labels_sha256(source: SourceFile) -> str | None:
    """SHA-256 of the label file and its decisions; None for an unlabelled document.

    Raises:
        OSError: one of the files cannot be read.
    """
    if source.label is None:
        return None
    content = sha256_of(source.label.read_bytes())
    return _both(content, sha256_of(source.overrides.read_bytes())) if source.overrides else content


@dataclass(frozen=True)
class DecidedLabel:
    """The label in effect: the label file with decisions applied.

    `decisions`: the decisions in effect, by field. `file`: the label without decisions. `sha256`: of label file and decisions.
    """

    label: Label
    sha256: str
    file: Label
    decisions: Mapping[str, Decision]


def load_decided_label(source: SourceFile) -> DecidedLabel | None:
    """Load the label of a document with its decisions applied; None for an unlabelled document.

    Raises:
        DocumentError: the label or the decisions cannot be read or are invalid.
    """
    if source.label is None:
        return None
    label, sha256 = load_label(source.label)
    if source.overrides is None:
        return DecidedLabel(label, sha256, label, {})
    overrides, overrides_sha256 = read_overrides(source.overrides)  # one reading for values and hash: files may change
    changed, decisions = apply(label, overrides)
    return DecidedLabel(changed, _both(sha256, overrides_sha256), label, decisions)


def _both(label_sha256: str, overrides_sha256: str) -> str:
    return sha256_of(f"{label_sha256}+{overrides_sha256}".encode())
