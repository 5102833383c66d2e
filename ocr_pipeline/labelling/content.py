"""What is in a label file, as the label page edits it: texts by field, with what the page does not show kept as it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ocr_pipeline.document_fields import as_text
from ocr_pipeline.document_schema.labels import FIELDS_KEY, INVOICE_KEY, SCHEMA_KEY
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.bucket_files import local_copy
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import checked_label, schema_of
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError

Row = Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class LabelContent:
    """A label file. `values`: by labelled field, None is *not on the document*. `lists`: rows by labelled list. `rest`: all
    other keys. `sha256` is empty without a file. `problem`: why it is invalid; then nothing else is known. `schema`: what the
    document follows."""

    sha256: str = ""
    values: Mapping[str, str | None]
    lists: Mapping[str, Sequence[Row]]
    rest: Mapping[str, object]
    problem: str | None = None
    schema: DocumentSchema = field(default_factory=invoice_schema)


EMPTY = LabelContent(values={}, lists={}, rest={})


def read_content(source: SourceFile) -> LabelContent:
    """The label file of a document as it is now, without decisions of reviews.

    Raises:
        DocumentError: the file cannot be read.
    """
    schema = schema_of(source)
    empty = replace(EMPTY, schema=schema)
    if source.label is None:
        return empty
    try:
        content = local_copy(source.label).read_bytes()
    except FileNotFoundError:
        return empty
    except OSError as error:
        raise DocumentError("invalid_label", f"The label file cannot be read: {error.strerror}.") from None
    sha256 = sha256_of(content)
    try:
        checked_label(content, source.schemas)
    except DocumentError as error:
        return LabelContent(sha256=sha256, values={}, lists={}, rest={}, problem=str(error), schema=schema)
    rest = json.loads(content, parse_float=str)  # 12.50 stays 12.50
    if "boxes" in rest:
        rest["boxes"] = json.loads(content)["boxes"]
    given = rest.pop(INVOICE_KEY if schema.is_invoice else FIELDS_KEY, {})
    rest.pop(SCHEMA_KEY, None)
    return LabelContent(
        sha256=sha256,
        values={name: _text(given[name]) for name in schema.field_kinds if name in given},
        lists={
            name: [{column: _text(value) for column, value in row.items()} for row in rows]
            for name, rows in given.items()
            if name not in schema.field_kinds
        },
        rest=rest,
        schema=schema,
    )


def label_text(
    values: Mapping[str, str | None],
    lists: Mapping[str, Sequence[Row]],
    rest: Mapping[str, object] | None = None,
    schema: DocumentSchema | None = None,
) -> str:
    """The text of a label file: fields in display order, empty cells left out, rows without any cell, too. `schema`:
    what the document follows, default that of invoices."""
    schema = schema or invoice_schema()
    kinds = {name: spec.kind for name, spec in schema.spec.every_field()}
    written = {name: _json(value, kinds.get(name)) for name, value in values.items()}
    fields: dict[str, object] = {name: written[name] for name in schema.field_kinds if name in written}
    fields |= {name: value for name, value in written.items() if name not in fields}  # refused when it is checked
    for name, rows in lists.items():
        cells = [
            {
                column: _json(value, kinds.get(f"{name}.{column}"))
                for column, value in row.items()
                if value not in (None, "")
            }
            for row in rows
        ]
        fields[name] = [row for row in cells if row]
    kept = _without_stale_doubts(rest or {}, values)
    content = {INVOICE_KEY: fields} if schema.is_invoice else {SCHEMA_KEY: schema.name, FIELDS_KEY: fields}
    return json.dumps({**content, **kept}, indent=2, ensure_ascii=False) + "\n"


def _json(value: str | None, kind: str | None) -> object:
    """A text as it is written in a label: of a boolean `true` or `false`, of all others the text."""
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" and value is not None else value


def _without_stale_doubts(rest: Mapping[str, object], values: Mapping[str, str | None]) -> dict[str, object]:
    """Alternatives and doubts of fields that are not labelled any more are left out."""
    kept = dict(rest)
    for key in ("alternatives", "doubts"):
        entries = kept.get(key)
        if isinstance(entries, dict):
            kept[key] = {name: entry for name, entry in entries.items() if name in values}
    return {key: value for key, value in kept.items() if value not in ({}, None)}


def _text(value: object) -> str | None:
    text = None if value is None else as_text(value)
    return text if text and text.strip() else None
