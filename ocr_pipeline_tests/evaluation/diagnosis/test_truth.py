"""Values of codes and XML against those read on the page, and against each other."""

import pytest

from ocr_pipeline.evaluation.diagnosis.truth import (
    SourceComparison,
    SourcedValue,
    compare_sources,
    is_printed,
    split_by_source,
)

EXTRACTORS = {"codes": "codes", "xml": "einvoice", "a": "rules", "b": "learned", "vote": "ensemble"}


def compared(field: str, values: dict[str, str | None], **others: str) -> list[SourceComparison]:
    """`others`: the same value of another field for every backend."""
    of_backends = {name: {} if value is None else {field: value, **others} for name, value in values.items()}
    return list(compare_sources("d", of_backends, EXTRACTORS))


@pytest.mark.parametrize(
    ("field", "values", "agrees"),
    [
        ("total_amount", {"codes": "45.20", "a": "54.20"}, False),
        ("total_amount", {"codes": "45.20", "a": "54.20", "b": "45.2"}, True),
        ("total_amount", {"codes": "45.20", "a": "54.20", "vote": "45.20"}, False),
        ("total_amount", {"codes": "45.20", "xml": "45.20"}, True),
        ("total_amount", {"codes": "45.20", "xml": "54.20", "a": "54.20"}, False),
        ("total_amount", {"codes": "45.20", "xml": "54.20"}, False),
        ("supplier_tax_id", {"xml": "NL004495445B01", "a": "NL4495445B01"}, True),
        ("invoice_id", {"codes": "FS CDVF/12345", "a": "FS-CDVF 12345"}, True),
        ("invoice_id", {"codes": "780", "a": "000.000.780"}, True),
        ("invoice_id", {"codes": "780", "a": "000.000.788"}, False),
        ("invoice_date", {"codes": "2024-01-02", "a": "2024-02-01"}, False),
        ("currency", {"xml": "EUR", "a": "USD"}, False),
    ],
)
def test_what_agrees(field: str, values: dict[str, str | None], agrees: bool) -> None:
    assert [(row.field, row.agrees) for row in compared(field, values)] == [(field, agrees)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("total_amount", {"codes": "45.20", "a": None}),  # codes say more than pages print
        ("total_amount", {"a": "45.20", "b": "54.20"}),  # no code and no XML
        ("total_amount", {"codes": "45.20", "vote": "54.20"}),  # an ensemble reads nothing itself
        ("supplier_name", {"codes": "Shop Ltd", "a": "THE SHOP"}),
        ("document_type", {"codes": "receipt", "a": "invoice"}),
    ],
)
def test_what_is_not_compared(field: str, values: dict[str, str | None]) -> None:
    assert compared(field, values) == []


def test_signs_of_a_credit_note_are_not_compared() -> None:
    values: dict[str, str | None] = {"xml": "12.00", "a": "-12.00"}
    assert [row.agrees for row in compared("total_amount", values)] == [False]
    [row] = compared("total_amount", values, document_type="credit_note")
    assert (row.agrees, row.page) == (True, "-12.00")


@pytest.mark.parametrize(
    ("values", "page", "sentence"),
    [
        ({"xml": "1.00", "a": "2.00", "b": "3.00"}, "2.00", "the XML says total_amount 1.00, the page 2.00 or 3.00"),
        ({"xml": "1.00", "codes": "1", "a": "2.00"}, "2.00", "the XML and the code say total_amount 1.00, the page 2.00"),
        ({"xml": "1.00", "codes": "2", "a": "3", "b": "2"}, "2", "the XML says total_amount 1.00, the code and the page 2"),
        ({"xml": "1.00", "codes": "2.00"}, None, "the XML says total_amount 1.00, the code 2.00"),
    ],
)  # fmt: skip
def test_how_it_is_told(values: dict[str, str | None], page: str | None, sentence: str) -> None:
    [row] = compared("total_amount", values)
    assert (row.sentence, row.page) == (sentence, page)
    assert row.readings == {name: value for name, value in values.items() if name in ("a", "b")}


@pytest.mark.parametrize(
    ("field", "value", "page", "printed"),
    [
        ("total_amount", "1234.50", "Total 1.234,50 EUR", True), ("total_amount", "1234.50", "Total 1.234,60 EUR", False),
        ("invoice_id", "RE-2024/7", "Nr. RE 2024 / 7", True), ("invoice_id", "RE-2024/8", "Nr. RE 2024 / 7", False),
        ("invoice_date", "2024-01-02", "Date 02.01.24", True), ("invoice_date", "2024-01-02", "January 2nd, 2024", True),
        ("invoice_date", "2024-01-02", "20240102", True), ("invoice_date", "2024-01-02", "2024 年 1 月 2 日", True),
        ("invoice_date", "2024-01-02", "1 March 2024, due 31 March 2024", False), ("invoice_date", "2024-01-02", "", False),
        ("currency", "EUR", "Total 12,00 €", True), ("currency", "EUR", "Total CHF 12.00", False),
    ],
)  # fmt: skip
def test_what_is_printed(field: str, value: str, page: str, printed: bool) -> None:
    assert is_printed(field, value, page) == printed


def test_a_backend_that_prefers_xml_is_one_reader_of_each_source() -> None:
    cells = {
        "auto+rules": {
            "total_amount": SourcedValue("12.00", "xml", {"page": "13.00", "code": "12"}),
            "invoice_id": SourcedValue("A-1", "page", {}),
        },
        "vote": {"total_amount": SourcedValue("13.00", None, {})},
    }
    values, extractors = split_by_source(cells, {"auto+rules": "rules", "vote": "ensemble"})
    [row] = compare_sources("d", values, extractors)
    assert (row.page, row.code, row.xml, row.agrees) == ("13.00", "12", "12.00", False)
    assert (row.readings, list(row.backends)) == ({"auto+rules": "13.00"}, ["auto+rules (code)", "auto+rules (xml)"])
