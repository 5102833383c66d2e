import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ocr_pipeline.schemas import (
    FIELD_KINDS,
    Evidence,
    Extraction,
    Invoice,
    Label,
    LineItem,
    OcrPage,
    OcrText,
    TaxLine,
    Word,
)


def word(text: str, page: int = 1, line: int = 0) -> Word:
    return Word(text=text, box=(0, 0, 1, 1), confidence=None, page=page, line=line)


def test_every_single_valued_field_has_a_kind() -> None:
    assert list(FIELD_KINDS) == [name for name in Invoice.model_fields if name not in ("tax_lines", "line_items")]


def test_pickled_models_are_the_same() -> None:
    """Also which fields were given, and that copies can be made of them."""
    place = {"page": 1, "text": "1.20", "box": (0.0, 0.1, 0.2, 0.3), "words": [3], "method": "label", "score": 0.5}
    values = {
        "invoice": {"total_amount": "1.20", "line_items": [{"amount": "1.2"}]},
        "evidence": {"total_amount": place},
    }
    for model in (Extraction.model_validate(values), Invoice(), Label.model_validate({"invoice": {"currency": "EUR"}})):
        restored = pickle.loads(pickle.dumps(model))
        assert restored == model
        assert restored.model_dump_json(exclude_unset=True) == model.model_dump_json(exclude_unset=True)
        assert restored.model_copy(deep=True) == model


def test_amounts_are_exact() -> None:
    invoice = Invoice.model_validate_json('{"total_amount": 0.1, "net_amount": "1234567.890123", "amount_due": 3}')
    assert (invoice.total_amount, invoice.net_amount, invoice.amount_due) == (
        Decimal("0.1"),
        Decimal("1234567.890123"),
        Decimal(3),
    )
    assert Invoice.model_validate_json(invoice.model_dump_json()) == invoice


@pytest.mark.parametrize("amount", ["1e400", "Infinity", "NaN", "1,5", "", "12 €", "0.0000001", "1" * 19])
def test_invalid_amounts(amount: str) -> None:
    if amount == "":
        assert Invoice.model_validate({"total_amount": amount}).total_amount is None
    else:
        with pytest.raises(ValidationError):
            Invoice.model_validate({"total_amount": amount})


@pytest.mark.parametrize(
    ("extracted", "kept"), [("eur", "EUR"), ("CHF", "CHF"), ("", None), (None, None), ("  ", None)]
)
def test_currencies(extracted: str | None, kept: str | None) -> None:
    assert Invoice(currency=extracted).currency == kept


@pytest.mark.parametrize("currency", ["€", "EURO", "EU", "ÄÖÜ", "E R", "123"])
def test_invalid_currencies(currency: str) -> None:
    with pytest.raises(ValidationError, match="three-letter ISO 4217 code"):
        Invoice(currency=currency)


def test_empty_text_is_none() -> None:
    invoice = Invoice.model_validate({"supplier_name": " \n", "invoice_date": "", "document_type": ""})
    assert (invoice.supplier_name, invoice.invoice_date, invoice.document_type) == (None, None, None)
    assert invoice.model_fields_set == {"supplier_name", "invoice_date", "document_type"}


@pytest.mark.parametrize(
    "value", [{"totl": 1}, {"line_items": [{"price": 1}]}, {"tax_lines": {}}, {"due_date": "1.5.24"}]
)
def test_invalid_invoices(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Invoice.model_validate(value)


def test_words_of_all_pages_in_reading_order() -> None:
    pages = [
        OcrPage(page=1, width=1, height=1, words=[word("a"), word("b")], seconds=0.5),
        OcrPage(page=2, width=1, height=1, words=[], seconds=0.25),
        OcrPage(page=3, width=1, height=1, words=[word("c", 3)], seconds=0.25),
    ]
    text = OcrText(pages=pages)
    assert [entry.text for entry in text.words()] == ["a", "b", "c"]
    assert text.seconds == 1.0
    assert OcrText.model_validate_json(text.model_dump_json()) == text


def test_an_extraction_survives_json() -> None:
    extraction = Extraction(
        invoice=Invoice(
            invoice_date=date(2024, 2, 29),
            total_amount=Decimal("12.50"),
            line_items=[LineItem(quantity=Decimal("0.5"))],
            tax_lines=[TaxLine(rate=Decimal("8.1"))],
        ),
        evidence={"total_amount": Evidence(page=1, text="x", box=(0, 0, 1, 1), words=[0], method="m", score=0.5)},
    )
    repeated = Extraction.model_validate_json(extraction.model_dump_json())
    assert repeated == extraction
    assert str(repeated.invoice.total_amount) == "12.50"


@pytest.mark.parametrize("score", [-0.1, 1.1])
def test_a_score_is_between_0_and_1(score: float) -> None:
    with pytest.raises(ValidationError):
        Evidence(page=1, text="x", box=(0, 0, 1, 1), words=[], method="m", score=score)


def test_labelled_fields_are_the_keys_of_the_label() -> None:
    label = Label.model_validate({"invoice": {"total_amount": 1, "due_date": None, "line_items": []}})
    assert label.labelled_fields == ["due_date", "total_amount"]
    repeated = Label.model_validate_json(label.model_dump_json(exclude_unset=True))
    assert repeated.labelled_fields == label.labelled_fields


@pytest.mark.parametrize(
    ("alternatives", "ok"),
    [
        ({"supplier_name": ["A", "B"]}, True),
        ({"total_amount": ["12.50"], "invoice_date": ["2024-05-01"], "document_type": ["receipt"]}, True),
        ({"total_amount": ["12,50"]}, False),
        ({"invoice_date": ["yesterday"]}, False),
        ({"document_type": ["bill"]}, False),
        ({"line_items": []}, False),
        ({"supplier_name": "A"}, False),
    ],
)
def test_alternatives_are_written_like_the_field(alternatives: dict[str, Any], ok: bool) -> None:
    value = {"invoice": {}, "alternatives": alternatives}
    if ok:
        assert Label.model_validate(value).alternatives == alternatives
    else:
        with pytest.raises(ValidationError):
            Label.model_validate(value)
