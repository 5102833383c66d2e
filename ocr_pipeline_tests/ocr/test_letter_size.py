"""A page with large print is detected on a smaller picture; small print, joined letters and noise never on one too small."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.ocr.letter_size import needed_scale
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.regions import Region
from ocr_pipeline_tests.files import encoded, text_image

LINES = [
    "Invoice 4711 of 03.11.2026",
    "Coffee and cake for two 12.50",
    "VAT 19 percent of the net 2.00",
    "TOTAL EUR 14.50",
]


def picture(size: int, lines: Any = LINES, **form: Any) -> Any:
    return np.asarray(text_image(list(lines), size=size, width=form.get("width", 900)))


def test_large_print_needs_a_smaller_picture_and_small_print_all_of_it() -> None:
    scales = [needed_scale(picture(size), 100) for size in (12, 16, 28, 40)]
    assert scales[:2] == [1, 1]
    assert 1 > scales[2] > scales[3] == 0.6


def test_the_scale_leaves_letters_of_fourteen_pixels() -> None:
    large = picture(30)
    scale = needed_scale(large, 100)
    smaller = Image.fromarray(large).resize((round(900 * scale), round(large.shape[0] * scale)))
    assert 0.6 < scale < 0.93
    assert needed_scale(np.asarray(smaller), 100) == 1


@pytest.mark.parametrize("turned", [1, 2, 3])
def test_a_turned_page_is_not_reduced_more(turned: int) -> None:
    upright = needed_scale(picture(36), 100)
    assert upright <= needed_scale(np.ascontiguousarray(np.rot90(picture(36), turned)), 100) <= 1


def test_small_print_decides_where_there_is_more_of_it() -> None:
    heading, print_ = picture(60, ["INVOICE"]), picture(18)
    assert needed_scale(np.concatenate([heading, print_]), 100) == 1


def test_the_shorter_side_keeps_its_pixels() -> None:
    assert needed_scale(picture(40), 320) == pytest.approx(320 / 400)
    assert [needed_scale(picture(40), shortest) for shortest in (390, 500)] == [1, 1]


def test_few_letters_show_no_size() -> None:
    assert needed_scale(picture(60, ["INVOICE"]), 100) == 1


@pytest.mark.parametrize("turned", [0, 1])
def test_joined_letters_are_no_large_ones(turned: int) -> None:
    """As in Arabic or Devanagari: words of one stroke, 12 pixels high and 45 wide; some single letters of 10 between them."""
    image = Image.new("RGB", (800, 600), "white")
    for x in range(10, 760, 80):
        for y in range(10, 580, 25):
            ImageDraw.Draw(image).rectangle((x, y, x + 44, y + 11), "black")
            ImageDraw.Draw(image).rectangle((x + 52, y, x + 61, y + 9), "black")
    assert needed_scale(np.ascontiguousarray(np.rot90(np.asarray(image), turned)), 100) == 1


def test_blank_and_noisy_pictures_are_not_reduced() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    assert [needed_scale(shown, 100) for shown in (np.full_like(noise, 255), noise)] == [1, 1]


def test_the_detector_gets_the_smaller_picture_and_its_boxes_lie_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[tuple[int, int], Region]] = []
    detect = RapidOcr._detect

    def recorded(self: RapidOcr, shown: Any, region: Region) -> Any:
        seen.append((shown.shape[:2], region))
        return detect(self, shown, region)

    monkeypatch.setattr(RapidOcr, "_detect", recorded)
    page = text_image(LINES, size=40, width=900)
    boxes = RapidOcr().line_boxes(np.asarray(page))
    assert boxes is not None
    (((height, width), region),) = seen
    assert (region.x1, region.y1) == page.size
    assert max(height, width) == region.side == 720  # its shorter side keeps 320
    assert len(boxes) == len(LINES)
    ink = np.asarray(page.convert("L")) < 128
    (x0, y0), (x1, y1) = (list(map(int, ends)) for ends in (boxes.min(axis=(0, 1)), boxes.max(axis=(0, 1))))
    assert ink[y0:y1, x0:x1].sum() == ink.sum()
    assert y1 - y0 < 1.2 * np.ptp(np.flatnonzero(ink.any(axis=1)))


def test_large_and_small_print_of_one_page_are_read() -> None:
    page = Image.new("RGB", (900, 700), "white")
    page.paste(text_image(LINES, size=36, width=900), (0, 0))
    page.paste(text_image(["Terms: net 30 days"], size=18, width=900), (0, 500))
    (result,) = RapidOcr().read(open_document(encoded(page, "PNG"), Limits()))
    text = " ".join(word.text for word in result.words)
    assert text == " ".join([*LINES, "Terms: net 30 days"])
