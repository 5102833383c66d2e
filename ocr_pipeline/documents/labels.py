"""Label files: the ground truth of a document, as JSON beside it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.document_schema.labels import parse_label
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.bucket_files import local_copy, write_file
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.overrides import Decision, apply, read_overrides
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError, describe
from ocr_pipeline.schemas import Label


def load_label(path: Path, schemas: Sequence[DocumentSchema] = ()) -> tuple[Label, str]:
    """Load a label file; returns the label and the SHA-256 of the file. `schemas`: see `parse_label`.

    Raises:
        DocumentError: the file cannot be read or is invalid; the message names the key, never the value.
    """
    try:
        content = local_copy(path).read_bytes()
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    return checked_label(content, schemas), sha256_of(content)


def checked_label(text: str | bytes, schemas: Sequence[DocumentSchema] = ()) -> Label:
    """The label of this text. `schemas`: see `parse_label`.

    Raises:
        DocumentError: it is invalid; the message names the key, never the value.
    """
    try:
        return parse_label(text, schemas)
    except ValidationError as error:
        raise DocumentError("invalid_label", f"Invalid label: {describe(error)}") from None


def write_label(path: Path, text: str, schemas: Sequence[DocumentSchema] = ()) -> str:
    """Write a label file, if its text is a valid label; returns the SHA-256 of the file. Readers see all of it or nothing.

    Raises:
        DocumentError: the label is invalid; nothing is written.
        WarehouseError: the file cannot be written.
    """
    checked_label(text, schemas)
    write_file(path, text)
    return sha256_of(text.encode())


def labels_sha256(source: SourceFile) -> str | None:
    """SHA-256 of the label file and its decisions; None for an unlabelled document.

    Raises:
        OSError: one of the files cannot be read.
    """
    if source.label is None:
        return None
    content = _with_schemas(source, sha256_of(local_copy(source.label).read_bytes()))
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
    label, sha256 = load_label(source.label, source.schemas)
    sha256 = _with_schemas(source, sha256)
    if source.overrides is None:
        return DecidedLabel(label, sha256, label, {})
    overrides, overrides_sha256 = read_overrides(source.overrides)  # one reading for values and hash: files may change
    changed, decisions = apply(label, overrides)
    return DecidedLabel(changed, _both(sha256, overrides_sha256), label, decisions)


def schema_of(source: SourceFile) -> DocumentSchema:
    """The schema of a document: of several, the one that its label names, or else the first. A label that cannot be read
    names none."""
    if len(source.schemas) < 2:
        return source.schemas[0] if source.schemas else invoice_schema()
    name = None
    if source.label is not None:
        with suppress(DocumentError):
            name = load_label(source.label, source.schemas)[0].invoice.NAME
    return next((schema for schema in source.schemas if schema.name == name), source.schemas[0])


def schema_state(source: SourceFile) -> str | None:
    """Name and fingerprints of a document's schema: what rules see of it, and what models see. None: it is an invoice."""
    schema = schema_of(source)
    if schema.is_invoice:
        return None
    return schema.state


def _with_schemas(source: SourceFile, sha256: str) -> str:
    """A label is read again if the values that its schema has are others; for invoices, the hash is that of the file."""
    return sha256_of("+".join([sha256, *source.shapes]).encode()) if source.shapes else sha256


def _both(label_sha256: str, overrides_sha256: str) -> str:
    return sha256_of(f"{label_sha256}+{overrides_sha256}".encode())
