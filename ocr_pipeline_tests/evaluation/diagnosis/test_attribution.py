"""Constructed cases, one per cause. Real cases, judged by hand: test_attribution_by_hand.py."""

from dataclasses import replace
from typing import Any

import pytest

from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.attribution import Case, judge, turned
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline_tests.evaluation.words import aligner, text_of


def case(field: str, truth: str | None, prediction: str | None, *lines: str, **known: Any) -> Case:
    outcome: Outcome = "missing" if prediction is None else "spurious" if truth is None else "wrong"
    return Case(
        field=field,
        kind=FIELD_KINDS[field],
        outcome=outcome,
        truth=truth,
        prediction=prediction,
        **{"text": aligner(*lines) if lines else None, **known},
    )


RECEIPT = ("ACME SDN BHD", "12 High Street", "Date 05/03/2018", "Total 9.00", "Cash 10.00", "Change 1.00")


@pytest.mark.parametrize(
    ("error", "attribution", "reason"),
    [
        (case("total_amount", "9.00", "10.00", *RECEIPT), "selection", "“9.00”; “10.00” was selected"),
        (case("total_amount", "9.00", None, *RECEIPT), "selection", "nothing was selected"),
        (case("total_amount", "9.00", "9.50", *RECEIPT, correction="cash - change"), "selection", "computed"),
        (case("total_amount", "9.00", "77.00", *RECEIPT), "spurious", "is not in the text"),
        (case("total_amount", "8.00", "10.00", "Total B.00", "Cash 10.00"), "ocr_misread", "“B.00”"),
        (case("total_amount", "123.45", None, "Thank you"), "ocr_missing", "Nothing similar"),
        (case("total_amount", "9.00", "900.00", *RECEIPT), "normalisation", "decimal mark"),
        (case("total_amount", "9.00", "7.00", *RECEIPT, evidence=(9,)), "normalisation", "became another value"),
        (case("invoice_date", "2018-03-05", "2018-05-03", *RECEIPT), "normalisation", "exchanged"),
        (case("supplier_name", "ACME SDN BHD", "ACME", *RECEIPT, evidence=(0,)), "selection", "Too little or too much"),
        (case("supplier_name", "ACME SDN BHD", "ACNE SDN BHD", "ACNE SDN BHD"), "ocr_misread", "“ACNE SDN BHD”"),
        (case("supplier_name", "ACME SDN BHD", "Acme Berhad", *RECEIPT), "spurious", "is not in the text"),
        (case("document_type", "receipt", "invoice", *RECEIPT), "selection", "inferred"),
        (case("due_date", None, "2018-03-05", *RECEIPT), "spurious", "“05/03/2018” was extracted"),
        (case("due_date", None, "2019-01-01", *RECEIPT), "spurious", "is not in the text"),
        (case("total_amount", "9.00", None, failure="no_text_layer"), "document_failed", "no_text_layer"),
        (case("total_amount", "9.00", "10.00", *RECEIPT, issue="Two say 10.00."), "label_issue", "Two say"),
        (case("due_date", None, "2018-03-05", *RECEIPT, issue="Two say so."), "label_issue", "Two say so."),
        (case("total_amount", "9.00", "10.00"), "selection", "No engine recognised"),
        (case("invoice_date", "2018-03-05", "2018-05-03"), "normalisation", "exchanged"),
    ],
)
def test_attribution_and_reason(error: Case, attribution: str, reason: str) -> None:
    judgement = judge(error)
    assert judgement.attribution == attribution
    assert reason in judgement.reason
    assert judgement.reason.endswith(".")


def test_the_place_of_the_labelled_value() -> None:
    place = judge(case("total_amount", "9.00", "10.00", *RECEIPT)).place
    assert place is not None
    assert (place.page, place.similarity) == (1, 1.0)
    assert place.box == pytest.approx((0.12, 0.3, 0.2, 0.35))


def test_right_on_the_transcript_is_the_fault_of_the_ocr() -> None:
    """The amount was recognised, but not the keyword before it."""
    error = case("total_amount", "9.00", "10.00", "T0ta1 9.00", "Cash 10.00", transcript=aligner(*RECEIPT))
    assert judge(error).attribution == "selection"
    assert judge(replace(error, control="correct")).attribution == "ocr_misread"
    assert judge(replace(error, control="wrong", control_value="10.00")).attribution == "selection"


def test_the_same_error_on_the_transcript_is_not_the_fault_of_the_ocr() -> None:
    error = case("supplier_name", "ACME (WEST) SDN BHD", "WEST) SDN BHD", "ACNE (WEST) SDN BHD", control="wrong")
    assert judge(replace(error, control_value="west sdn bhd")).attribution == "selection"
    assert judge(replace(error, control_value="something else")).attribution == "ocr_misread"


def test_another_text_separates_missing_from_misread() -> None:
    transcript = aligner("ACME", "Total 123.45")
    missing = case("total_amount", "123.45", None, "ACME", transcript=transcript)
    misread = case("total_amount", "123.45", None, "ACME", "Tctal l#3,/5", transcript=transcript)
    assert (judge(missing).attribution, judge(misread).attribution) == ("ocr_missing", "ocr_misread")
    assert "l#3,/5" in judge(misread).reason
    by_another_engine = replace(misread, transcript=None, others=[transcript])
    assert judge(by_another_engine).attribution == "ocr_misread"


def test_the_same_place_on_a_turned_page() -> None:
    upside_down = Aligner(text_of(*["·"] * 8, 40 * " " + "5b'8", rotation=180, top=0.05))
    error = case("total_amount", "123.45", None, text=upside_down, transcript=aligner("ACME", "Total 123.45"))
    assert judge(error).attribution == "ocr_misread"
    assert turned((0.1, 0.2, 0.3, 0.5), 90) == pytest.approx((0.5, 0.1, 0.8, 0.3))
    assert turned((0.1, 0.2, 0.3, 0.5), 360) == pytest.approx((0.1, 0.2, 0.3, 0.5))


def test_labels_that_contradict_the_transcript_are_issues() -> None:
    printed = ("TEO HENG BOOKS", "Total 9.00")
    error = case("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", *printed)
    assert judge(error).attribution == "ocr_misread"
    assert judge(replace(error, transcript=aligner(*printed))).attribution == "label_issue"
    with_typo = aligner("TBO HENG BOOKS", "Total 9.00")
    assert judge(replace(error, transcript=with_typo)).attribution == "ocr_misread"
    amount = case("total_amount", "8.00", "9.00", *printed, transcript=aligner(*printed))
    assert judge(amount).attribution == "label_issue"


def test_backends_without_an_engine_are_judged_by_other_texts() -> None:
    error = case("total_amount", "9.00", "10.00", others=[aligner(*RECEIPT)])
    assert judge(error).attribution == "selection"
    misread = case("supplier_name", "ACME SDN BHD", "ACNE SDN BHD", others=[aligner("ACNE SDN BHD")])
    assert "The page was misread" in judge(misread).reason


def test_right_values_need_no_attribution() -> None:
    with pytest.raises(ValueError, match="correct"):
        judge(replace(case("total_amount", "9.00", "9.00", *RECEIPT), outcome="correct"))
