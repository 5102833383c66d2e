"""Label files of any schema: `{"invoice": {...}}` for invoices, `{"schema": NAME, "fields": {...}}` for all others."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from ocr_pipeline.document_fields import Fields
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema, invoice_schema
from ocr_pipeline.schemas import Label

SCHEMA_KEY, FIELDS_KEY, INVOICE_KEY = "schema", "fields", "invoice"


def parse_label(text: str | bytes, schemas: Sequence[DocumentSchema] = ()) -> Label:
    """The label of this text. `schemas`: those that the document may have; default: only that of invoices.

    Raises:
        ValidationError: it is invalid.
    """
    allowed = {schema.name: schema for schema in schemas or (invoice_schema(),)}
    if set(allowed) == {INVOICE_NAME}:
        return Label.model_validate_json(text)
    try:
        content = from_json(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return Label.model_validate_json(text)  # it says what is wrong with the text
    default = INVOICE_NAME if INVOICE_KEY in content else next(iter(allowed))
    if FIELDS_KEY in content and default == INVOICE_NAME:
        default = next(name for name in allowed if name != INVOICE_NAME)
    name = content.pop(SCHEMA_KEY, default)
    if not isinstance(name, str) or name not in allowed:
        raise _error(SCHEMA_KEY, f"must be {' or '.join(allowed)}")
    schema = allowed[name]
    if schema.is_invoice:
        return Label.model_validate(content)
    if INVOICE_KEY in content:
        raise _error(INVOICE_KEY, f"a document of the schema {name} has `{FIELDS_KEY}`")
    values = values_of(content.pop(FIELDS_KEY, {}), schema)
    return Label.model_validate({**content, INVOICE_KEY: values})


def values_of(content: Any, schema: DocumentSchema) -> Fields:
    """The values of a label. Raises ValidationError, which names the place as in the label file."""
    try:
        return schema.model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in (FIELDS_KEY, *first["loc"]))
        problem = "unknown field" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise _error(where, problem) from None


def label_content(label: Label) -> dict[str, object]:
    """What a label file has: JSON-serialisable, without keys that are not labelled."""
    content = label.model_dump(mode="json", exclude_unset=True)
    if label.invoice.NAME == INVOICE_NAME:
        return content
    values = content.pop(INVOICE_KEY)
    return {SCHEMA_KEY: label.invoice.NAME, FIELDS_KEY: values, **content}


def _error(where: str, problem: str) -> ValidationError:
    details = InitErrorDetails(
        type=PydanticCustomError("label", "{problem}", {"problem": problem}), loc=(where,), input=None
    )
    return ValidationError.from_exception_data("Label", [details])
