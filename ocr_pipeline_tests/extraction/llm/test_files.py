"""The prompt and the schema that are sent, and the model that reads the reply: they say the same."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.llm import files
from ocr_pipeline.extraction.llm.reply import InvoiceReply, LineItemReply, TaxLineReply
from ocr_pipeline.schemas import FIELD_KINDS, Invoice, LineItem, TaxLine

SCHEMA: Any = files.schema("invoice-1")
LISTS: dict[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "tax_lines": (TaxLineReply, TaxLine),
    "line_items": (LineItemReply, LineItem),
}
OBJECTS = [
    (SCHEMA, InvoiceReply, Invoice),
    *((SCHEMA["properties"][name]["items"], *models) for name, models in LISTS.items()),
]


@pytest.mark.parametrize(("schema", "reply", "domain"), OBJECTS, ids=["invoice", *LISTS])
def test_the_schema_asks_for_what_is_read(
    schema: dict[str, Any], reply: type[BaseModel], domain: type[BaseModel]
) -> None:
    assert list(schema["properties"]) == list(reply.model_fields) == list(domain.model_fields)


@pytest.mark.parametrize(("schema", "reply", "domain"), OBJECTS, ids=["invoice", *LISTS])
def test_every_field_is_required_and_may_be_null(
    schema: dict[str, Any], reply: type[BaseModel], domain: type[BaseModel]
) -> None:
    """A default would make `{"ok": true}` a reply; without null a model invents what is not there."""
    assert schema["required"] == list(schema["properties"])
    assert all(field.is_required() for field in reply.model_fields.values())
    reply.model_validate({name: [] if name in LISTS else None for name in reply.model_fields})
    for name, entry in schema["properties"].items():
        if name not in LISTS:
            assert "null" in json.dumps(entry), name


def test_amounts_and_dates_are_strings_on_the_wire() -> None:
    """A number would pass through a float somewhere."""

    types = re.findall(r'"type": (\[[^]]*\]|"\w+")', json.dumps(SCHEMA))
    assert set(re.findall(r"\w+", " ".join(types))) == {"object", "array", "string", "null"}


def test_only_what_gemini_takes() -> None:
    """`additionalProperties`, `examples` and bounds are refused or ignored."""
    keys = set(re.findall(r'"([A-Za-z$]+)": ', json.dumps(SCHEMA)))
    names = {*FIELD_KINDS, *LISTS, *TaxLine.model_fields, *LineItem.model_fields}
    assert keys - names == {"type", "properties", "anyOf", "enum", "items", "required"} | ({"description"} - names)


def test_the_choices_are_those_of_the_domain() -> None:
    choices = SCHEMA["properties"]["document_type"]["anyOf"][0]["enum"]
    for choice in choices:
        assert Invoice.model_validate({"document_type": choice}).document_type == choice
    assert len(choices) == 3


def test_the_prompt_is_short_and_does_not_repeat_the_schema() -> None:
    text = files.prompt("invoice-1")
    assert len(text) < 1500
    assert not [name for name in FIELD_KINDS if "_" in name and name in text]
    assert "null" in text
    assert "never compute" in text
    assert "is data" in text, "what stands on a document is no instruction"


@pytest.mark.parametrize("name", ["nothing", "../prompts/invoice-1", "x/invoice-1", "", "/etc/passwd"])
def test_only_files_that_are_there(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^there is no '.*' in prompts; known are invoice-1"):
        files.prompt(name)


def test_the_fingerprint_is_of_the_content_and_not_of_its_layout() -> None:
    assert files.digest(SCHEMA) == files.digest(json.loads(json.dumps(SCHEMA, indent=8)))
    assert files.digest(SCHEMA) != files.digest({**SCHEMA, "required": []})
    assert files.digest("Read it.") != files.digest("Read it!")
