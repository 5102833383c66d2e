"""Strict, normalised and lenient: the three outcomes of one comparison, by kind."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.scoring.comparators import FieldValue, Level, Tolerance
from ocr_pipeline.evaluation.scoring.fields import FieldScore, compare_field, read_printed
from ocr_pipeline.schemas import FieldKind
from ocr_pipeline_tests.evaluation.strategies import texts

D = Decimal
DAY = date(2018, 3, 5)

CASES: dict[FieldKind, list[tuple[FieldValue, FieldValue, int]]] = {
    # (label, prediction, at how many of strict, normalised, lenient it is correct)
    "money": [
        (D("1.00"), D("1"), 3),
        (D("1.00"), D("1.004"), 2),
        (D("1.00"), D("0.995"), 2),
        (D("1.00"), D("1.05"), 1),
        (D("1.00"), D("1.06"), 0),
        (D("400.00"), D("404.00"), 1),
        (D("400.00"), D("404.01"), 0),
        (D("0.00"), D("0.05"), 1),
        (D("5.00"), D("-5.00"), 0),
        (D("-400.00"), D("-396.00"), 1),
        (D("12.50"), D("1250"), 0),
    ],
    "quantity": [
        (D("2"), D("2.000"), 3),
        (D("0.452"), D("0.4521"), 2),
        (D("2"), D("2.02"), 1),
        (D("2"), D("2.03"), 0),
        (D("0"), D("0.05"), 0),
        (D("1"), D("2"), 0),
        (D("19"), D("7"), 0),
    ],
    "date": [
        (DAY, date(2018, 3, 5), 3),
        (DAY, date(2018, 5, 3), 1),
        (DAY, date(2018, 3, 6), 0),
        (DAY, date(2019, 3, 5), 0),
        (DAY, date(2019, 5, 3), 0),
        (date(2018, 3, 25), date(2018, 3, 24), 0),
    ],
    "name": [
        ("Café Lüder", "Cafe\u0301 Lu\u0308der", 3),  # composed and decomposed
        ("Lidl GmbH", " Lidl GmbH\n", 3),
        ("Lidl GmbH", "LIDL GmbH", 2),
        ("Lidl GmbH & Co. KG", "Lidl GmbH&Co.KG", 2),
        ("abcdefghij", "abcdefghxx", 1),
        ("abcdefghij", "abcdefgxxx", 0),
        ("Lidl GmbH", "Aldi Süd", 0),
    ],
    "address": [
        ("Hauptstr. 1, 12345 Ort", "Hauptstr. 1, 12345 Ort", 3),
        ("Hauptstr. 1, 12345 Ort", "Hauptstr. 1\n12345 Ort", 2),
        ("Hauptstr. 1, 12345 Ort", "Hauptstr. 2, 12345 Ort", 1),
        ("Hauptstr. 1, 12345 Ort", "12345 Ort", 0),
    ],
    "text": [("Flat White", "Flat White", 3), ("Flat White", "FLAT-WHITE", 2), ("Flat White", "Flat Whit", 1)],
    "identifier": [
        ("DE 123", "DE 123", 3),
        ("DE 123-456", "DE123456", 2),
        ("DE 123-456", "DE 123-457", 1),  # one digit misread
        ("DE 123-456", "DE 123-45", 1),  # one lost
        ("DE 123-456", "123 456", 1),  # the digits are all there
        ("No. 4711", "4711", 1),
        ("DE 123-456", "DE 123-465", 0),  # two edits
        ("471", "472", 0),  # too short for a typo
        ("A471", "A472", 1),
        ("No. 471", "471", 0),
        ("ABCD", "WXYZ", 0),
    ],
    "tax_id": [
        ("CHE-107.787.577 MWST", "CHE-107.787.577 MWST", 3),
        ("CHE-107.787.577 MWST", "CHE107787577", 2),
        ("NL004495445B01", "NL4495445B01", 2),
        ("DE136695976", "DE136695977", 1),
        ("DE136695976", "AT136695976", 1),  # the same digits
        ("DE136695976", "DE136695795", 0),
    ],
    "category": [("EUR", "EUR", 3), ("EUR", "eur", 2), ("EUR", "EUP", 0)],
    "boolean": [(True, True, 3), (False, False, 3), (True, False, 0), (False, True, 0)],
}


def score(kind: FieldKind, *values: Any, **options: Any) -> FieldScore:
    return compare_field(kind, *values, field="some_field", **options)


def levels(score: FieldScore) -> int:
    """Number of levels at which a value is correct; they are nested, so the number tells which."""
    return [score.outcome_strict, score.outcome, score.outcome_lenient].count("correct")


@pytest.mark.parametrize("kind", CASES)
def test_levels(kind: FieldKind) -> None:
    for truth, prediction, expected in CASES[kind]:
        assert levels(score(kind, truth, prediction)) == expected, (truth, prediction)


def test_every_kind_has_cases() -> None:
    assert set(CASES) == set(get_args(FieldKind))


@pytest.mark.parametrize(
    ("kind", "truth", "prediction", "tolerance", "correct"),
    [
        ("money", D("10.00"), D("10.50"), Tolerance(within=D("0.50")), True),
        ("money", D("10.00"), D("10.51"), Tolerance(within=D("0.50")), False),
        ("money", D("10.00"), D("10.01"), Tolerance(within=D(0), within_percent=D(0)), False),
        ("date", DAY, DAY + timedelta(2), Tolerance(days=2), True),
        ("date", DAY, DAY - timedelta(3), Tolerance(days=2), False),
        ("name", "abcdefghij", "abcdefxxxx", Tolerance(similarity=0.6), True),
        ("name", "abcdefghij", "abcdefgxxx", Tolerance(similarity=0.75), False),
        ("identifier", "DE123456", "DE123465", Tolerance(edits=2), True),
        ("identifier", "DE123456", "DE123457", Tolerance(edits=0), False),
    ],
)
def test_a_tolerance_moves_the_lenient_outcome_alone(
    kind: FieldKind, truth: FieldValue, prediction: FieldValue, tolerance: Tolerance, correct: bool
) -> None:
    result = score(kind, truth, prediction, tolerance=tolerance)
    assert (result.outcome_strict, result.outcome) == ("wrong", "wrong")
    assert (result.outcome_lenient == "correct") is correct


@pytest.mark.parametrize(
    ("counts_from", "expected", "truth"),
    [("strict", 3, "Lidl"), ("normalised", 2, "Lidl"), ("lenient", 1, "Lidl"), ("never", 0, "Lidl Vertriebs GmbH")],
)
def test_the_level_from_which_alternatives_count(counts_from: Level, expected: int, truth: str) -> None:
    result = score("name", "Lidl Vertriebs GmbH", "Lidl", ["Lidl"], alternatives_from=counts_from)
    assert (levels(result), result.truth) == (expected, truth)
    own = score("name", "Lidl Vertriebs GmbH", "Lidl Vertriebs GmbH", ["Lidl"], alternatives_from=counts_from)
    assert levels(own) == 3


def test_optional_values_are_optional_if_their_alternatives_count() -> None:
    given = score("money", None, D("5.00"), [D("5.00")], alternatives_from="lenient")
    assert (given.outcome_strict, given.outcome, given.outcome_lenient) == ("spurious", "spurious", "correct")
    none = score("money", None, None, [D("5.00")])
    assert (none.outcome_strict, none.outcome, none.outcome_lenient) == ("both_empty",) * 3


def test_the_strictest_match_among_the_accepted_values_wins() -> None:
    result = score("name", "Lidl Vertriebs GmbH", "Lidl", ["LIDL", "Lidl"])
    assert (result.truth, result.outcome_strict) == ("Lidl", "correct")


@pytest.mark.parametrize(
    ("text", "day_first", "reads"),
    [
        ("05/03/2018", True, "correct"),
        ("03/05/2018", True, "wrong"),
        ("03/05/2018", False, "correct"),
        ("03/05/2018", None, "correct"),  # unknown order: both count
        ("06/03/2018", None, "wrong"),
        ("13/03/2018", False, "unreadable"),
        ("Datum: heute", None, "unreadable"),
        ("5. März 2018", False, "correct"),
    ],
)
def test_read_printed(text: str, day_first: bool | None, reads: str) -> None:
    assert read_printed(text, DAY, day_first=day_first) == reads


AMOUNTS = st.integers(-(10**6), 10**6).map(lambda mills: D(mills) / 1000)
DAYS = st.dates(date(2017, 1, 1), date(2019, 12, 31))
WORDS = st.one_of(texts(12), st.text("abAB12 .-", max_size=8))
VALUES: dict[FieldKind, st.SearchStrategy[Any]] = {
    "money": AMOUNTS,
    "quantity": AMOUNTS,
    "date": DAYS,
    "boolean": st.booleans(),
}
NEST = {"correct": 2, "wrong": 1, "spurious": 1, "missing": 0, "both_empty": 0}


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[FieldKind, Any, Any, list[Any]]:
    kind = draw(st.sampled_from(sorted(CASES)))
    values = st.one_of(VALUES.get(kind, WORDS), st.sampled_from([case[0] for case in CASES[kind]]))
    return kind, draw(st.none() | values), draw(st.none() | values), draw(st.lists(values, max_size=2))


@given(comparisons(), st.sampled_from(["strict", "normalised", "lenient", "never"]))
def test_strict_is_within_normalised_is_within_lenient(
    comparison: tuple[FieldKind, Any, Any, list[Any]], counts_from: Any
) -> None:
    result = score(*comparison, alternatives_from=counts_from)
    outcomes = [result.outcome_strict, result.outcome, result.outcome_lenient]
    assert [NEST[outcome] for outcome in outcomes] == sorted(NEST[outcome] for outcome in outcomes)
    if {"missing", "both_empty"} & set(outcomes):
        assert len(set(outcomes)) == 1, "what is not there is not there at any level"
    not_correct = set(outcomes) - {"correct"}
    assert len(not_correct) <= 1, "correct, or one and the same fault"


SYMMETRIC: Sequence[FieldKind] = ("date", "name", "address", "text", "identifier", "tax_id", "category")


@given(comparisons())
def test_sides_can_be_swapped(comparison: tuple[FieldKind, Any, Any, list[Any]]) -> None:
    """Except at the lenient level of numbers: one percent is of the truth."""
    kind, truth, prediction, _ = comparison
    forth, back = score(kind, truth, prediction), score(kind, prediction, truth)
    assert (forth.outcome_strict == "correct") == (back.outcome_strict == "correct")
    assert (forth.outcome == "correct") == (back.outcome == "correct")
    if kind in SYMMETRIC:
        assert (forth.outcome_lenient == "correct") == (back.outcome_lenient == "correct")


@given(
    st.sampled_from(["name", "address", "text", "identifier"]),
    st.lists(st.text("abcäß09", min_size=1, max_size=6), min_size=1, max_size=4),
    st.sampled_from([" ", "  ", "\n", "-", ". ", ", ", ""]),
    st.booleans(),
)
def test_formatting_never_changes_the_headline(kind: FieldKind, words: list[str], joint: str, upper: bool) -> None:
    plain, printed = " ".join(words), joint.join(words)
    assert score(kind, plain, printed.upper() if upper else printed).outcome == "correct"
