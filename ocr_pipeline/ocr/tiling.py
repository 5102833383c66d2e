"""Very tall and very wide pages in tiles, for engines that reduce a whole page to a fixed size: till rolls get illegible."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ocr_pipeline.ocr.regions import Region
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

Read = Callable[["Image"], Sequence[Word]]
"""A picture, shape (height, width) or (height, width, 3) -> its words, with boxes relative to it."""


def read_tiles(image: "Image", regions: Sequence[Region], read: Read) -> list[Word]:
    """The words of all tiles, with boxes relative to the page. Of what two tiles share each keeps the half on its side."""
    height, width = image.shape[:2]
    across = width > height
    words: list[Word] = []
    for number, region in enumerate(regions):
        part = image[region.y0 : region.y1, region.x0 : region.x1]
        ends = _seams(regions, number, across)
        first_line = max((word.line for word in words), default=-1) + 1
        for word in read(part):
            placed = _on_page(word, region, width, height)
            middle = (placed[0] + placed[2]) / 2 * width if across else (placed[1] + placed[3]) / 2 * height
            if ends[0] <= middle < ends[1]:
                words.append(word.model_copy(update={"box": placed, "line": word.line + first_line}))
    return words


def _seams(regions: Sequence[Region], number: int, across: bool) -> tuple[float, float]:
    """Where a tile's own part of the page begins and ends, in pixels: in the middle of what it shares with its neighbours."""

    def span(region: Region) -> tuple[int, int]:
        return (region.x0, region.x1) if across else (region.y0, region.y1)

    start, end = span(regions[number])
    before = (span(regions[number - 1])[1] + start) / 2 if number else float("-inf")
    after = (end + span(regions[number + 1])[0]) / 2 if number + 1 < len(regions) else float("inf")
    return before, after


def _on_page(word: Word, region: Region, width: int, height: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = word.box
    across, down = region.x1 - region.x0, region.y1 - region.y0
    return (
        (region.x0 + x0 * across) / width,
        (region.y0 + y0 * down) / height,
        min(1.0, (region.x0 + x1 * across) / width),
        min(1.0, (region.y0 + y1 * down) / height),
    )
