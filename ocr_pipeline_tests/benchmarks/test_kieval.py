"""KIEval reproduces its published figures, and hand-made cases pin each part of the metric."""

import os
from pathlib import Path

import pytest

from benchmarks.kieval import KieScore, kieval, read_groups

SHARED = Path(os.environ.get("OCR_PIPELINE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
PUBLISHED = SHARED / "cord-kieval" / "QwenVL_72B_Sample"

TRUTH = """0
menu.nm\tmenu.cnt\tmenu.price
Latte\t1\t4,20
Bagel\t2\t<empty>
Milk||Sugar\t<empty>\t1,00

2
total.price\ttotal.cash
6,20\t10,00
"""


def score(prediction: str, truth: str = TRUTH) -> KieScore:
    return kieval([(read_groups(truth), read_groups(prediction))])


def counts(score: KieScore) -> tuple[int, int, int, int, int]:
    return score.truth, score.prediction, score.correct, score.substituted, score.corrected


def test_a_perfect_prediction_in_any_order() -> None:
    shuffled = """2
total.cash\ttotal.price
10,00\t6,20

0
menu.price\tmenu.nm\tmenu.cnt
1,00\tSugar||Milk\t<empty>
4,20\tLatte\t1
<empty>\tBagel\t2
"""
    assert counts(score(shuffled)) == (10, 10, 10, 0, 0)
    assert (score(shuffled).entity_f1, score(shuffled).aligned) == (1, 1)


def test_wrong_missing_and_superfluous_entities() -> None:
    prediction = """0
menu.nm\tmenu.cnt\tmenu.price
Latte\t1\t4.20
Bagel\t<empty>\t3,00
Milk\t<empty>\t1,00
Tip\t1\t<empty>

1
sub_total.price
6,20
"""
    # Latte: price substituted. Bagel: count to add, price to delete. Milk: Sugar to add. Tip: two to delete.
    # Group 1: one to delete. Group 2: two to add. Equal: Latte, 1, Bagel, Milk, 1,00.
    result = score(prediction)
    assert counts(result) == (10, 10, 5, 1, 8)
    assert result.entity_f1 == pytest.approx(10 / 20)
    assert result.aligned == pytest.approx(5 / 14)


def test_rows_are_assigned_for_the_most_equal_values_overall() -> None:
    truth = "0\na\tb\n1\t2\n1\t9\n"
    # First come, first served would assign row `1 9` to `1 2`, and leave `7 2` unassigned.
    prediction = "0\na\tb\n1\t9\n7\t2\n"
    assert counts(score(prediction, truth)) == (4, 4, 3, 1, 0)


def test_rates_without_entities_are_none() -> None:
    assert (score("", "").entity_f1, score("", "").aligned) == (None, None)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"KIEval's published data is not in {PUBLISHED}")
def test_the_published_result() -> None:
    """result.md: entity F1 0.7707, aligned 0.6986, label 1301, wrong_match 167, no_match 273, exact_match 1020."""
    files = sorted((PUBLISHED / "QwenVL_72B_csv" / "gt").glob("*.csv"))
    assert len(files) == 100
    predicted = PUBLISHED / "QwenVL_72B_csv" / "pred"
    result = kieval((read_groups(file.read_text()), read_groups((predicted / file.name).read_text())) for file in files)
    assert counts(result) == (1301, 1346, 1020, 167, 273)
    assert result.entity_f1 == pytest.approx(0.7707, abs=5e-5)
    assert result.aligned == pytest.approx(0.6986, abs=5e-5)
