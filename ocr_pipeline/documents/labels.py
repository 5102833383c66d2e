"""Label files: the ground truth of a document as validated JSON beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.overrides import Decision, applied, read_overrides
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


def labels_sha256(source: SourceFile) -> str | None:
    """SHA-256 of the label file and of the decisions about it; None for an unlabelled document.

    Raises:
        OSError: one of them cannot be read.
    """
    if source.label is None:
        return None
    content = sha256_of(source.label.read_bytes())
    return sha256_of(f"{content}+{sha256_of(source.overrides.read_bytes())}".encode()) if source.overrides else content


@dataclass(frozen=True)
class DecidedLabel:
    """A label as it counts, with the decisions about it laid on top.

    `decisions`: those that hold, by field. `file`: the label as its file has it. `sha256`: of label file and decisions.
    """

    label: Label
    sha256: str
    file: Label
    decisions: Mapping[str, Decision]


def read_decided_label(source: SourceFile) -> DecidedLabel | None:
    """The label of a document; None for an unlabelled one.

    Raises:
        DocumentError: the label or the decisions cannot be read or are not valid.
    """
    if source.label is None:
        return None
    label, sha256 = read_label(source.label)
    if source.overrides is None:
        return DecidedLabel(label, sha256, label, {})
    changed, decisions = applied(label, read_overrides(source.overrides))
    try:
        both = labels_sha256(source)
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    return DecidedLabel(changed, both or sha256, label, decisions)
