"""Domain objects to rows and back: what a stage writes is what the next one reads."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.ocr.stage import OcrOutcome
from ocr_pipeline.schemas import (
    FIELD_KINDS,
    DocumentFailure,
    DocumentOrigin,
    Evidence,
    Extraction,
    FieldCandidate,
    Invoice,
    Label,
    LineItem,
    OcrPage,
    OcrText,
    TaxLine,
    Word,
)
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline_tests.files import image_bytes, text_pdf

FAILURE = DocumentFailure(reason="unreadable", message='The image is "broken": OSError.')

FULL = Invoice(
    document_type="credit_note",
    supplier_name="Müller & Söhne GmbH",
    supplier_address="Hauptstr. 1\n10115 Berlin",
    supplier_tax_id="DE123456789",
    receiver_name="ACME 'Ltd'",
    receiver_tax_id="GB1",
    invoice_id="0007",
    invoice_date=date(2024, 2, 29),
    due_date=date(1999, 12, 31),
    purchase_order="PO|1,2",
    currency="CHF",
    net_amount=Decimal("-100.00"),
    total_tax_amount=Decimal("0"),
    total_amount=Decimal("123456789012.345678"),
    amount_due=Decimal("0.05"),
    tax_lines=[TaxLine(rate=Decimal("8.1"), net_amount=Decimal(20), amount=Decimal("1.62")), TaxLine()],
    line_items=[
        LineItem(
            description="Ölfilter ½",
            quantity=Decimal("2.5"),
            unit="kg",
            unit_price=Decimal("1000"),
            amount=Decimal("2500"),
            product_code="A-1",
        ),
        LineItem(amount=Decimal("-0.01")),
        LineItem(),
    ],
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "w.duckdb")


def write_labels(warehouse: Warehouse, labels: dict[str, Label | DocumentFailure | None]) -> None:
    new_rows = tables.empty(tables.labels.LABEL_TABLES)
    for name, label in labels.items():
        tables.labels.add_label(
            new_rows,
            name,
            "demo",
            run_id="r",
            label=label if isinstance(label, Label) else None,
            label_sha256="abc" if isinstance(label, Label) else None,
            failure=label if isinstance(label, DocumentFailure) else None,
        )
    warehouse.replace(tables.documents.DOCUMENT_KEY, [(name,) for name in labels], new_rows)


def write_extraction(warehouse: Warehouse, name: str, outcome: ExtractionOutcome, backend: str = "b") -> None:
    new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
    tables.extractions.add_extraction(
        new_rows,
        name,
        backend,
        outcome,
        engine="e",
        extractor="rules",
        ocr_seconds=1.5,
        engine_fingerprint="ef",
        extractor_fingerprint="xf",
        result_key="key",
        run_id="r",
    )
    warehouse.replace(tables.extractions.EXTRACTION_KEY, [(name, backend)], new_rows)


def test_the_origin_of_a_document(warehouse: Warehouse) -> None:
    origin = DocumentOrigin(
        country="AU",
        country_confidence=0.98,
        margin=0.97,
        currency="AUD",
        currency_confidence=0.9,
        day_first=True,
        day_first_confidence=0.95,
        evidence=["word abn", "place sydney"],
    )
    made = Extraction(invoice=Invoice(currency="AUD"), origin=origin)
    write_extraction(warehouse, "known", ExtractionOutcome(extraction=made))
    write_extraction(warehouse, "none", ExtractionOutcome(extraction=Extraction(invoice=made.invoice)))
    cells = tables.extractions.extraction_cells(warehouse, "b")
    assert cells["known"].origin == (
        "country AU (0.98), currency AUD (0.90), day first (0.95); evidence: word abn, place sydney"
    )
    assert (cells["known"].country_margin, cells["none"].origin) == (0.97, None)


def test_documents(warehouse: Warehouse) -> None:
    new_rows = tables.empty(tables.documents.DOCUMENT_TABLES)
    pdf = open_document(text_pdf([[], []], media_box=(0, 0, 72, 36)), Limits())
    image = open_document(image_bytes(40, 30), Limits())
    for name, document, failure in (("p", pdf, None), ("i", image, None), ("bad", None, FAILURE)):
        source = SourceFile(name, "demo", Path(f"/x/{name}"), None)
        tables.documents.add_document(new_rows, source, f"data/{name}", run_id="r", document=document, failure=failure)
    warehouse.replace(tables.documents.DOCUMENT_KEY, [("p",), ("i",), ("bad",)], new_rows)
    found = tables.documents.documents(warehouse)
    shown = ("dataset", "path", "media_type", "size_bytes", "sha256", "pages", "status", "reason", "message")
    assert {name: tuple(getattr(row, column) for column in shown) for name, row in found.items()} == {
        "p": ("demo", "data/p", "application/pdf", pdf.size, pdf.sha256, 2, "ok", None, None),
        "i": ("demo", "data/i", "image/png", image.size, image.sha256, 1, "ok", None, None),
        "bad": ("demo", "data/bad", None, None, None, None, "failed", "unreadable", FAILURE.message),
    }
    assert warehouse.rows("FROM pages ORDER BY ALL") == [
        {"document_id": "i", "page": 1, "width_px": 40, "height_px": 30, "dpi": None},
        {"document_id": "p", "page": 1, "width_px": 200, "height_px": 100, "dpi": 200.0},
        {"document_id": "p", "page": 2, "width_px": 200, "height_px": 100, "dpi": 200.0},
    ]


def test_labels(warehouse: Warehouse) -> None:
    labels: dict[str, Label | DocumentFailure | None] = {
        "full": Label(
            invoice=FULL,
            alternatives={"supplier_name": ["Müller", 'M "& S"'], "invoice_date": ["2024-03-01"], "due_date": []},
            language="de",
            split="test",
            doubts={"supplier_name": "It's not printed."},
        ),
        "few": Label(invoice=Invoice.model_validate({"total_amount": "1.50", "due_date": None, "currency": ""})),
        "items": Label(invoice=Invoice(line_items=[LineItem(description="only")])),
        "empty": Label(invoice=Invoice()),
        "wrong": DocumentFailure(reason="invalid_label", message="The label is not valid: totl: unknown key."),
        "none": None,
    }
    write_labels(warehouse, labels)
    found = tables.labels.valid_labels(warehouse)
    assert set(found) == {"full", "few", "items", "empty"}
    for name, label in found.items():
        expected = labels[name]
        assert isinstance(expected, Label)
        assert label.labelled_fields == expected.labelled_fields, name
        assert label.invoice == expected.invoice, name
        assert (label.language, label.split, label.doubts) == (expected.language, expected.split, expected.doubts)
        assert label.alternatives == {field: texts for field, texts in expected.alternatives.items() if texts}
    assert {name: row.status for name, row in tables.labels.labels(warehouse).items()} == {
        "full": "ok",
        "few": "ok",
        "items": "ok",
        "empty": "ok",
        "wrong": "invalid",
        "none": "none",
    }
    write_labels(warehouse, {"full": None})
    assert set(tables.labels.valid_labels(warehouse)) == {"few", "items", "empty"}
    assert warehouse.rows("FROM ground_truth_tax_lines") == []


def test_typed_columns(warehouse: Warehouse) -> None:
    write_labels(warehouse, {"full": Label(invoice=FULL)})
    found = warehouse.rows(
        "SELECT field, value, value_amount, value_date FROM ground_truth "
        "WHERE field IN ('total_amount', 'due_date', 'invoice_id') ORDER BY field"
    )
    assert [tuple(row.values()) for row in found] == [
        ("due_date", "1999-12-31", None, date(1999, 12, 31)),
        ("invoice_id", "0007", None, None),
        ("total_amount", "123456789012.345678", Decimal("123456789012.345678"), None),
    ]


def test_ocr(warehouse: Warehouse) -> None:
    def word(text: str, page: int, line: int, confidence: float | None) -> Word:
        return Word(text=text, box=(0.12345, 0.2, 1 / 3, 0.4), confidence=confidence, page=page, line=line)

    first = [word("Total", 1, 0, 0.5), word("12,50 €", 1, 0, 1.0), word("\x00\u202e😀", 1, 1, 0.75)]
    text = OcrText(
        pages=[
            OcrPage(page=1, width=100, height=200, words=first, seconds=0.25),
            OcrPage(page=2, width=10, height=20, words=[], seconds=0.5, rotation=90, warnings=["upside down"]),
            OcrPage(page=3, width=10, height=20, words=[word("end", 3, 0, None)], seconds=0.25),
        ]
    )
    new_rows = tables.empty(tables.words.OCR_TABLES)
    outcomes = {"a": OcrOutcome(text=text), "blank": OcrOutcome(text=OcrText(pages=[text.pages[1]]))}
    outcomes["bad"] = OcrOutcome(failure=DocumentFailure(reason="no_text_layer", message="None."))
    for name, outcome in outcomes.items():
        tables.words.add_ocr(new_rows, name, "e", outcome, fingerprint="f", result_key=None, run_id="r")
    warehouse.replace(tables.words.OCR_KEY, [(name, "e") for name in outcomes], new_rows)
    found = tables.words.ocr_texts(warehouse, "e", ["a", "blank", "bad", "unknown"])
    assert found == {"a": text, "blank": outcomes["blank"].text}
    pages = warehouse.rows("FROM ocr_pages WHERE document_id = 'a' ORDER BY page")
    assert [(row["rotation"], row["warnings"]) for row in pages] == [(0, None), (90, ["upside down"]), (0, None)]
    assert [entry.text for entry in found["a"].words()] == ["Total", "12,50 €", "\x00\u202e😀", "end"]
    assert tables.words.ocr_texts(warehouse, "other", ["a"]) == {}
    cells = tables.words.ocr_cells(warehouse, "e")
    assert {name: (row.status, row.reason, row.pages, row.words) for name, row in cells.items()} == {
        "a": ("ok", None, 3, 4),
        "blank": ("ok", None, 1, 0),
        "bad": ("failed", "no_text_layer", None, None),
    }
    assert (cells["a"].mean_confidence, cells["a"].seconds) == (0.75, 1.0)
    assert cells["blank"].mean_confidence is None
    assert [row["word"] for row in warehouse.rows("FROM ocr_words WHERE document_id = 'a' ORDER BY word")] == [
        0,
        1,
        2,
        3,
    ]


def test_extractions(warehouse: Warehouse) -> None:
    evidence = {
        "total_amount": Evidence(
            page=2, text="12,50 €", box=(0.1, 0.2, 0.3, 0.4), words=[3, 4], method="keyword: total", score=0.5
        ),
        "line_items.0.amount": Evidence(page=1, text="", box=(0, 0, 1, 1), words=[], method="m", score=1),
    }
    write_extraction(warehouse, "full", ExtractionOutcome(extraction=Extraction(invoice=FULL, evidence=evidence)))
    write_extraction(warehouse, "empty", ExtractionOutcome(extraction=Extraction(invoice=Invoice()), seconds=0.5))
    write_extraction(warehouse, "bad", ExtractionOutcome(failure=FAILURE))
    write_extraction(warehouse, "full", ExtractionOutcome(failure=FAILURE), backend="other")
    found = tables.extractions.extractions(warehouse, "b")
    assert found == {"full": Extraction(invoice=FULL), "empty": Extraction(invoice=Invoice()), "bad": FAILURE}
    assert tables.extractions.extractions(warehouse, "other") == {"full": FAILURE}
    proofs = warehouse.rows("FROM evidence ORDER BY field DESC")
    assert [(row["field"], row["page"], row["text"], row["words"], row["method"], row["score"]) for row in proofs] == [
        ("total_amount", 2, "12,50 €", [3, 4], "keyword: total", 0.5),
        ("line_items.0.amount", 1, "", [], "m", 1.0),
    ]
    assert [proofs[0][name] for name in ("x0", "y0", "x1", "y1")] == [0.1, 0.2, 0.3, 0.4]
    cell = tables.extractions.extraction_cells(warehouse, "b")["empty"]
    assert (cell.engine, cell.extractor, cell.seconds, cell.ocr_seconds) == ("e", "rules", 0.5, 1.5)


def test_candidates_and_corrections(warehouse: Warehouse) -> None:
    place: dict[str, Any] = {"page": 1, "text": "5.60", "box": (0.1, 0.2, 0.3, 0.4), "words": [1]}
    evidence = Evidence(**place, method="cash less change", score=0.9, correction="cash - change")
    best = FieldCandidate(
        **place,
        field="total_amount",
        value="8.60",
        score=5.5,
        chosen=True,
        reason="cash less change",
        features={"left_total": 1.0, "cash_less_change": 1.0},
        correction="cash - change",
    )
    other = best.model_copy(update={"value": "5.60", "score": 3.5, "chosen": False, "features": {}, "correction": None})
    extraction = Extraction(invoice=FULL, evidence={"total_amount": evidence}, candidates=[best, other])
    write_extraction(warehouse, "full", ExtractionOutcome(extraction=extraction))
    assert warehouse.rows("SELECT text, correction FROM evidence") == [{"text": "5.60", "correction": "cash - change"}]
    columns = "rank, value, score, chosen, features, correction, text, words, x1"
    assert [tuple(row.values()) for row in warehouse.rows(f"SELECT {columns} FROM candidates ORDER BY rank")] == [
        (0, "8.60", 5.5, True, {"left_total": 1.0, "cash_less_change": 1.0}, "cash - change", "5.60", [1], 0.3),
        (1, "5.60", 3.5, False, {}, None, "5.60", [1], 0.3),
    ]
    write_extraction(warehouse, "full", ExtractionOutcome(failure=FAILURE))
    assert warehouse.rows("FROM candidates") == []


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"open_scale": 1.0, "left_total": 1.0}, {("full", "total_amount"): 0.45}),
        ({"open_scale": 1.0, "in_brackets": 1.0}, {("full", "total_amount"): 0.45}),
        ({"in_brackets": 1.0}, {("full", "total_amount"): 0.75}),
        ({"left_total": 1.0}, {}),
    ],
)
def test_limits_of_confidence(
    warehouse: Warehouse, features: dict[str, float], expected: dict[tuple[str, str], float]
) -> None:
    place: dict[str, Any] = {"page": 1, "text": "14.875", "box": (0.1, 0.2, 0.3, 0.4), "score": 1.0, "words": [1]}
    best = FieldCandidate(**place, features=features, field="total_amount", value="14.875", chosen=True, reason="r")
    other = best.model_copy(update={"features": {"open_scale": 1.0}, "chosen": False})
    extraction = Extraction(invoice=FULL, candidates=[best, other])
    write_extraction(warehouse, "full", ExtractionOutcome(extraction=extraction))
    limits = {"open_scale": 0.45, "in_brackets": 0.75}
    assert tables.evidence.confidence_limits(warehouse, "b", limits) == expected


def test_extraction_runs(warehouse: Warehouse) -> None:
    new_rows = tables.empty(tables.documents.DOCUMENT_TABLES)
    document = open_document(image_bytes(), Limits())
    for name in ("a", "b"):
        source = SourceFile(name, "demo", Path(name), None)
        tables.documents.add_document(new_rows, source, name, run_id="r", document=document)
    warehouse.replace_all(new_rows)
    done = ExtractionOutcome(extraction=Extraction(invoice=Invoice()), seconds=0.5, cost_usd=0.25)
    write_extraction(warehouse, "a", done)
    write_extraction(warehouse, "b", ExtractionOutcome(failure=FAILURE, seconds=0.5))
    assert tables.extractions.extraction_runs(warehouse, ["b"]) == [
        ExtractionRun("a", "demo", "b", failed=False, seconds=2.0, cost=0.25, reported=False, fingerprint="ef/xf"),
        ExtractionRun("b", "demo", "b", failed=True, seconds=None, cost=None, reported=False, fingerprint="ef/xf"),
    ]


def test_a_database_that_is_not_there_knows_nothing(warehouse: Warehouse) -> None:
    assert tables.documents.documents(warehouse) == {}
    assert tables.labels.labels(warehouse) == {}
    assert tables.labels.valid_labels(warehouse) == {}
    assert tables.words.ocr_texts(warehouse, "e", ["a"]) == {}
    assert tables.extractions.extractions(warehouse, "b") == {}
    assert tables.scores.current(warehouse, Scoring(["b"], "r", 1)) == []
    assert tables.scores.current_lists(warehouse, Scoring(["b"], "r", 1)) == []
    assert tables.evidence.printed_dates(warehouse, "b") == {}
    assert tables.extractions.extraction_runs(warehouse, ["b"]) == []


amounts = st.decimals(-(10**12) + 1, 10**12 - 1, allow_nan=False, places=6) | st.integers(0, 10**12 - 1).map(Decimal)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=8).filter(
    lambda text: text.strip() != ""
)
values = {
    "money": amounts,
    "date": st.dates(),
    "name": texts,
    "address": texts,
    "identifier": texts,
    "tax_id": texts,
    "category": st.none(),
}
invoices = st.builds(
    Invoice,
    **{field: st.none() | values[kind] for field, kind in FIELD_KINDS.items()},
    line_items=st.lists(st.builds(LineItem, description=st.none() | texts, amount=st.none() | amounts), max_size=3),
    tax_lines=st.lists(st.builds(TaxLine, rate=st.none() | amounts), max_size=2),
)


def test_any_invoice(warehouse: Warehouse) -> None:
    several: list[Invoice] = []

    @settings(max_examples=60, deadline=None)
    @given(invoices)
    def collect(invoice: Invoice) -> None:
        several.append(invoice)

    collect()  # the database sees them all at once: one per example takes seconds
    new_rows = tables.empty(tables.labels.LABEL_TABLES)
    for number, invoice in enumerate(several):
        tables.labels.add_label(new_rows, str(number), "d", run_id="r", label=Label(invoice=invoice), label_sha256="s")
    warehouse.replace_all(new_rows)
    found = tables.labels.valid_labels(warehouse)
    for number, invoice in enumerate(several):
        assert found[str(number)].invoice == invoice
