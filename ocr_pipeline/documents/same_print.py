"""Whether two looks show the same print: aligned pages, compared block by block and then place by place.

Two invoices of one template differ in a number or a date only: a hundredth of the page. A copy of an invoice differs from it
everywhere, a little: it was turned, scaled, blurred, encoded again. So what counts is not how far the most different place
differs, but how much further than the rest of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

_ALIGN_SIDES = ((96, 50), (192, 30), (384, 20))  # longer side in pixels, iterations
_BLOCK, _PLACE, _OUTLIER_PIXELS = 49, 7, 20  # a place is a digit; as many pixels around it as a digit has
_NOISE = 0.015  # two pages from one file
_CONTRAST = 30.0  # standard deviation of 0..255: print, not paper
_MIN_PRINT = 500  # pixels; less is a blank page
_TILE, _EDGE, _WORST_TILES = 64, 5, 12
_SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class Alignment:
    """`transform` takes pixels of the first page to pixels of the second, which has the first one's size."""

    transform: Any
    correlation: float


@dataclass(frozen=True)
class Comparison:
    """`similarity` is 0..1. `other_values`: the pages have the same layout and text, but for a few places."""

    similarity: float
    other_values: bool = False


def compared(first: "Image", second: "Image") -> Comparison:
    """How alike two large looks are; 0 if they cannot be aligned or have too little print.

    The second page is aligned to the first by an affine transform (ECC: Evangelidis and Psarakis, 2008). The result is the
    2nd percentile of the correlations of blocks with print, as a single stain makes no other document. Places of the size of
    a digit then tell values apart: if one differs much more than the rest of the page does, the result is below
    `MIN_SIMILARITY`.
    """
    import cv2
    import numpy as np

    second = fitted(second, first.shape)
    alignment = align(pyramid(first), pyramid(second))
    if alignment is None:
        return Comparison(0.0)
    a = cv2.GaussianBlur(first, (3, 3), 0.7).astype(np.float32)
    b = cv2.GaussianBlur(warped(second, alignment), (3, 3), 0.7).astype(np.float32)
    inside = _inside(first.shape, alignment)
    blocks, contrast, _ = _correlations(a[::2, ::2], b[::2, ::2], _BLOCK // 2)
    with_print = _eroded(inside, _BLOCK + 6)[::2, ::2] & (contrast >= (0.7 * float(a.std())) ** 2)
    if np.count_nonzero(with_print) < _MIN_PRINT:
        return Comparison(0.0)
    score = float(np.clip(np.quantile(blocks[with_print], 0.02), 0, 1))
    if score < MIN_SIMILARITY:
        return Comparison(score)
    ratio = _page_outlier(a, b, _eroded(inside, 2 * _PLACE + 1))
    return Comparison(score) if ratio <= MAX_OUTLIER else Comparison(MIN_SIMILARITY * MAX_OUTLIER / ratio, True)


def _page_outlier(a: Any, b: Any, inside: Any) -> float:
    """`outlier` of whole pages: of the tiles that differ most without a shift, next to a sample of all tiles with print."""
    import numpy as np

    correlations, _, contrast = _correlations(a, b, _PLACE)
    both = inside & (contrast >= _CONTRAST**2)
    differs = np.where(both, 1 - correlations, 0)
    height, width = a.shape
    step = _TILE - 2 * _EDGE
    corners = [(y, x) for y in range(0, height - _TILE + 1, step) for x in range(0, width - _TILE + 1, step)]
    tiles = [(float(_tile(differs, corner).max()), corner) for corner in corners if _tile(both, corner).any()]
    if not tiles:
        return 0.0
    worst = [corner for _, corner in sorted(tiles, reverse=True)[:_WORST_TILES]]
    sample = [
        tiles[int(number)][1] for number in np.unique(np.linspace(0, len(tiles) - 1, 2 * _WORST_TILES).astype(int))
    ]
    chosen = [*worst, *sample]
    mosaics = [np.concatenate([_tile(image, corner) for corner in chosen]) for image in (a, b)]
    in_worst, in_sample = (
        np.concatenate([_inner(_tile(inside, corner)) & (number in numbers) for number, corner in enumerate(chosen)])
        for numbers in (range(len(worst)), range(len(worst), len(chosen)))
    )
    return outlier(mosaics[0], mosaics[1], in_worst, in_sample)


def _tile(image: Any, corner: tuple[int, int]) -> Any:
    y, x = corner
    return image[y : y + _TILE, x : x + _TILE]


def _inner(tile: Any) -> Any:
    """The tile without its edges, where the neighbours in a mosaic are seen."""
    import numpy as np

    inner = np.zeros_like(tile)
    inner[_EDGE:-_EDGE, _EDGE:-_EDGE] = tile[_EDGE:-_EDGE, _EDGE:-_EDGE]
    return inner


def outlier(a: Any, b: Any, inside: Any, usual: Any = None) -> float:
    """How many times as much as the 5 % most different print the most different digit differs, between aligned pages.

    Only places with print in both count: a stain, a stamp or a note on paper is no other value.

    Args:
        usual: where to look for how much print usually differs; None: everywhere `inside`.
    """
    import numpy as np

    height, width = a.shape
    best: Any = None
    for y, x in _SHIFTS:
        shifted = np.zeros_like(b)
        shifted[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = b[
            max(-y, 0) : height + min(-y, 0), max(-x, 0) : width + min(-x, 0)
        ]
        correlations, _, contrast = _correlations(a, shifted, _PLACE)
        if best is None:
            best, both = correlations, contrast >= _CONTRAST**2
        else:
            np.maximum(best, correlations, out=best)
    places, all_print = best[inside & both], best[(inside if usual is None else usual) & both]
    if min(len(places), len(all_print)) < _MIN_PRINT:
        return 0.0
    typical = 1 - float(np.quantile(all_print, 0.05))
    return (1 - float(np.partition(places, _OUTLIER_PIXELS)[_OUTLIER_PIXELS])) / max(typical, _NOISE)


@dataclass(frozen=True)
class Pyramid:
    """A page at the sizes at which it is aligned, coarse to fine, and how much smaller each of them is."""

    levels: list[tuple[Any, float]]
    iterations: tuple[int, ...]
    precision: float


def pyramid(page: "Image", sides: Sequence[tuple[int, int]] = _ALIGN_SIDES, precision: float = 1e-4) -> Pyramid:
    """Args: sides: longer sides in pixels, with the number of iterations; precision: change of correlation to stop at."""
    import cv2

    levels = []
    for side, _ in sides:
        factor = min(1.0, side / max(page.shape))
        size = (max(1, round(page.shape[1] * factor)), max(1, round(page.shape[0] * factor)))
        levels.append((cv2.GaussianBlur(cv2.resize(page, size, interpolation=cv2.INTER_AREA), (5, 5), 0), factor))
    return Pyramid(levels, tuple(iterations for _, iterations in sides), precision)


def align(first: Pyramid, second: Pyramid) -> Alignment | None:
    """The affine transform from pixels of the first page to those of the second, of the same size."""
    import cv2
    import numpy as np

    transform, scale, correlation = np.eye(2, 3, dtype=np.float32), 1.0, 0.0
    for (a, factor), (b, _), iterations in zip(first.levels, second.levels, first.iterations, strict=True):
        transform[:, 2] *= factor / scale
        scale = factor
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, iterations, first.precision)
        mask = np.full(a.shape, 255, np.uint8)
        try:
            correlation, estimate = cv2.findTransformECC(a, b, transform, cv2.MOTION_AFFINE, criteria, mask, 1)
        except cv2.error:  # did not converge
            return None
        if correlation < 0.5:
            return None
        transform = np.asarray(estimate, np.float32)
    transform[:, 2] /= scale
    distortion = abs(np.linalg.det(transform[:, :2]) - 1)
    return Alignment(transform, float(correlation)) if distortion < 0.3 else None


def fitted(page: "Image", shape: tuple[int, ...]) -> "Image":
    """The page at the size of another one."""
    import cv2
    import numpy as np

    if page.shape == shape:
        return page
    smaller = shape[0] < page.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(page, (shape[1], shape[0]), interpolation=how), np.uint8)


def warped(page: "Image", alignment: Alignment) -> Any:
    """The second page as it lies on the first."""
    import cv2

    size = (page.shape[1], page.shape[0])
    return cv2.warpAffine(page, alignment.transform, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _inside(shape: tuple[int, ...], alignment: Alignment) -> Any:
    """Which pixels of the first page the second covers."""
    import numpy as np

    inside = warped(np.full(shape, 255, np.uint8), alignment) > 250
    inside[[0, -1]] = inside[:, [0, -1]] = False
    return inside


def _eroded(inside: Any, side: int) -> Any:
    import cv2
    import numpy as np

    return cv2.erode(inside.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def _correlations(a: Any, b: Any, side: int) -> tuple[Any, Any, Any]:
    """Correlations of the squares around each pixel, and the larger and the smaller variance of the two squares."""
    import cv2
    import numpy as np

    def mean(pixels: Any) -> Any:
        return cv2.blur(pixels, (side, side))

    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a * mean_a, mean(b * b) - mean_b * mean_b
    covariance = mean(a * b) - mean_a * mean_b
    product = np.maximum(variance_a, 1) * np.maximum(variance_b, 1)
    return covariance / np.sqrt(product), np.maximum(variance_a, variance_b), np.minimum(variance_a, variance_b)
