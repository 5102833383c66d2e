"""Pages of one layout: which of them may be copies of each other, without comparing all pairs.

The pages of a layout are aligned to one of them, the leader. In its frame, the places where the pages vary most (their values)
are cut out; what is left of two pages there is a vector, and two copies have near vectors. A search over these vectors gives
the pairs that are worth comparing: first at low resolution, and, where pages share nearly all of their values, at the full
resolution of a look. See docs/decisions/0019.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.alignment import Alignment, Template, fitted, warped
from ocr_pipeline.documents.looks import Look
from ocr_pipeline.documents.same_print import outlier

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Image = npt.NDArray[np.uint8]

SAME_LAYOUT = 0.72
"""Correlation with a leader from which a page belongs to its layout. A copy of the page has nearly the same correlation."""

MAYBE_LAYOUT = 0.6
"""Correlation from which a page is compared with the pages of the layout."""

MIN_PLACE = (0.75, 0.80)
"""Correlation of each place with values in two copies, at least: at low and at full resolution. Copies that were rescanned or
rotated by 1 degree have 0.85 and 0.83 (benchmarks/duplicates.py)."""

MIN_PLACES = (0.90, 0.90)
"""The same for all places on average. These copies have 0.94."""

MAX_OUTLIER = 9.0
"""Like `same_print.MAX_OUTLIER`, for places only: a little more, as the places are cut out with a rougher alignment."""

_PATIENT = ((96, 15), (192, 5))  # longer side in pixels, iterations
_SAMPLE, _PAGES_FOR_PLACES = 128, 64  # pages that directions and places are chosen by
_PLACES, _STATIC = 64, 12
_VARIES = 0.03  # of the variance of the place that varies most
_FAINT = 0.5  # of the usual contrast of a place; a page with less there counts as nearly blank
_PAPER = 8.0  # standard deviation of 0..255; less is no print
_SIDE, _STEP, _MARGIN = 13, 9, 0.04  # pixels of the small look; share of the page: copies lack their edges
_SLACK = 2  # pixels of the large look
_DIRECTIONS = 32
_ROWS, _PAIRS = 64, 256  # that are searched for and compared at a time
_FEW = 8  # pairs, and one for 8 pages, up to which full resolution is not looked at first


@dataclass
class Frame:
    """Pages of one layout in the coordinates of its leader. `small` are the pages of the sample, by row."""

    pages: list[int]
    alignments: list[Alignment]
    own: set[int]
    """Pages that certainly have this layout; the others may."""


def layouts(
    own: Sequence[int], others: Sequence[int], look: Callable[[int], Look | None]
) -> Iterator[tuple[Frame, Look]]:
    """Frames that together hold each two alike pages of `own`, and of `own` and `others`."""
    left = list(own)
    while left:
        leader, candidates = left[0], [*left[1:], *others]
        first = look(leader)
        template = Template(first.small(), _PATIENT, 1e-3, 2, 0.9) if first else None
        itself = template.align(template.page) if template else None
        if first is None or template is None or itself is None:  # gone, or blank
            left = left[1:]
            continue
        frame, homeless = Frame([leader], [itself], {leader}), set(left)
        for page in candidates:
            second = look(page)
            alignment = template.align(fitted(second.small(), first.small_shape)) if second else None
            if alignment is None or alignment.correlation < MAYBE_LAYOUT:
                continue
            frame.pages.append(page)
            frame.alignments.append(alignment)
            if page in homeless and alignment.correlation >= SAME_LAYOUT:
                frame.own.add(page)
        left = [page for page in left if page not in frame.own]
        yield frame, first


def alike_in(frame: Frame, leader: Look, look: Callable[[int], Look | None]) -> Iterator[tuple[int, int]]:
    """Pairs of pages of a frame that may be copies, the nearest first. Linear in the pages, but for the pairs themselves."""
    import numpy as np

    shape = leader.small_shape
    small = _Cutter(shape, 1.0, 0)
    sample = np.unique(np.linspace(0, len(frame.pages) - 1, _PAGES_FOR_PLACES).astype(int))
    varying, static = _places(small.page(look(frame.pages[row]), frame.alignments[row]) for row in sample)
    if not varying:
        varying = static
    if not varying:  # too narrow for a place: nothing tells them apart but a comparison
        yield from (pair for pair in combinations(frame.pages, 2) if not frame.own.isdisjoint(pair))
        return
    aligned = list(zip(frame.pages, frame.alignments, strict=True))
    cut = np.stack([small.cut(look(page), alignment, varying) for page, alignment in aligned])
    found = _found(_Near(cut, MIN_PLACE[0], MIN_PLACES[0]), len(cut), at_most=_FEW + len(cut) // 8)
    checks: _Checks | None = None
    if found is None:
        scale = max(leader.large_shape) / max(shape)
        large = _Cutter(leader.large_shape, scale, _SLACK)
        cut = np.stack([large.cut(look(page), alignment, [*varying, *static]) for page, alignment in aligned])
        inner = cut[:, : len(varying), _SLACK:-_SLACK, _SLACK:-_SLACK]
        near, checks = _Near(inner, MIN_PLACE[1], MIN_PLACES[1]), _Checks(cut, len(varying))
        found = _found(near, len(cut))
    for _, row, other in sorted(found or []):
        pair = frame.pages[row], frame.pages[other]
        if not frame.own.isdisjoint(pair) and (checks is None or checks.may_be_copies(row, other)):
            yield pair


def _found(near: "_Near", rows: int, at_most: float = math.inf) -> list[tuple[float, int, int]] | None:
    """The pairs that are near, each with its distance; None if there are more than `at_most`."""
    found: list[tuple[float, int, int]] = []
    for row in range(0, rows, _ROWS):
        for pairs in near.pairs(row, _ROWS):
            found += pairs
            if len(found) > at_most:
                return None
    return found


class _Cutter:
    """Cuts places out of pages as they lie in the leader's frame. `scale`: pixels of these pages per pixel of a small look."""

    def __init__(self, shape: tuple[int, ...], scale: float, slack: int) -> None:
        self.shape, self.scale, self.slack = shape, scale, slack
        self._points: Any = None

    def _source(self, look: Look | None) -> Any:
        assert look is not None  # it was there when the frame was made
        return fitted(look.small() if self.scale == 1 else look.large(), self.shape)

    def page(self, look: Look | None, alignment: Alignment) -> Any:
        return warped(self._source(look), alignment.scaled(self.scale))

    def cut(self, look: Look | None, alignment: Alignment, places: Sequence[tuple[int, int]]) -> Any:
        """The places, of shape (places, side, side); (y, x) is the corner of a place in a small look."""
        import cv2
        import numpy as np

        side = round(_SIDE * self.scale) + 2 * self.slack
        if self._points is None:  # of all places, in the leader's frame
            corners = np.array(places, np.float32).T[:, :, None, None] * self.scale - self.slack
            within = np.mgrid[0:side, 0:side].astype(np.float32)[:, None]
            y, x = (corners + within).reshape(2, -1)
            self._points = np.stack([x, y, np.ones_like(x)])
        matrix = alignment.scaled(self.scale).transform
        at = (matrix @ self._points).reshape(2, len(places), side * side)
        cut = cv2.remap(self._source(look), at[0], at[1], cv2.INTER_LINEAR)
        return cut.reshape(len(places), side, side)


def _places(pages: Iterable["Image"]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Corners of the places where pages of one shape vary most, and of those with the same print in all."""
    import cv2
    import numpy as np

    count = 0
    mean: Any = 0.0
    squares: Any = 0.0
    for page in pages:
        blurred = cv2.GaussianBlur(page, (3, 3), 0).astype(np.float32)
        count, mean, squares = count + 1, mean + blurred, squares + blurred * blurred
    mean = mean / count
    variance = squares / count - mean * mean
    height, width = variance.shape
    ys = range(round(_MARGIN * height) + 1, round((1 - _MARGIN) * height) - _SIDE, _STEP)
    xs = range(round(_MARGIN * width) + 1, round((1 - _MARGIN) * width) - _SIDE, _STEP)
    corners = [(y, x) for y in ys for x in xs]

    def total(values: Any) -> Any:
        sums = cv2.boxFilter(values, cv2.CV_32F, (_SIDE, _SIDE), anchor=(0, 0), normalize=True)
        return np.array([sums[corner] for corner in corners])

    varies, print_ = total(variance), total(cv2.absdiff(mean, cv2.blur(mean, (_SIDE, _SIDE))))
    order = np.argsort(-varies)
    enough = max(_VARIES * float(varies[order[0]]), 1.0) if len(order) else 0
    varying = [int(place) for place in order[:_PLACES] if varies[place] >= enough]
    static = [int(place) for place in np.argsort(varies / (print_ + 1) - print_) if place not in varying][:_STATIC]
    return [corners[place] for place in varying], [corners[place] for place in static]


class _Near:
    """Search for pages whose places all correlate with `least` or more, in cuts of shape (pages, places, side, side).

    The distance of two unit vectors tells their correlation, and no projection makes a distance larger (the lower bound of
    GEMINI: Faloutsos et al., 1994). So a search in the directions of most variance loses nothing. A pair costs some tenths of
    a microsecond: it is given up at the first place that differs.
    """

    def __init__(self, cut: Any, least: float, on_average: float) -> None:
        import numpy as np

        sample = np.unique(np.linspace(0, len(cut) - 1, _SAMPLE).astype(int))
        units = _units(cut, sample)
        self._exact, self._projected = units.astype(np.float16), _projected(units, sample)
        self._squares = (self._projected**2).sum(axis=2)
        self._farthest, self._farthest_on_average = 2 - 2 * least, 2 - 2 * on_average  # squares of distances

    def pairs(self, first: int, rows: int) -> Iterator[list[tuple[float, int, int]]]:
        """Pairs of one of some rows and an earlier row that are near: the square of the distance, row, earlier row.

        They come in parts: who wants a few need not wait for all.
        """
        import numpy as np

        last = min(first + rows, self._exact.shape[1])
        row, other = np.nonzero(np.arange(last)[None] < np.arange(first, last)[:, None])
        total = np.zeros(len(row), np.float32)
        for place, squares in zip(self._projected, self._squares, strict=True):
            if 8 * len(row) > rows * last:
                products = (place[first:last] @ place[:last].T)[row, other]
            else:
                products = np.einsum("ij,ij->i", place[first + row], place[other])
            distances = squares[first + row] + squares[other] - 2 * products
            near = distances <= self._farthest
            total, row, other = (total + distances)[near], row[near], other[near]
        near = total <= self._farthest_on_average * len(self._exact)
        row, other = first + row[near], other[near]
        for start in range(0, len(row), _PAIRS):
            yield self._exactly(row[start : start + _PAIRS], other[start : start + _PAIRS])

    def _exactly(self, row: Any, other: Any) -> list[tuple[float, int, int]]:
        import numpy as np

        total, farthest = np.zeros(len(row), np.float32), np.zeros(len(row), np.float32)
        for place in self._exact:
            distances = ((place[row].astype(np.float32) - place[other]) ** 2).sum(axis=1)
            near = distances <= self._farthest
            total, farthest = (total + distances)[near], np.maximum(farthest, distances)[near]
            row, other = row[near], other[near]
        near = total <= self._farthest_on_average * len(self._exact)
        return list(zip(farthest[near].tolist(), row[near].tolist(), other[near].tolist(), strict=True))


def _units(cut: Any, sample: Any) -> "Floats":
    """Vectors of each place, of shape (places, pages, pixels); the distance of two unit vectors tells their correlation.

    Where a page has hardly any print in a place, its vector is shorter: between two pages that are blank there but for the
    edge of a letter there is no correlation, and a copy would be lost.
    """
    import numpy as np

    vectors = cut.reshape(*cut.shape[:2], -1).swapaxes(0, 1).astype(np.float32)
    vectors -= vectors.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    blank = _PAPER * vectors.shape[2] ** 0.5
    printed = np.where(lengths[:, sample] > blank, lengths[:, sample], np.nan)
    with_print = ~np.isnan(printed).all(axis=(1, 2))
    usual = np.full(len(lengths), blank)
    usual[with_print] = np.nanmedian(printed[with_print], axis=(1, 2))
    vectors /= np.maximum(lengths, np.maximum(_FAINT * usual, blank)[:, None, None])
    return np.asarray(vectors, np.float32)


def _projected(vectors: "Floats", sample: Any) -> "Floats":
    """The vectors in the directions in which those of the sample vary most, in all places together."""
    import numpy as np

    chosen = vectors[:, sample].reshape(-1, vectors.shape[2])
    _, directions = np.linalg.eigh(chosen.T @ chosen)
    return np.asarray(vectors @ directions[:, ::-1][:, :_DIRECTIONS], np.float32)


class _Checks:
    """The values of two pages, place by place, at the full resolution of a look."""

    def __init__(self, cut: Any, varying: int) -> None:
        self._cut, self._varying = cut, varying

    def may_be_copies(self, row: int, other: int) -> bool:
        import numpy as np

        side = self._cut.shape[2]
        a, b = (self._cut[number].reshape(-1, side).astype(np.float32) for number in (row, other))
        inside = np.zeros((len(self._cut[row]), side, side), bool)
        inside[:, 5:-5, 5:-5] = True
        usual = inside.copy()
        inside[self._varying :] = False
        usual[: self._varying] = False
        return outlier(a, b, inside.reshape(-1, side), usual.reshape(-1, side)) <= MAX_OUTLIER
