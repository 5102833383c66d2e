"""Blank ends of lines are not recognised; print near an end keeps its margin, and boxes stay on the print."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_pipeline.ocr.line_ends import _clear, without_blank_ends
from ocr_pipeline.ocr.rapidocr import RapidOcr

HEIGHT, STEP = 48, 8


def line(*, left: int = 30, right: int = 30, text: str = "TOTAL 12.50", colour: str = "black", rows: int = 40) -> Any:
    """A picture of a line with this much blank space beside its print."""
    font = ImageFont.load_default(28)
    x0, _, x1, _ = font.getbbox(text)
    image = Image.new("RGB", (left + int(x1 - x0) + right, rows), "white")
    ImageDraw.Draw(image).text((left - x0, 2), text, colour, font)
    return np.asarray(image)


def box_of(picture: Any, x: float = 100, y: float = 50) -> Any:
    rows, columns = picture.shape[:2]
    return np.array([(x, y), (x + columns, y), (x + columns, y + rows), (x, y + rows)], np.float32)


def cut(picture: Any, step: int = STEP) -> tuple[Any, Any]:
    (shorter,), boxes = without_blank_ends([picture], np.stack([box_of(picture)]), HEIGHT, step)
    return shorter, boxes[0]


def ink(picture: Any) -> Any:
    return np.flatnonzero((picture < 128).any(axis=(0, 2)))


@pytest.mark.parametrize("step", [8, 32])
def test_blank_ends_are_cut_to_a_width_that_is_not_stretched(step: int) -> None:
    picture = line(left=90, right=50)
    shorter, box = cut(picture, step)
    rows, columns = shorter.shape[:2]
    assert columns < picture.shape[1] - 50
    assert -2 < columns * HEIGHT / rows - round(columns * HEIGHT / rows / step) * step <= 0
    left, right = ink(shorter)[0], columns - 1 - ink(shorter)[-1]
    assert min(left, right) >= 3  # a twelfth of the height
    assert abs(left - right) <= 2
    assert box[1, 0] - box[0, 0] == box[2, 0] - box[3, 0] == columns
    assert box[0, 0] - 100 == ink(picture)[0] - left
    assert (box[:, 1] == box_of(picture)[:, 1]).all()


@pytest.mark.parametrize("colour", ["black", "#ccc"])
def test_a_last_dot_stays(colour: str) -> None:
    picture = line(text="Total          .", colour=colour, right=60)
    shorter, _ = cut(picture)
    assert shorter.shape[1] < picture.shape[1]
    assert (shorter < 230).any(axis=(0, 2)).sum() == (picture < 230).any(axis=(0, 2)).sum()


def test_a_line_without_blank_ends_stays_as_it_is() -> None:
    picture = line(left=3, right=3)
    shorter, box = cut(picture)
    assert shorter.shape == picture.shape
    assert (box == box_of(picture)).all()


def test_noise_and_rules_are_not_cut() -> None:
    noisy = line().astype(int) + np.random.default_rng(0).integers(-80, 80, line().shape)
    ruled = line()
    ruled = np.concatenate([ruled[:-3], np.zeros_like(ruled[:3])])
    for picture in (noisy.clip(0, 255).astype(np.uint8), ruled, np.full_like(ruled, 255)):
        assert cut(picture)[0].shape == picture.shape


def test_the_contrast_of_a_line_is_numpys_percentile_bit_by_bit() -> None:
    drawn = np.random.default_rng(0)
    for number in range(4000):
        contrast = drawn.integers(0, 256, 1 + number % 100, np.uint8)
        assert _clear(contrast) == np.percentile(contrast, 90)


def test_a_single_letter_does_not_get_taller_than_wide() -> None:
    shorter, _ = cut(line(text="I", left=60, right=60))
    assert shorter.shape[1] >= shorter.shape[0]


def test_a_line_that_runs_down_the_page_stays() -> None:
    picture = line(left=90, right=90)
    box = np.array([(0, 0), (40, 0), (40, 300), (0, 300)], np.float32)
    (shorter,), boxes = without_blank_ends([picture], np.stack([box]), HEIGHT, STEP)
    assert shorter is picture
    assert (boxes[0] == box).all()


def test_a_tilted_box_is_cut_along_its_line() -> None:
    picture = line(left=90, right=90)
    whole = box_of(picture) + np.array([(0, 0), (0, 30), (0, 30), (0, 0)], np.float32)
    (shorter,), (box,) = without_blank_ends([picture], np.stack([whole]), HEIGHT, STEP)
    share = shorter.shape[1] / picture.shape[1]
    assert box[1] - box[0] == pytest.approx(share * (whole[1] - whole[0]))
    assert box[2] - box[3] == pytest.approx(share * (whole[2] - whole[3]))


def test_words_of_a_line_in_a_wide_box_lie_on_the_print() -> None:
    image = np.full((120, 700, 3), 255, np.uint8)
    picture = line(left=0, right=0)
    image[40:80, 300 : 300 + picture.shape[1]] = picture[:, :, ::-1]
    box = np.array([(100, 40), (690, 40), (690, 80), (100, 80)], np.float32)
    words, readable = RapidOcr().words_of_lines(image, np.stack([box]), 1)
    assert [word.text for word in words] == ["TOTAL", "12.50"]
    assert readable == 1
    assert words[0].box[0] * 700 == pytest.approx(300, abs=8)
    assert words[1].box[2] * 700 == pytest.approx(300 + picture.shape[1], abs=8)
