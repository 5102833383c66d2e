import pytest

from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.schemas import Word

ASPECT = 1.4
HEIGHT = 0.01
"""Of a text, relative to the page's height."""


def page(*places: tuple[float, float, str], skew: float = 0.0) -> list[Word]:
    """Words of texts at (x, y), each text one line of the engine; 0.01 of the page's width per letter."""
    words = []
    for number, (x, y, text) in enumerate(places):
        at = x
        for part in text.split():
            top = y + skew * at
            box = (at, top, at + 0.01 * len(part), top + HEIGHT)
            words.append(Word(text=part, box=box, confidence=0.9, page=1, line=number))
            at += 0.01 * (len(part) + 1)
    return words


def read(words: list[Word]) -> list[str]:
    """The lines as they are read."""
    lines: dict[int, list[str]] = {}
    for word in arrange(words, ASPECT):
        lines.setdefault(word.line, []).append(word.text)
    assert list(lines) == list(range(len(lines)))
    return [" ".join(texts) for texts in lines.values()]


def test_a_receipt_is_ordered_row_by_row() -> None:
    receipt = page(
        (0.3, 0.1, "CORNER SHOP"),
        (0.1, 0.2, "Coffee beans"),
        (0.8, 0.2, "12.50"),
        (0.1, 0.22, "Milk"),
        (0.8, 0.22, "1.20"),
        (0.1, 0.24, "Brown bread"),
        (0.8, 0.24, "3.10"),
        (0.1, 0.28, "TOTAL"),
        (0.8, 0.28, "16.80"),
    )
    expected = ["CORNER SHOP", "Coffee beans", "12.50", "Milk", "1.20", "Brown bread", "3.10", "TOTAL", "16.80"]
    assert read(receipt) == expected
    assert read(receipt[::-1]) == expected  # whatever order the engine gives


def test_two_addresses_follow_each_other() -> None:
    letter = page(
        (0.1, 0.1, "INVOICE"),
        (0.1, 0.2, "Alpha Ltd"),
        (0.6, 0.2, "Beta GmbH"),
        (0.1, 0.22, "4 Mill Lane"),
        (0.6, 0.22, "Hauptstrasse 5"),
        (0.1, 0.24, "Halifax"),
        (0.6, 0.24, "10115 Berlin"),
        (0.1, 0.3, "Thank you for your order, dear customer, which we have sent to you"),
    )
    assert read(letter) == [
        "INVOICE",
        "Alpha Ltd",
        "4 Mill Lane",
        "Halifax",
        "Beta GmbH",
        "Hauptstrasse 5",
        "10115 Berlin",
        "Thank you for your order, dear customer, which we have sent to you",
    ]


def test_columns_may_have_lines_at_different_heights() -> None:
    left = [(0.05, 0.1 + 0.02 * n, f"left line {'abcdef'[n]}") for n in range(6)]
    right = [(0.55, 0.105 + 0.025 * n, f"right line {'uvwxy'[n]}") for n in range(5)]
    expected = [text for _, _, text in (*left, *right)]
    assert read(page(*sorted([*left, *right], key=lambda place: place[1]))) == expected


def test_labels_stay_beside_their_values() -> None:
    assert read(
        page(
            (0.1, 0.1, "Invoice no:"),
            (0.5, 0.1, "Alpha seven"),
            (0.1, 0.12, "Customer:"),
            (0.5, 0.12, "Jane Doe"),
            (0.1, 0.14, "Terms:"),
            (0.5, 0.14, "cash only"),
        )
    ) == ["Invoice no:", "Alpha seven", "Customer:", "Jane Doe", "Terms:", "cash only"]


def test_labels_without_a_colon_stay_beside_values_of_words_and_digits() -> None:
    rows = [("Delivery note", "LS-884120"), ("Your order", "26-0342/Kita North"), ("Page", "1 of 2")]
    places = [(x, 0.1 + 0.02 * y, text) for y, row in enumerate(rows) for x, text in zip((0.1, 0.5), row, strict=True)]
    assert read(page(*places)) == [text for row in rows for text in row]


def test_columns_end_where_a_table_begins() -> None:
    left, right = ["Dental Practice", "Leeds Road", "Otley"], ["Your order", "Our account", "Against invoice"]
    columns = [(x, 0.1 + 0.02 * y, text) for x, side in ((0.1, left), (0.6, right)) for y, text in enumerate(side)]
    head = [
        (x, 0.2, text)
        for x, text in zip((0.1, 0.2, 0.6, 0.7, 0.8), ["Code", "Text", "Qty", "Price", "Net"], strict=True)
    ]
    assert read(page(*columns, *head)) == [*left, *right, "Code", "Text", "Qty", "Price", "Net"]


def test_an_item_table_is_ordered_row_by_row() -> None:
    rows = [("1", "Garden chair", "2", "40.00", "80.00"), ("2", "Table", "1", "99.00", "99.00")]
    rows = [("Pos", "Description", "Qty", "Price", "Amount"), *rows, ("3", "Parasol", "1", "55.00", "55.00")]
    places = [
        (x, 0.1 + 0.02 * y, text)
        for y, row in enumerate(rows)
        for x, text in zip((0.05, 0.15, 0.5, 0.65, 0.85), row, strict=True)
    ]
    assert read(page(*places)) == [text for row in rows for text in row]


def test_a_line_over_a_wide_gap_is_two_lines() -> None:
    (words,) = [page((0.1, 0.1, "TOTAL"), (0.8, 0.1, "16.80"))]
    one_line = [word.model_copy(update={"line": 0}) for word in words]
    assert [(word.text, word.line) for word in arrange(one_line, ASPECT)] == [("TOTAL", 0), ("16.80", 1)]


@pytest.mark.parametrize("skew", [-0.04, 0.04])
def test_a_skewed_receipt(skew: float) -> None:
    goods = [(0.1, 0.2 + 0.02 * n, f"{name} of very good quality") for n, name in enumerate(("Tea", "Salt", "Rice"))]
    prices = [(0.85, 0.2 + 0.02 * n, f"{n}.50") for n in range(3)]
    expected = [text for pair in zip(goods, prices, strict=True) for _, _, text in pair]
    assert read(page(*goods, *prices, skew=skew)) == expected


def test_a_page_without_words() -> None:
    assert arrange([], ASPECT) == []
