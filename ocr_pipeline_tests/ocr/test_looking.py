"""When a page is looked at again, where and how large, and which way up it is. Boxes are made, not detected."""

import numpy as np
import numpy.typing as npt
import pytest

from ocr_pipeline.ocr.looking import Look, first_look, needed_turn, runs_sideways, second_look

Boxes = npt.NDArray[np.float32]


def lines(x0: float, y0: float, width: float, height: float, count: int) -> Boxes:
    """`count` lines below each other, each `width` long and `height` high, as far apart as they are high; pixels."""
    tops = [y0 + 2 * height * number for number in range(count)]
    corners = [[(x0, y), (x0 + width, y), (x0 + width, y + height), (x0, y + height)] for y in tops]
    return np.array(corners, np.float32)


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [
        pytest.param(600, 900, 900, id="never enlarged"),
        pytest.param(1500, 2000, 960, id="reduced to the side that was asked for"),
        pytest.param(2000, 1500, 960, id="also when it is wide"),
        pytest.param(600, 6000, 2560, id="a long receipt keeps its width, up to the largest look"),
        pytest.param(600, 3000, 1600, id="320 pixels for the width of a long receipt"),
        pytest.param(1, 5000, 2560, id="a line of pixels"),
    ],
)
def test_first_look(width: int, height: int, side: int) -> None:
    assert first_look(width, height, 960) == Look(0, 0, width, height, side)


def test_ordinary_print_is_looked_at_once() -> None:
    page = first_look(2400, 3200, 960)
    assert second_look(lines(100, 100, 2200, 60, 25), page) is None  # 18 pixels high in the first look


def test_small_print_is_looked_at_closer_where_it_stands() -> None:
    page = first_look(4961, 7016, 960)
    look = second_look(lines(500, 1000, 4000, 60, 45), page)  # 8 pixels high in the first look
    assert look is not None
    assert (look.x0, look.y0) == (320, 820)  # three lines of margin
    assert (look.x1, look.y1) == (4680, 6520)
    assert look.side * 60 / (look.y1 - look.y0) == pytest.approx(20, abs=0.1)


def test_the_largest_look_has_an_end() -> None:
    look = second_look(lines(10, 10, 6900, 20, 340), first_look(7000, 14000, 960))
    assert look is not None
    assert look.side == 2560


def test_a_receipt_on_an_uncropped_scan_is_looked_at_as_if_it_were_cropped() -> None:
    page = first_look(2552, 3508, 960)
    look = second_look(lines(1700, 100, 800, 66, 8), page)  # high enough, but all of it in one corner
    assert look is not None
    assert (look.x0, look.y1) == (1502, 1288)
    assert look.side == 960


def test_margins_end_at_the_page() -> None:
    look = second_look(lines(5, 2, 990, 20, 50), first_look(1000, 2000, 480))
    assert look == Look(0, 0, 1000, 2000, 2000)


def test_text_that_runs_up_the_page() -> None:
    upright = lines(100, 100, 400, 20, 10)
    assert not runs_sideways(upright)
    assert runs_sideways(upright[:, :, ::-1][:, [0, 3, 2, 1]])


def test_a_page_of_a_few_columns_of_digits_is_not_sideways() -> None:
    """Short lines may be higher than wide: a long one beside them decides."""
    digits = lines(100, 100, 15, 20, 10)
    assert not runs_sideways(np.concatenate([digits, lines(100, 600, 400, 20, 1)]))


@pytest.mark.parametrize(
    ("sideways", "upside_down", "turn"), [(False, False, 0), (False, True, 180), (True, False, 270), (True, True, 90)]
)
def test_needed_turn(sideways: bool, upside_down: bool, turn: int) -> None:
    assert needed_turn(sideways, upside_down) == turn
