"""The size of the letters of a page before anything is detected: large print needs no large picture."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_TARGET = 14
"""Height of letters in pixels at which lines are found as well as in a larger picture: boxes are 24 pixels high, margin
included. With 12, more characters are wrong (docs/decisions/0026-ocr-speed.md)."""
_LEAST, _MOST = 0.6, 0.93
"""The picture is reduced to at least this share of its size, as the estimate can err; and not at all above the other."""
_FEWEST = 50
"""Fewer letters than this show no size that could be relied on."""
_NEIGHBOURHOOD, _DARKER = 31, 15
"""Print is darker than its surroundings of so many pixels, by so many levels of 255."""
_SMALLEST, _LARGEST, _SMALLEST_AREA = 5, 64, 10
"""Height of a letter, and its pixels of ink: what is smaller is a dot or noise, what is larger a picture."""
_NARROWEST, _WIDEST = 0.4, 1.6
"""Width of a letter in heights: words of joined letters are wider, and higher than wide on a page that lies on its side."""


def needed_scale(picture: "npt.NDArray[np.uint8]", shortest: int) -> float:
    """The scale, at most 1, at which the print on a picture of a page, shape (height, width, 3), is still large enough.

    `shortest`: no side of the picture is reduced below this many pixels.
    """
    size = _letter_height(picture)
    if not size:
        return 1.0
    scale = max(_TARGET / size, _LEAST, shortest / min(picture.shape[:2]))
    return scale if scale < _MOST else 1.0


def _letter_height(picture: "npt.NDArray[np.uint8]") -> float | None:
    """The median height of what has the shape of a letter; on a page that lies on its side, the width, which is less."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    ink = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _NEIGHBOURHOOD, _DARKER)
    shapes: Any = cv2.connectedComponentsWithStats(ink)[2][1:]
    widths, heights, areas = shapes[:, 2], shapes[:, 3], shapes[:, 4]
    sized = (heights >= _SMALLEST) & (heights < _LARGEST) & (areas >= _SMALLEST_AREA)
    letters = heights[sized & (widths > _NARROWEST * heights) & (widths < _WIDEST * heights)]
    return float(np.median(letters)) if len(letters) >= _FEWEST else None
