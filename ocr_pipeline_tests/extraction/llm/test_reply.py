"""What a model wrote, to an invoice or to one sentence about what does not fit."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.extraction.llm.reply import ReplyError, read_reply
from ocr_pipeline.schemas import Fields, Invoice
from ocr_pipeline_tests.standin.answers import INVOICE


def reply(**fields: Any) -> str:
    return json.dumps({**INVOICE, **fields})


def item(**fields: Any) -> dict[str, Any]:
    names = ("description", "quantity", "unit", "unit_price", "amount", "product_code")
    return {**dict.fromkeys(names), **fields}


def read(**fields: Any) -> Fields:
    return read_reply(reply(**fields))


def breach(**fields: Any) -> str:
    with pytest.raises(ReplyError) as caught:
        read(**fields)
    assert "SECRET" not in str(caught.value)
    return str(caught.value)


def test_a_reply_becomes_an_invoice() -> None:
    invoice = read(
        document_type="credit_note",
        invoice_id="  R 17\n b ",
        currency="eur",
        total_amount="-1,234.50",
        tax_lines=[{"rate": "19", "net_amount": "10.00", "amount": "1.90"}],
        line_items=[item(description="Tea", quantity="0.250", unit="kg", amount="3.10")],
    )
    assert invoice.invoice_date == date(2026, 3, 4)
    assert (invoice.document_type, invoice.invoice_id, invoice.currency) == ("credit_note", "R 17 b", "EUR")
    assert str(invoice.total_amount) == "-1234.50"
    assert (invoice.tax_lines[0].rate, invoice.line_items[0].quantity) == (Decimal(19), Decimal("0.250"))
    assert invoice.due_date is None


@pytest.mark.parametrize(
    "frame",
    ["```json\n{}\n```", "```\n{}\n```", "```JSON\n{}```", "\n ```json {} ``` \n", "  {}\n"],
    ids=["fence", "no language", "upper case", "one line", "spaces"],
)
def test_a_frame_around_the_json_is_no_breach(frame: str) -> None:
    assert read_reply(frame.replace("{}", reply())) == read()


@pytest.mark.parametrize(
    "text",
    ["", "I cannot read this.", reply()[:-20], "```json\n```", f"Here: {reply()}", "[" * 200_000, '{"a":' * 50_000],
    ids=["empty", "prose", "cut", "empty fence", "prose before", "deep list", "deep object"],
)
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ReplyError, match=r"^The reply is no valid JSON.$"):
        read_reply(text)


@pytest.mark.parametrize("text", ["null", "[]", "12", '"text"', "NaN"])
def test_json_that_is_no_object(text: str) -> None:
    with pytest.raises(ReplyError, match=r"^The reply breaks the schema: "):
        read_reply(text)


def test_a_field_that_is_missing_is_a_breach_and_no_empty_field() -> None:
    """With defaults, `{"ok": true}` would be an invoice that says nothing."""
    with pytest.raises(ReplyError, match="document_type: Field required"):
        read_reply('{"ok": true}')
    without_one = {name: value for name, value in INVOICE.items() if name != "due_date"}
    with pytest.raises(ReplyError, match="due_date: Field required"):
        read_reply(json.dumps(without_one))
    with pytest.raises(ReplyError, match=r"line_items\.0\.amount: Field required"):
        read(line_items=[{name: value for name, value in item().items() if name != "amount"}])


def test_keys_that_nobody_asked_for_are_left_out() -> None:
    assert read(confidence=0.9, line_items=[item(note="SECRET")]) == read(line_items=[item()])


@pytest.mark.parametrize(
    ("printed", "amount"),
    [("12.50", "12.50"), (" 12 ", "12"), ("+3", "3"), ("1,234,567.89", "1234567.89"), ("0.000001", "0.000001")],
)
def test_amounts_as_strings(printed: str, amount: str) -> None:
    assert str(read(total_amount=printed).total_amount) == amount


def test_numbers_of_json_stay_exact() -> None:
    """A float in between would give 0.1 + 0.2 = 0.30000000000000004."""
    text = reply().replace('"total_amount": "1.00"', '"total_amount": 12345678901.10')
    assert str(read_reply(text).total_amount) == "12345678901.10"
    assert (
        read_reply(reply(invoice_id=7).replace('"invoice_id": 7', '"invoice_id": 007'.replace("00", ""))).invoice_id
        == "7"
    )
    assert read(invoice_id=12345678901234567890123).invoice_id == "12345678901234567890123"


@pytest.mark.parametrize(
    "value",
    [
        "RM 12 SECRET",
        "12,50",
        "1.234,50",
        "1,23,456.00",
        "12 345.00",
        "12.5.0",
        "1e5",
        1e300,
        "9" * 40,
        "0.1234567",
        float("nan"),
        float("inf"),
        True,
        ["1.00"],
        {"value": "1.00"},
    ],
    ids=str,
)
def test_what_is_no_amount(value: Any) -> None:
    assert breach(total_amount=value).startswith("The reply breaks the schema: total_amount: ")


def test_a_number_of_a_million_digits_is_refused_at_once() -> None:
    text = reply().replace('"total_amount": "1.00"', '"total_amount": ' + "9" * 1_000_000)
    with pytest.raises(ReplyError, match="total_amount"):
        read_reply(text)


@pytest.mark.parametrize(
    "value", ["04/03/2026", "2026-13-01", "2026-02-30", "2026-03-04T10:00:00", "SECRET", True, ["a"]]
)
def test_what_is_no_date(value: Any) -> None:
    assert "invoice_date: " in breach(invoice_date=value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document_type", "SECRET"),
        ("currency", "SECRET"),
        ("currency", "€"),
        ("supplier_name", True),
        ("supplier_name", {"SECRET": 1}),
        ("tax_lines", None),
        ("line_items", "SECRET"),
        ("line_items", [None]),
        ("tax_lines", [item()] * 101),
    ],
)
def test_other_breaches_name_the_place_and_not_the_value(field: str, value: Any) -> None:
    assert f": {field}" in breach(**{field: value})


def test_empty_text_is_nothing() -> None:
    invoice = read(supplier_name=" \n ", total_amount="", invoice_date=" ", currency="")
    assert (invoice.supplier_name, invoice.total_amount, invoice.invoice_date, invoice.currency) == (None,) * 4


def test_text_that_no_file_and_no_database_takes_is_mended() -> None:
    """Half of a character, and control characters."""
    invoice = read(supplier_name="Caf\ud83d\0é\x1b[31m Ltd")
    assert invoice.supplier_name == "Caf� é [31m Ltd"
    assert Invoice.model_validate_json(invoice.model_dump_json()) == invoice
