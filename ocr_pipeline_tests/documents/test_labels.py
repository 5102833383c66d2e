import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import DocumentError

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "label.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_absent_is_not_labelled_and_null_is_labelled_as_not_on_the_document(tmp_path: Path) -> None:
    path = written(tmp_path, {"invoice": {"total_amount": "12.50", "due_date": None, "purchase_order": " "}})
    label, sha256 = load_label(path)
    assert label.labelled_fields == ["due_date", "purchase_order", "total_amount"]
    assert label.invoice.total_amount == Decimal("12.50")
    assert label.invoice.due_date is None
    assert label.invoice.purchase_order is None
    assert sha256 == sha256_of(path.read_bytes())


def test_a_complete_label(tmp_path: Path) -> None:
    label, _ = load_label(
        written(
            tmp_path,
            {
                "invoice": {"supplier_name": "Lidl", "currency": "eur", "line_items": [{"amount": -1.5}]},
                "alternatives": {"supplier_name": ["Lidl GmbH", "LIDL"], "invoice_date": ["2024-05-01"]},
                "language": "de",
                "split": "test",
            },
        )
    )
    assert label.invoice.currency == "EUR"
    assert label.invoice.line_items[0].amount == Decimal("-1.5")
    assert label.alternatives == {"supplier_name": ["Lidl GmbH", "LIDL"], "invoice_date": ["2024-05-01"]}
    assert (label.language, label.split) == ("de", "test")


@pytest.mark.parametrize("path", sorted(DEMO.glob("*.json")), ids=lambda path: path.stem)
def test_the_bundled_labels_are_valid(path: Path) -> None:
    label, _ = load_label(path)
    assert "total_amount" in label.labelled_fields


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"invoice": {"totl": "SECRET"}}, "invoice.totl: unknown key."),
        ({"invoice": {}, "SECRET": 1}, "SECRET: unknown key."),
        ({"invoice": {"total_amount": "SECRET"}}, "invoice.total_amount: Input should be a valid decimal."),
        ({"invoice": {"invoice_date": "SECRET"}}, "invoice.invoice_date: Input should be a valid date"),
        ({"invoice": {"supplier_name": 77}}, "invoice.supplier_name: Input should be a valid string."),
        ({"invoice": {"currency": "SECRET"}}, "invoice.currency: must be a three-letter ISO 4217 code, like EUR."),
        ({"invoice": {"document_type": "SECRET"}}, "invoice.document_type: Input should be 'invoice', 'receipt' or"),
        ({"invoice": {"line_items": [{}, {"amount": "SECRET"}]}}, "invoice.line_items.1.amount: Input should be"),
        (
            {"invoice": {}, "alternatives": {"total_amount": ["SECRET"]}},
            "invalid money in the alternatives for total_amount.",
        ),
        (
            {"invoice": {}, "alternatives": {"totl": []}},
            "alternatives: unknown field 'totl'; expected one of document_type,",
        ),
        ({"invoice": {"total_amount": "1" * 30}}, "invoice.total_amount: Decimal input should have no more than 18"),
        ({"invoice": {"total_amount": "NaN"}}, "invoice.total_amount: Input should be a finite number."),
        ({}, "invoice: Field required."),
        (["SECRET"], "Input should be an object."),
        (b"SECRET", "Invalid JSON: expected value at line 1 column 1."),
        (b"", "Invalid JSON: EOF while parsing a value at line 1 column 0."),
        (b'{"invoice": {"supplier_name": "SECRET\xff"}}', "Invalid JSON: invalid unicode code point at line 1 column"),
        (b"[" * 100_000, "Invalid JSON: recursion limit exceeded at line 1 column"),
    ],
)
def test_an_invalid_label_is_one_sentence_without_its_values(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(DocumentError) as error:
        load_label(written(tmp_path, content))
    assert error.value.reason == "invalid_label"
    reported = str(error.value)
    assert reported.startswith("Invalid label: ")
    assert message in reported
    assert reported.endswith(".")
    assert "\n" not in reported
    if not message.startswith("SECRET"):
        assert "SECRET" not in reported


def test_a_label_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"The label file cannot be read: Is a directory\."):
        load_label(tmp_path)
