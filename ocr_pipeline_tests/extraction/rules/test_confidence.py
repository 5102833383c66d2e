"""Confidences of the rules' values by the calibration that ships with the package."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.extraction.rules import confidence
from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, Ranked
from ocr_pipeline.extraction.rules.confidence import calibrated, features_of, shipped
from ocr_pipeline.extraction.rules.extractor import RulesExtractor
from ocr_pipeline.extraction.rules.fields import doubts
from ocr_pipeline.extraction.rules.reading import read
from ocr_pipeline.schemas import FIELD_KINDS, OcrPage, OcrText, Word
from ocr_pipeline_tests.extraction.rules.printed import extract

CLEAR = """
    Greenfield Hardware Ltd
    12 Station Road, Leeds LS1 4DY
    Invoice No: INV-20417
    Invoice Date: 14 March 2024

    Paint brush        2      6.00       12.00
    Timber plank       1     88.00       88.00
    Subtotal                            100.00
    VAT 20%                              20.00
    Total                             £ 120.00
"""


def test_every_value_of_a_clear_invoice_is_shown_as_sure() -> None:
    found = extract(CLEAR)
    assert found.invoice.total_amount == Decimal("120.00")
    assert found.invoice.invoice_date == date(2024, 3, 14)
    assert found.evidence["total_amount"].score > 0.8
    assert found.evidence["invoice_date"].score > 0.8
    assert {field for field in found.evidence if "." not in field} <= set(FIELD_KINDS)


def test_a_value_without_support_is_less_sure_than_one_with_label_and_arithmetic() -> None:
    bare = extract("""
        Greenfield
        7.20     120.00    64.10    99.00
        120.00
    """)
    if (evidence := bare.evidence.get("total_amount")) is not None:
        assert evidence.score < extract(CLEAR).evidence["total_amount"].score


def test_no_value_is_ever_certain() -> None:
    assert all(0.5 < curve.most < 1 for curve in shipped().values())
    scores = [evidence.score for field, evidence in extract(CLEAR).evidence.items() if field in shipped()]
    assert scores
    assert max(scores) < 1


@pytest.mark.parametrize(
    ("drawing", "field"),
    [
        ("GIGA   Rp 57,000 CUP\nTL     Rp 57,0000\nCASH   Rp 57,000", "total_amount"),
        ("Sales Tax    8.25\nPlease pay   3,914.86 USD", "total_tax_amount"),
    ],
)
def test_an_amount_without_label_or_arithmetic_is_not_shown_as_sure(drawing: str, field: str) -> None:
    evidence = extract(drawing).evidence.get(field)
    assert evidence is None or evidence.score <= doubts.UNSUPPORTED


def test_shipped_calibration_covers_the_main_fields() -> None:
    assert {"total_amount", "invoice_date", "supplier_name", "currency", "net_amount", "total_tax_amount"} <= set(
        shipped()
    )


def test_another_calibration_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RulesExtractor().fingerprint()
    monkeypatch.setattr(confidence, "digest", lambda: "other")
    assert RulesExtractor().fingerprint() != before


# ---- single features ----


def text_of(*words: str) -> OcrText:
    """Words in one line, with falling confidence of the engine."""
    return OcrText(
        pages=[
            OcrPage(
                page=1,
                width=1000,
                height=1000,
                seconds=0.0,
                words=[
                    Word(text=word, box=(0.1 * n, 0.1, 0.1 * n + 0.08, 0.12), confidence=1 - 0.1 * n, page=1, line=0)
                    for n, word in enumerate(words)
                ],
            )
        ]
    )


def choice(values: list[tuple[Decimal, float, int]], text: OcrText) -> Choice[Any]:
    """Values with score and word; the first one is chosen."""
    reading = read(text)
    spans = {index: word for row in reading.rows for word in row.words for index in word.words}
    ranked = [Ranked(Candidate(value, spans[word]), score, "") for value, score, word in values]
    return Choice(ranked, ranked[0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([("120.00", 3.0, 1)], {"lead": 6.0, "alone": 1.0}),
        ([("120.00", 3.0, 1), ("99.00", 2.5, 2)], {"lead": 0.5, "alone": 0.0}),
        ([("120.00", 3.0, 1), ("120000", 2.9, 1)], {"either_scale": 1.0}),
        ([("120.00", 3.0, 1), ("120000", 2.9, 2)], {"either_scale": 0.0}),
        ([("120.00", 3.0, 1), ("-120.00", 2.9, 1)], {"sign_differs": 1.0}),
    ],
)
def test_features(values: list[tuple[str, float, int]], expected: dict[str, float]) -> None:
    text = text_of("Total", "120.00", "99.00")
    made = choice([(Decimal(value), score, word) for value, score, word in values], text)
    found = features_of({"total_amount": made}, read(text), list(text.words()))["total_amount"]
    assert {name: found.get(name, 0.0) for name in expected} == pytest.approx(expected)
    assert found["ocr_lowest"] == pytest.approx(0.9)


def test_a_choice_that_knows_its_probability_keeps_it() -> None:
    text = text_of("Total", "120.00")
    made = choice([(Decimal("120.00"), 3.0, 1)], text)
    known = Choice(made.ranked, made.chosen, sure=0.123)
    assert calibrated({"total_amount": known}, read(text), list(text.words()))["total_amount"].confidence == 0.123
