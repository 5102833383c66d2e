"""What labels say about a text, and what they must not say about their own document."""

import pytest

from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.lexicon import labelled
from ocr_pipeline.extraction.learned.values import Value
from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.values.names import normalise_name

STREETS = [f"{number}, JALAN BESAR {number}, 81200 JOHOR BAHRU" for number in range(11, 17)]
MINE = "99, LORONG SELASIH, 10400 PENANG"


def value(text: str) -> Value:
    return Value(normalise_name(text), Ranked(Candidate(text, Span(text, (0,), 0, 0, 1, 1)), 1.0, ""), {"lines": 1.0})


def features(texts: list[str], values: list[str], label: str | None = None) -> list[dict[str, float]]:
    known = Known("supplier_address", labelled(texts))
    return [dict(row) for row in known.rows([value(text) for text in values], label)]


def test_a_labelled_address_is_told_from_one_with_a_line_too_many() -> None:
    alone, longer = features([MINE], [MINE, f"{MINE}, PREPAY 99"])
    assert alone["known_text"] == 1.0 > longer["known_text"]
    assert (alone["known_gap"], alone["known_best"], alone["lines"]) == (0.0, 1.0, 1.0)
    assert longer["known_gap"] < 0


def test_the_label_of_a_document_says_nothing_about_itself() -> None:
    """Else every right value of a training document would be a known one, and no value of a new document would."""
    (own,) = features([MINE, *STREETS], [MINE], normalise_name(MINE))
    (other,) = features(STREETS, [MINE])
    assert own == other
    (twice,) = features([MINE, MINE, *STREETS], [MINE], normalise_name(MINE))
    assert twice["known_text"] == 1.0


def test_words_that_addresses_begin_and_end_with() -> None:
    begins, ends = features(STREETS, ["Jalan Kecil 5", "LOT 5, JOHOR BAHRU"])
    assert begins["known_begin"] > ends["known_begin"] == 0
    assert ends["known_end"] > begins["known_end"] == 0
    assert (ends["known_words"], ends["unknown_words"]) == (2 / 3, 1.0)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("5, JAIAN BESAR", "5, JALAN BESAR"),
        ("5, LORONG BESAR, J0HOR", None),  # a digit is no slip of a letter here
        ("5, JAPAN BESAR", None),  # no engine reads a P for an L
        ("5, JALAN BESARI", None),  # an ending makes another word of a short one
    ],
)
def test_misread_words_become_those_of_many_addresses(printed: str, expected: str | None) -> None:
    assert Known("supplier_address", labelled(STREETS)).corrected(printed) == expected


def test_a_word_that_a_label_has_stays() -> None:
    known = Known("supplier_address", labelled([*STREETS, "5, JAIAN KECIL"]))
    assert known.corrected("7, JAIAN BESAR") is None


def test_fields_without_a_lexicon_get_no_features() -> None:
    known = Known("invoice_id", labelled(["A-1", "A-1"]))
    assert [dict(row) for row in known.rows([value("A-1")])] == [{"lines": 1.0}]
    assert known.corrected("A-I") is None
