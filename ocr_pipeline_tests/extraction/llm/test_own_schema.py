"""Models asked about documents of a project's own schema: what they are told, what replies may be, and both protocols."""

import hashlib
import json
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import SchemaSpec
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.llm import own_schema
from ocr_pipeline.extraction.llm.evidence import find_evidence
from ocr_pipeline.extraction.llm.reply import ReplyError, read_reply
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.openai import strict
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.delivery_notes import VALUES, delivery_notes
from ocr_pipeline_tests.extraction.llm.page import text_of
from ocr_pipeline_tests.extraction.llm.test_extractor import document, extractor
from ocr_pipeline_tests.standin import StandIn

KINDS = ("money", "quantity", "date", "name", "address", "text", "identifier", "tax_id", "category", "boolean")


def schema_of_kinds() -> DocumentSchema:
    """A field and a column of every kind, named like it."""
    fields: dict[str, Any] = {
        kind: {"kind": kind, **({"options": ["Full", "part delivery"]} if kind == "category" else {})} for kind in KINDS
    }
    lists = {"rows": {"columns": fields}}
    return DocumentSchema("kinds", SchemaSpec.model_validate({"title": "Kinds", "fields": fields, "lists": lists}))


def asked(schema: DocumentSchema, text: str) -> ExtractionInput:
    def no_pages() -> Any:
        raise AssertionError("it works on words")

    return ExtractionInput(document_id="d", open=no_pages, text=text_of(text), schema=schema)


def test_requests_about_invoices_stay_as_they_were(tmp_path: Path) -> None:
    """Stored replies are addressed by the request: another byte would ask, and pay, again."""
    for kind, digest in (("gemini", "8e58959d75057261"), ("openai", "06be2b0a3fd98b1c")):
        options = {"model": "m"} if kind == "openai" else {}
        request = extractor(tmp_path, kind, **options).request(document(text_of("Total 12.50")))
        content = json.dumps(request.description(), sort_keys=True).encode()
        assert hashlib.sha256(content).hexdigest()[:16] == digest
        assert request.schema_name == "invoice"


def test_the_prompt_and_the_response_schema_say_what_the_schema_says(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    request = extractor(tmp_path).request(asked(schema, "LS-1"))
    assert "Delivery note (Goods that a supplier delivered, with the quantities received)" in request.instructions
    properties: Any = request.json_schema["properties"]
    assert list(properties) == [*schema.spec.fields, "items"]
    assert "Number of the delivery note, not of the order." in properties["delivery_number"]["description"]
    assert properties["status"]["anyOf"] == [{"type": "string", "enum": ["complete", "partial"]}, {"type": "null"}]
    assert properties["signed"]["type"] == ["boolean", "null"]
    assert "YYYY-MM-DD" in properties["delivery_date"]["description"]
    assert list(properties["items"]["items"]["properties"]) == list(schema.spec.lists["items"].columns)
    assert "keywords" not in str(request.json_schema), "keywords are for rules"
    assert extractor(tmp_path).request(asked(schema, "LS-1")).parts == ("<document>\nLS-1\n</document>",)


@pytest.mark.parametrize("make", [schema_of_kinds], ids=["every kind"])
def test_the_response_schema_is_one_that_strict_modes_accept(make: Any) -> None:
    """Every object closed with all properties required, null as a type, and no keyword that either side rejects."""
    allowed = {"type", "properties", "required", "items", "anyOf", "enum", "description"}

    def check(node: Any) -> None:
        assert set(node) <= allowed, node
        if node.get("type") == "object":
            assert node["required"] == list(node["properties"])
            for child in node["properties"].values():
                check(child)
        elif node.get("type") == "array":
            check(node["items"])
        else:
            types = node.get("type") or [entry["type"] for entry in node["anyOf"]]
            assert "null" in types

    content = own_schema.json_schema(make())
    check(content)
    assert strict(content)["properties"]["rows"]["items"]["additionalProperties"] is False


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
VALUE_OF: dict[str, st.SearchStrategy[Any]] = {
    "money": AMOUNTS.map(str),
    "quantity": AMOUNTS.map(str),
    "date": st.dates().map(date.isoformat),
    "category": st.sampled_from(["Full", "part delivery", "FULL", " full "]),
    "boolean": st.booleans(),
}
ENTRIES = st.fixed_dictionaries({kind: st.none() | VALUE_OF.get(kind, TEXTS) for kind in KINDS})


@settings(max_examples=50, deadline=None)
@given(entry=ENTRIES, rows=st.lists(ENTRIES, max_size=3))
def test_a_reply_of_the_right_kinds_is_read_as_it_was_written(
    entry: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    schema = schema_of_kinds()
    values = read_reply(json.dumps({**entry, "rows": rows}), own_schema.reply_model(schema), schema.model)
    for written, read in zip([entry, *rows], [values, *values.rows], strict=True):
        for kind in KINDS:
            given, found = written[kind], getattr(read, kind)
            if given is None or (isinstance(given, str) and not given.strip()):
                assert found is None
            elif kind in ("money", "quantity"):
                assert found == Decimal(given)
            elif kind == "date":
                assert found == date.fromisoformat(given)
            elif kind == "category":
                assert found == {"full": "Full"}.get(given.strip().casefold(), "part delivery")
            elif kind == "boolean":
                assert found is given


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("money", "12 EUR"),
        ("money", {"amount": 1}),
        ("quantity", "a dozen"),
        ("date", "04.03.2026"),
        ("category", "empty"),
        ("boolean", "perhaps"),
        ("boolean", 7),
        ("text", ["a"]),
        ("rows", "none"),
        ("rows", [{"money": "1"}]),
    ],
)
def test_a_reply_of_another_kind_is_told_with_its_place_and_without_its_value(field: str, value: Any) -> None:
    schema = schema_of_kinds()
    content = {**dict.fromkeys(KINDS), "rows": [], field: value}
    with pytest.raises(ReplyError, match=field) as raised:
        read_reply(json.dumps(content), own_schema.reply_model(schema), schema.model)
    assert "dozen" not in str(raised.value)
    assert "perhaps" not in str(raised.value)


def test_a_reply_without_a_field_is_no_empty_document(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    with pytest.raises(ReplyError):
        read_reply('{"ok": true}', own_schema.reply_model(schema), schema.model)


def test_an_option_is_found_where_it_is_printed_in_another_language() -> None:
    spec = {"kind": "category", "options": {"complete": ["vollständig"], "partial": ["Teillieferung"]}}
    schema = DocumentSchema(
        "s", SchemaSpec.model_validate({"title": "S", "fields": {"status": spec, "ok": {"kind": "boolean"}}})
    )
    values = schema.model.model_validate({"status": "partial", "ok": True})
    found = find_evidence(values, text_of("Status: Teillieferung"), own_schema.spellings(schema))
    assert {path: place.text for path, place in found.items()} == {"status": "Teillieferung"}


def test_a_description_changes_what_models_are_asked_and_not_what_rules_read(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    fields = {
        **schema.spec.fields,
        "remarks": schema.spec.fields["remarks"].model_copy(update={"description": "Notes."}),
    }
    other = DocumentSchema(schema.name, schema.spec.model_copy(update={"fields": fields}))
    model = extractor(tmp_path)
    assert model.schema_key(schema) != model.schema_key(other)
    assert schema.reading_fingerprint == other.reading_fingerprint
    assert model.schema_key(schema) == extractor(tmp_path).schema_key(delivery_notes(tmp_path))


@pytest.mark.parametrize("kind", ["gemini", "openai"])
@pytest.mark.parametrize("scenarios", [(), ("schema_breaking",)], ids=["at once", "after a repair"])
def test_both_protocols_are_asked_and_read(
    kind: str, scenarios: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_KEY", "k")
    schema = delivery_notes(tmp_path)
    text = text_of("Lieferschein-Nr. LS-1001\nLieferdatum 05.03.2026\nMuster GmbH\nBolts 2 box\nNuts 3 box")
    with StandIn().then(*scenarios) as standin:
        standin.known["LS-1001"] = VALUES | {"items": [{"expiry": None, **row} for row in VALUES["items"]]}  # type: ignore[attr-defined]
        url = standin.url + ("" if kind == "gemini" else "/v1")
        content = {
            "providers": {"standin": {"type": kind, "base_url": url, "api_key_env": "STAND_IN_KEY"}},
            "engines": {"pdf-text": None},
            "backends": {
                "b": {"extractor": kind, "engine": "pdf-text", "options": {"provider": "standin", "model": "m"}}
            },
        }
        (tmp_path / "backends.yaml").write_text(json.dumps(content))
        built = load_backends(Project(tmp_path))["b"].extractor
        with closing(ModelCalls(ResultStore(tmp_path / "results"))) as models:
            calls = models.for_document()
            result = built.extract(
                ExtractionInput(document_id="d", open=pytest.fail, text=text, models=calls, schema=schema)
            )
            assert len(standin.seen) == 1 + len(scenarios)
    assert result.invoice == schema.model.model_validate(VALUES)
    assert result.evidence["delivery_date"].text == "05.03.2026"
    assert result.evidence["items.1.description"].text == "Nuts"
    assert "signed" not in result.evidence
    if kind == "openai":
        assert standin.seen[0].body["response_format"]["json_schema"]["name"] == "delivery_notes"
