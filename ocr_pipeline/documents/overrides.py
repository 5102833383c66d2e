"""Decisions about label issues: one JSON file per document in `data/overrides`, kept in version control.

Label files stay as shipped; decisions are applied when labels are loaded. A decision applies only while the label file still
has the value that it was made about.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocr_pipeline.document_fields import Fields, Invoice
from ocr_pipeline.document_schema.spec import NAME_PATTERN
from ocr_pipeline.errors import ConfigurationError, DocumentError, describe
from ocr_pipeline.schemas import Label

FOLDER = "overrides"

Choice = Literal["label", "value", "both"]
"""Which value is correct: the label, the other `value`, or both (the other value is accepted in addition)."""


class Decision(BaseModel):
    """A person's decision about one labelled field. Values are written as in `invoice`; None: not on the document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choice: Choice
    label: str | None = Field(description="The label's value at the time of the decision.")
    value: str | None = Field(default=None, description="The other value.")
    note: str = ""
    decided_on: date


def decided_today(choice: Choice, label: str | None, value: str | None, note: str = "") -> Decision:
    """A decision of today."""
    return Decision(choice=choice, label=label, value=value, note=note.strip(), decided_on=datetime.now(UTC).date())


class Overrides(BaseModel):
    """All decisions about a document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_id: str
    fields: dict[Annotated[str, Field(pattern=NAME_PATTERN)], Decision] = {}


def overrides_file(data: Path, document_id: str) -> Path:
    """The path of the decisions about a document."""
    return data / FOLDER / f"{document_id}.json"


def load_overrides(path: Path) -> Overrides:
    """Load the decisions in a file. Raises DocumentError as `read_overrides` does."""
    return read_overrides(path)[0]


def read_overrides(path: Path) -> tuple[Overrides, str]:
    """Load the decisions in a file; returns them and the SHA-256 of the file.

    Raises:
        DocumentError: the file cannot be read or is invalid; the message names the key, never the value.
    """
    try:
        content = path.read_bytes()
        return Overrides.model_validate_json(content), hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise DocumentError("invalid_label", f"The override file cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise DocumentError("invalid_label", f"Invalid override: {describe(error)}") from None


def write_decision(data: Path, document_id: str, field: str, decision: Decision) -> Path:
    """Write a decision to the file of its document; replaces an earlier decision about the same field.

    Raises:
        ConfigurationError: the file cannot be written.
        DocumentError: the existing file is invalid.
    """
    path = overrides_file(data, document_id)
    existing = load_overrides(path).fields if path.exists() else {}
    content = Overrides(document_id=document_id, fields={**existing, field: decision})
    text = json.dumps(content.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".json.part")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"The decision cannot be written to {path}: {error.strerror}.") from None
    return path


def apply(label: Label, overrides: Overrides) -> tuple[Label, Mapping[str, Decision]]:
    """The label with decisions applied, and the decisions in effect (not those made about a different value).

    Raises:
        DocumentError: a decided value is invalid for its field.
    """
    fields = label.invoice.model_dump(mode="json", exclude_unset=True)
    alternatives = {name: list(texts) for name, texts in label.alternatives.items()}
    boxes = dict(label.boxes)
    in_effect = {}
    for name, decision in overrides.fields.items():
        if name not in label.invoice.KINDS:
            raise DocumentError("invalid_label", f"Invalid override: fields.{name}: unknown field.")
        if name not in label.labelled_fields or not _same(type(label.invoice), name, fields[name], decision.label):
            continue
        in_effect[name] = decision
        if decision.choice == "value":
            fields[name] = decision.value
            boxes.pop(name, None)  # the place of the value in the file
        elif decision.choice == "both" and decision.value is not None:
            alternatives.setdefault(name, []).append(decision.value)
    try:
        values = fields if isinstance(label.invoice, Invoice) else type(label.invoice).model_validate(fields)
        changed = Label.model_validate(
            {
                **label.model_dump(exclude={"invoice", "alternatives", "boxes"}),
                "invoice": values,
                "alternatives": alternatives,
                "boxes": boxes,
            }
        )
    except ValidationError as error:
        raise DocumentError("invalid_label", f"Invalid override: {describe(error)}") from None
    return changed, in_effect


def _same(model: type[Fields], field: str, first: object, second: str | None) -> bool:
    """Whether two texts are the same value: `8.2` and `8.20` are the same amount."""
    try:
        values = [getattr(model.model_validate({field: text}), field) for text in (first, second)]
    except ValidationError:
        return False
    return bool(values[0] == values[1])
