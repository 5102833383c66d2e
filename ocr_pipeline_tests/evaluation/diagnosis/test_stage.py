"""From scores and texts to attributions and label issues."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.evaluation.diagnosis.stage import Findings, attribution_rows
from ocr_pipeline.evaluation.diagnosis.transcripts import aligned_cases, open_cases, transcript_issues
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.evaluation.words import text_of

PRINTED = text_of("TEO HENG BOOKS", "Total 9.00", "Cash 10.00")
BLURRED = text_of("TEO HENG BOOKS", "T0tai 9.00", "Cash 10.00")


def texts(engine: str, documents: Sequence[str]) -> Mapping[str, OcrText]:
    return dict.fromkeys(documents, PRINTED if engine == "oracle" else BLURRED)


def score(backend: str, field: str, truth: str | None, prediction: str | None, outcome: Outcome) -> StoredScore:
    kind = "money" if field == "total_amount" else "name"
    return StoredScore("d", "s", backend, field, kind, truth, prediction, outcome)


SCORES = [
    score("ocr+rules", "total_amount", "9.00", "10.00", "wrong"),
    score("oracle+rules", "total_amount", "9.00", "9.00", "correct"),
    score("ocr+rules", "supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", "wrong"),
    score("oracle+rules", "supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS", "wrong"),
    score("page", "total_amount", "9.00", None, "missing"),
]

TWO_AGREE = LabelIssue(
    document_id="d",
    field="total_amount",
    label="9.00",
    value="10",
    kinds=("agreement",),
    reason="Two agree.",
    independent=True,
    score=1.0,
)


def attributions(
    control: dict[str, str],
    issues: Sequence[LabelIssue] = (),
    *,
    recognised: Mapping[str, str] | None = None,
    kept: Sequence[AttributionRow] = (),
) -> dict[tuple[str, str], AttributionRow]:
    findings = Findings(
        scores=SCORES,
        engines={"ocr+rules": "ocr", "page": None},
        transcripts="oracle",
        control_of=control,
        evidence={},
        failures={"page": {"d": "blocked"}},
        issues=issues,
        recognised=recognised or {},
    )
    return {(row.backend, row.field): row for row in attribution_rows(findings, texts, kept)}


def test_each_error_has_a_row_with_its_place() -> None:
    rows = attributions({"ocr+rules": "oracle+rules"})
    assert {key: row.attribution for key, row in rows.items()} == {
        ("ocr+rules", "total_amount"): "ocr_misread",
        ("ocr+rules", "supplier_name"): "label_issue",
        ("page", "total_amount"): "document_failed",
    }
    total = rows["ocr+rules", "total_amount"]
    assert (total.page, total.y0, total.dataset) == (1, 0.1, "s")
    assert rows["page", "total_amount"].x0 is None
    assert attributions({})["ocr+rules", "total_amount"].attribution == "selection"


def test_attributions_trust_only_independent_label_issues() -> None:
    def attribution(issue: LabelIssue) -> str:
        return attributions({}, [issue])["ocr+rules", "total_amount"].attribution

    assert attribution(TWO_AGREE) == "label_issue"
    assert attribution(replace(TWO_AGREE, independent=False)) == "selection"
    assert attribution(replace(TWO_AGREE, value="11.00")) == "selection"
    assert attribution(replace(TWO_AGREE, value=None, kinds=("arithmetic",))) == "label_issue"


def test_only_changed_documents_are_judged_again() -> None:
    control, recognised = {"ocr+rules": "oracle+rules"}, {"d": "ocr=1"}
    first = attributions(control, recognised=recognised)
    kept = [replace(row, reason="as before") for row in first.values()]
    unchanged = attributions(control, recognised=recognised, kept=kept)
    assert {row.reason for row in unchanged.values()} == {"as before"}
    contradiction = replace(TWO_AGREE, kinds=("arithmetic",), value="1", reason="No sum.")
    for changed in (
        attributions(control, recognised={"d": "ocr=2"}, kept=kept),
        attributions({}, recognised=recognised, kept=kept),
        attributions(control, [contradiction], recognised=recognised, kept=kept),
    ):
        assert "as before" not in {row.reason for row in changed.values()}


def test_transcripts_contradict_labels_that_no_backend_agrees_with() -> None:
    def issues(scores: Sequence[StoredScore]) -> list[LabelIssue]:
        cases = aligned_cases(open_cases(scores), ["oracle", "ocr"], texts)
        return [one for case in cases for one in transcript_issues(case, transcripts="oracle", engines=["ocr"])]

    (issue,) = issues(SCORES)
    assert (issue.field, issue.label, issue.value) == ("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS")
    agreed = [*SCORES, score("other", "supplier_name", "TED HENG BOOKS", "TED HENG BOOKS", "correct")]
    assert issues(agreed) == []
