import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocr_pipeline.document_fields import FIELD_KINDS, LIST_KINDS, Fields, Invoice
from ocr_pipeline.document_schema.labels import label_content, parse_label
from ocr_pipeline.document_schema.loading import dataset_schemas, load_schema, load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Extraction, Label
from ocr_pipeline_tests.delivery_notes import SCHEMA, VALUES, delivery_notes, write_schema


@pytest.fixture
def notes(tmp_path: Path) -> DocumentSchema:
    return delivery_notes(tmp_path)


def test_invoice_file_and_model_agree() -> None:
    schema = invoice_schema()
    made = DocumentSchema("copy", schema.spec).model
    assert schema.model is Invoice
    assert dict(made.KINDS) == FIELD_KINDS
    assert list(made.KINDS) == list(FIELD_KINDS)
    assert dict(made.LISTS) == LIST_KINDS
    for name, row in Invoice.ROWS.items():
        assert list(row.model_fields) == list(made.ROWS[name].model_fields)
        for column in row.model_fields:
            assert (
                row.model_json_schema()["properties"][column]["anyOf"]
                == (made.ROWS[name].model_json_schema()["properties"][column]["anyOf"])
            )


def test_values_have_the_types_of_their_kinds(notes: DocumentSchema) -> None:
    values = notes.model.model_validate({**VALUES, "status": "PARTIAL", "remarks": " "})
    assert values.freight == Decimal("12.50")
    assert values.delivery_date.isoformat() == "2026-03-05"
    assert values.signed is True
    assert values.status == "partial"
    assert values.remarks is None
    assert values.items[0].quantity == 2
    assert notes.list_kinds["items"] == {
        "article": "identifier",
        "description": "text",
        "quantity": "quantity",
        "expiry": "date",
        "damaged": "boolean",
    }


@pytest.mark.parametrize(
    ("field", "value", "valid"),
    [
        ("status", "lost", False),
        ("signed", "perhaps", False),
        ("delivery_date", "5 March", False),
        ("freight", "12,50", False),
        ("freight", "-1", True),  # a limit is a warning
        ("delivery_number", "1001", True),  # so is a pattern
        ("vendor", "A", False),
    ],
)
def test_values_of_another_kind_are_invalid(notes: DocumentSchema, field: str, value: str, valid: bool) -> None:
    assert notes.is_valid(field, value) is valid


def test_extractions_are_stored_with_their_shape(notes: DocumentSchema) -> None:
    extraction = Extraction(invoice=notes.model.model_validate(VALUES))
    stored = Extraction.model_validate_json(extraction.model_dump_json())
    for again in (stored, pickle.loads(pickle.dumps(extraction))):
        assert again == extraction
        assert type(again.invoice) is notes.model


def test_invoices_are_stored_as_before() -> None:
    extraction = Extraction(invoice=Invoice.model_validate({"total_amount": "12.50"}))
    stored = json.loads(extraction.model_dump_json())["invoice"]
    assert list(stored) == [*FIELD_KINDS, "tax_lines", "line_items"]
    with pytest.raises(ValidationError) as error:
        Extraction.model_validate_json('{"invoice": {"total_amount": "x"}}')
    assert error.value.errors()[0]["loc"] == ("invoice", "total_amount")


def test_labels_of_both_forms(notes: DocumentSchema) -> None:
    both = (notes, invoice_schema())
    text = json.dumps({"schema": "delivery_notes", "fields": {"signed": None, "status": "complete"}, "split": "test"})
    label = parse_label(text, both)
    assert label.labelled_fields == ["status", "signed"]
    assert label_content(label) == {
        "schema": "delivery_notes",
        "fields": {"signed": None, "status": "complete"},
        "split": "test",
    }
    assert parse_label(json.dumps(label_content(label)), [notes]) == label
    assert parse_label('{"fields": {"signed": true}}', both).invoice.NAME == "delivery_notes"
    invoice = parse_label('{"invoice": {"currency": "EUR"}}', both)
    assert isinstance(invoice.invoice, Invoice)
    assert label_content(invoice) == {"invoice": {"currency": "EUR"}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"fields": {"freight": "x"}}', "fields.freight"),
        ('{"fields": {"items": [{"quantity": "x"}]}}', "fields.items.0.quantity"),
        ('{"fields": {"vendor": "x"}}', "fields.vendor"),
        ('{"schema": "contracts", "fields": {}}', "must be delivery_notes"),
        ('{"schema": 5, "fields": {}}', "must be delivery_notes"),
        ('{"schema": "delivery_notes", "invoice": {}}', "has `fields`"),
        ('{"fields": {}, "alternatives": {"vendor": ["x"]}}', "unknown field 'vendor'"),
        ('{"fields": {}, "alternatives": {"freight": ["x"]}}', "invalid money"),
        ("[1", "Invalid JSON"),
        ("5", "should be an object"),
        ('{"fields": []}', "fields"),
    ],
)
def test_invalid_labels_name_the_place(notes: DocumentSchema, content: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem.replace(".", r"\.").replace("[", r"\[")):
        parse_label(content, [notes])


def test_warnings(notes: DocumentSchema) -> None:
    def warnings(**changes: object) -> list[str]:
        return list(notes.warnings(notes.model.model_validate({**VALUES, **changes})))

    assert warnings() == []
    assert warnings(delivery_number=None) == ["delivery_number is missing."]
    assert warnings(delivery_number="1001") == [r"delivery_number does not match the pattern [A-Z]{2}-\d+."]
    assert warnings(freight="-1") == ["freight is below 0."]
    assert warnings(total_quantity="6") == ["sum(items.quantity) = total_quantity does not hold."]
    assert warnings(total_quantity=None) == []
    assert warnings(delivery_date="2026-02-01") == ["delivery_date >= order_date does not hold."]
    assert "items.0.quantity is below 0." in warnings(items=[{"quantity": -2}, {"quantity": 7}])


@pytest.mark.parametrize(
    ("constraint", "values", "holds"),
    [
        ("items.quantity * 2 = items.factor", {"items": [{"quantity": 2, "factor": 4}]}, True),
        ("items.quantity * 2 = items.factor", {"items": [{"quantity": 2, "factor": 5}]}, False),
        ("count(items) <= total", {"items": [{"quantity": 1}], "total": 0}, False),
        ("-total + 3 = other / 2", {"total": 1, "other": 4}, True),
        ("total / other = 1", {"total": 1, "other": 0}, True),  # no result: it says nothing
        ("total = 0.1 + 0.2", {"total": "0.3"}, True),
        ("until - since <= 30", {"since": "2026-01-01", "until": "2026-02-15"}, False),
        ("until = since + 45", {"since": "2026-01-01", "until": "2026-02-15"}, True),
        ("name = owner", {"name": "A", "owner": "a"}, True),
        ("name = owner", {"name": "A", "owner": "B"}, False),
    ],
)
def test_constraints(tmp_path: Path, constraint: str, values: dict[str, object], holds: bool) -> None:
    schema = load_schema(write_schema(tmp_path, CONSTRAINED.format(constraint)))
    assert (not list(schema.warnings(schema.model.model_validate(values)))) is holds


CONSTRAINED = """\
title: T
fields:
  total: {{kind: money}}
  other: {{kind: quantity}}
  since: {{kind: date}}
  until: {{kind: date}}
  name: {{kind: name}}
  owner: {{kind: name}}
lists: {{items: {{columns: {{quantity: {{kind: quantity}}, factor: {{kind: quantity}}}}}}}}
constraints: ["{}"]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("kind: boolean}\n  remarks", "kind: flag}\n  remarks", r"line 16: fields\.signed\.kind"),
        ("  signed:", "  Signed:", r"line 16: fields\.Signed"),
        ("  signed:", "  model_dump:", "the name model_dump is reserved"),
        ("  signed:", "  document_id:", "the name document_id is reserved"),
        ("  signed:", "  error:", "the name error is reserved"),
        ("  items:", "  values:", "the name values is reserved"),
        ("  signed:", "  items:", "items is the name of a field and of a list"),
        ("{kind: boolean}\n  remarks", "{kind: boolean, options: [a]}\n  remarks", "line 16.*options are for"),
        ('"[A-Z]{2}-\\\\d+"', '"["', r"line 9.*not a regular expression"),
        ("[complete, partial]", "[complete, Complete]", "listed twice"),
        ("minimum: 0}\n  total", "minimum: 2, maximum: 1}\n  total", "minimum is above maximum"),
        ("{delivery_number: {edits", "{number: {edits", "compare names number"),
        ("= total_quantity", "= total", "line 32: constraint .* unknown field total"),
        ("= total_quantity", "= delivery_date", "a number cannot be compared with a date"),
        ("= total_quantity", "", "compare two terms"),
        ("= total_quantity", "= __import__('os').getpid()", "cannot be understood"),
        ("sum(items.quantity)", "sum(items.article)", "no numbers to add up"),
        ("title: Delivery note", "", "title: Field required"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in SCHEMA
    path = write_schema(tmp_path, SCHEMA.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=problem) as error:
        load_schema(path)
    assert "schemas/delivery_notes/schema.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("left", "left", ""),
        ("Number of the delivery note", "The number", "asking"),
        ("title: Delivery note", "title: Delivery", "asking"),
        ("[delivery date]", "[delivered on]", "reading asking"),
        ("[complete, partial]", "[complete, partial, lost]", "reading asking"),
        ("kind: money", "kind: quantity", "reading asking matching"),
        ("{edits: 2}", "{edits: 1}", "matching"),
        ("text, compared: false", "text", "matching"),
        ("sum(items.quantity) =", "count(items) =", "reading asking"),
        ("[complete, partial]", "{complete: [vollständig], partial: []}", "reading"),
    ],
)
def test_fingerprints_change_with_what_they_are_of(tmp_path: Path, old: str, new: str, changed: str) -> None:
    first = load_schema(write_schema(tmp_path / "a"))
    second = load_schema(write_schema(tmp_path / "b", SCHEMA.replace(old, new, 1)))
    names = ("reading", "asking", "matching")
    differ = [name for name in names if getattr(first, f"{name}_fingerprint") != getattr(second, f"{name}_fingerprint")]
    assert differ == changed.split()


def test_data_sets_choose_their_schema(tmp_path: Path) -> None:
    notes = delivery_notes(tmp_path)
    schemas = load_schemas(tmp_path)
    assert list(schemas) == ["invoice", "delivery_notes"]
    folder = tmp_path / "data/documents/shop"
    folder.mkdir(parents=True)
    assert dataset_schemas(folder, schemas) is None
    file = folder / "dataset.yaml"
    file.write_text("schema: delivery_notes\n")
    chosen = dataset_schemas(folder, schemas)
    assert chosen
    assert chosen.of("a.pdf") == (notes,)
    file.write_text('schemas: [invoice, delivery_notes]\ndocuments: {"notes/*": delivery_notes}\n')
    chosen = dataset_schemas(folder, schemas)
    assert chosen
    assert chosen.of("a.pdf") == (schemas["invoice"], notes)
    assert chosen.of("notes/a.pdf") == (notes, schemas["invoice"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("schema: contracts\n", "shop/dataset.yaml, line 1: no schema contracts in schemas/; known are invoice"),
        ("\nschemas:\n- invoice\n- notes\n", "line 4: no schema notes"),
        ("schema: invoice\nschemas: [invoice]\n", "either `schema` or `schemas`"),
        ("", "either `schema` or `schemas`"),
        ("schema: invoice\ncolour: red\n", "line 2: colour: unknown key"),
    ],
)
def test_mistakes_in_a_data_set_name_the_line(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/dataset.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=problem):
        dataset_schemas(tmp_path / "shop", load_schemas(tmp_path))


def test_labels_of_values_keep_their_schema(notes: DocumentSchema) -> None:
    values: Fields = notes.model.model_validate(VALUES)
    assert Label(invoice=values).labelled_fields == list(notes.field_kinds)
