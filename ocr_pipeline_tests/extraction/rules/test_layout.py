import pytest

from ocr_pipeline.extraction.rules.reading import layout
from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline_tests.extraction.rules.printed import printed

RECEIPT = """
    SOON HUAT MACHINERY
    REPAIR ENGINE            1          80.00        80.00
    GIANT OVERFLOW ASSY      1         160.00       160.00
    Total Sales :                                   240.00
    GOODS SOLD ARE NOT RETURNABLE, THANK YOU
    PLEASE KEEP THIS RECEIPT FOR PROOF OF PURCHASE
"""


def rows_of(text: OcrText) -> list[list[str]]:
    return [[cell.span.text for cell in row.cells] for row in layout.build(text).rows]


@pytest.mark.parametrize("slope", [0.0, 0.03, -0.03])
def test_rows_are_found_on_a_tilted_page(slope: float) -> None:
    assert rows_of(printed(RECEIPT, slope=slope)) == [
        ["SOON HUAT MACHINERY"],
        ["REPAIR ENGINE", "1", "80.00", "80.00"],
        ["GIANT OVERFLOW ASSY", "1", "160.00", "160.00"],
        ["Total Sales :", "240.00"],
        ["GOODS SOLD ARE NOT RETURNABLE, THANK YOU"],
        ["PLEASE KEEP THIS RECEIPT FOR PROOF OF PURCHASE"],
    ]


def test_pages_hang_below_each_other_and_words_count_through() -> None:
    text = printed("First page", "Second page")
    rows = layout.build(text).rows
    assert [(row.page, row.text) for row in rows] == [(1, "First page"), (2, "Second page")]
    assert rows[1].span.y0 > rows[0].span.y1 + 1
    assert [list(text.words())[index].text for index in rows[1].span.words] == ["Second", "page"]


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("Total:RM9.00", ["Total:", "RM9.00"]),
        ("TotalRM21.85", ["Total", "RM21.85"]),
        ("TOTAL9.00", ["TOTAL", "9.00"]),
        ("Total(RM)9.00", ["Total(RM)", "9.00"]),
        ("7186:RM9.00", ["7186:", "RM9.00"]),
        ("Date:25/12/2018", ["Date:", "25/12/2018"]),
        ("Sales(Inclusive", ["Sales", "(Inclusive"]),
        ("18:24", ["18:24"]),
        ("RM9.00", ["RM9.00"]),
    ],
)
def test_a_label_glued_to_its_value_is_cut_off(word: str, pieces: list[str]) -> None:
    (row,) = layout.build(printed(word)).rows
    assert [piece.text for piece in row.words] == pieces
    assert {piece.words for piece in row.words} == {(0,)}


def test_text_that_runs_up_the_margin_is_dropped() -> None:
    margin = [
        Word(text=letter, box=(0.01, 0.1 + 0.01 * i, 0.02, 0.108 + 0.01 * i), confidence=None, page=1, line=i)
        for i, letter in enumerate("Copyright FeRD")
        if letter != " "
    ]
    total = Word(text="Total", box=(0.2, 0.15, 0.3, 0.165), confidence=None, page=1, line=99)
    page = OcrPage(page=1, width=800, height=1100, words=[*margin, total], seconds=0.0)
    assert rows_of(OcrText(pages=[page])) == [["Total"]]


def line(text: str, x0: float, x1: float, y0: float, number: int = 0) -> Word:
    return Word(text=text, box=(x0, y0, x1, y0 + 0.02), confidence=None, page=1, line=number)


def test_a_wide_gap_in_an_engine_line_starts_a_new_cell() -> None:
    words = [line("Grand", 0.1, 0.15, 0.1), line("Total", 0.16, 0.21, 0.1), line("9.00", 0.7, 0.75, 0.1)]
    page = OcrPage(page=1, width=1000, height=1000, words=words, seconds=0.0)
    assert rows_of(OcrText(pages=[page])) == [["Grand Total", "9.00"]]


@pytest.mark.parametrize(
    ("lower", "rows"),
    [(0.006, [["Total", "9.00"]]), (0.016, [["Total"], ["9.00"]])],
    ids=["a little lower", "nearly a line lower"],
)
def test_cells_of_a_row_may_stand_a_little_higher_or_lower(lower: float, rows: list[list[str]]) -> None:
    words = [line("Total", 0.1, 0.15, 0.1), line("9.00", 0.7, 0.75, 0.1 + lower, number=1)]
    page = OcrPage(page=1, width=1000, height=1000, words=words, seconds=0.0)
    assert rows_of(OcrText(pages=[page])) == rows


def test_what_stands_above_each_other_is_no_row() -> None:
    words = [line("Total", 0.1, 0.15, 0.1), line("Netto", 0.1, 0.15, 0.108, number=1)]
    page = OcrPage(page=1, width=1000, height=1000, words=words, seconds=0.0)
    assert rows_of(OcrText(pages=[page])) == [["Total"], ["Netto"]]
