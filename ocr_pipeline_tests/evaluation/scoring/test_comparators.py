from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS, FieldValue, anls, canonical
from ocr_pipeline.evaluation.scoring.fields import FieldScore, compare_field
from ocr_pipeline.evaluation.scoring.settings import COMPARED
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import FieldKind
from ocr_pipeline_tests.evaluation.strategies import texts

D = Decimal
MONDAY, TUESDAY = date(2018, 3, 5), date(2018, 3, 6)

SAME_AND_OTHER: dict[FieldKind, tuple[FieldValue, FieldValue, FieldValue]] = {
    # kind: the label, the same value in another spelling, another value
    "money": (D("12.50"), D("12.5"), D("12.60")),
    "date": (MONDAY, date.fromisoformat("20180305"), TUESDAY),
    "name": ("Lidl GmbH & Co. KG", "LIDL GMBH&CO.KG", "Aldi Süd"),
    "address": ("Hauptstr. 1,\n12345 Ort", "hauptstr 1 12345 ORT", "Hauptstr. 2, 12345 Ort"),
    "identifier": ("DE 123-456", "de123456", "DE 123-457"),
    "tax_id": ("DE136695976", "136 695 976", "AT136695976"),
    "category": ("EUR", "eur", "USD"),
    "quantity": (D("2"), D("2.0000"), D("3")),
    "boolean": (True, True, False),
    "text": ("Flat White, groß", "FLAT WHITE GROSS", "Espresso"),
}
NO_TEXT = ("money", "quantity", "date", "boolean")
EMPTY: list[FieldValue | None] = [None]
EMPTY_TEXT: list[FieldValue | None] = [None, "", "  ", "\xa0", "-", "***"]


def score(
    kind: FieldKind,
    truth: FieldValue | None,
    prediction: FieldValue | None,
    alternatives: Sequence[FieldValue] = (),
) -> FieldScore:
    return compare_field(kind, truth, prediction, alternatives, field="some_field")


def test_every_kind_is_covered() -> None:
    assert set(SAME_AND_OTHER) == {*COMPARED.values(), "boolean"} == set(COMPARATORS) == set(get_args(FieldKind))


@pytest.mark.parametrize("kind", SAME_AND_OTHER)
def test_outcomes(kind: FieldKind) -> None:
    label, same, other = SAME_AND_OTHER[kind]
    empties = EMPTY if kind in NO_TEXT else EMPTY_TEXT
    table: list[tuple[FieldValue | None, FieldValue | None, Outcome]] = [
        (label, label, "correct"),
        (label, same, "correct"),
        (label, other, "wrong"),
        *[(label, empty, "missing") for empty in empties],
        *[(empty, other, "spurious") for empty in empties],
        *[(first, second, "both_empty") for first in empties for second in empties],
    ]
    for truth, prediction, outcome in table:
        assert score(kind, truth, prediction).outcome == outcome, (truth, prediction)
    assert {outcome for *_, outcome in table} == set(get_args(Outcome))


@pytest.mark.parametrize(
    ("truth", "prediction", "outcome", "within_0_01", "within_0_05", "within_1_percent"),
    [
        ("1.00", "1.00", "correct", True, True, True),
        ("1.00", "1", "correct", True, True, True),
        ("1.00", "1.004", "correct", True, True, True),  # the same cent
        ("1.00", "1.005", "wrong", True, True, True),
        ("1.00", "1.01", "wrong", True, True, True),
        ("1.00", "1.04", "wrong", False, True, False),
        ("1.00", "1.05", "wrong", False, True, False),
        ("1.00", "1.06", "wrong", False, False, False),
        ("100.00", "101.00", "wrong", False, False, True),
        ("100.00", "101.01", "wrong", False, False, False),
        ("0.00", "0.01", "wrong", True, True, False),
        ("0.00", "-0.00", "correct", True, True, True),
        ("5.00", "-5.00", "wrong", False, False, False),
        ("-100.00", "-100.50", "wrong", False, False, True),
        ("123456789012345.67", "123456789012345.68", "wrong", True, True, True),  # a float could not tell
    ],
)
def test_cents_and_tolerances(
    truth: str, prediction: str, outcome: Outcome, within_0_01: bool, within_0_05: bool, within_1_percent: bool
) -> None:
    result = score("money", D(truth), D(prediction))
    assert (result.outcome, result.within_0_01, result.within_0_05, result.within_1_percent) == (
        outcome,
        within_0_01,
        within_0_05,
        within_1_percent,
    )


@pytest.mark.parametrize(
    ("truth", "prediction", "expected"),
    [
        ("abcdefghij", "abcdefghij", 1.0),
        ("abcdefghij", "ABCDEFGHIJ.", 1.0),
        ("abcdefghij", "abcdefgh", 0.8),
        ("abcdefghij", "abcdefghxx", 0.8),
        ("abcdefghij", "abcdefxxxx", 0.6),
        ("abcdefghij", "abcdexxxxx", 0.0),  # a similarity of exactly 0.5 is cut
        ("abcdefghij", "abcxxxxxxx", 0.0),
        ("Müller", "Muller", 1 - 1 / 6),
    ],
)
def test_anls(truth: str, prediction: str, expected: float) -> None:
    assert anls(truth, prediction) == pytest.approx(expected)
    result = score("name", truth, prediction)
    assert result.anls == pytest.approx(expected)
    assert result.anls_match is (expected >= 0.8)


@pytest.mark.parametrize("kind", SAME_AND_OTHER)
def test_secondary_columns_apply_to_their_kind_only(kind: FieldKind) -> None:
    label, _, other = SAME_AND_OTHER[kind]
    for truth, prediction in ((label, label), (label, other), (label, None), (None, other), (None, None)):
        result = score(kind, truth, prediction)
        applies = truth is not None or prediction is not None
        money = (result.within_0_01, result.within_0_05, result.within_1_percent)
        names = (result.anls, result.anls_match)
        assert all((column is not None) == (kind == "money" and applies) for column in money)
        assert all((column is not None) == (kind in ("name", "address", "text") and applies) for column in names)
        if truth is None or prediction is None:
            assert not any([*money, *names])  # a missing or spurious value fails them all


@pytest.mark.parametrize(
    ("kind", "truth", "prediction", "alternatives", "outcome", "held_against"),
    [
        ("name", "Lidl Vertriebs GmbH", "LIDL", ["Lidl"], "correct", "Lidl"),
        ("name", "Lidl Vertriebs GmbH", "Lidl Vertriebs GmbH", ["Lidl"], "correct", "Lidl Vertriebs GmbH"),
        ("name", "Lidl Vertriebs GmbH", "Lidi", ["Lidl"], "wrong", "Lidl"),
        ("name", "Lidl Vertriebs GmbH", "Lidl Vertrieb GmbH", ["Lidl"], "wrong", "Lidl Vertriebs GmbH"),
        ("name", "Lidl Vertriebs GmbH", None, ["Lidl"], "missing", "Lidl Vertriebs GmbH"),
        ("money", D("20.00"), D("19.95"), [D("19.95")], "correct", "19.95"),
        ("money", D("20.00"), D("19.94"), [D("19.95")], "wrong", "19.95"),
        ("money", D("20.00"), D("30.00"), [D("19.95")], "wrong", "20.00"),
        ("date", MONDAY, TUESDAY, [TUESDAY], "correct", "2018-03-06"),
        ("identifier", "A-1", "b1", ["B-1"], "correct", "B-1"),
        ("category", "invoice", "RECEIPT", ["receipt"], "correct", "receipt"),
        # an empty label with alternatives: the value is optional
        ("money", None, D("5.00"), [D("5.00")], "correct", "5.00"),
        ("money", None, None, [D("5.00")], "both_empty", None),
        ("money", None, D("6.00"), [D("5.00")], "spurious", None),
        ("name", "Lidl", "", ["", "-"], "missing", "Lidl"),
    ],
)
def test_alternatives(
    kind: FieldKind,
    truth: FieldValue | None,
    prediction: FieldValue | None,
    alternatives: list[FieldValue],
    outcome: Outcome,
    held_against: str | None,
) -> None:
    result = score(kind, truth, prediction, alternatives)
    assert (result.outcome, result.truth) == (outcome, held_against)


def test_secondary_columns_use_the_best_alternative() -> None:
    result = score("money", D("20.00"), D("19.94"), [D("19.95")])
    assert (result.within_0_01, result.within_0_05) == (True, True)
    assert score("name", "Lidl Vertriebs GmbH", "Lidi", ["Lidl"]).anls == 0.75


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("12.5"), "12.50"),
        (D("12"), "12.00"),
        (D("1E+3"), "1000.00"),
        (D("0.1250"), "0.125"),
        (D("-3.10"), "-3.10"),
        (D("-0.00"), "0.00"),
        (MONDAY, "2018-03-05"),
        (" Lidl GmbH ", "Lidl GmbH"),
    ],
)
def test_canonical(value: FieldValue, text: str) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize(("kind", "value"), [("money", "12.50"), ("date", "2018-03-05"), ("name", D("1"))])
def test_a_value_of_another_type_is_an_error(kind: FieldKind, value: FieldValue) -> None:
    with pytest.raises(TypeError, match=f"a {kind} value"):
        score(kind, None, value)


NAMES = st.one_of(st.none(), texts(12), st.text("abAB .-", max_size=6))
AMOUNTS = st.one_of(st.none(), st.integers(-500, 500).map(lambda mills: D(mills) / 1000))
FLAGS = st.one_of(st.none(), st.booleans())
DAYS = st.one_of(st.none(), st.integers(0, 3).map(lambda days: MONDAY + timedelta(days)))


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[FieldKind, FieldValue | None, FieldValue | None]:
    kind: FieldKind = draw(st.sampled_from(get_args(FieldKind)))
    values: st.SearchStrategy[FieldValue | None] = {
        "money": AMOUNTS,
        "quantity": AMOUNTS,
        "date": DAYS,
        "boolean": FLAGS,
    }.get(kind, NAMES)
    return kind, draw(values), draw(values)


@given(comparisons())
def test_the_outcome_follows_from_what_is_empty_and_equal(
    comparison: tuple[FieldKind, FieldValue | None, FieldValue | None],
) -> None:
    result = score(*comparison)
    expected: dict[tuple[bool, bool], set[Outcome]] = {
        (True, True): {"correct", "wrong"},
        (True, False): {"missing"},
        (False, True): {"spurious"},
        (False, False): {"both_empty"},
    }
    assert result.outcome in expected[result.truth is not None, result.prediction is not None]
    if result.outcome == "correct" and result.kind == "money":
        assert result.within_0_01
    if result.outcome == "correct" and result.anls is not None:
        assert result.anls == 1.0
    if result.within_0_01:
        assert result.within_0_05


@given(comparisons())
def test_swapping_the_sides_swaps_missing_and_spurious(
    comparison: tuple[FieldKind, FieldValue | None, FieldValue | None],
) -> None:
    kind, truth, prediction = comparison
    forth, back = score(kind, truth, prediction), score(kind, prediction, truth)
    mirrored: dict[Outcome, Outcome] = {"missing": "spurious", "spurious": "missing"}
    assert back.outcome == mirrored.get(forth.outcome, forth.outcome)
    assert (back.anls, back.within_0_01, back.within_0_05) == (forth.anls, forth.within_0_01, forth.within_0_05)


@given(comparisons())
def test_every_value_equals_itself(comparison: tuple[FieldKind, FieldValue | None, FieldValue | None]) -> None:
    kind, value, _ = comparison
    assert score(kind, value, value).outcome in ("correct", "both_empty")


@given(comparison=comparisons(), more=st.booleans())
def test_an_alternative_never_makes_a_correct_value_wrong(
    comparison: tuple[FieldKind, FieldValue | None, FieldValue | None], more: bool
) -> None:
    kind, truth, alternative = comparison
    alternatives = [] if alternative is None else [alternative] * (1 + more)
    assert score(kind, truth, truth, alternatives).outcome == score(kind, truth, truth).outcome
