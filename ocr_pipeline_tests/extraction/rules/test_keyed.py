"""Rules for a project's own schema: values by kind beside or below keywords, and rows of tables."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.document_schema.loading import load_schema
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import SchemaSpec
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.schemas import Extraction
from ocr_pipeline_tests.extraction.rules.printed import printed

EXAMPLE = Path(__file__).parents[3] / "examples" / "delivery_notes" / "schemas" / "delivery_notes" / "schema.yaml"


def extract(schema: DocumentSchema, *pages: str) -> Extraction:
    def no_pages() -> Any:
        raise AssertionError("it works on words")

    return RulesExtractor().extract(
        ExtractionInput(document_id="d", open=no_pages, text=printed(*pages), schema=schema)
    )


def one_field(**spec: Any) -> DocumentSchema:
    return DocumentSchema("own", SchemaSpec.model_validate({"title": "Own", "fields": {"x": spec}}))


def value(page: str, **spec: Any) -> Any:
    return extract(one_field(**spec), page).invoice.x


@pytest.mark.parametrize(
    ("spec", "beside", "expected"),
    [
        ({"kind": "identifier"}, "AB-1234/7", "AB-1234/7"),
        ({"kind": "identifier"}, "BL 88214", "BL 88214"),
        ({"kind": "identifier", "pattern": r"[A-Z]{2}-\d+"}, "AB-1234 of 3", "AB-1234"),
        ({"kind": "date"}, "04.03.2026", date(2026, 3, 4)),
        ({"kind": "date"}, "4 March 2026", date(2026, 3, 4)),
        ({"kind": "money"}, "1,234.50 EUR", Decimal("1234.50")),
        ({"kind": "quantity"}, "36 pcs", Decimal(36)),
        ({"kind": "name"}, "Penrose Joinery Ltd", "Penrose Joinery Ltd"),
        ({"kind": "text"}, "left at the gate", "left at the gate"),
        ({"kind": "address"}, "Hafenstr. 1, 24103 Kiel", "Hafenstr. 1, 24103 Kiel"),
        ({"kind": "tax_id"}, "DE281260691", "DE281260691"),
        ({"kind": "boolean"}, "yes", True),
        ({"kind": "boolean"}, "nein", False),
        ({"kind": "boolean"}, "perhaps", None),
        ({"kind": "category", "options": {"partial": ["Teillieferung"], "full": []}}, "Teillieferung", "partial"),
        ({"kind": "category", "options": ["partial", "full"]}, "Full", "full"),
        ({"kind": "category", "options": ["partial", "full"]}, "unknown", None),
    ],
    ids=lambda entry: str(entry)[:40],
)
def test_a_value_of_each_kind_beside_and_below_its_keyword(spec: dict[str, Any], beside: str, expected: Any) -> None:
    spec = {**spec, "keywords": ["Prüfwert-Nr."]}
    assert value(f"Some heading\n\nPrüfwert-Nr.:   {beside}\n", **spec) == expected
    assert value(f"Some heading\n\nPrüfwert-Nr.\n{beside}\n", **spec) == expected
    assert value(f"Some heading\n\n{beside}\n\n\n\n\n\nNothing", **spec) in (
        None,
        expected if spec.get("options") else None,
    )


@pytest.mark.parametrize("keyword", ["Prufwert Nr.", "PRÜFWERT-NR", "Prüfwert-Nr .", "Pruefwert-Nr.", "Prüfwett-Nr."])
def test_keywords_are_found_with_slips_of_the_engine(keyword: str) -> None:
    assert value(f"{keyword}   X-77", kind="identifier", keywords=["Prüfwert-Nr."]) == "X-77"


def test_the_longer_keyword_wins_and_ends_the_value_of_the_one_before() -> None:
    fields = {
        "order": {"kind": "identifier", "keywords": ["Order"]},
        "order_date": {"kind": "date", "keywords": ["Order date"]},
        "note": {"kind": "text", "keywords": ["Note"]},
    }
    schema = DocumentSchema("own", SchemaSpec.model_validate({"title": "Own", "fields": fields}))
    found = extract(schema, "Note  keep dry      Order date  2026-03-04    Order  A-9").invoice
    assert (found.order, found.order_date, found.note) == ("A-9", date(2026, 3, 4), "keep dry")


def test_without_keywords_the_name_of_the_field_is_one() -> None:
    spec = {"title": "Own", "fields": {"contract_number": {"kind": "identifier"}}}
    assert (
        extract(DocumentSchema("own", SchemaSpec.model_validate(spec)), "Contract number: C-12").invoice.contract_number
        == "C-12"
    )


def test_a_field_that_invoices_have_is_also_found_as_on_invoices() -> None:
    spec = {"title": "Own", "fields": {"supplier_name": {"kind": "name", "keywords": ["Lieferant"]}}}
    schema = DocumentSchema("own", SchemaSpec.model_validate(spec))
    page = "Muster Handels GmbH\nHafenstr. 1, 24103 Kiel\n\nLieferschein  LS-7"
    assert extract(schema, page).invoice.supplier_name == "Muster Handels GmbH"
    assert extract(schema, f"{page}\n\nLieferant:  Andere Firma KG").invoice.supplier_name == "Andere Firma KG"


TABLE = """
Article    Description              Quantity  Unit
A-1        Treated timber                 36  pcs
           47 x 100 mm
B-22       Cement                         20  bags

Total quantity: 56
"""


def test_rows_of_a_table_with_lines_that_continue() -> None:
    found = extract(load_schema(EXAMPLE), TABLE)
    rows = [(row.article, row.description, row.quantity, row.unit) for row in found.invoice.items]
    assert rows == [
        ("A-1", "Treated timber 47 x 100 mm", Decimal(36), "pcs"),
        ("B-22", "Cement", Decimal(20), "bags"),
    ]
    assert found.invoice.total_quantity == Decimal(56)
    assert found.evidence["items.1.quantity"].text == "20"


def test_a_column_of_flags() -> None:
    columns = {
        "article": {"kind": "identifier"},
        "quantity": {"kind": "quantity"},
        "damaged": {"kind": "boolean"},
    }
    spec = {"title": "Own", "fields": {"x": {"kind": "text"}}, "lists": {"items": {"columns": columns}}}
    table = (
        "Article    Quantity   Damaged\nA-1        36         yes\nB-22       20         no\nC-3        1          ?"
    )
    found = extract(DocumentSchema("own", SchemaSpec.model_validate(spec)), table).invoice.items
    assert [(row.article, row.damaged) for row in found] == [("A-1", True), ("B-22", False), ("C-3", None)]


def test_a_table_goes_on_behind_a_page_break() -> None:
    head = "Article    Description              Quantity  Unit"
    rows = [f"A-{number:<8} Thing {number:<20} {number:>7}  pcs" for number in range(1, 9)]
    pages = ["\n".join([head, *rows[:5]]), "\n".join([head, *rows[5:]])]
    assert [row.quantity for row in extract(load_schema(EXAMPLE), *pages).invoice.items] == list(range(1, 9))


def test_one_word_that_a_column_is_called_is_no_header() -> None:
    page = "Deliver to:\nPenrose Joinery\nUnit 6, Canal Yard\nSkipton BD23 1RT"
    found = extract(load_schema(EXAMPLE), page).invoice
    assert found.items == []
    assert found.delivery_address == "Unit 6, Canal Yard, Skipton BD23 1RT"


LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=382), max_size=40), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(lines=LINES)
def test_no_page_breaks_it_and_every_value_is_one_of_its_kind(lines: list[str]) -> None:
    schema = load_schema(EXAMPLE)
    words = ["Lieferschein-Nr.:", "Status", "Goods checked:", "Menge  Einheit", "Poids brut"]
    page = "\n".join(f"{words[index % len(words)]}  {line}" for index, line in enumerate(lines))
    found = extract(schema, page).invoice if page.strip() else None
    if found is not None:
        assert schema.model.model_validate(found.model_dump()) == found
