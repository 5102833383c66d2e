"""When a page is detected a second time, which region and how large, and its orientation. Boxes are synthetic."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from ocr_pipeline.ocr.regions import (
    Region,
    merged,
    needed_rotation,
    printed_part,
    runs_sideways,
    text_region,
    tiles,
    whole_page,
)

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
        pytest.param(1500, 2000, 960, id="reduced to the requested side"),
        pytest.param(2000, 1500, 960, id="also when it is wide"),
        pytest.param(600, 6000, 2560, id="a long receipt keeps its width, up to the maximum side"),
        pytest.param(600, 3000, 1600, id="320 pixels for the width of a long receipt"),
        pytest.param(1, 5000, 2560, id="a line of pixels"),
    ],
)
def test_whole_page(width: int, height: int, side: int) -> None:
    assert whole_page(width, height, 960) == Region(0, 0, width, height, side)


def test_ordinary_print_is_detected_once() -> None:
    page = whole_page(2400, 3200, 960)
    assert text_region(lines(100, 100, 2200, 60, 25), page) is None  # 18 pixels high in the first detection


def test_small_print_is_enlarged() -> None:
    page = whole_page(4961, 7016, 960)
    region = text_region(lines(500, 1000, 4000, 60, 45), page)  # 8 pixels high in the first detection
    assert region is not None
    assert (region.x0, region.y0) == (320, 820)  # three lines of margin
    assert (region.x1, region.y1) == (4680, 6520)
    assert region.side * 60 / (region.y1 - region.y0) == pytest.approx(20, abs=0.1)


def test_the_side_is_limited() -> None:
    region = text_region(lines(10, 10, 6900, 20, 340), whole_page(7000, 14000, 960))
    assert region is not None
    assert region.side == 2560


def test_a_receipt_on_an_uncropped_scan_is_treated_as_cropped() -> None:
    page = whole_page(2552, 3508, 960)
    region = text_region(lines(1700, 100, 800, 66, 8), page)  # high enough, but all of it in one corner
    assert region is not None
    assert (region.x0, region.y1) == (1502, 1288)
    assert region.side == 960


def test_margins_end_at_the_page() -> None:
    region = text_region(lines(5, 2, 990, 20, 50), whole_page(1000, 2000, 480))
    assert region == Region(0, 0, 1000, 2000, 2000)


def test_sideways_text() -> None:
    upright = lines(100, 100, 400, 20, 10)
    assert not runs_sideways(upright)
    assert runs_sideways(upright[:, :, ::-1][:, [0, 3, 2, 1]])


def test_a_page_of_a_few_columns_of_digits_is_not_sideways() -> None:
    """Short lines may be higher than wide: a long one beside them decides."""
    digits = lines(100, 100, 15, 20, 10)
    assert not runs_sideways(np.concatenate([digits, lines(100, 600, 400, 20, 1)]))


@pytest.mark.parametrize(
    ("sideways", "upside_down", "rotation"),
    [(False, False, 0), (False, True, 180), (True, False, 270), (True, True, 90)],
)
def test_needed_rotation(sideways: bool, upside_down: bool, rotation: int) -> None:
    assert needed_rotation(sideways, upside_down) == rotation


@pytest.mark.parametrize(
    ("width", "height", "count"),
    [
        pytest.param(2480, 3508, 1, id="A4"),
        pytest.param(320, 2560, 1, id="legible in one piece"),
        pytest.param(320, 3930, 4, id="receipt of a long purchase"),
        pytest.param(1200, 18000, 5, id="the same, large"),
        pytest.param(9000, 400, 7, id="wide strip"),
        pytest.param(1600, 150, 1, id="small wide strip"),
        pytest.param(1, 5000, 6, id="a line of pixels"),
    ],
)
def test_tiles_cover_very_long_pages_with_overlap(width: int, height: int, count: int) -> None:
    found = tiles(width, height, 960)
    assert len(found) == count
    assert (found[0].x0, found[0].y0) == (0, 0)
    assert (found[-1].x1, found[-1].y1) == (width, height)
    for before, after in itertools.pairwise(found):
        overlap = (before.x1 - after.x0) if width > height else (before.y1 - after.y0)
        assert overlap >= min(width, height) // 2, "a line at the seam is in one of the two"
    for tile in found:
        shorter, longer = sorted((tile.x1 - tile.x0, tile.y1 - tile.y0))
        assert tile.side / longer * shorter >= min(shorter, 300), "legible"
        assert tile.side <= 2560


def box(x0: float, y0: float, x1: float, y1: float) -> Boxes:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param([box(10, 90, 200, 110)], [box(10, 91, 201, 111)], [(10, 91, 201, 111)], id="found twice"),
        pytest.param(
            [box(10, 90, 200, 100)], [box(10, 90, 200, 110)], [(10, 90, 200, 110)], id="cut at a seam below it"
        ),
        pytest.param(
            [box(10, 90, 200, 110)], [box(150, 91, 400, 112)], [(10, 90, 400, 112)], id="cut at a seam beside it"
        ),
        pytest.param(
            [box(10, 90, 200, 110)], [box(220, 90, 400, 110)], [(220, 90, 400, 110), (10, 90, 200, 110)], id="one row"
        ),
        pytest.param(
            [box(10, 90, 200, 110)],
            [box(10, 108, 200, 128)],
            [(10, 108, 200, 128), (10, 90, 200, 110)],
            id="tight rows",
        ),
        pytest.param(
            [box(90, 10, 110, 200)], [box(91, 150, 112, 400)], [(90, 10, 112, 400)], id="a line that runs down"
        ),
    ],
)
def test_lines_of_two_tiles_are_merged(
    first: list[Boxes], second: list[Boxes], expected: list[tuple[int, ...]]
) -> None:
    found = merged([np.stack(first), np.stack(second)])
    assert [(*line.min(axis=0), *line.max(axis=0)) for line in found] == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        pytest.param(None, None, id="a blank page"),
        pytest.param((100, 200, 400, 230), (67, 167, 451, 263), id="with a margin, and sides that are multiples of 32"),
        pytest.param((3, 5, 200, 80), (0, 0, 256, 128), id="in the corner"),
        pytest.param((600, 900, 640, 960), (544, 864, 640, 960), id="in the other corner"),
        pytest.param((30, 40, 620, 930), (0, 0, 640, 960), id="margins that are not worth it"),
    ],
)
def test_blank_margins_are_not_given_to_the_detector(
    printed: tuple[int, int, int, int] | None, expected: tuple[int, int, int, int] | None
) -> None:
    picture = np.full((960, 640, 3), 250, np.uint8)
    picture[::2] -= 8  # faint noise is blank
    if printed:
        x0, y0, x1, y1 = printed
        picture[y0:y1, x0:x1, 2] = 200  # print in one colour
    assert printed_part(picture) == expected
