"""Cuts the blank ends of pictures of lines, which the detector leaves around them: they take the recogniser's time."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]
    """A line of text: shape (height, width, 3)."""
    Boxes = npt.NDArray[np.float32]
    """Shape (lines, 4 corners, 2), corners clockwise from the line's top left."""

_BLANK, _FAINT = 24, 0.2
"""A column shows no print if its pixels differ by at most this many levels of 255, or this share of the line's contrast."""
_CONTRAST_PERCENTILE = 90
"""The contrast of a line is that of its clearest columns, but not of a few outliers."""
_MARGIN = 1 / 12
"""Blank ends that stay, in heights of the line: letters that touch the end of the picture are misread."""


def without_blank_ends(
    pictures: Sequence["Picture"], boxes: "Boxes", height: int, step: int
) -> "tuple[list[Picture], Boxes]":
    """The pictures and boxes of lines, cut so that less remains to be recognised.

    `height`, `step`: lines are recognised at this height, and at a width that is a multiple of the other. Where the blank ends
    suffice, a line is cut to such a width and needs no stretching; where nothing would be saved, it stays as it is.
    """
    shorter, narrower = list(pictures), boxes.copy()
    for number, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
        if _is_upright(box):
            continue
        start, end = _kept_columns(picture, height, step)
        shorter[number] = picture[:, start:end]
        narrower[number] = _part_of(box, start / picture.shape[1], end / picture.shape[1])
    return shorter, narrower


def _kept_columns(picture: "Picture", height: int, step: int) -> tuple[int, int]:
    rows, columns = picture.shape[:2]
    start, end = _printed_columns(picture)
    needed = max(
        (end - start) / rows + 2 * _MARGIN, 1
    )  # in heights; a picture that is taller than wide would be turned
    kept = math.floor(math.ceil(height * needed / step) * step * rows / height)
    if kept > columns:
        return 0, columns
    start = min(max(0, (start + end - kept) // 2), columns - kept)
    return start, start + kept


def _printed_columns(picture: "Picture") -> tuple[int, int]:
    """(first, one after the last) of the columns that show print; all of them if none does."""
    import numpy as np

    contrast = (picture.max(axis=0) - picture.min(axis=0)).max(axis=1)
    printed = np.flatnonzero(contrast > max(_BLANK, _FAINT * _clear(contrast)))
    return (int(printed[0]), int(printed[-1]) + 1) if len(printed) else (0, picture.shape[1])


def _clear(contrast: "npt.NDArray[np.uint8]") -> float:
    """The percentile of the contrasts of the columns: bit by bit that of `np.percentile`, which takes five times as long."""
    import numpy as np

    place = (len(contrast) - 1) * (_CONTRAST_PERCENTILE / 100)
    lower, upper = math.floor(place), math.ceil(place)
    low, high = (int(value) for value in np.partition(contrast, (lower, upper))[[lower, upper]])
    share = place - lower
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def _is_upright(box: "Boxes") -> bool:
    """Whether the line runs up or down: its picture was turned, so that columns of the picture are rows of the page."""
    import numpy as np

    return bool(np.linalg.norm(box[0] - box[1]) <= np.linalg.norm(box[0] - box[3]))


def _part_of(box: "Boxes", start: float, end: float) -> "Boxes":
    """The part of a line between two places along it, 0..1."""
    import numpy as np

    top, bottom = box[1] - box[0], box[2] - box[3]
    parts = (box[0] + start * top, box[0] + end * top, box[3] + end * bottom, box[3] + start * bottom)
    return np.stack(parts).astype(box.dtype)
