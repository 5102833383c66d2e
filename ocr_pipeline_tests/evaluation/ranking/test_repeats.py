from collections.abc import Mapping, Sequence

import pytest

from ocr_pipeline.evaluation.ranking.repeats import Spread, spreads, within_noise
from ocr_pipeline.evaluation.scoring.repeats import score_repeats
from ocr_pipeline.evaluation.scoring.stage import DocumentScores, score_backend
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label

LABELS = {
    key: Label.model_validate(
        {"invoice": {"total_amount": "1.00", "supplier_name": "Shop", "tax_lines": [{"rate": "7"}]}}
    )
    for key in ("a", "b")
}
DATASETS = dict.fromkeys(LABELS, "set")


def scored(answers: Mapping[str, Extraction | DocumentFailure]) -> Sequence[DocumentScores]:
    return score_backend("model", LABELS, answers, DATASETS)


def said(total: str | None, supplier: str | None = "Shop", rate: str = "7") -> Extraction:
    invoice = {"total_amount": total, "supplier_name": supplier, "tax_lines": [{"rate": rate}]}
    return Extraction.model_validate({"invoice": invoice})


def test_spread_of_each_field() -> None:
    """Of two documents, one has another total in its second answer, and a third answer failed."""
    failed = DocumentFailure(reason="invalid_reply", message="x")
    answers = {
        1: scored({"a": said("1.00"), "b": said("1.00")}),
        2: scored({"a": said("2.00", "SHOP."), "b": said("1", rate="9")}),
        3: scored({"a": said("1.00"), "b": failed}),
    }
    rows = {row.field: row for row in spreads(score_repeats(answers))}
    total, supplier = rows["total_amount"], rows["supplier_name"]
    assert (total.repeats, total.documents, total.differing) == (3, 2, 2)
    assert (total.f1_first, total.f1_min, total.f1_max) == (1.0, 0.5, 1.0)
    assert total.f1_mean == pytest.approx((1 + 0.5 + 2 / 3) / 3)
    assert supplier.differing == 1, "spelling alone is no other value"
    assert supplier.f1_min == pytest.approx(2 / 3)
    assert rows["tax_lines"].differing == 1
    assert rows["all_fields"].f1_min == pytest.approx(2 / 3)
    assert (rows["all_fields"].differing, next(iter(rows))) == (2, "all_fields")


def test_only_documents_with_all_answers_count() -> None:
    answers = {1: scored({"a": said("1.00"), "b": said("2.00")}), 2: scored({"a": said("1.00")})}
    [all_fields, *_] = spreads(score_repeats(answers))
    assert (all_fields.documents, all_fields.f1_first) == (1, 1.0)


def test_nothing_was_repeated() -> None:
    assert spreads(score_repeats({1: scored({"a": said("1.00")})})) == []


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (0.02, ("model", 0.03)),
        (0.91 - 0.88, ("model", 0.03)),
        (-0.03, ("model", 0.03)),
        (0.04, None),
        (None, None),
        (0.0, None),
    ],
)
def test_a_lead_is_judged_against_the_spread(difference: float | None, expected: tuple[str, float] | None) -> None:
    row = Spread(
        dataset="set",
        backend="model",
        field="all_fields",
        repeats=3,
        documents=9,
        differing=2,
        f1_first=0.9,
        f1_mean=0.9,
        f1_min=0.88,
        f1_max=0.91,
    )
    found = within_noise(difference, ("rules", "model"), {"model": row})
    assert (found is None) == (expected is None)
    if found and expected:
        assert found[0] == expected[0]
        assert found[1] == pytest.approx(expected[1])
