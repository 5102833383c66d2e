"""From rows of tables to attributions and issues."""

from collections.abc import Mapping, Sequence
from typing import Any

from ocr_pipeline.evaluation.diagnosis.stage import attribution_rows, transcript_issues
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.evaluation.words import text_of

PRINTED = text_of("TEO HENG BOOKS", "Total 9.00", "Cash 10.00")
BLURRED = text_of("TEO HENG BOOKS", "T0tai 9.00", "Cash 10.00")


def texts(engine: str, documents: Sequence[str]) -> Mapping[str, OcrText]:
    return dict.fromkeys(documents, PRINTED if engine == "oracle" else BLURRED)


def score(backend: str, field: str, truth: str | None, prediction: str | None, outcome: str) -> dict[str, Any]:
    kind = "money" if field == "total_amount" else "name"
    values = {"truth": truth, "prediction": prediction, "outcome": outcome, "kind": kind}
    return {"document_id": "d", "dataset": "s", "backend": backend, "field": field, **values}


SCORES = [
    score("ocr+rules", "total_amount", "9.00", "10.00", "wrong"),
    score("oracle+rules", "total_amount", "9.00", "9.00", "correct"),
    score("ocr+rules", "supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", "wrong"),
    score("oracle+rules", "supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", "wrong"),
    score("page", "total_amount", "9.00", None, "missing"),
]


def attributions(
    control: dict[str, str],
    issues: Sequence[dict[str, Any]] = (),
    *,
    read: Mapping[str, str] | None = None,
    kept: Sequence[Mapping[str, Any]] = (),
) -> dict[tuple[str, str], dict[str, Any]]:
    rows = attribution_rows(
        SCORES,
        engines={"ocr+rules": "ocr", "page": None},
        transcripts="oracle",
        control_of=control,
        texts=texts,
        evidence={},
        failures={"page": {"d": "blocked"}},
        issues=issues,
        read=read or {},
        kept=kept,
    )
    return {(row["backend"], row["field"]): row for row in rows}


def test_each_error_has_a_row_with_its_place() -> None:
    found = attributions({"ocr+rules": "oracle+rules"})
    assert {key: row["attribution"] for key, row in found.items()} == {
        ("ocr+rules", "total_amount"): "ocr_misread",
        ("ocr+rules", "supplier_name"): "label_issue",
        ("page", "total_amount"): "document_failed",
    }
    total = found["ocr+rules", "total_amount"]
    assert (total["page"], total["y0"], total["dataset"]) == (1, 0.1, "s")
    assert found["page", "total_amount"]["x0"] is None
    assert attributions({})["ocr+rules", "total_amount"]["attribution"] == "selection"


def test_a_attribution_leans_on_independent_suspects_only() -> None:
    doubt = {"document_id": "d", "field": "total_amount", "kinds": ["agreement"], "value": "10", "reason": "Two agree."}
    key = ("ocr+rules", "total_amount")
    assert attributions({}, [{**doubt, "independent": True}])[key]["attribution"] == "label_issue"
    assert attributions({}, [{**doubt, "independent": False}])[key]["attribution"] == "selection"
    assert attributions({}, [{**doubt, "independent": True, "value": "11.00"}])[key]["attribution"] == "selection"
    sums = {**doubt, "independent": True, "value": None, "kinds": ["arithmetic"]}
    assert attributions({}, [sums])[key]["attribution"] == "label_issue"


def test_a_document_is_judged_again_only_where_something_about_it_has_changed() -> None:
    control, reading = {"ocr+rules": "oracle+rules"}, {"d": "ocr=1"}
    first = attributions(control, read=reading)
    kept = [{**row, "reason": "as before"} for row in first.values()]
    assert {row["reason"] for row in attributions(control, read=reading, kept=kept).values()} == {"as before"}
    doubt = {"document_id": "d", "field": "total_amount", "kinds": ["sums"], "value": "1", "independent": True}
    for changed in (
        attributions(control, read={"d": "ocr=2"}, kept=kept),
        attributions({}, read=reading, kept=kept),
        attributions(control, [{**doubt, "reason": "No sum."}], read=reading, kept=kept),
    ):
        assert "as before" not in {row["reason"] for row in changed.values()}


def test_transcripts_speak_against_labels_that_nobody_agrees_with() -> None:
    (issue,) = transcript_issues(SCORES, transcripts="oracle", engines=["ocr"], texts=texts)
    assert (issue.field, issue.label, issue.value) == ("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS")
    agreed = [*SCORES, score("other", "supplier_name", "TED HENG BOOKS", "TED HENG BOOKS", "correct")]
    assert transcript_issues(agreed, transcripts="oracle", engines=["ocr"], texts=texts) == []
