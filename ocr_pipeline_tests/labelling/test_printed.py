"""From printed text to values, and the form from the schema."""

import pytest

from ocr_pipeline.labelling.form import SHORTCUTS, field_at, list_fields, single_fields
from ocr_pipeline.labelling.printed import printed_value
from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("total_amount", "Total RM 1,234.50", "1234.50"),
        ("total_amount", "1.234,50 €", "1234.50"),
        ("total_amount", "12.00 15.00", "15.00"),
        ("total_amount", "no number", None),
        ("invoice_date", "Date: 05/03/2026 12:30", "2026-03-05"),
        ("invoice_date", "2026-03-05", "2026-03-05"),
        ("invoice_date", "4 mars 2026", "2026-03-04"),
        ("invoice_date", "31/31/2026", None),
        ("currency", "Total RM9.00", "MYR"),
        ("currency", "eur", "EUR"),
        ("document_type", "Credit note", "credit_note"),
        ("document_type", "letter", None),
        ("supplier_name", "  Harbour\n Tools ", "Harbour Tools"),
        ("line_items.quantity", "3", "3"),
        ("tax_lines.rate", "19 %", "19"),
        ("line_items.unit", "pcs", "pcs"),
        ("supplier_name", "  ", None),
    ],
)
def test_what_a_text_means_for_a_field(path: str, text: str, value: str | None) -> None:
    field = field_at(path)
    assert field is not None
    assert printed_value(field, text) == value


def test_an_ambiguous_date_is_the_one_that_a_backend_gave() -> None:
    field = field_at("invoice_date")
    assert field is not None
    assert printed_value(field, "03/04/2026", day_first=True) == "2026-04-03"
    assert printed_value(field, "03/04/2026", day_first=False) == "2026-03-04"
    assert printed_value(field, "03/04/2026", ["2026-03-04"], day_first=True) == "2026-03-04"


def test_the_form_is_the_schema() -> None:
    assert [field.name for field in single_fields()] == list(FIELD_KINDS)
    columns = {of_list.name: [column.name for column in of_list.columns] for of_list in list_fields()}
    assert columns["line_items"] == [*LIST_KINDS["line_items"], "unit", "product_code"]
    assert columns["tax_lines"] == list(LIST_KINDS["tax_lines"])
    assert len(set(SHORTCUTS)) == len(SHORTCUTS) >= len(FIELD_KINDS)
    assert field_at("line_items.total_amount") is None
    assert field_at("x") is None
