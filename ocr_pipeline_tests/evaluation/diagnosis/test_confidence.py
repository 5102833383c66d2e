"""Calibration on simulated values, whose true probabilities are known."""

import math

import numpy as np
import pytest

from ocr_pipeline.evaluation.diagnosis.acceptance import acceptance
from ocr_pipeline.evaluation.diagnosis.confidence import MIN_GROUPS, Value, calibrate
from ocr_pipeline.evaluation.diagnosis.features import value_features
from ocr_pipeline.evaluation.diagnosis.records import ValueEvidence
from ocr_pipeline.evaluation.statistics.calibration import reliability

FIELDS = ("invoice_date", "total_amount")


def simulated(
    documents: int, *, copies: int = 1, informative: bool = True, seed: int = 1
) -> tuple[list[Value], list[float]]:
    """Values with a feature that determines the probability that they are right (or nothing), and these probabilities."""
    random = np.random.default_rng(seed)
    values, truth = [], []
    for number in range(documents):
        for field in FIELDS:
            fact = float(random.normal())
            probability = 1 / (1 + math.exp(-(1 + 2 * fact)))
            right = bool(random.random() < probability)
            for copy in range(copies):
                values.append(
                    Value(
                        document_id=f"d{number}-{copy}",
                        group=f"d{number}",
                        field=field,
                        prediction="x",
                        correct=right,
                        features={"fact": fact if informative else 0.0, "noise": float(random.normal())},
                    )
                )
                truth.append(probability)
    return values, truth


def test_confidences_are_near_the_true_probabilities() -> None:
    values, truth = simulated(400)
    found = calibrate(values)
    assert np.mean(np.abs(np.array(found.confidences, dtype=float) - truth)) < 0.04
    assert found.calibration.status == "ok"
    assert found.calibration.ece is not None
    assert found.calibration.ece_by_chance is not None
    assert found.calibration.ece < 2 * found.calibration.ece_by_chance
    assert found.calibration.auc == pytest.approx(0.87, abs=0.04)
    inside = sum(one.accuracy_low <= one.confidence <= one.accuracy_high for one in found.reliability)
    assert (len(found.reliability), sum(one.n for one in found.reliability)) == (10, 800)
    assert inside >= 8


def test_uninformative_evidence_gives_the_share_of_right_values() -> None:
    """A model applied to the documents that it was fitted on would look better than chance here."""
    values, _ = simulated(200, informative=False)
    found = calibrate(values)
    share = np.mean([bool(value.correct) for value in values])
    assert np.mean(np.array(found.confidences, dtype=float)) == pytest.approx(share, abs=0.02)
    assert found.calibration.auc is not None
    assert found.calibration.auc < 0.58


def test_copies_are_in_the_same_fold() -> None:
    """Each group has a feature of its own that reveals its outcome. A model that has seen a copy would be certain."""
    random = np.random.default_rng(3)
    values = []
    for number in range(60):
        right = bool(random.random() < 0.5)
        facts = {f"only of {number}": 1.0}
        values += [
            Value(
                document_id=f"d{number}-{copy}",
                group=f"d{number}",
                field="total_amount",
                prediction="x",
                correct=right,
                features=facts,
            )
            for copy in range(4)
        ]
    found = calibrate(values)
    folds: dict[str, set[int | None]] = {}
    for value, fold in zip(values, found.folds, strict=True):
        folds.setdefault(value.group, set()).add(fold)
    assert all(len(of_group) == 1 for of_group in folds.values())
    assert set.union(*folds.values()) == set(range(5))
    assert found.calibration.auc is not None
    assert found.calibration.auc < 0.65
    assert found.calibration.groups == 60
    assert found.calibration.documents == 240


def test_too_few_documents_are_not_calibrated() -> None:
    few = calibrate(simulated(MIN_GROUPS - 1, copies=3)[0])
    assert (few.calibration.status, few.calibration.message) == (
        "too_few",
        "29 labelled documents; 30 are needed to calibrate.",
    )
    assert set(few.confidences) == {None}
    assert (few.reliability, few.acceptance, few.calibration.ece) == ([], [], None)
    values, _ = simulated(40)
    right = [Value(**{**vars(value), "correct": True}) for value in values]
    assert calibrate(right).calibration.message == "0 wrong values; 10 are needed to calibrate."
    assert calibrate([]).calibration.message == "0 labelled documents; 30 are needed to calibrate."


def test_unlabelled_values_of_labelled_fields_get_a_confidence() -> None:
    values, _ = simulated(100)
    sure, unsure = ({"fact": fact, "noise": 0.0} for fact in (3.0, -3.0))
    asked = [
        Value(document_id="new", group="new", field=field, prediction="x", correct=None, features=features)
        for field, features in (("total_amount", sure), ("total_amount", unsure), ("supplier_name", sure))
    ]
    found = calibrate([*values, *asked])
    first, second, other = found.confidences[-3:]
    assert first is not None
    assert second is not None
    assert (first > 0.9, second < 0.1, other) == (True, True, None)
    assert found.folds[-3:] == [None, None, None]
    assert found.calibration.values == 200


def test_acceptance_if_the_least_confident_values_are_wrong() -> None:
    confidences = np.linspace(0.01, 1, 500)
    right = confidences > 0.2
    rows = acceptance("document", confidences, right, np.arange(500) % 5)
    wanted = {row.target_risk: row for row in rows if row.target_risk is not None}
    proved = wanted[0.01]
    assert proved.threshold == pytest.approx(0.2, abs=0.06)  # one step
    assert proved.accepted == pytest.approx(400, abs=30)
    assert proved.errors == 0
    assert wanted[0.05].coverage >= proved.coverage
    curve = [row.errors for row in rows if row.target_risk is None]
    assert curve == pytest.approx([max(0, (step - 8) * 50) for step in range(1, 11)], abs=4)


def test_a_threshold_is_proved_not_counted() -> None:
    """Uninformative confidences: a threshold with few errors is found in many samples, but holds in none."""
    random = np.random.default_rng(5)
    accepted = 0
    for _ in range(20):
        right = random.random(100) < 0.9
        row = acceptance("document", random.random(100), right, np.arange(100) % 5, targets=(0.05,))[0]
        accepted += row.accepted
    assert accepted == 0


def test_values_of_one_document_are_not_independent_and_have_no_target() -> None:
    found = calibrate(simulated(200)[0])
    assert {row.target_risk for row in found.acceptance if row.level == "value"} == {None}
    assert {0.01, 0.05} < {row.target_risk for row in found.acceptance if row.level == "document"}


def test_bins_of_few_values() -> None:
    (low, high) = reliability(np.array([0.9, 0.1]), np.array([True, False]))
    assert (low.confidence, low.accuracy, high.confidence, high.accuracy) == (0.1, 0.0, 0.9, 1.0)


def test_features_of_values() -> None:
    documents = {
        "d": {
            "a": {"net_amount": "10.00", "total_tax_amount": "1.90", "total_amount": "11.90"},
            "b": {"total_amount": "11.9", "due_date": "2018-03-05"},
            "c": {"total_amount": "12.00"},
        },
        "e": {"b": {"total_amount": "1.00"}},
    }
    facts = value_features(
        "a",
        documents,
        correct={("d", "total_amount"): True, ("d", "supplier_name"): False},
        groups={"d": "g"},
        evidence={("d", "total_amount"): ValueEvidence(score=0.8)},
        margins={("d", "total_amount"): 99.0},
        word_confidences={("d", "total_amount"): (0.9, 0.7)},
        logprobs={("d", "total_amount"): -0.1, ("d", "due_date"): -99.0},
    )
    found = {value.field: value for value in facts}
    assert {value.document_id for value in facts} == {"d"}
    assert found.keys() == {"supplier_name", "due_date", "net_amount", "total_tax_amount", "total_amount"}
    total = found["total_amount"]
    assert (total.group, total.correct) == ("g", True)
    assert total.features == {
        "empty": 0.0,
        "evidence": 1.0,
        "score": 0.8,
        "corrected": 0.0,
        "ocr_mean": 0.9,
        "ocr_lowest": 0.7,
        "margin": 20.0,
        "logprob": -0.1,
        "sums": 1.0,
        "agree": 0.5,
        "agree_value": 0.5,
    }
    rest = {"empty": 1.0, "evidence": 0.0, "agree": 0.5}
    assert found["due_date"].features == {**rest, "agree_value": 0.0, "logprob": -20.0}
    assert found["supplier_name"].features == {**rest, "agree": 1.0}


def test_shipped_confidence_fills_values_that_the_project_cannot_calibrate() -> None:
    """Without labels every value has the shipped one; later only fields without labels; empty values have none."""
    few, _ = simulated(5)
    asked = [
        Value(
            document_id="new", group="new", field=field, prediction=prediction, correct=None, features={"shipped": 0.9}
        )
        for field, prediction in (("supplier_name", "x"), ("supplier_name", None), ("total_amount", "1"))
    ]
    found = calibrate([*few, *asked])
    assert (found.confidences[-3:], found.sources[-3:]) == ([0.9, None, 0.9], ["shipped", None, "shipped"])
    many, _ = simulated(100)
    found = calibrate([*many, *asked])
    assert found.sources[-3:] == ["shipped", None, "project"]
    assert found.confidences[-3] == 0.9
    assert set(found.sources[:-3]) == {"project"}


def test_value_that_the_page_leaves_open_is_never_sure() -> None:
    values, _ = simulated(100)
    sure = {"fact": 9.0, "noise": 0.0, "shipped": 0.99}
    asked = [
        Value(
            document_id="new", group="new", field="total_amount", prediction="14.875", correct=None, features=features
        )
        for features in (sure, sure | {"limit": 0.45})
    ]
    clear, ambiguous = calibrate([*values, *asked]).confidences[-2:]
    assert clear is not None
    assert clear > 0.9
    assert ambiguous == 0.45
    assert calibrate(asked).confidences == [0.99, 0.45]


@pytest.mark.parametrize(
    ("backend", "total", "shipped"),
    [("rules", "12.00", 0.9), ("model", "12.00", 0.9), ("model", "12", 0.9), ("model", "99.00", 0.05)],
)
def test_other_backends_take_the_shipped_confidence_of_the_same_value(backend: str, total: str, shipped: float) -> None:
    documents = {"d": {"rules": {"total_amount": "12.00"}, "model": {"total_amount": total}}}
    facts = value_features(
        backend,
        documents,
        correct={},
        groups={},
        evidence={},
        margins={},
        word_confidences={},
        logprobs={},
        calibrated={"rules": {("d", "total_amount"): 0.9}},
        limits={("d", "total_amount"): 0.45},
    )
    (value,) = facts
    assert value.features["shipped"] == pytest.approx(shipped)
    assert value.features["limit"] == 0.45
