"""What the model gets to choose from: everything that is printed, in the order of the page. No model runs here."""

from datetime import date
from decimal import Decimal

from ocr_pipeline.extraction.smollm2.options import MAX_AMOUNT_LINES, MAX_LINE_LENGTH, Option, options
from ocr_pipeline_tests.extraction.rules.printed import read


def lines(entries: list[Option]) -> list[str]:
    return [entry.line for entry in entries]


def test_amounts_come_as_their_lines_from_top_to_bottom() -> None:
    found = options(read("CASH            20.00\nTOTAL  11.60    12.30\nCHANGE           7.70"))
    assert [(entry.line, entry.value) for entry in found["total_amount"]] == [
        ("CASH 20.00", Decimal("20.00")),
        ("TOTAL 11.60 12.30", Decimal("12.30")),
        ("CHANGE 7.70", Decimal("7.70")),
    ]
    assert found["net_amount"] == found["total_tax_amount"] == found["total_amount"]


def test_dates_of_one_row_have_lines_of_their_own() -> None:
    found = options(read("Date 14.03.2018 Due 28.03.2018"))
    assert [(entry.line, entry.value) for entry in found["invoice_date"]] == [
        ("Date 14.03.2018", date(2018, 3, 14)),
        ("Due 28.03.2018", date(2018, 3, 28)),
    ]


def test_names_come_from_the_top_of_the_page_only() -> None:
    found = options(read("\n".join(["Bakery Ltd", *(f"Item number {letter}" for letter in "ABCDEFGHIJ"), "Mills Ltd"])))
    assert "Bakery Ltd" in lines(list(found["supplier_name"]))
    assert "Mills Ltd" not in lines(list(found["supplier_name"]))


def test_of_very_many_amounts_the_last_lines_are_asked_about() -> None:
    pages = ["\n".join(f"Item {page}{row:02}  {row}.50" for row in range(30)) for page in "ABC"]
    found = list(options(read(*pages))["total_amount"])
    assert len(found) == MAX_AMOUNT_LINES
    assert found[-1].line == "Item C29 29.50"


def test_a_line_is_one_line_and_not_endless() -> None:
    found = options(read(f"{'x' * 40} {'y' * 30}\n12.00"))
    assert all(
        "\n" not in line and len(line) <= MAX_LINE_LENGTH for entries in found.values() for line in lines(list(entries))
    )


def test_nothing_printed_is_nothing_to_choose() -> None:
    assert options(read("")) == {}
