"""Somebody else's row to our fields: names, types, evidence, and what cannot be read."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ocr_pipeline.extraction.external.extractor import External
from ocr_pipeline.extraction.external.mapping import Mapped, document_of, map_row, used_columns
from ocr_pipeline.extraction.external.strict_json import parse
from ocr_pipeline.schemas import LineItem, ReportedUsage, TaxLine


def mapped(row: str, **options: Any) -> Mapped:
    return map_row(parse(row), External(**options).mapping)


def one(name: str, value: str, **options: Any) -> Any:
    """The value of a field, or what it has to be."""
    found = mapped(f'{{"{name}": {value}}}', **options)
    return found.problems.get(name) or getattr(found.extraction.invoice, name)


def test_our_names_flat_or_nested() -> None:
    found = mapped(
        '{"supplier": {"name": "Bäckerei  Kranz", "tax_id": 123}, "receiver_name": "Me", "document_type": "Credit note",'
        ' "currency": "eur", "invoice_date": "2024-12-31T10:00:00Z", "total_amount": 11.90, "amount_due": "0.00",'
        ' "tax_lines": [{"rate": 19, "amount": "1.90"}], "line_items": [{}, {"description": "Brot", "amount": 10.0}]}'
    )
    invoice = found.extraction.invoice
    assert (invoice.supplier_name, invoice.supplier_tax_id, invoice.receiver_name) == ("Bäckerei Kranz", "123", "Me")
    assert (invoice.document_type, invoice.currency, invoice.invoice_date) == ("credit_note", "EUR", date(2024, 12, 31))
    assert [str(invoice.total_amount), str(invoice.amount_due)] == ["11.90", "0.00"]
    assert invoice.tax_lines == [TaxLine(rate=Decimal(19), amount=Decimal("1.90"))]
    assert invoice.line_items == [LineItem(), LineItem(description="Brot", amount=Decimal("10.0"))]
    assert not found.problems


def test_names_of_azure_and_textract() -> None:
    azure = mapped(
        '{"documents": [{"fields": {"InvoiceTotal": {"valueCurrency": {"amount": 110.5, "currencyCode": "USD"}},'
        ' "Items": {"valueArray": [{"valueObject": {"Description": {"valueString": "Tea"}}}]}}}]}',
        fields={
            "total_amount": "documents[0].fields.InvoiceTotal.valueCurrency.amount",
            "line_items": "documents[0].fields.Items.valueArray[].valueObject.{description: Description.valueString}",
        },
    )
    assert azure.extraction.invoice.total_amount == Decimal("110.5")
    assert azure.extraction.invoice.line_items == [LineItem(description="Tea")]
    textract = '{"S": [{"T": "VENDOR", "V": "Shop"}, {"T": "TOTAL", "V": "$1,110.50"}]}'
    path = {"total_amount": "S[?T=='TOTAL'].V | [0]"}
    assert mapped(textract, fields=path, decimal_separator=".").extraction.invoice.total_amount == Decimal("1110.50")


def test_a_column_whose_name_is_no_expression() -> None:
    fields = {"total_amount": "Total (EUR)", "invoice_id": "Rechnung Nr."}
    row = '{"Total (EUR)": "5", "Rechnung Nr.": "7", "rest": 1}'
    invoice = mapped(row, fields=fields).extraction.invoice
    assert (invoice.total_amount, invoice.invoice_id) == (Decimal(5), "7")
    assert used_columns(parse(row), External(fields=fields).mapping) == {"Total (EUR)", "Rechnung Nr."}
    assert mapped('{"rest": 1}', fields=fields).problems == {}


NUMBER, DATE = "has to be a number like 1234.50", "has to be a date like 2024-12-31"
OR_SEPARATOR, OR_ORDER = ", or decimal_separator is not set", ", or day_first is not set"


@pytest.mark.parametrize(
    ("name", "value", "options", "expected"),
    [
        ("total_amount", '"1234.50"', {}, Decimal("1234.50")),
        ("total_amount", "1e3", {}, Decimal(1000)),
        ("total_amount", "45.20000076293945", {}, Decimal("45.200001")),
        ("total_amount", '"  "', {}, None),
        ("total_amount", "null", {}, None),
        ("total_amount", '"1.234,56"', {}, NUMBER + OR_SEPARATOR),
        ("total_amount", '"1,234.56"', {}, NUMBER + OR_SEPARATOR),
        ("total_amount", '"1.234,56 €"', {"decimal_separator": ","}, Decimal("1234.56")),
        ("total_amount", '"1.234"', {"decimal_separator": ","}, Decimal(1234)),
        ("total_amount", "1.234", {"decimal_separator": ","}, Decimal("1.234")),  # a JSON number is what it is
        ("total_amount", '"n/a"', {"decimal_separator": ","}, NUMBER),
        ("total_amount", "true", {}, NUMBER + OR_SEPARATOR),
        ("total_amount", "[1]", {}, NUMBER + OR_SEPARATOR),
        ("total_amount", "1" + "0" * 5000, {}, "has to have at most 18 digits"),
        ("total_amount", "1e999999", {}, "has to have at most 18 digits"),
        ("total_amount", "1234567890123456789", {}, "has to have at most 18 digits, 6 of them decimals"),
        ("invoice_date", '"20241231"', {}, DATE + OR_ORDER),
        ("invoice_date", '"31/12/2024"', {}, DATE + OR_ORDER),
        ("invoice_date", '"2024-13-01"', {}, DATE + OR_ORDER),
        ("invoice_date", '"31/12/2024"', {"day_first": True}, date(2024, 12, 31)),
        ("invoice_date", '"03/04/2024"', {"day_first": False}, date(2024, 3, 4)),
        ("invoice_date", '"31/12/2024"', {"day_first": False}, DATE),
        ("invoice_date", "20241231", {"day_first": True}, DATE),
        ("invoice_id", "12345", {}, "12345"),
        ("invoice_id", "12.5", {}, "has to be a text"),
        ("invoice_id", '{"a": 1}', {}, "has to be a text"),
        ("supplier_name", '"a\\u0000b"', {}, "has to be free of control characters"),
        ("supplier_name", '"a\\ud800b"', {}, "has to be free of control characters"),
        ("supplier_name", '"' + "x" * 1_000_000 + '"', {}, "has to have at most 5,000 characters"),
        ("currency", '"€"', {}, "has to be a three-letter ISO 4217 code like EUR"),
        ("document_type", '"bill"', {}, "has to be invoice, receipt, credit_note"),
        ("line_items", '"[{\\"amount\\": 1.5}]"', {}, [LineItem(amount=Decimal("1.5"))]),
        ("line_items", '"[{"', {}, "has to be JSON (not valid JSON)"),
        ("line_items", '{"a": 1}', {}, "has to be a JSON list"),
        ("line_items", "[1]", {}, "has to be a list of at most 2,000 objects"),
        ("tax_lines", "[" + "{}," * 100 + "{}]", {}, "has to be a list of at most 100 objects"),
        ("total_amount", '"x"', {"fields": {"total_amount": "sum(x)"}}, "cannot be found with the expression sum(x)"),
    ],
)  # fmt: skip
def test_a_value_is_read_or_a_problem(name: str, value: str, options: dict[str, Any], expected: Any) -> None:
    found = one(name, value, **options)
    assert found == expected
    if isinstance(expected, Decimal):
        assert "E" not in str(found)


def test_one_bad_cell_of_a_list_leaves_the_others() -> None:
    found = mapped('{"line_items": [{"amount": 1, "sku": 5}, {"amount": "one", "description": "b"}]}')
    assert found.extraction.invoice.line_items == [LineItem(amount=Decimal(1)), LineItem(description="b")]
    assert list(found.problems) == ["line_items.1.amount"]
    assert found.ignored == {"line_items.sku"}


def test_cost_time_and_model_are_reported() -> None:
    found = mapped('{"cost_usd": "0.015", "latency_ms": 1500, "model": "prebuilt", "version": 2}').extraction
    assert (found.cost_usd, found.reported) == (0.015, ReportedUsage(seconds=1.5, model="prebuilt", model_version="2"))
    found = mapped("{}").extraction
    assert (found.cost_usd, found.reported) == (None, ReportedUsage())
    bad = mapped('{"cost_usd": -1, "seconds": 1e300, "latency_ms": "fast"}')
    assert list(bad.problems) == ["milliseconds", "seconds", "cost_usd"]
    assert bad.extraction.cost_usd is None


def test_boxes_of_values_become_evidence() -> None:
    found = mapped(
        '{"total_amount": 5, "invoice_id": "7", "line_items": [{}, {"amount": 5}], "confidence": {"total_amount": 0.9},'
        ' "evidence": {"total_amount": {"page": 2, "box": [0, 0.1, 0.5, 1], "text": "5,-"},'
        ' "invoice_id": {"box": [0.1, 0.1, 0.2, 0.2]}, "line_items.1.amount": {"box": [0, 0, 2, 1]},'
        ' "due_date": {"box": [0, 0, 1, 1]}}}'
    )
    evidence = found.extraction.evidence
    total, number = evidence["total_amount"], evidence["invoice_id"]
    assert (total.page, total.box, total.text, total.method, total.score) == (
        2,
        (0, 0.1, 0.5, 1),
        "5,-",
        "reported",
        0.9,
    )
    assert (number.page, number.method, number.score) == (1, "reported without confidence", 1.0)
    assert len(evidence) == 2, "none of a value that is not there"
    assert list(found.problems) == ["evidence.line_items.1.amount"]


def test_the_document_keeps_its_spelling() -> None:
    row = parse('{"file": " two  spaces.pdf ", "Source File": "b"}')
    assert document_of(row, External().mapping) == "two  spaces.pdf"
    assert document_of(row, External(fields={"document": "Source File"}).mapping) == "b"


def test_only_what_changes_a_result_is_in_the_fingerprint() -> None:
    plain = External(fields={"total_amount": "Total"}).fingerprint()
    assert External(fields={"total_amount": "Total", "document": "File"}).fingerprint() == plain
    for other in (External(fields={"total_amount": "Sum"}), External(day_first=True), External(decimal_separator=",")):
        assert other.fingerprint() != plain


@pytest.mark.parametrize("options", [{"fields": {"totl": "x"}}, {"locale": "de"}, {"decimal_separator": ";"}])
def test_unknown_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        External(**options)


RECORDED = {
    "fields": {"supplier_name": "vendor", "invoice_date": "date", "total_amount": "total"},
    "day_first": True,
    "null_values": {"cost_usd": 0, "supplier_name": ["n/a", "unknown"], "line_items.amount": -1},
}


@pytest.mark.parametrize(
    ("row", "values", "unreadable"),
    [
        (
            '{"date": "31/12/2018", "total": 38.9}',
            {"invoice_date": date(2018, 12, 31), "total_amount": Decimal("38.9")},
            {},
        ),
        ('{"date": "2018-12-31"}', {"invoice_date": date(2018, 12, 31)}, {}),
        ('{"date": "1573642800000.0"}', {"invoice_date": None}, {"invoice_date": "1573642800000.0"}),
        ('{"date": 1573642800000.0}', {"invoice_date": None}, {"invoice_date": "1573642800000.0"}),
        ('{"date": "12/31/2018"}', {"invoice_date": None}, {"invoice_date": "12/31/2018"}),
        ('{"date": null, "currency": "RM"}', {"invoice_date": None, "currency": None}, {"currency": "RM"}),
        ('{"total": "a\\u0000\\n b"}', {"total_amount": None}, {"total_amount": "a? b"}),
        ('{"vendor": "n/a"}', {"supplier_name": None}, {}),
        ('{"vendor": "N/A Ltd"}', {"supplier_name": "N/A Ltd"}, {}),
    ],
)
def test_a_value_that_was_given_and_cannot_be_read_is_kept_as_such(
    row: str, values: dict[str, Any], unreadable: dict[str, str]
) -> None:
    extraction = mapped(row, **RECORDED).extraction
    assert {name: getattr(extraction.invoice, name) for name in values} == values
    assert extraction.unreadable == unreadable


@pytest.mark.parametrize(
    ("row", "cost"), [('{"cost_usd": 0.0}', None), ('{"cost_usd": "0.00"}', None), ('{"cost_usd": 0.01}', 0.01)]
)
def test_a_cost_that_means_unknown(row: str, cost: float | None) -> None:
    assert mapped(row, **RECORDED).extraction.cost_usd == cost
    assert mapped('{"cost_usd": 0.0}').extraction.cost_usd == 0, "unless it is mapped, 0 is free"


def test_null_values_of_cells_and_of_unknown_fields() -> None:
    row = '{"line_items": [{"description": "Tea", "amount": -1}, {"amount": 2}]}'
    assert [item.amount for item in mapped(row, **RECORDED).extraction.invoice.line_items] == [None, 2]
    with pytest.raises(ValidationError, match="unknown field 'cost'"):
        External(null_values={"cost": 0})
    assert External(null_values={"cost_usd": 0}).fingerprint() != External().fingerprint()
