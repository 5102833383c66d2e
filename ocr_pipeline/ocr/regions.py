"""Which part of a page a detector gets, at which size, and which way up the page is: geometry of detected lines.

A detector works on a page reduced to a fixed size. That suffices for most pages, but not for long receipts or for small print
on a large scan: the region with text is then detected a second time at a larger size.

Boxes are arrays of shape (lines, 4 corners, 2), in pixels of the page image, corners clockwise from the line's top left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.schemas import Rotation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Boxes = npt.NDArray[np.float32]

MIN_SHORTER_SIDE = 320
"""The shorter side of a page is never reduced below this many pixels: forty letters per line, eight pixels each."""
_MAX_SIDE = 2560
"""Longer side of the largest input. The detector needs about 1 GB of memory for it."""
_MIN_LINE_HEIGHT = 14.5
"""Lines detected below this height lose letters (docs/decisions/0005). In pixels of the detector's input, margin included."""
_TARGET_LINE_HEIGHT = 20
"""Line height to reach in the second detection."""
_UNCROPPED = 0.7
"""If text takes less than this share of the longer side, the scan is treated as uncropped and the text region is enlarged."""
_MIN_ENLARGEMENT = 1.15
"""A second detection must enlarge the region at least by this factor."""
_BLANK = 10
"""Neighbouring pixels that differ by at most this many levels of 255 show no print: noise, the pattern of a JPEG."""
_MARGIN, _STRIDE = 32, 32
"""Pixels of blank margin that the detector still sees; its input is a multiple of the other."""
_WORTH_CROPPING = 0.85
"""Blank margins are kept where the rest is more than this share of the picture: time hardly changes, boxes would a little."""
_TILE_ASPECT = 4
"""Pages that would be illegible in one piece are divided into tiles of this aspect ratio."""
_SAME_ROW, _SAME_LINE = 0.6, 0.85
"""Boxes of two tiles belong to one line if they share this part of the smaller height; and are the same line, found twice, if
they share this part of the smaller area."""
_CONTAINED = 1.05
"""A line contains another one if both together are at most this many times as long."""
_MIN_ASPECT = 2.0
"""A box shows the direction of its line if one side is at least this many times as long as the other."""


@dataclass(frozen=True)
class Region:
    """A part of the page image in pixels (x0, y0, x1, y1). `side`: length of its longer side in the detector's input."""

    x0: int
    y0: int
    x1: int
    y1: int
    side: int


def whole_page(width: int, height: int, side: int) -> Region:
    """The whole page with its longer side reduced to `side`; long narrow pages are reduced less, to stay legible."""
    return _reduced(0, 0, width, height, side)


def tiles(width: int, height: int, side: int) -> list[Region]:
    """The regions of the first detection: the whole page, or overlapping tiles of one that would not stay legible."""
    longer, shorter = max(width, height), max(min(width, height), 1)
    if min(longer, MIN_SHORTER_SIDE * longer // shorter) <= _MAX_SIDE:
        return [whole_page(width, height, side)]
    length = min(longer, max(_TILE_ASPECT * shorter, side))
    overlap = min(shorter // 2, length // 4)
    count = math.ceil((longer - overlap) / (length - overlap))
    starts = [round(index * (longer - length) / max(count - 1, 1)) for index in range(count)]
    if width > height:
        return [_reduced(start, 0, start + length, height, side) for start in starts]
    return [_reduced(0, start, width, start + length, side) for start in starts]


def _reduced(x0: int, y0: int, x1: int, y1: int, side: int) -> Region:
    longer, shorter = max(x1 - x0, y1 - y0), max(min(x1 - x0, y1 - y0), 1)
    return Region(x0, y0, x1, y1, min(longer, max(side, min(MIN_SHORTER_SIDE * longer // shorter, _MAX_SIDE))))


def text_region(boxes: "Boxes", page: Region) -> Region | None:
    """The part of the page or tile that contains text, enlarged; None if the first detection was large enough."""
    import numpy as np

    whole = max(page.x1 - page.x0, page.y1 - page.y0)
    scale = page.side / whole
    height = float(np.median(np.linalg.norm(boxes[:, 0] - boxes[:, 3], axis=1)))
    margin = 3 * height  # undetected lines may be next to detected ones
    x0, y0 = (math.floor(value - margin) for value in boxes.min(axis=(0, 1)))
    x1, y1 = (math.ceil(value + margin) for value in boxes.max(axis=(0, 1)))
    x0, y0, x1, y1 = max(page.x0, x0), max(page.y0, y0), min(page.x1, x1), min(page.y1, y1)
    longer = max(x1 - x0, y1 - y0)
    side = math.ceil(longer * _TARGET_LINE_HEIGHT / height) if height * scale < _MIN_LINE_HEIGHT else 0
    if longer < _UNCROPPED * whole:
        side = max(side, page.side)
    region = Region(x0, y0, x1, y1, min(longer, side, _MAX_SIDE))
    return region if region.side > _MIN_ENLARGEMENT * longer * scale else None


def printed_part(picture: "npt.NDArray[np.uint8]") -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) of the part of a detector's input, shape (height, width, 3), without its blank margins; None if it is
    blank. A noisy picture has no blank margins. The sides are multiples of 32 pixels, as the detector wants them."""
    import cv2
    import numpy as np

    height, width = picture.shape[:2]
    blue, green, red = cv2.split(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    contrast = cv2.max(cv2.max(blue, green), red) > _BLANK
    rows, columns = np.flatnonzero(contrast.any(axis=1)), np.flatnonzero(contrast.any(axis=0))
    if not len(rows):
        return None
    x0, x1 = _with_margin(int(columns[0]), int(columns[-1]) + 1, width)
    y0, y1 = _with_margin(int(rows[0]), int(rows[-1]) + 1, height)
    if (x1 - x0) * (y1 - y0) > _WORTH_CROPPING * width * height:
        return 0, 0, width, height
    return x0, y0, x1, y1


def _with_margin(start: int, end: int, whole: int) -> tuple[int, int]:
    """The interval with a margin, and a length that is a multiple of 32 if there is room for one."""
    start, end = max(0, start - _MARGIN), min(whole, end + _MARGIN)
    end = min(whole, end + (start - end) % _STRIDE)
    start = max(0, start - (start - end) % _STRIDE)
    return start, end


def merged(boxes_of_tiles: "Sequence[Boxes]") -> "Boxes":
    """The lines of all tiles, each line once: what tiles found twice or cut apart at a seam is one line."""
    import numpy as np

    lines: list[Boxes] = []
    for boxes in boxes_of_tiles:
        before = lines
        lines = list(boxes)
        for line in before:
            position = next((index for index, other in enumerate(lines) if _is_same(line, other)), None)
            if position is None:
                lines.append(line)
            else:
                lines[position] = _union(line, lines[position])
    return np.stack(lines)


def _is_same(line: "Boxes", other: "Boxes") -> bool:
    (ax0, ay0), (ax1, ay1) = line.min(axis=0), line.max(axis=0)
    (bx0, by0), (bx1, by1) = other.min(axis=0), other.max(axis=0)
    across, down = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    if across <= 0 or down <= 0:
        return False
    if across * down > _SAME_LINE * min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0)):
        return True
    lengths, heights = (across, ax1 - ax0, bx1 - bx0), (down, ay1 - ay0, by1 - by0)
    if lengths[1] < heights[1]:  # lines that run up or down
        lengths, heights = heights, lengths
    return bool(heights[0] > _SAME_ROW * min(heights[1:]) and max(heights[1:]) < 2 * min(heights[1:]))


def _union(line: "Boxes", other: "Boxes") -> "Boxes":
    """The quadrilateral from the start of the one to the end of the other; the larger one if it contains the other."""
    import numpy as np

    along = 0 if np.ptp(line[:, 0]) >= np.ptp(line[:, 1]) else 1
    first, last = sorted((line, other), key=lambda box: box[:, along].min())
    longer = max(np.ptp(box[:, along]) for box in (line, other))
    if max(first[:, along].max(), last[:, along].max()) - first[:, along].min() < _CONTAINED * longer:
        return max(line, other, key=lambda box: float(np.ptp(box[:, 0]) * np.ptp(box[:, 1])))
    if along == 0:
        return np.stack([first[0], last[1], last[2], first[3]])
    low, high = np.minimum(first.min(axis=0), last.min(axis=0)), np.maximum(first.max(axis=0), last.max(axis=0))
    return np.array([low, (high[0], low[1]), high, (low[0], high[1])], line.dtype)


def runs_sideways(boxes: "Boxes") -> bool:
    """Whether most of the text runs up or down the page. Long lines are weighted by length, short ones ignored."""
    import numpy as np

    across = np.linalg.norm(boxes[:, 0] - boxes[:, 1], axis=1)
    down = np.linalg.norm(boxes[:, 0] - boxes[:, 3], axis=1)
    wide, tall = across[across > _MIN_ASPECT * down].sum(), down[down > _MIN_ASPECT * across].sum()
    return bool(tall > wide)


def needed_rotation(sideways: bool, upside_down: bool) -> Rotation:
    """Degrees clockwise that make a page upright.

    Sideways lines are rotated anticlockwise before they are classified, so `upside_down` refers to the rotated page.
    """
    if sideways:
        return 90 if upside_down else 270
    return 180 if upside_down else 0
