"""Which part of a page a detector gets, at which size, and which way up the page is: geometry of detected lines.

A detector works on a page reduced to a fixed size. That suffices for most pages, but not for long receipts or for small print
on a large scan: the region with text is then detected a second time at a larger size.

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

_MIN_SHORTER_SIDE = 320
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
    longer, shorter = max(width, height), max(min(width, height), 1)
    return Region(0, 0, width, height, min(longer, max(side, min(_MIN_SHORTER_SIDE * longer // shorter, _MAX_SIDE))))


def text_region(boxes: "Boxes", page: Region) -> Region | None:
    """The part of the page that contains text, enlarged; None if the first detection was large enough."""
    import numpy as np

    whole = max(page.x1, page.y1)
    scale = page.side / whole
    height = float(np.median(np.linalg.norm(boxes[:, 0] - boxes[:, 3], axis=1)))
    margin = 3 * height  # undetected lines may be next to detected ones
    x0, y0 = (max(0, math.floor(value - margin)) for value in boxes.min(axis=(0, 1)))
    x1, y1 = (math.ceil(value + margin) for value in boxes.max(axis=(0, 1)))
    x1, y1 = min(page.x1, x1), min(page.y1, y1)
    longer = max(x1 - x0, y1 - y0)
    side = math.ceil(longer * _TARGET_LINE_HEIGHT / height) if height * scale < _MIN_LINE_HEIGHT else 0
    if longer < _UNCROPPED * whole:
        side = max(side, page.side)
    region = Region(x0, y0, x1, y1, min(longer, side, _MAX_SIDE))
    return region if region.side > _MIN_ENLARGEMENT * longer * scale else None


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
