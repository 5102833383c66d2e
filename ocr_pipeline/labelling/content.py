"""What is in a label file, as the label page edits it: texts by field, with what the page does not show kept as it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import checked_label
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import FIELD_KINDS

Row = Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class LabelContent:
    """A label file. `values`: by labelled field, None is *not on the document*. `lists`: rows by labelled list. `rest`: all
    other keys. `sha256` is empty without a file. `problem`: why it is invalid; then nothing else is known."""

    sha256: str = ""
    values: Mapping[str, str | None]
    lists: Mapping[str, Sequence[Row]]
    rest: Mapping[str, object]
    problem: str | None = None


EMPTY = LabelContent(values={}, lists={}, rest={})


def read_content(source: SourceFile) -> LabelContent:
    """The label file of a document as it is now, without decisions of reviews.

    Raises:
        DocumentError: the file cannot be read.
    """
    if source.label is None:
        return EMPTY
    try:
        content = source.label.read_bytes()
    except FileNotFoundError:
        return EMPTY
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    sha256 = sha256_of(content)
    try:
        checked_label(content)
    except DocumentError as error:
        return LabelContent(sha256=sha256, values={}, lists={}, rest={}, problem=str(error))
    rest = json.loads(content, parse_float=str)  # 12.50 stays 12.50
    if "boxes" in rest:
        rest["boxes"] = json.loads(content)["boxes"]
    invoice = rest.pop("invoice")
    return LabelContent(
        sha256=sha256,
        values={name: _text(invoice[name]) for name in FIELD_KINDS if name in invoice},
        lists={
            name: [{column: _text(value) for column, value in row.items()} for row in rows]
            for name, rows in invoice.items()
            if name not in FIELD_KINDS
        },
        rest=rest,
    )


def label_text(
    values: Mapping[str, str | None], lists: Mapping[str, Sequence[Row]], rest: Mapping[str, object] | None = None
) -> str:
    """The text of a label file: fields in display order, empty cells left out, rows without any cell, too."""
    invoice: dict[str, object] = {name: values[name] for name in FIELD_KINDS if name in values}
    invoice |= {name: value for name, value in values.items() if name not in invoice}  # refused when it is checked
    for name, rows in lists.items():
        cells = [{column: value for column, value in row.items() if value not in (None, "")} for row in rows]
        invoice[name] = [row for row in cells if row]
    kept = _without_stale_doubts(rest or {}, values)
    return json.dumps({"invoice": invoice, **kept}, indent=2, ensure_ascii=False) + "\n"


def _without_stale_doubts(rest: Mapping[str, object], values: Mapping[str, str | None]) -> dict[str, object]:
    """Alternatives and doubts of fields that are not labelled any more are left out."""
    kept = dict(rest)
    for key in ("alternatives", "doubts"):
        entries = kept.get(key)
        if isinstance(entries, dict):
            kept[key] = {name: entry for name, entry in entries.items() if name in values}
    return {key: value for key, value in kept.items() if value not in ({}, None)}


def _text(value: object) -> str | None:
    text = None if value is None else str(value)
    return text if text and text.strip() else None
