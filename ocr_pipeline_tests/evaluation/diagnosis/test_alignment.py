import pytest

from ocr_pipeline.schemas import FieldKind
from ocr_pipeline_tests.evaluation.words import aligner


@pytest.mark.parametrize(
    "line",
    [
        "24/03/2018",
        "Date: 24-3-18 14:57",
        "24.03.2018",
        "24 MAR 2018",
        "24-Mar-18",
        "Mar 24, 2018",
        "24th of March 2018",
        "24. März 2018",
        "le 24 mars 2018",
        "20180324",
        "2018-03-24",
        "03/24/2018",
        "Date:24/03/2018",
        "24/03/20185:57PM",
        "24 / 03 / 2018",
    ],
)
def test_dates_are_found_in_every_spelling(line: str) -> None:
    place = aligner("Invoice 24318", line, "Total 24.03").find("date", "2018-03-24")
    assert place is not None
    assert place.exact
    assert place.box[1] == pytest.approx(0.1)


@pytest.mark.parametrize("line", ["25/03/2018", "124/03/2018", "24/03/2019", "24 May 2018", "24318", "4/03/2018"])
def test_other_dates_do_not_match(line: str) -> None:
    place = aligner(line).find("date", "2018-03-24")
    assert place is None or not place.exact


@pytest.mark.parametrize(
    "line",
    [
        "1,234.50",
        "RM 1,234.50",
        "1.234,50 €",
        "1 234,50",
        "1'234.50",
        "TOTAL1234.50SR",
        "1234.50-",
        "RM1 234.50",
        "1234. 50",
    ],
)
def test_amounts_are_found_in_every_spelling(line: str) -> None:
    place = aligner("Total", line).find("money", "1234.50")
    assert place is not None
    assert place.exact


def test_quantities_are_not_amounts() -> None:
    read = aligner("20 Nails 0.10 2.00", "Total 2O.00")
    place = read.find("money", "20.00")
    assert place is not None
    assert (place.text, place.exact) == ("2O.00", False)


def test_all_equal_amounts_are_found() -> None:
    places = aligner("Total 9.00", "Cash 9.00").find_all("money", "9.00")
    assert [place.words for place in places] == [(1,), (3,)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("LIDL GMBH&CO. KG",), "LIDL GMBH&CO. KG"),
        (("Ref", "Lidl G m b H", "& Co KG"), "Lidl G m b H Co KG"),
        (("LidlGmbHCoKG",), "LidlGmbHCoKG"),
    ],
)
def test_spaces_and_punctuation_are_ignored_in_text(lines: tuple[str, ...], words: str) -> None:
    place = aligner(*lines).find("name", "Lidl GmbH & Co. KG")
    assert place is not None
    assert (place.text, place.exact) == (words, True)


def test_identifiers_begin_and_end_at_word_boundaries() -> None:
    inside = aligner("0041234").find("identifier", "1234")
    assert inside is None or not inside.exact
    glued = aligner("No:1234").find("identifier", "1234")
    assert glued is not None
    assert glued.exact


def test_addresses_with_another_column_in_between() -> None:
    place = aligner("12 High Street Invoice", "no 7 London").find("address", "12 High Street, London")
    assert place is not None
    assert place.exact
    assert place.text == "12 High Street London"


@pytest.mark.parametrize(
    ("kind", "value", "lines", "printed", "similarity"),
    [
        ("money", "28.05", ("Net", "RM28.O5 SR"), "RM28.O5", 0.99),
        ("money", "28.05", ("Net", "RM28.35 SR"), "RM28.35", 0.86),
        ("date", "2018-03-24", ("Dote: 24/O3/2018", "Time"), "24/O3/2018", 0.99),
        (
            "name",
            "GUARDIAN HEALTH AND BEAUTY",
            ("buardian Health And", "Beauty Till 3"),
            "buardian Health And Beauty",
            0.96,
        ),
    ],
)
def test_misread_values_are_found_by_similarity(
    kind: FieldKind, value: str, lines: tuple[str, ...], printed: str, similarity: float
) -> None:
    place = aligner(*lines).find(kind, value)
    assert place is not None
    assert place.text == printed
    assert place.similarity == pytest.approx(similarity, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "value"), [("money", "77.10"), ("date", "1999-12-31"), ("name", "Something Else"), ("category", "MYR")]
)
def test_nothing_similar(kind: FieldKind, value: str) -> None:
    assert aligner("Total 9.00", "24/03/2018").find(kind, value) is None
    assert aligner().find(kind, value) is None


def test_currencies_are_found_by_their_sign() -> None:
    place = aligner("Total", "RM12.50").find("category", "MYR")
    assert place is not None
    assert place.text == "RM12.50"
