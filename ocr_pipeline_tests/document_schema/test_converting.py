"""JSON schemas and pydantic models become `schema.yaml`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.document_schema.converting import convert, snake_case
from ocr_pipeline.document_schema.spec import SchemaSpec
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline_tests.cli.command import call


def kinds(**properties: Any) -> dict[str, str]:
    content = convert({"type": "object", "title": "X", "properties": {"a": {"type": "string"}, **properties}}).content
    return {name: field["kind"] for name, field in content["fields"].items() if name != "a"}


@pytest.mark.parametrize(
    ("name", "node", "kind"),
    [
        ("totalAmount", {"type": "number"}, "money"),
        ("weight", {"type": "number"}, "quantity"),
        ("total_pages", {"type": "integer"}, "quantity"),
        ("Issue Date", {"type": "string"}, "date"),
        ("issued", {"type": "string", "format": "date"}, "date"),
        ("vat_number", {"type": "string"}, "tax_id"),
        ("street_address", {"type": "string"}, "address"),
        ("contractNo", {"type": "string"}, "identifier"),
        ("SupplierName", {"type": ["string", "null"]}, "name"),
        ("remarks", {"type": "string"}, "text"),
        ("signed", {"type": "boolean"}, "boolean"),
        ("status", {"enum": ["open", "closed", None]}, "category"),
        ("status", {"const": "open"}, "category"),
        ("fee", {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "x"}, {"type": "null"}]}, "money"),
        ("fee", {"allOf": [{"$ref": "#/properties/a"}], "x-kind": "money"}, "money"),
    ],
)
def test_kinds_come_from_types_and_names(name: str, node: dict[str, Any], kind: str) -> None:
    assert list(kinds(**{name: node}).values()) == [kind]


def test_objects_are_flattened_and_arrays_are_lists() -> None:
    party = {"type": "object", "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/place"}}}
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    unit = {"properties": {"price": {"type": "number"}}}
    row = {"properties": {"text": {"type": "string"}, "unit": unit, "x": {"items": {}}}}
    made = convert(
        {
            "title": "Service contract",
            "description": "Who does\nwhat.",
            "required": ["provider", "number"],
            "$defs": {"place": place},
            "properties": {
                "number": {"type": "string", "pattern": "^C-[0-9]+$", "description": "Its number."},
                "provider": party,
                "lines": {"type": "array", "items": row, "description": "Services."},
                "tags": {"type": "array", "items": {"type": "string"}},
                "free": {"type": "object"},
            },
        }
    )
    assert made.content == {
        "title": "Service contract",
        "description": "Who does what.",
        "fields": {
            "number": {"kind": "identifier", "description": "Its number.", "required": True, "pattern": "C-[0-9]+"},
            "provider_name": {"kind": "name"},
            "provider_address_city": {"kind": "text"},
        },
        "lists": {
            "lines": {
                "description": "Services.",
                "columns": {"text": {"kind": "text"}, "unit_price": {"kind": "money"}},
            },
            "tags": {"columns": {"value": {"kind": "text"}}},
        },
    }
    SchemaSpec.model_validate(made.content)
    assert any("lines.x is left out" in note for note in made.notes)
    assert any("free is left out" in note for note in made.notes)
    assert "number: kind identifier, guessed from its name and type." in made.notes


NODE = {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "array"}, "describes no object with properties"),
        ({"properties": {"rows": {"type": "array", "items": {"properties": {"a": {}}}}}}, "no single-valued property"),
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, "The reference #/nowhere leads nowhere."),
        ({"properties": {"a": {"$ref": "other.json"}}}, "outside the file"),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, "refers to itself"),
        ({"$defs": NODE, "properties": {"n": {"$ref": "#/$defs/n"}}}, "refers to itself"),
        ({"properties": {"a b": {}, "aB": {}}}, "a second property would be named a_b"),
        ({"properties": {"名前": {}}}, "names need Latin letters"),
        ({"properties": {"a": {"x-kind": "colour"}}}, "a: x-kind must be one of money"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_said_in_one_sentence(schema: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence.replace("$", r"\$")):
        convert(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda node: st.lists(node, max_size=3) | st.dictionaries(st.text(max_size=8), node, max_size=4),
    max_leaves=12,
)
NODES = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "number", "boolean", "integer", ["string", "null"], "array", "object"])},
        optional={"description": JSON, "pattern": st.text(max_size=5), "minimum": JSON, "format": JSON, "items": JSON},
    ),
    lambda node: st.fixed_dictionaries({"properties": st.dictionaries(st.text(max_size=8), node, max_size=4)}),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(properties=st.dictionaries(st.text(max_size=8), NODES, min_size=1, max_size=5))
def test_any_schema_is_converted_to_a_valid_one_or_refused(properties: dict[str, Any]) -> None:
    try:
        content = convert({"properties": properties}).content
    except ConfigurationError:
        return
    assert yaml.safe_load(yaml.safe_dump(content)) == content
    assert all(name == snake_case(name) for name in content["fields"])


MODEL = '''
from datetime import date
from decimal import Decimal
from pydantic import BaseModel

class Contract(BaseModel):
    """A contract of rent."""
    contract_number: str
    start: date
    rent: Decimal
    landlord_name: str | None = None
'''


@pytest.mark.parametrize(
    ("pattern", "value", "is_valid"),
    [
        ("^C-[0-9]+$", "C-12", True),
        ("^C-[0-9]+$", "xC-12", False),
        ("[0-9]{2}", "C-12", True),
        ("^C", "C-12", True),
        ("^C$|^D-", "D-12", True),
        ("^C$|^D-", "C-12", False),
    ],
)
def test_a_pattern_matches_what_it_matches_in_the_json_schema(pattern: str, value: str, is_valid: bool) -> None:
    made = convert({"properties": {"a": {"type": "string", "pattern": pattern}}}).content["fields"]["a"]["pattern"]
    assert bool(re.fullmatch(made, value)) == is_valid


@pytest.mark.parametrize("pattern", ["(?<a>x)", "\\p{L}", "(?i)x"])
def test_a_pattern_that_python_does_not_know_is_left_out(pattern: str) -> None:
    made = convert({"properties": {"a": {"type": "string", "pattern": pattern}}})
    assert "pattern" not in made.content["fields"]["a"]
    assert "a: its pattern is left out" in made.notes[-1]


ODD_MODEL = """
from collections.abc import Callable
from pydantic import BaseModel


class Odd(BaseModel):
    call: Callable[[], None]
"""


def test_the_command_converts_files_and_models_and_checks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*arguments: str, code: int = 0) -> str:
        result = call(monkeypatch, "schema", *arguments)
        assert result.code == code, result
        return " ".join((result.out + result.err).split())

    config = "engines: {pdf-text: }\nbackends: {b: {engine: pdf-text, extractor: rules}}\n"
    (tmp_path / "backends.yaml").write_text(config)
    (tmp_path / "rent_models.py").write_text(MODEL)
    (tmp_path / "note.json").write_text(json.dumps({"title": "Note", "properties": {"text": {"type": "string"}}}))
    monkeypatch.chdir(tmp_path)
    assert "Wrote schemas/contract/schema.yaml." in said("convert", "rent_models:Contract")
    spec = SchemaSpec.model_validate(yaml.safe_load((tmp_path / "schemas/contract/schema.yaml").read_text()))
    assert {name: field.kind for name, field in spec.fields.items()} == {
        "contract_number": "identifier",
        "start": "date",
        "rent": "money",
        "landlord_name": "name",
    }
    assert spec.fields["start"].required
    assert "There is a schema contract already" in said("convert", "rent_models:Contract", code=1)
    said("convert", "note.json", "--name", "memo")
    assert "title: Note" in said("convert", "note.json", "--show")
    checked = said("check")
    assert "contract: 4 fields, 0 lists" in checked
    assert "memo: 1 field," in checked
    (tmp_path / "schemas/memo/schema.yaml").write_text("title: Note\nfields:\n  text: {kind: colour}\n")
    assert "schemas/memo/schema.yaml, line 3: fields.text.kind" in said("check", code=1)
    (tmp_path / "schemas/memo/schema.yaml").write_text(
        "title: N\nfields:\n  text: {kind: text}\ncompare: {text: {edits: 1}}\n"
    )
    assert "schemas/memo/schema.yaml, line 4: compare.text.edits: does not apply" in said("check", code=1)
    (tmp_path / "schemas/memo/schema.yaml").write_text("title: N\nfields:\n  a: {kind: category, options: [yes, no]}\n")
    assert "line 3: fields.a.options.0: must be text; put yes, no, on and off in quotes." in said("check", code=1)
    (tmp_path / "schemas/memo/schema.yaml").rename(tmp_path / "schemas/memo/schema.yml")
    assert "schemas/memo/schema.yml is ignored" in said("check", code=1)
    assert "is not a pydantic model" in said("convert", "rent_models:Nothing", code=1)
    assert "cannot be imported" in said("convert", "no_such_module:Model", code=1)
    (tmp_path / "broken_models.py").write_text("1 / 0\n")
    assert "broken_models cannot be imported: division by zero." in said("convert", "broken_models:Model", code=1)
    (tmp_path / "odd_models.py").write_text(ODD_MODEL)
    assert "odd_models:Odd has no JSON schema: " in said("convert", "odd_models:Odd", code=1)
