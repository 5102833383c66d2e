"""Prompt, response schema and reply model for documents of a project's own schema, made from its fields and descriptions.

Invoices have a prompt and a response schema that ship as files (`files`); these do not change, so their stored replies stay
valid.

The response schema uses only what the strict modes of Gemini and OpenAI both accept: every property required, `null` as a
type, `enum` inside `anyOf`, nothing about patterns, limits or lengths. Amounts are strings on the wire.
"""

from collections.abc import Mapping
from functools import lru_cache
from string import Template
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import FieldSpec
from ocr_pipeline.extraction.llm import files
from ocr_pipeline.extraction.llm.evidence import Spellings
from ocr_pipeline.extraction.llm.reply import AmountReply, DayReply, Reply, TextReply
from ocr_pipeline.store import fingerprint

TEMPLATE = "document-1"
"""The prompt for all schemas of projects; `$kind` is title and description of the schema."""

MAX_ROWS = 2000
_FORMS = {"date": "YYYY-MM-DD.", "money": "", "quantity": "Without its unit.", "tax_id": "Without its label."}


def instructions(schema: DocumentSchema) -> str:
    """The prompt for documents of a schema."""
    description = schema.spec.description.strip().rstrip(".")
    kind = f"{schema.title} ({description})" if description else schema.title
    return Template(files.template(TEMPLATE)).substitute(kind=" ".join(kind.split()))


def json_schema(schema: DocumentSchema) -> dict[str, object]:
    """The response schema for documents of a schema."""
    properties: dict[str, object] = {name: _property(field) for name, field in schema.spec.fields.items()}
    for name, entry in schema.spec.lists.items():
        rows = _object({column: _property(spec) for column, spec in entry.columns.items()})
        properties[name] = {"type": "array", **_described(entry.description), "items": rows}
    return _object(properties)


def asking_fingerprint(schema: DocumentSchema) -> str:
    """Changes with everything that a model is told about a schema, and with what becomes of its reply."""
    return fingerprint(
        [schema.asking_fingerprint, files.digest(instructions(schema)), files.digest(json_schema(schema))]
    )


def spellings(schema: DocumentSchema) -> Spellings:
    """What may be printed for the options of the categories of a schema."""
    return {name: field.option_words for name, field in schema.spec.fields.items() if field.option_words}


@lru_cache(maxsize=64)
def reply_model(schema: DocumentSchema) -> type[Reply]:
    """What a reply has to be: no property may be absent, and each may be null."""
    lists: dict[str, object] = {}
    for name, entry in schema.spec.lists.items():
        row = create_model(name, __base__=Reply, **_types(entry.columns))
        lists[name] = (Annotated[list[row], Field(max_length=MAX_ROWS)], ...)
    return create_model(schema.name, __base__=Reply, **_types(schema.spec.fields), **lists)  # type: ignore[call-overload,no-any-return]


def _types(fields: Mapping[str, FieldSpec]) -> Any:
    return {name: (_type(field.kind), ...) for name, field in fields.items()}


def _type(kind: str) -> Any:
    if kind in ("money", "quantity"):
        return AmountReply
    if kind == "boolean":
        return Annotated[bool | None, BeforeValidator(_flag)]
    return DayReply if kind == "date" else TextReply


def _flag(value: Any) -> Any:
    """A JSON boolean; an empty text is null, and numbers are not booleans."""
    if isinstance(value, str) and not value.strip():
        return None
    if not isinstance(value, bool | None) and str(value).strip().casefold() not in ("true", "false"):
        raise ValueError("must be true, false or null")
    return value.strip().casefold() == "true" if isinstance(value, str) else value


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _property(field: FieldSpec) -> dict[str, object]:
    if field.options:
        options = {"anyOf": [{"type": "string", "enum": list(field.options)}, {"type": "null"}]}
        return {**options, **_described(field.description)}
    base = "boolean" if field.kind == "boolean" else "string"
    form = f"Form: {field.pattern}" if field.pattern else _FORMS.get(field.kind, "")
    return {"type": [base, "null"], **_described(" ".join(filter(None, (field.description.strip(), form))))}


def _described(text: str) -> dict[str, object]:
    line = " ".join(text.split())
    return {"description": line} if line else {}
