"""Whether a text layer is trusted: real pages with OCR, and the decisions with a recogniser that is told what it sees."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.auto import Auto
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.plausible_text import is_plausible
from ocr_pipeline.ocr.text_layer_check import checked_words
from ocr_pipeline_tests.drawn_pdf import drawn_pdf, image_object, shifted_font, shown
from ocr_pipeline_tests.files import encoded, text_image

LINES = ["Nordlicht GmbH", "Invoice NE-5512", "Date 11.02.2025", "Total 577.15 EUR"]
SCAN = text_image(LINES, size=40, width=800)  # drawn in full over a page of 400 x 200 points
STAMP = shown(250, 10, "Received 14.02.2025", size=8)


def ocr_layer(texts: Sequence[str], stretched: int = 100) -> str:
    """The lines of the scan as invisible text over it, size and place as OCR software writes them; stretched in width."""
    setup = f"3 Tr {stretched} Tz"
    return " ".join(shown(20, 168 - 40 * row, text, 19, setup=setup) for row, text in enumerate(texts))


def scan(layer: str, visible: str = "") -> bytes:
    content = f"q 400 0 0 200 0 0 cm /Scan Do Q {layer} {visible}"
    box = (0, 0, 400, 200)
    return drawn_pdf(content, media_box=box, resources="/XObject << /Scan 7 0 R >>", more=(image_object(SCAN),))


def gibberish() -> bytes:
    entry, font, table = shifted_font(7, by=3)
    texts = ["Invoice for the customer", "Date of the order 11.02.2025", "Please pay the total amount", "Total 577.15"]
    content = " ".join(shown(30, 250 - 30 * row, text, font="F3") for row, text in enumerate(texts))
    return drawn_pdf(content, fonts=entry, more=(font, table))


def failure(content: bytes) -> str:
    with pytest.raises(DocumentError) as error:
        PdfText().read(open_document(content, Limits()))
    assert error.value.reason == "no_text_layer"
    return str(error.value)


@pytest.mark.parametrize("stretched", [100, 92], ids=["in place", "off by a letter"])
def test_a_good_ocr_layer_is_used(stretched: int) -> None:
    (page,) = PdfText().read(open_document(scan(ocr_layer(LINES, stretched)), Limits()))
    assert [word.text for word in page.words] == " ".join(LINES).split()
    assert page.warnings == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(scan(ocr_layer([*LINES[:3], "Total 517.15 EUR"])), "says '517.15' where", id="one wrong amount"),
        pytest.param(
            scan(ocr_layer(["Mordlight Cmb", "lnwaiee", "Dntc", "Tofnl FUB"])), "where the picture", id="wrong letters"
        ),
        pytest.param(
            scan(ocr_layer([*LINES[:3], "Total 517.15 EUR"], 92)), "says '517.15' where", id="the same, off by a letter"
        ),
        pytest.param(scan(STAMP), "of the text in the picture", id="only a stamp"),
        pytest.param(
            scan(ocr_layer(LINES[:1]), STAMP), "of the text in the picture", id="a layer for the heading only"
        ),
        pytest.param(gibberish(), "where the picture shows", id="wrong table of characters"),
    ],
)
def test_an_untrue_text_layer_counts_as_none(content: bytes, reason: str) -> None:
    assert reason in failure(content)
    (page,) = Auto().read(open_document(content, Limits()))
    assert "577.15" in [word.text for word in page.words], "the picture is read instead"
    assert page.warnings == []


def test_a_letterhead_that_only_the_picture_has_is_completed() -> None:
    """`pdf-text` keeps the true words and says that there is more; `auto` reads the missing lines in the picture."""
    head = text_image(["Nordlicht GmbH"], size=40, width=800).crop((0, 20, 800, 140))
    texts = ["Invoice NE-5512 of 11.02.2025", "Total 577.15 EUR"]
    body = " ".join(shown(20, 110 - 18 * row, text, 14) for row, text in enumerate(texts))
    content = f"q 400 0 0 60 0 140 cm /Scan Do Q {body}"
    box = (0, 0, 400, 200)
    pdf = drawn_pdf(content, media_box=box, resources="/XObject << /Scan 7 0 R >>", more=(image_object(head),))
    document = open_document(pdf, Limits())
    (page,) = PdfText().read(document)
    assert [word.text for word in page.words] == " ".join(texts).split()
    (completed,) = Auto().read(document)
    assert [word.text for word in completed.words] == " ".join(["Nordlicht GmbH", *texts]).split()
    if page.warnings:
        assert "of the text in the picture is in the text layer" in page.warnings[0]


def test_each_page_is_decided_by_itself() -> None:
    born_digital = open_document(drawn_pdf(shown(40, 200, "Total 577.15")), Limits()).pages[0]
    picture = open_document(encoded(text_image(["Total 12.50"]), "PNG"), Limits())
    engine = Auto()
    first, second = (engine._read(page) for page in (born_digital, picture.pages[0]))
    assert [[word.text for word in page.words] for page in (first, second)] == [["Total", "577.15"], ["Total", "12.50"]]
    assert [{word.confidence is None for word in page.words} for page in (first, second)] == [{True}, {False}]


@pytest.mark.parametrize(
    ("hidden", "warnings"),
    [
        ("Total 5771.50", ["2 words of the text layer are not visible on the page and not used."]),
        ("577.15", ["1 word of the text layer is not visible on the page and not used."]),
        ("Logo", []),
    ],
)
def test_hidden_numbers_are_mentioned(hidden: str, warnings: list[str]) -> None:
    content = drawn_pdf(f"{shown(40, 200, 'Total 577.15')} {shown(40, 100, hidden, setup='3 Tr')}")
    (page,) = PdfText().read(open_document(content, Limits()))
    assert page.warnings == warnings


class NeverAsked:
    def line_boxes(self, image: Any) -> Any:
        raise AssertionError

    recognised = line_boxes


def test_a_clean_page_needs_no_recognition() -> None:
    texts = ["Invoice for the customer", "Date of the order 11.02.2025", "Please pay the total amount", "Total 577.15"]
    content = drawn_pdf(" ".join(shown(30, 250 - 30 * row, text) for row, text in enumerate(texts)))
    page = open_document(content, Limits()).pages[0]
    layer = page.compared_text()
    assert layer is not None
    assert len(checked_words(page, layer, NeverAsked()).words) == 16


class Sees:
    """A recogniser that reads the same in all crops, and one line over the width of the page."""

    def __init__(self, text: str, score: float) -> None:
        self.answer = text, score

    def line_boxes(self, image: Any) -> Any:
        return np.array([[(0, 0), (10, 0), (10, 10), (0, 10)]], np.float32)

    def recognised(self, crops: Sequence[Any]) -> list[tuple[str, float]]:
        return [self.answer] * len(crops)


@pytest.mark.parametrize(
    ("text", "score", "trusted"),
    [("Xyzzy", 0.95, False), ("Xyzzy", 0.6, True), ("", 0.0, True), ('"', 0.97, True)],
    ids=[
        "surely something else",
        "unsure: another script perhaps",
        "nothing recognised",
        "a mark, as of unknown letters",
    ],
)
def test_only_a_sure_reading_contradicts(text: str, score: float, trusted: bool) -> None:
    page = open_document(gibberish(), Limits()).pages[0]
    layer = page.compared_text()
    assert layer is not None
    assert bool(checked_words(page, layer, Sees(text, score)).words) == trusted


@pytest.mark.parametrize(
    ("text", "plausible"),
    [
        ("Rechnung vom Betrag der Summe Datum", True),
        ("Счет на оплату товара по договору итого", True),
        ("Dhhfyn qrf Orgentf ibz Erpuahat", True),  # five words are too few to judge
        ("Dhhfyn qrf Orgentf ibz Erpuahat Qnghz", False),
        ("577,15 485,00 92,15 1 2 3 19", True),
        ("请款单 总额 日期 客户 付款 合计", True),
        ("\uf041\uf042 \uf043\uf044\uf045 \uf046", False),
    ],
)
def test_plausible_text(text: str, plausible: bool) -> None:
    assert is_plausible(text.split()) == plausible
