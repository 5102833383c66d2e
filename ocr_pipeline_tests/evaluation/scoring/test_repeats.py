"""Several answers of one model about the same documents: which values differ from those of the first answer."""

from typing import Any

import pytest

from ocr_pipeline.evaluation.scoring.repeats import RepeatScore, score_repeats
from ocr_pipeline.evaluation.scoring.stage import DocumentScores, score_backend
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.schemas import Extraction, Label

LABEL: dict[str, Any] = {
    "supplier_name": "Shop",
    "total_amount": "1.00",
    "invoice_date": "2026-01-02",
    "due_date": None,
    "tax_lines": [{"rate": "7", "amount": "2"}, {"rate": "19", "amount": "1"}],
}


def scored(**documents: dict[str, Any]) -> list[DocumentScores]:
    labels = {key: Label.model_validate({"invoice": LABEL}) for key in documents}
    answers = {key: Extraction.model_validate({"invoice": answer}) for key, answer in documents.items()}
    return score_backend("model", labels, answers, dict.fromkeys(documents, "set"))


def rows_of(first: dict[str, Any], second: dict[str, Any]) -> dict[str, RepeatScore]:
    return {row.field: row for row in score_repeats({1: scored(a=first), 2: scored(a=second)}) if row.repeat == 2}


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ({}, []),
        ({"supplier_name": "SHOP."}, []),  # spelling alone
        ({"supplier_name": "Ship"}, ["supplier_name"]),
        ({"supplier_name": None}, ["supplier_name"]),
        ({"total_amount": "1"}, []),
        ({"total_amount": "1.01"}, ["total_amount"]),
        ({"total_amount": None}, ["total_amount"]),
        ({"invoice_date": "2026-02-01"}, ["invoice_date"]),
        ({"due_date": "2026-02-01"}, ["due_date"]),
        ({"tax_lines": LABEL["tax_lines"][::-1]}, []),  # order alone
        ({"tax_lines": [*LABEL["tax_lines"], {}]}, []),  # a row without a value
        ({"tax_lines": LABEL["tax_lines"][:1]}, ["tax_lines"]),
        ({"tax_lines": [{"rate": "2", "amount": "7"}, LABEL["tax_lines"][1]]}, ["tax_lines"]),  # columns exchanged
        ({"tax_lines": []}, ["tax_lines"]),
    ],
)
def test_values_that_differ_from_the_first_answer(change: dict[str, Any], differing: list[str]) -> None:
    for first, second in ((LABEL, {**LABEL, **change}), ({**LABEL, **change}, LABEL)):
        assert [field for field, row in rows_of(first, second).items() if row.differs] == differing


def test_each_answer_is_counted_on_its_own() -> None:
    rows = rows_of(LABEL, {**LABEL, "total_amount": "9.00", "due_date": "2026-02-01", "tax_lines": [{"rate": "7"}]})
    assert {field: (row.prediction, row.in_all, row.counts) for field, row in rows.items()} == {
        "supplier_name": ("Shop", True, Counts(correct=1)),
        "invoice_date": ("2026-01-02", True, Counts(correct=1)),
        "due_date": ("2026-02-01", True, Counts(spurious=1)),
        "total_amount": ("9.00", True, Counts(wrong=1)),
        "tax_lines": (None, False, Counts(correct=1, missing=3)),
    }
    assert {(row.document_id, row.dataset, row.backend) for row in rows.values()} == {("a", "set", "model")}


def test_only_documents_with_a_first_and_a_further_answer_have_rows_and_the_first_answers_lead() -> None:
    other = {**LABEL, "total_amount": "2.00"}
    answers = {3: scored(b=other), 2: scored(b=LABEL, a=LABEL, d=LABEL), 1: scored(b=LABEL, c=LABEL, a=other)}
    rows = [row for row in score_repeats(answers) if row.field == "total_amount"]
    assert [(row.document_id, row.repeat, row.prediction, row.differs) for row in rows] == [
        ("a", 1, "2.00", False),
        ("b", 1, "1.00", False),
        ("b", 2, "1.00", False),
        ("a", 2, "1.00", True),
        ("b", 3, "2.00", True),
    ]
    assert score_repeats({1: answers[1]}) == score_repeats({2: answers[2]}) == score_repeats({}) == []
