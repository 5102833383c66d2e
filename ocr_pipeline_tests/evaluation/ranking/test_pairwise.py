import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, Outcomes, outcomes_by_dataset
from ocr_pipeline.evaluation.ranking.pairwise import (
    HEADLINE,
    Comparison,
    compare_backends,
    compare_under_rules,
)
from ocr_pipeline.evaluation.ranking.sensitivity import rule_sensitivity
from ocr_pipeline.evaluation.statistics.significance import holm, mcnemar
from ocr_pipeline_tests.evaluation.cubes import FIELDS, columns, cube


def of(rows: list[Comparison], field: str, pair: str = "ab") -> Comparison:
    [row] = [row for row in rows if row.field == field and row.backend_a + row.backend_b == pair]
    return row


def test_columns_become_an_array_per_data_set() -> None:
    first, second = cube(["cw", "--"], ["mb", "ic"]), cube(["c", "w"], names="xy", dataset="other")
    found = outcomes_by_dataset(columns(second, first), HEADLINE)
    assert [(part.dataset, part.backends, part.documents, part.fields) for part in found] == [
        ("demo", ("a", "b"), ("d000", "d001"), ("invoice_date", "total_amount")),  # in display order
        ("other", ("x",), ("d000", "d001"), ("total_amount",)),
    ]
    assert (found[0].codes == first.codes[:, :, ::-1]).all()
    assert found[0].ran().tolist() == [[True, False], [True, True]]
    assert outcomes_by_dataset(columns(), HEADLINE) == []


def test_a_case_by_hand() -> None:
    a = ["cc", "cc", "cc", "cw", "cm", "wc", "cc"]
    b = ["cc", "wc", "wc", "wc", "wc", "cc", "mb"]
    # the date of the last document is labelled as empty: b is right to leave it empty, that of a is spurious
    a[-1] = "ci"
    rows = compare_backends(cube(a, b))
    total = of(rows, "total_amount")
    assert (total.documents, total.n) == (7, 7)
    assert (total.a_better, total.b_better, total.disagree) == (5, 1, 6)
    assert total.test == "mcnemar"
    assert total.p == pytest.approx(2 * (1 + 6) / 64)
    assert total.f1_a == pytest.approx(2 * 6 / 14)
    assert total.f1_b == pytest.approx(2 * 2 / 13)
    assert total.difference == pytest.approx(6 / 7 - 4 / 13)
    date = of(rows, "invoice_date")
    assert (date.n, date.a_better, date.b_better) == (6, 0, 3)
    assert date.f1_a == pytest.approx(2 * 4 / (6 + 6))
    overall = of(rows, ALL_FIELDS)
    assert (overall.test, overall.documents, overall.n) == ("randomization", 7, 13)
    # in documents 4 and 5 and the last both gain one and lose one
    assert (overall.a_better, overall.b_better, overall.disagree) == (2, 1, 6)
    assert overall.difference == pytest.approx(2 * 10 / 26 - 2 * 8 / 25)
    low, high = overall.difference_low, overall.difference_high
    assert low is not None
    assert high is not None
    assert low < 2 * 10 / 26 - 2 * 8 / 25 < high


LETTERS = st.sampled_from(["cc", "cw", "wc", "mm", "bc", "ic", "--"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(LETTERS, LETTERS), min_size=5, max_size=12))
def test_swapped_comparisons_are_opposite(documents: list[tuple[str, str]]) -> None:
    a, b = (list(words) for words in zip(*documents, strict=True))
    forward, backward = compare_backends(cube(a, b)), compare_backends(cube(b, a))
    assert len(forward) == len(backward)
    for one, other in zip(forward, backward, strict=True):
        mirrored = other.swapped()
        assert (mirrored.a_better, mirrored.b_better, mirrored.disagree) == (one.a_better, one.b_better, one.disagree)
        assert (mirrored.f1_a, mirrored.f1_b, mirrored.difference) == (one.f1_a, one.f1_b, one.difference)
        assert (mirrored.p, mirrored.p_holm, mirrored.p_fields) == (one.p, one.p_holm, one.p_fields)
        assert mirrored.difference_low == pytest.approx(one.difference_low, abs=1e-12)
        assert mirrored.difference_high == pytest.approx(one.difference_high, abs=1e-12)


def test_pairs_are_compared_on_common_documents() -> None:
    a = ["c", "c", "c", "c", "c", "c", "-"]
    b = ["c", "c", "w", "w", "w", "w", "w"]
    c = ["-", "-", "-", "-", "-", "-", "c"]
    rows = compare_backends(cube(a, b, c))
    assert {(row.backend_a, row.backend_b): row.documents for row in rows if row.field == ALL_FIELDS} == {
        ("a", "b"): 6,
        ("b", "c"): 1,
    }
    only_two = compare_backends(cube(a[:6], b[:6]))
    assert of(rows, "total_amount").difference_low == of(only_two, "total_amount").difference_low
    alone = of(rows, ALL_FIELDS, "bc")
    assert (alone.p, alone.p_holm, alone.difference_low) == (1.0, 1.0, None)  # one document cannot rule out luck
    assert alone.difference == -1


def test_identical_backends() -> None:
    rows = compare_backends(cube(["cw"] * 9, ["cw"] * 9))
    for row in rows:
        assert (row.difference, row.disagree, row.p, row.p_holm, row.significant) == (0.0, 0, 1.0, 1.0, False)


def test_no_values_give_no_difference() -> None:
    for row in compare_backends(cube(["b"] * 9, ["b"] * 9)):
        assert (row.n, row.f1_a, row.difference, row.difference_low, row.p) == (0, None, None, None, 1.0)


def test_p_is_corrected_within_the_question_that_was_asked() -> None:
    rng = np.random.default_rng(2)
    words = [["".join(rng.choice(list("ccw"), 3)) for _ in range(60)] for _ in range(3)]
    rows = compare_backends(cube(*words))
    single = [row for row in rows if row.field != ALL_FIELDS]
    assert len(single) == 9
    assert all(row.p == mcnemar(row.a_better, row.b_better) for row in single)
    for field in dict.fromkeys(row.field for row in rows):  # the board: all pairs on this field
        family = [row for row in rows if row.field == field]
        assert len(family) == 3
        assert [row.p_holm for row in family] == holm([row.p for row in family])
    for pair in ("ab", "ac", "bc"):  # one pair: its fields
        family = [row for row in single if row.backend_a + row.backend_b == pair]
        assert len(family) == 3
        assert [row.p_fields for row in family] == holm([row.p for row in family])
    assert all(row.p_fields == row.p for row in rows if row.field == ALL_FIELDS)
    assert rows == compare_backends(cube(*words))  # the same seed, the same numbers


def test_more_backends_do_not_change_the_answer_about_a_pair() -> None:
    words = ["cc"] * 40, ["wc"] * 12 + ["cc"] * 28, *(["cw"] * 40 for _ in range(4))
    alone, among_others = (of(compare_backends(cube(*words[:count])), "total_amount") for count in (2, 6))
    assert alone.p_fields == among_others.p_fields < 0.05
    assert among_others.p_holm > alone.p_holm


def test_unlabelled_fields_are_left_out() -> None:
    rows = compare_backends(cube(["c-", "c-"], ["w-", "w-"]))
    assert [row.field for row in rows] == [ALL_FIELDS, "total_amount"]


def test_only_a_clear_lead_is_significant() -> None:
    good, bad = ["c"] * 40, ["c"] * 28 + ["w"] * 12
    assert of(compare_backends(cube(good, bad)), "total_amount").significant
    nearly = ["c"] * 38 + ["w"] * 2
    assert not of(compare_backends(cube(good, nearly)), "total_amount").significant


class TestRules:
    """a is right to the cent and b a cent off in 12 of 40; in two other documents a is far off."""

    @pytest.fixture
    def levels(self) -> dict[str, Outcomes]:
        exact = cube(["cc"] * 38 + ["wc"] * 2, ["wc"] * 12 + ["cc"] * 28)
        lenient = cube(["cc"] * 38 + ["wc"] * 2, ["cc"] * 40)
        return {HEADLINE: exact, "within_1_percent": lenient}

    def test_only_fields_that_the_rules_change(self, levels: dict[str, Outcomes]) -> None:
        rows = compare_under_rules(levels)
        assert [(row.rules, row.field) for row in rows] == [
            (HEADLINE, ALL_FIELDS),
            (HEADLINE, "total_amount"),
            (HEADLINE, "invoice_date"),
            ("within_1_percent", ALL_FIELDS),
            ("within_1_percent", "total_amount"),
        ]
        assert {row.rules for row in compare_under_rules({**levels, "within_1_percent": levels[HEADLINE]})} == {
            HEADLINE
        }

    def test_winner_and_significance(self, levels: dict[str, Outcomes]) -> None:
        found = {(row.field, row.rules): row for row in rule_sensitivity(compare_under_rules(levels))}
        exact, lenient = found["total_amount", HEADLINE], found["total_amount", "within_1_percent"]
        assert (exact.best, exact.second, exact.significant) == ("a", "b", True)
        assert (exact.winner_changes, exact.significance_changes) == (False, False)
        assert (lenient.best, lenient.significant) == ("b", False)
        assert (lenient.winner_changes, lenient.significance_changes) == (True, True)
        assert lenient.difference == pytest.approx(2 / 40)
        assert found["invoice_date", HEADLINE].best is None

    def test_the_best_of_three_wins_most_pairs(self) -> None:
        rows = compare_backends(cube(["w"] * 9, ["c"] * 7 + ["w"] * 2, ["c"] * 8 + ["w"]))
        [row] = [row for row in rule_sensitivity(rows) if row.field == FIELDS[0]]
        assert (row.best, row.second) == ("c", "b")
        assert row.difference == pytest.approx(1 / 9)
