"""Whether two looks show the same print: aligned pages, compared block by block and then place by place.

Two invoices of one template differ in a number or a date only: a hundredth of the page. A copy of an invoice differs from it
everywhere, a little: it was turned, scaled, blurred, encoded again. So what counts is not how far the most different place
differs, but how much further than the rest of the page.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.alignment import Alignment, Template, fitted, warped
from ocr_pipeline.documents.looks import Look

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

MIN_SIMILARITY = 0.83
"""Pages at least this similar are duplicates. benchmarks/duplicates.py: different receipts of the same vendor and layout reach
0.67; 63 of 63 copies that were re-encoded, halved or darkened exceed it."""

MAX_OUTLIER = 7.5
"""A place of the page with print in both differs at most this many times as much as the 5 % most different print. The
same copies reach 6.8; a page with one other digit has 9.5, with another number or date 20; a rescan of such a page less."""

_PATIENT = ((96, 50), (192, 30), (576, 12))  # longer side in pixels, iterations
_BLOCK, _PLACE, _OUTLIER_PIXELS = 49, 7, 20  # a place is a digit; as many pixels around it as a digit has
_HALF_PLACE = 5
_USUAL = ((0.05, 1.0), (0.25, 0.4))
"""Shares of the most different print that the worst place is held against, and how much each counts: where many values differ,
they are among the 5 %. The worst place of copies differs at most 9 times as much as the 25 %; of other invoices of a template
with much text, at least 38 times."""

_NOISE = 0.015  # two pages from one file
_CONTRAST = 30.0  # standard deviation of 0..255: print, not paper
_MIN_PRINT = 500  # pixels; less is a blank page
_TILE, _EDGE, _WORST_TILES, _USUAL_TILES = 64, 5, 12, 24
_PRINTED = 64  # of 255; less is a speck
_SHIFTS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class Comparison:
    """`similarity` is 0..1. `other_values`: the pages have the same layout and text, but for a few places."""

    similarity: float
    other_values: bool = False


def template(look: Look) -> Template:
    """A page that others are compared with."""
    return Template(look.small(), _PATIENT, 1e-4, 4, 0.98)


def compared(first: Look, second: Look, of_first: Template | None = None) -> Comparison:
    """How alike two looks are; 0 if they cannot be aligned or have too little print.

    The second page is aligned to the first by an affine transform. The result is the 2nd percentile of the correlations of
    blocks with print, as a single stain makes no other document. Places of the size of a digit then tell values apart: if
    one differs much more than the rest of the page does, the result is below `MIN_SIMILARITY`.

    Args:
        of_first: `template` of the first look, if it is at hand.
    """
    import cv2
    import numpy as np

    if min(first.large_shape) < _BLOCK:  # a line of pixels, or one
        return Comparison(0.0)
    alignment = (of_first or template(first)).align(fitted(second.small(), first.small_shape))
    if alignment is None:
        return Comparison(0.0)
    part = _around_print(first)
    alignment = alignment.scaled(max(first.large_shape) / max(first.small_shape)).within(part)
    a = cv2.GaussianBlur(first.large(), (3, 3), 0.7)[part]
    b = cv2.GaussianBlur(fitted(second.large(), first.large_shape), (3, 3), 0.7)
    half_a = a[::2, ::2].astype(np.float32)
    half_b = warped(b, alignment.every(2), half_a.shape).astype(np.float32)
    inside = _inside(first.large_shape, alignment, half_a.shape)
    blocks_a, blocks_b = _Squares(half_a, _BLOCK // 2), _Squares(half_b, _BLOCK // 2)
    contrast = np.maximum(blocks_a.variance, blocks_b.variance)
    with_print = _eroded(inside, _BLOCK // 2 + 3) & (contrast >= (0.7 * float(half_a.std())) ** 2)
    if np.count_nonzero(with_print) < _MIN_PRINT:
        return Comparison(0.0)
    score = min(max(_quantile(blocks_a.correlations(blocks_b)[with_print], 0.02), 0.0), 1.0)
    if score < MIN_SIMILARITY:
        return Comparison(score)
    ratio = _page_outlier(a, b, alignment, (half_a, half_b), _eroded(inside, _PLACE))
    return Comparison(score) if ratio <= MAX_OUTLIER else Comparison(MIN_SIMILARITY * MAX_OUTLIER / ratio, True)


def _page_outlier(a: Any, b: Any, alignment: Alignment, halves: tuple[Any, Any], inside: Any) -> float:
    """`outlier` of whole pages: of the tiles that differ most without a shift, next to a sample of all tiles with print.

    Args:
        b: the second page as it is, to be aligned.
        halves: both pages at half the resolution, by which these tiles are chosen.
        inside: where to look, at half the resolution.
    """
    import numpy as np

    half_a, half_b = (_Squares(half, _HALF_PLACE) for half in halves)
    both = inside & (np.minimum(half_a.variance, half_b.variance) >= _CONTRAST**2)
    differs = np.where(both, 1 - half_a.correlations(half_b), -1)
    step = _TILE - 2 * _EDGE
    rows, columns = (np.arange(0, length - _TILE + 1, step) for length in a.shape)
    if not len(rows) or not len(columns):
        return 0.0
    inner = differs[_EDGE // 2 :, _EDGE // 2 :][: len(rows) * step // 2, : len(columns) * step // 2]
    most = np.maximum.reduceat(np.maximum.reduceat(inner, rows // 2, axis=0), columns // 2, axis=1)
    tiles = [(float(most[row, column]), (y, x)) for row, y in enumerate(rows) for column, x in enumerate(columns)]
    tiles = [tile for tile in tiles if tile[0] >= 0]
    if not tiles:
        return 0.0
    worst = [corner for _, corner in sorted(tiles, reverse=True)[:_WORST_TILES]]
    numbers = np.unique(np.linspace(0, len(tiles) - 1, _USUAL_TILES).astype(int))
    chosen = [*worst, *(tiles[int(number)][1] for number in numbers)]
    shape = (_TILE, _TILE)
    of_a = np.concatenate([_tile(a, corner) for corner in chosen])
    of_b = np.concatenate([warped(b, alignment.within(_slices(corner)), shape) for corner in chosen])
    doubled = inside.repeat(2, axis=0).repeat(2, axis=1)
    in_tiles = np.stack([_inner(_tile(doubled, corner)) for corner in chosen])
    in_worst, in_sample = in_tiles.copy(), in_tiles
    in_worst[len(worst) :] = False
    in_sample[: len(worst)] = False
    return outlier(
        of_a.astype(np.float32), of_b.astype(np.float32), in_worst.reshape(-1, _TILE), in_sample.reshape(-1, _TILE)
    )


def _slices(corner: tuple[int, int]) -> tuple[slice, slice]:
    y, x = corner
    return slice(y, y + _TILE), slice(x, x + _TILE)


def _tile(image: Any, corner: tuple[int, int]) -> Any:
    return image[_slices(corner)]


def _inner(tile: Any) -> Any:
    """The tile without its edges, where the neighbours in a mosaic are seen."""
    import numpy as np

    inner = np.zeros_like(tile)
    inner[_EDGE:-_EDGE, _EDGE:-_EDGE] = tile[_EDGE:-_EDGE, _EDGE:-_EDGE]
    return inner


def outlier(a: Any, b: Any, inside: Any, usual: Any = None) -> float:
    """How many times as much as the most different print usually does (`_USUAL`) the most different digit differs, between
    aligned pages.

    Only places with print in both count: a stain, a stamp or a note on paper is no other value.

    Args:
        usual: where to look for how much print usually differs; None: everywhere `inside`.
    """
    import numpy as np

    height, width = a.shape
    squares_a, squares_b = _Squares(a, _PLACE), _Squares(b, _PLACE)
    best = squares_a.correlations(squares_b)
    both = np.minimum(squares_a.variance, squares_b.variance) >= _CONTRAST**2
    for y, x in _SHIFTS:
        to = (slice(max(y, 0), height + min(y, 0)), slice(max(x, 0), width + min(x, 0)))
        from_ = (slice(max(-y, 0), height + min(-y, 0)), slice(max(-x, 0), width + min(-x, 0)))
        np.maximum(best[to], squares_a.part(to).correlations(squares_b.part(from_)), out=best[to])
    places, all_print = best[inside & both], best[(inside if usual is None else usual) & both]
    if min(len(places), len(all_print)) < _MIN_PRINT:
        return 0.0
    most = 1 - float(np.partition(places, _OUTLIER_PIXELS)[_OUTLIER_PIXELS])
    return max(weight * most / max(1 - _quantile(all_print, share), _NOISE) for share, weight in _USUAL)


def _quantile(values: Any, share: float) -> float:
    """Without an interpolation, in a quarter of numpy's time."""
    import numpy as np

    position = int(share * (len(values) - 1))
    return float(np.partition(values, position)[position])


def _around_print(look: Look) -> tuple[slice, slice]:
    """The part of a large print that is not paper, with a margin: comparing paper takes as long."""
    import numpy as np

    small, scale, found = look.small(), max(look.large_shape) / max(look.small_shape), []
    for axis, length in ((1, look.large_shape[0]), (0, look.large_shape[1])):
        has = np.flatnonzero(small.max(axis=axis) >= _PRINTED)
        ends = (int(has[0] * scale) - _TILE, int(has[-1] * scale) + _TILE) if len(has) else (0, length)
        found.append(slice(max(0, ends[0]) // 2 * 2, min(length, ends[1])))
    return found[0], found[1]


def _inside(whole: tuple[int, int], alignment: Alignment, shape: tuple[int, ...]) -> Any:
    """Which pixels of a part of the first page the second covers, at half the resolution and of this shape."""
    import numpy as np

    page = np.full((whole[0] // 2, whole[1] // 2), 255, np.uint8)
    inside = warped(page, alignment.scaled(0.5), shape) > 250
    inside[[0, -1]] = inside[:, [0, -1]] = False
    return inside


def _eroded(inside: Any, side: int) -> Any:
    import cv2
    import numpy as np

    return cv2.erode(inside.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


class _Squares:
    """The squares around each pixel of a page: what does not depend on the page that they are compared with."""

    def __init__(self, page: Any, side: int) -> None:
        import cv2
        import numpy as np

        self.page, self.side = page, side
        self.mean = cv2.blur(page, (side, side))
        self.variance = cv2.blur(page * page, (side, side))
        self.variance -= self.mean * self.mean
        self.scale = np.maximum(self.variance, 1)
        np.reciprocal(np.sqrt(self.scale, out=self.scale), out=self.scale)

    def part(self, where: tuple[slice, slice]) -> "_Squares":
        part = object.__new__(_Squares)
        part.page, part.side, part.mean = self.page[where], self.side, self.mean[where]
        part.variance, part.scale = self.variance[where], self.scale[where]
        return part

    def correlations(self, other: "_Squares") -> Any:
        """Correlations with the squares of another page of this shape."""
        import cv2

        found = cv2.blur(self.page * other.page, (self.side, self.side))
        found -= self.mean * other.mean
        found *= self.scale
        found *= other.scale
        return found
