"""Pages of one layout: which of them may be copies of each other, without comparing all pairs.

The pages of a layout are aligned to one of them, the leader. In its frame, the places where the pages vary most (their values)
are cut out; what is left of two pages there is a vector, and two copies have near vectors. A search tree over these vectors
gives the pairs that are worth comparing: first at low resolution, and, where pages share nearly all of their values, at the
full resolution of a look. See docs/decisions/0019.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.looks import Look
from ocr_pipeline.documents.same_print import Alignment, Pyramid, align, fitted, outlier, pyramid, warped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Image = npt.NDArray[np.uint8]

SAME_LAYOUT = 0.72
"""Correlation with a leader from which a page belongs to its layout. A copy of the page has nearly the same correlation."""

MAYBE_LAYOUT = 0.6
"""Correlation from which a page is compared with the pages of the layout."""

MIN_PLACE = (0.70, 0.80)
"""Correlation of each place with values in two copies, at least: at low and at full resolution. Copies that were rescanned or
rotated by 1 degree have 0.89 at full resolution (benchmarks/duplicates.py)."""

MAX_OUTLIER = 9.0
"""Like `same_print.MAX_OUTLIER`, for places only: a little more, as the places are cut out with a rougher alignment."""

_ALIGN_SIDES = ((96, 15), (192, 5))
_SAMPLE = 128  # pages that places and directions are chosen by
_PLACES, _STATIC = 64, 12
_VARIES = 0.03  # of the variance of the place that varies most
_PAPER = 8.0  # standard deviation of 0..255; less is no print
_SIDE, _STEP, _MARGIN = 9, 6, 0.04  # pixels of the small look; share of the page: copies lack their edges
_SLACK = 2  # pixels of the large look
_DIRECTIONS = 16
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
        target = _pyramid(first.small()) if first else None
        itself = align(target, target) if target else None
        if first is None or target is None or itself is None:  # gone, or blank
            left = left[1:]
            continue
        frame, homeless, shape = Frame([leader], [itself], {leader}), set(left), first.small().shape
        for page in candidates:
            second = look(page)
            alignment = align(target, _pyramid(fitted(second.small(), shape))) if second else None
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

    shape = leader.small().shape
    small = _Cutter(shape, 1.0, 0)
    sample = np.unique(np.linspace(0, len(frame.pages) - 1, _SAMPLE).astype(int))
    varying, static = _places(np.stack([small.page(look(frame.pages[row]), frame.alignments[row]) for row in sample]))
    if not varying:
        varying = static
    aligned = list(zip(frame.pages, frame.alignments, strict=True))
    cut = np.stack([small.cut(look(page), alignment, varying) for page, alignment in aligned])
    found = _found(_Near(cut, MIN_PLACE[0]), len(cut), at_most=_FEW + len(cut) // 8)
    checks: _Checks | None = None
    if found is None:
        scale = max(leader.large().shape) / max(shape)
        large = _Cutter(leader.large().shape, scale, _SLACK)
        cut = np.stack([large.cut(look(page), alignment, [*varying, *static]) for page, alignment in aligned])
        inner = cut[:, : len(varying), _SLACK:-_SLACK, _SLACK:-_SLACK]
        near, checks = _Near(inner, MIN_PLACE[1]), _Checks(cut, len(varying))
        found = _found(near, len(cut))
    for _, row, other in sorted(found or []):
        pair = frame.pages[row], frame.pages[other]
        if not frame.own.isdisjoint(pair) and (checks is None or checks.may_be_copies(row, other)):
            yield pair


def _found(near: "_Near", rows: int, at_most: float = math.inf) -> list[tuple[float, int, int]] | None:
    """The pairs that are near, each with its distance; None if there are more than `at_most`."""
    found: list[tuple[float, int, int]] = []
    for row in range(1, rows):
        found += [(distance, row, other) for other, distance in near.before(row)]
        if len(found) > at_most:
            return None
    return found


def _pyramid(page: "Image") -> Pyramid:
    return pyramid(page, _ALIGN_SIDES, 1e-3)


class _Cutter:
    """Cuts places out of pages as they lie in the leader's frame. `scale`: pixels of these pages per pixel of a small look."""

    def __init__(self, shape: tuple[int, ...], scale: float, slack: int) -> None:
        self.shape, self.scale, self.slack = shape, scale, slack

    def _source(self, look: Look | None) -> Any:
        assert look is not None  # it was there when the frame was made
        return fitted(look.small() if self.scale == 1 else look.large(), self.shape)

    def page(self, look: Look | None, alignment: Alignment) -> Any:
        return warped(self._source(look), alignment)

    def cut(self, look: Look | None, alignment: Alignment, places: Sequence[tuple[int, int]]) -> Any:
        """The places, of shape (places, side, side); (y, x) is the corner of a place in a small look."""
        import cv2
        import numpy as np

        source = self._source(look)
        side = round(_SIDE * self.scale) + 2 * self.slack
        matrix = np.array(alignment.transform, np.float32)
        matrix[:, 2] *= self.scale
        cut = np.empty((len(places), side, side), np.uint8)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        for number, (y, x) in enumerate(places):
            corner = np.array([x * self.scale - self.slack, y * self.scale - self.slack], np.float32)
            moved = matrix.copy()
            moved[:, 2] += matrix[:, :2] @ corner
            cut[number] = cv2.warpAffine(source, moved, (side, side), flags=flags)
        return cut


def _places(pages: Any) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Corners of the places where pages of shape (pages, height, width) vary most, and of those with the same print in all."""
    import cv2
    import numpy as np

    blurred = np.stack([cv2.GaussianBlur(page, (3, 3), 0) for page in pages]).astype(np.float32)
    height, width = pages.shape[1:]
    ys = range(round(_MARGIN * height) + 1, round((1 - _MARGIN) * height) - _SIDE, _STEP)
    xs = range(round(_MARGIN * width) + 1, round((1 - _MARGIN) * width) - _SIDE, _STEP)
    corners = [(y, x) for y in ys for x in xs]

    def total(values: Any) -> Any:
        sums = cv2.boxFilter(values, cv2.CV_32F, (_SIDE, _SIDE), anchor=(0, 0), normalize=True)
        return np.array([sums[corner] for corner in corners])

    varies = total(blurred.var(axis=0))
    print_ = total(cv2.absdiff(blurred.mean(axis=0), cv2.blur(blurred.mean(axis=0), (_SIDE, _SIDE))))
    order = np.argsort(-varies)
    enough = max(_VARIES * float(varies[order[0]]), 1.0) if len(order) else 0
    varying = [int(place) for place in order[:_PLACES] if varies[place] >= enough]
    static = [int(place) for place in np.argsort(varies / (print_ + 1) - print_) if place not in varying][:_STATIC]
    return [corners[place] for place in varying], [corners[place] for place in static]


class _Near:
    """Search for pages whose places all correlate with `least` or more, in cuts of shape (pages, places, side, side).

    The distance of two unit vectors tells their correlation, and no projection makes a distance larger (the lower bound of
    GEMINI: Faloutsos et al., 1994). So a search in the directions of most variance loses nothing: a k-d tree over all places
    together, then place by place.
    """

    def __init__(self, cut: Any, least: float) -> None:
        import numpy as np
        from scipy.spatial import cKDTree

        sample = np.unique(np.linspace(0, len(cut) - 1, 2 * _SAMPLE).astype(int))
        self._places = np.stack([_projected(_units(cut[:, place]), sample) for place in range(cut.shape[1])], axis=1)
        self._farthest = 2 - 2 * least  # square of the distance
        together = _projected(self._places.reshape(len(cut), -1) / np.sqrt(cut.shape[1]), sample)
        self._together, self._tree = together, cKDTree(together)
        self._radius = float(self._farthest**0.5) + 1e-4

    def before(self, row: int) -> list[tuple[int, float]]:
        """Earlier rows that are near, and how far they are."""
        import numpy as np

        found = np.array(self._tree.query_ball_point(self._together[row], self._radius), int)
        found = found[found < row]
        distances = ((self._places[found] - self._places[row]) ** 2).sum(axis=2).max(axis=1, initial=0)
        near = distances <= self._farthest
        return list(zip(found[near].tolist(), distances[near].tolist(), strict=True))


def _units(cut: Any) -> "Floats":
    """Unit vectors of one place, of shape (pages, side, side): the product of two is their correlation."""
    import numpy as np

    flat = cut.reshape(len(cut), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    least = _PAPER * np.sqrt(flat.shape[1])
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), least), np.float32)


def _projected(vectors: "Floats", sample: Any) -> "Floats":
    """The vectors in the directions in which those of the sample vary most."""
    import numpy as np

    chosen = vectors[sample] - vectors[sample].mean(axis=0)
    small, large = sorted(chosen.shape)
    square = chosen @ chosen.T if len(chosen) == small else chosen.T @ chosen
    _, found = np.linalg.eigh(square)
    strongest = found[:, ::-1][:, :_DIRECTIONS]
    if len(chosen) == small and small != large:
        strongest = chosen.T @ strongest
    directions, _ = np.linalg.qr(strongest)
    return np.asarray(vectors @ directions, np.float32)


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
