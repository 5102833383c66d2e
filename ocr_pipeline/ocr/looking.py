"""How closely a detector must look at a page, and which way up the page is: geometry of the lines that it found.

A detector sees a page reduced to a fixed size. That is enough for most pages, and not for a long receipt or for small print
in a corner of a large scan: they are looked at a second time, only where the text is, and larger.

Boxes are arrays of shape (lines, 4 corners, 2), in pixels of the page image, corners clockwise from the line's top left.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.schemas import Rotation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Boxes = npt.NDArray[np.float32]

_NARROWEST = 320
"""A page is never reduced to less than so many pixels on its shorter side: forty letters to the line, eight pixels each."""
_LARGEST_LOOK = 2560
"""Longer side of the largest look. The detector takes about 1 GB of memory for it."""
_SMALL_PRINT = 14.5
"""Detected lines lower than this lose letters (docs/decisions/0005): in pixels of what the detector saw, margin included."""
_COMFORTABLE = 20
"""So high should lines be in the second look."""
_UNCROPPED = 0.7
"""Text that takes less of the page's longer side stands on an uncropped scan, and is looked at as if it were cropped."""
_WORTH_IT = 1.15
"""A second look that is not at least so much larger is not taken."""
_LONG = 2.0
"""A box tells which way its line runs when one side is so much longer than the other."""


@dataclass(frozen=True)
class Look:
    """A part of the page image, pixels (x0, y0, x1, y1), and how long its longer side is for the detector, in pixels."""

    x0: int
    y0: int
    x1: int
    y1: int
    side: int


def first_look(width: int, height: int, side: int) -> Look:
    """The whole page, its longer side reduced to `side`; a long, narrow page less, so that it stays readable."""
    longer, shorter = max(width, height), max(min(width, height), 1)
    return Look(0, 0, width, height, min(longer, max(side, min(_NARROWEST * longer // shorter, _LARGEST_LOOK))))


def second_look(boxes: "Boxes", first: Look) -> Look | None:
    """The part of the page that holds text, larger; None where the first look was close enough."""
    import numpy as np

    whole = max(first.x1, first.y1)
    scale = first.side / whole
    height = float(np.median(np.linalg.norm(boxes[:, 0] - boxes[:, 3], axis=1)))
    margin = 3 * height  # a line that was not found may stand beside those that were
    x0, y0 = (max(0, math.floor(value - margin)) for value in boxes.min(axis=(0, 1)))
    x1, y1 = (math.ceil(value + margin) for value in boxes.max(axis=(0, 1)))
    x1, y1 = min(first.x1, x1), min(first.y1, y1)
    longer = max(x1 - x0, y1 - y0)
    side = math.ceil(longer * _COMFORTABLE / height) if height * scale < _SMALL_PRINT else 0
    if longer < _UNCROPPED * whole:
        side = max(side, first.side)
    look = Look(x0, y0, x1, y1, min(longer, side, _LARGEST_LOOK))
    return look if look.side > _WORTH_IT * longer * scale else None


def runs_sideways(boxes: "Boxes") -> bool:
    """Whether most of the text runs up or down the page. Long lines count by their length, short ones not at all."""
    import numpy as np

    across = np.linalg.norm(boxes[:, 0] - boxes[:, 1], axis=1)
    down = np.linalg.norm(boxes[:, 0] - boxes[:, 3], axis=1)
    wide, tall = across[across > _LONG * down].sum(), down[down > _LONG * across].sum()
    return bool(tall > wide)


def needed_turn(sideways: bool, upside_down: bool) -> Rotation:
    """Degrees clockwise that make a page upright.

    A sideways line is turned anticlockwise before it is looked at, so `upside_down` is said of a page that was.
    """
    if sideways:
        return 90 if upside_down else 270
    return 180 if upside_down else 0
