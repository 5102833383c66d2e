from datetime import date
from typing import Any

import pytest

from ocr_pipeline.evaluation.scoring.document import Comparer, score_document
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Invoice, Label


def label(alternatives: dict[str, list[str]] | None = None, **fields: Any) -> Label:
    return Label.model_validate({"invoice": fields, "alternatives": alternatives or {}})


def extraction(**fields: Any) -> Extraction:
    return Extraction(invoice=Invoice.model_validate(fields))


def outcomes(label: Label, extraction: Extraction | None) -> dict[str, Outcome]:
    return {score.field: score.outcome for score in score_document(label, extraction)}


RECEIPT = label(
    supplier_name="Lidl Vertriebs GmbH",
    invoice_id=None,
    invoice_date="2018-03-05",
    due_date="",
    total_amount="20.00",
    total_tax_amount="1.13",
    line_items=[],
)


def test_only_labelled_fields_are_scored_in_display_order() -> None:
    found = outcomes(
        RECEIPT,
        extraction(
            total_amount="20",
            supplier_name="LIDL VERTRIEBS GMBH",
            invoice_date="2018-05-03",
            invoice_id="42",
            currency="EUR",  # not labelled
            receiver_name="somebody",  # not labelled
        ),
    )
    assert list(found.items()) == [
        ("supplier_name", "correct"),
        ("invoice_id", "spurious"),
        ("invoice_date", "wrong"),
        ("due_date", "both_empty"),
        ("total_tax_amount", "missing"),
        ("total_amount", "correct"),
    ]


def test_a_failed_document_misses_every_labelled_value() -> None:
    assert outcomes(RECEIPT, None) == {
        "supplier_name": "missing",
        "invoice_id": "both_empty",
        "invoice_date": "missing",
        "due_date": "both_empty",
        "total_tax_amount": "missing",
        "total_amount": "missing",
    }
    assert [score.prediction for score in score_document(RECEIPT, None)] == [None] * 6


def test_a_failed_document_scores_like_an_empty_extraction() -> None:
    assert score_document(RECEIPT, None) == score_document(RECEIPT, extraction())


def test_scores_carry_the_values_as_text() -> None:
    scores = score_document(label(invoice_date="2018-03-05", total_amount="20"), extraction(total_amount="20.5"))
    assert [(score.field, score.kind, score.truth, score.prediction) for score in scores] == [
        ("invoice_date", "date", "2018-03-05", None),
        ("total_amount", "money", "20.00", "20.50"),
    ]


def test_an_empty_label_scores_nothing() -> None:
    assert score_document(label(), extraction(total_amount="1")) == []


def test_alternatives_are_parsed_like_values_of_their_field() -> None:
    accepting = label(
        {
            "supplier_name": ["Lidl"],
            "total_amount": ["19.95", ""],
            "invoice_date": ["2018-03-06"],
            "currency": ["usd"],
        },
        supplier_name="Lidl Vertriebs GmbH",
        total_amount="20.00",
        invoice_date="2018-03-05",
        currency="EUR",
    )
    read = extraction(supplier_name="LIDL", total_amount="19.95", invoice_date="2018-03-06", currency="USD")
    assert set(outcomes(accepting, read).values()) == {"correct"}
    assert set(outcomes(accepting, None).values()) == {"missing"}


def test_every_single_valued_field_can_be_scored() -> None:
    example = {"money": "1.00", "date": "2018-03-05", "category": "EUR"}
    values: dict[str, Any] = {field: example.get(kind, "some text") for field, kind in FIELD_KINDS.items()}
    values["document_type"] = "receipt"
    full = label(**values)
    assert outcomes(full, Extraction(invoice=full.invoice)) == dict.fromkeys(FIELD_KINDS, "correct")
    assert outcomes(full, None) == dict.fromkeys(FIELD_KINDS, "missing")


@pytest.mark.parametrize(
    ("truth", "unreadable", "outcome"),
    [
        (date(2018, 1, 2), "1573642800000", "wrong"),
        (date(2018, 1, 2), None, "missing"),
        (None, "1573642800000", "spurious"),
        (None, None, "both_empty"),
    ],
)
def test_a_given_value_that_cannot_be_read_is_wrong_and_not_missing(
    truth: date | None, unreadable: str | None, outcome: str
) -> None:
    label = Label(invoice=Invoice.model_validate({"invoice_date": truth}))
    extraction = Extraction(invoice=Invoice(), unreadable={"invoice_date": unreadable} if unreadable else {})
    [score] = score_document(label, extraction)
    assert (score.outcome, score.outcome_strict, score.outcome_lenient) == (outcome,) * 3
    assert (score.prediction, score.printed) == (None, unreadable)
    assert score.printed_reads == ("unreadable" if unreadable else None)


def test_equal_pairs_are_one_score() -> None:
    comparer = Comparer()
    one, other = label(total_amount="20", due_date="2018-03-05"), label(total_amount="20.00", due_date="2018-03-05")
    value = extraction(total_amount="21", due_date="2018-05-03")
    first, second = comparer.fields(one, value), comparer.fields(other, value)
    assert all(score is again for score, again in zip(first, second, strict=True))
    assert first == score_document(one, value)
    accepting = other.model_copy(update={"alternatives": {"total_amount": ["21"]}})
    assert [score.outcome for score in comparer.fields(accepting, value)] == ["wrong", "correct"]
    printed = {"due_date": "03.05.2018"}
    assert comparer.fields(one, value, printed=printed, day_first=False)[0].printed_reads == "correct"
    assert comparer.fields(one, value, printed=printed, day_first=True)[0].printed_reads == "wrong"
