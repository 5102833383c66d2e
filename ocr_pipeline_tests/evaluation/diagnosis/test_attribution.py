"""Made cases, one per kind of fault. Real ones, judged by a person: test_attribution_by_hand.py."""

from dataclasses import replace
from typing import Any

import pytest

from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.attribution import Case, judge, turned
from ocr_pipeline.evaluation.scoring.comparators import Outcome
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline_tests.evaluation.words import aligner, text_of


def case(field: str, truth: str | None, prediction: str | None, *lines: str, **known: Any) -> Case:
    outcome: Outcome = "missing" if prediction is None else "spurious" if truth is None else "wrong"
    return Case(
        document_id="d",
        backend="b",
        field=field,
        kind=FIELD_KINDS[field],
        outcome=outcome,
        truth=truth,
        prediction=prediction,
        **{"text": aligner(*lines) if lines else None, **known},
    )


RECEIPT = ("ACME SDN BHD", "12 High Street", "Date 05/03/2018", "Total 9.00", "Cash 10.00", "Change 1.00")


@pytest.mark.parametrize(
    ("asked", "attribution", "reason"),
    [
        (case("total_amount", "9.00", "10.00", *RECEIPT), "selection", "“9.00”; “10.00” was picked"),
        (case("total_amount", "9.00", None, *RECEIPT), "selection", "nothing was picked"),
        (case("total_amount", "9.00", "9.50", *RECEIPT, correction="cash - change"), "selection", "computed"),
        (case("total_amount", "9.00", "77.00", *RECEIPT), "spurious", "stands nowhere"),
        (case("total_amount", "8.00", "10.00", "Total B.00", "Cash 10.00"), "ocr_misread", "“B.00”"),
        (case("total_amount", "123.45", None, "Thank you"), "ocr_missing", "Nothing was read"),
        (case("total_amount", "9.00", "900.00", *RECEIPT), "normalisation", "decimal mark"),
        (case("total_amount", "9.00", "7.00", *RECEIPT, evidence=(9,)), "normalisation", "became another value"),
        (case("invoice_date", "2018-03-05", "2018-05-03", *RECEIPT), "normalisation", "exchanged"),
        (case("supplier_name", "ACME SDN BHD", "ACME", *RECEIPT, evidence=(0,)), "selection", "Too little or too much"),
        (case("supplier_name", "ACME SDN BHD", "ACNE SDN BHD", "ACNE SDN BHD"), "ocr_misread", "“ACNE SDN BHD”"),
        (case("supplier_name", "ACME SDN BHD", "Acme Berhad", *RECEIPT), "spurious", "stands nowhere"),
        (case("document_type", "receipt", "invoice", *RECEIPT), "selection", "concluded"),
        (case("due_date", None, "2018-03-05", *RECEIPT), "spurious", "“05/03/2018” was taken"),
        (case("due_date", None, "2019-01-01", *RECEIPT), "spurious", "stands nowhere"),
        (case("total_amount", "9.00", None, failure="no_text_layer"), "document_failed", "no_text_layer"),
        (case("total_amount", "9.00", "10.00", *RECEIPT, issue="Two say 10.00."), "label_issue", "Two say"),
        (case("due_date", None, "2018-03-05", *RECEIPT, issue="Two say so."), "label_issue", "Two say so."),
        (case("total_amount", "9.00", "10.00"), "selection", "No engine read"),
        (case("invoice_date", "2018-03-05", "2018-05-03"), "normalisation", "exchanged"),
    ],
)
def test_attribution_and_reason(asked: Case, attribution: str, reason: str) -> None:
    found = judge(asked)
    assert found.attribution == attribution
    assert reason in found.reason
    assert found.reason.endswith(".")


def test_the_place_of_the_labelled_value() -> None:
    found = judge(case("total_amount", "9.00", "10.00", *RECEIPT))
    assert (found.page, found.similarity) == (1, 1.0)
    assert found.box == pytest.approx((0.12, 0.3, 0.2, 0.35))


def test_right_on_the_transcript_is_the_fault_of_the_ocr() -> None:
    """The amount was read, what stands before it was not."""
    asked = case("total_amount", "9.00", "10.00", "T0ta1 9.00", "Cash 10.00", transcript=aligner(*RECEIPT))
    assert judge(asked).attribution == "selection"
    assert judge(replace(asked, control="correct")).attribution == "ocr_misread"
    assert judge(replace(asked, control="wrong", control_value="10.00")).attribution == "selection"


def test_the_same_error_on_the_transcript_is_not_the_fault_of_the_ocr() -> None:
    asked = case("supplier_name", "ACME (WEST) SDN BHD", "WEST) SDN BHD", "ACNE (WEST) SDN BHD", control="wrong")
    assert judge(replace(asked, control_value="west sdn bhd")).attribution == "selection"
    assert judge(replace(asked, control_value="something else")).attribution == "ocr_misread"


def test_another_reading_tells_what_was_missing_from_what_was_misread() -> None:
    transcript = aligner("ACME", "Total 123.45")
    missing = case("total_amount", "123.45", None, "ACME", transcript=transcript)
    misread = case("total_amount", "123.45", None, "ACME", "Tctal l#3,/5", transcript=transcript)
    assert (judge(missing).attribution, judge(misread).attribution) == ("ocr_missing", "ocr_misread")
    assert "l#3,/5" in judge(misread).reason
    by_another_engine = replace(misread, transcript=None, others=[transcript])
    assert judge(by_another_engine).attribution == "ocr_misread"


def test_the_same_place_of_a_page_that_was_turned() -> None:
    upside_down = Aligner(text_of(*["·"] * 8, 40 * " " + "5b'8", rotation=180, top=0.05))
    asked = case("total_amount", "123.45", None, text=upside_down, transcript=aligner("ACME", "Total 123.45"))
    assert judge(asked).attribution == "ocr_misread"
    assert turned((0.1, 0.2, 0.3, 0.5), 90) == pytest.approx((0.5, 0.1, 0.8, 0.3))
    assert turned((0.1, 0.2, 0.3, 0.5), 360) == pytest.approx((0.1, 0.2, 0.3, 0.5))


def test_a_label_that_nobody_reads_is_suspect() -> None:
    printed = ("TEO HENG BOOKS", "Total 9.00")
    asked = case("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", *printed)
    assert judge(asked).attribution == "ocr_misread"
    assert judge(replace(asked, transcript=aligner(*printed))).attribution == "label_issue"
    people_slipped = aligner("TBO HENG BOOKS", "Total 9.00")
    assert judge(replace(asked, transcript=people_slipped)).attribution == "ocr_misread"
    amount = case("total_amount", "8.00", "9.00", *printed, transcript=aligner(*printed))
    assert judge(amount).attribution == "label_issue"


def test_a_backend_that_looks_at_the_page_is_judged_by_what_is_known_of_it() -> None:
    asked = case("total_amount", "9.00", "10.00", others=[aligner(*RECEIPT)])
    assert judge(asked).attribution == "selection"
    misread = case("supplier_name", "ACME SDN BHD", "ACNE SDN BHD", others=[aligner("ACNE SDN BHD")])
    assert "The page was misread" in judge(misread).reason


def test_what_is_right_needs_no_attribution() -> None:
    with pytest.raises(ValueError, match="correct"):
        judge(replace(case("total_amount", "9.00", "9.00", *RECEIPT), outcome="correct"))
