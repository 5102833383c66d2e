"""The text that a model gets: lines in reading order, columns that stay columns."""

import random

import pytest

from ocr_pipeline.extraction.llm.layout import MAX_COLUMNS, text_with_layout
from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline_tests.extraction.llm.page import page_of, shuffled, text_of

RECEIPT = """\
CORNER SHOP
12 Main Street

Bread     2 x 1.50      3.00
Milk      1 x 0.99      0.99

TOTAL                   3.99"""


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_a_page_comes_out_as_it_is_drawn() -> None:
    assert lines(text_with_layout(text_of(RECEIPT))) == lines(RECEIPT)


@pytest.mark.parametrize("skew", [-3.0, -1.5, 1.5, 3.0])
def test_a_skewed_page_keeps_its_lines_and_columns(skew: float) -> None:
    """The right edge is up to three lines higher or lower than the left one: about five degrees."""
    page = page_of(RECEIPT, skew=skew)
    assert lines(text_with_layout(OcrText(pages=[page]))) == lines(RECEIPT)


def test_the_order_that_an_engine_gives_does_not_matter() -> None:
    page = page_of(RECEIPT)
    order = list(range(len(page.words)))
    random.Random(4).shuffle(order)
    assert lines(text_with_layout(OcrText(pages=[shuffled(page, order)]))) == lines(RECEIPT)


def test_columns_stay_aligned_where_a_line_lacks_one() -> None:
    """Which of two amounts is the tax, is said by the column alone."""
    drawn = "Item        Net      Tax    Gross\nBread      2.80     0.20     3.00\nRounding                     0.01"
    net, bread, rounding = lines(text_with_layout(text_of(drawn)))
    assert bread.index("3.00") == pytest.approx(net.index("Gross"), abs=2)
    assert rounding.index("0.01") == pytest.approx(bread.index("3.00"), abs=1)


def test_words_never_run_into_each_other() -> None:
    """Boxes that touch or overlap a little, as engines give them."""
    words = [
        Word(text=text, box=(x0, 0.1, x1, 0.12), confidence=None, page=1, line=0)
        for text, x0, x1 in [("AMOUNT", 0.1, 0.2), ("DUE", 0.198, 0.25), ("12.50", 0.249, 0.3)]
    ]
    page = OcrPage(page=1, width=100, height=100, words=words, seconds=0)
    assert text_with_layout(OcrText(pages=[page])).split() == ["AMOUNT", "DUE", "12.50"]


def test_two_small_lines_above_each_other_stay_two() -> None:
    words = [
        Word(text=text, box=(0.1, y, 0.3, y + 0.02), confidence=None, page=1, line=0)
        for text, y in [("below", 0.122), ("above", 0.1)]
    ]
    page = OcrPage(page=1, width=100, height=100, words=words, seconds=0)
    assert text_with_layout(OcrText(pages=[page])).split() == ["above", "below"]


def test_small_print_does_not_spread_a_page_over_hundreds_of_columns() -> None:
    words = [
        Word(text="abcdefghij", box=(x, 0.1, x + 0.01, 0.102), confidence=None, page=1, line=0)
        for x in (0.0, 0.5, 0.99)
    ]
    page = OcrPage(page=1, width=4000, height=4000, words=words, seconds=0)
    assert len(text_with_layout(OcrText(pages=[page]))) <= MAX_COLUMNS + 10


def test_pages_are_told_apart_where_there_are_several() -> None:
    assert text_with_layout(text_of("one", "two")) == "--- page 1 ---\none\n\n--- page 2 ---\ntwo"
    assert text_with_layout(text_of("one")) == "one"


def test_a_page_without_words_is_empty() -> None:
    assert text_with_layout(text_of("")) == ""
    assert text_with_layout(text_of("", "two")) == "--- page 1 ---\n\n\n--- page 2 ---\ntwo"


def test_a_box_without_height_or_text_breaks_nothing() -> None:
    words = [
        Word(text="flat", box=(0.1, 0.1, 0.2, 0.1), confidence=None, page=1, line=0),
        Word(text="  ", box=(0.1, 0.3, 0.1, 0.3), confidence=None, page=1, line=1),
    ]
    page = OcrPage(page=1, width=100, height=100, words=words, seconds=0)
    assert text_with_layout(OcrText(pages=[page])) == "flat"
