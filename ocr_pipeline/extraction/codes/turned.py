"""Finding bar codes at any angle. A decoder reads them along rows and columns only; it finds matrix codes at any angle.

In a bar code all edges have one direction, in text they have many. The structure tensor (Bigün and Granlund, 1987) of the
grey values tells the two apart and gives the direction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

_STEP = 2
"""Edges are looked at in every second row and column: enough for averages."""
_CELL = 4
"""Side of a cell in steps; a cell is the unit of everything below."""
_WINDOW = 5
"""Cells over which directions are averaged: more than the width of a stroke, less than the height of a bar code."""
_MIN_COHERENCE = 0.75
"""0: edges in all directions, 1: all edges have one direction."""
_MIN_EDGES = 100.0
"""Mean slope, as the Sobel operator scales it. Printed bars have several hundred, shadows and folds less."""
_MIN_CELLS = 60
_MAX_GROUPS = 200
"""Groups of cells that are looked at, the largest first. A page has a few dozen; hatching may have thousands."""
_MIN_WIDTH = 14
"""Cells across the bars: 112 pixels. The bars of a short code take about that at 100 dpi."""
_MIN_ASPECT = 1.2
"""Width by height; an EAN-13 has 1.4. Higher bars are crossed by rows at most angles."""


@dataclass(frozen=True)
class TurnedBars:
    """What looks like a bar code: its centre (x, y) and size in pixels, and the angle of its reading direction in degrees,
    -90 to 90, clockwise. `width` goes across the bars."""

    centre: tuple[float, float]
    width: float
    height: float
    angle: float


def turned_bars(grey: "Grey") -> Iterator[TurnedBars]:
    """Find what looks like a bar code, the largest first. Decoded or not, turned or not: the structure does not tell."""
    import cv2
    import numpy as np

    if min(grey.shape) < _STEP * _CELL * _WINDOW:
        return
    across, down = (edges[::_STEP, ::_STEP].astype(np.float32) for edges in cv2.spatialGradient(grey))
    size = (across.shape[1] // _CELL, across.shape[0] // _CELL)
    xx, yy, xy = (
        cv2.blur(cv2.resize(product, size, interpolation=cv2.INTER_AREA), (_WINDOW, _WINDOW))
        for product in (across * across, down * down, across * down)
    )
    energy, even, odd = xx + yy, xx - yy, 2 * xy
    is_bars = (np.hypot(even, odd) > _MIN_COHERENCE * energy) & (energy > _MIN_EDGES**2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(is_bars.astype(np.uint8))
    largest = sorted(range(1, count), key=lambda label: -int(stats[label, cv2.CC_STAT_AREA]))
    for label in largest[:_MAX_GROUPS]:
        left, top, width, height, cells = stats[label].tolist()
        if cells < _MIN_CELLS:
            return
        around = np.s_[top : top + height, left : left + width]
        part = labels[around] == label
        angle = float(np.degrees(np.arctan2(odd[around][part].sum(), even[around][part].sum()))) / 2
        found = _placed(part, (left, top), angle)
        if found is not None:
            yield found


def _placed(part: Any, corner: tuple[int, int], angle: float) -> TurnedBars | None:
    """The rectangle of a group of cells in its own direction, if it has the shape of a bar code.

    `part`: which cells of a rectangle belong to the group; `corner`: x and y of its first cell.
    """
    import numpy as np

    rows, columns = np.nonzero(part)
    rows, columns = rows + corner[1], columns + corner[0]
    radians = np.radians(angle)
    along = columns * np.cos(radians) + rows * np.sin(radians)
    aside = rows * np.cos(radians) - columns * np.sin(radians)
    # A few cells beside the code that belong to its text should not move it: the outermost hundredth is left out.
    (left, right), (top, bottom) = (np.percentile(axis, (1, 99)) for axis in (along, aside))
    width, height = right - left + _WINDOW, bottom - top + _WINDOW
    if width < max(_MIN_WIDTH, _MIN_ASPECT * height):
        return None
    x, y = (left + right) / 2, (top + bottom) / 2
    scale = _STEP * _CELL
    centre = (
        float(x * np.cos(radians) - y * np.sin(radians) + 0.5) * scale,
        float(x * np.sin(radians) + y * np.cos(radians) + 0.5) * scale,
    )
    return TurnedBars(centre, float(width) * scale, float(height) * scale, angle)
