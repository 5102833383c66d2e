"""Calibration gives what scikit-learn gives, without its import."""

import numpy as np
import pytest

from ocr_pipeline.evaluation.statistics.calibration import (
    Logistic,
    area_under_curve,
    calibration_error_by_chance,
    expected_calibration_error,
    logistic,
)


@pytest.mark.parametrize("rows", [12, 300])
def test_a_fit_is_that_of_scikit_learn(rows: int) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chance = np.random.default_rng(rows)
    evidence = np.column_stack([chance.random((rows, 4)) * [1, 20, 0.01, 1], np.full(rows, 0.1)])
    right = chance.random(rows) < evidence[:, 0]
    new = chance.random((5, 5))
    new[:, 4] = 0.1
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000)).fit(evidence, right)
    assert logistic(evidence, right, new) == pytest.approx(model.predict_proba(new)[:, 1], abs=1e-9)


@pytest.mark.parametrize(("right", "probability"), [(True, 1.0), (False, 0.0)])
def test_without_both_outcomes_all_values_are_as_probable(right: bool, probability: float) -> None:
    model = Logistic.fit(np.array([[0.1], [0.9]]), np.array([right, right]))
    assert model.probabilities(np.array([[0.0], [5.0]])).tolist() == [probability, probability]


@pytest.mark.parametrize("digits", [1, 2, 16])
@pytest.mark.parametrize("count", [3, 60, 800])
def test_area_and_error_by_chance_are_exactly_those_of_the_definition(count: int, digits: int) -> None:
    from sklearn.metrics import roc_auc_score

    chance = np.random.default_rng(count)
    sure = np.round(chance.random(count), digits)
    right = chance.random(count) < sure
    right[:2] = [True, False]
    assert area_under_curve(sure, right) == roc_auc_score(right, sure)
    draws = np.random.default_rng(20261125).random((200, count)) < sure
    assert calibration_error_by_chance(sure) == np.mean([expected_calibration_error(sure, draw) for draw in draws])
