"""Fingerprints of documents, and which of them are near enough to be looked at: the first index of near-duplicates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.perceptual import HASH_BITS, HASH_PREFIX, MAX_DISTANCE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_STRETCH = 0.06
"""Two pages are compared only if their aspect ratios differ by at most this share."""

_HOME_DISTANCE = 40  # hash bits from the page that a neighbourhood is around


@dataclass(frozen=True)
class Fingerprint:
    """The values that documents are compared by. `perceptual_hash` and `aspect` (width / height) are of the first page."""

    document_id: str
    sha256: str
    pages: int
    perceptual_hash: str
    aspect: float


class Neighbours:
    """Pages by position in `fingerprints`, and which of them have near hashes, similar shapes and equal page counts."""

    def __init__(self, fingerprints: Sequence[Fingerprint]) -> None:
        import numpy as np

        digits = b"".join(bytes.fromhex(print_.perceptual_hash.removeprefix(HASH_PREFIX)) for print_ in fingerprints)
        self._hashes = np.frombuffer(digits, np.uint64).reshape(len(fingerprints), HASH_BITS // 64)
        # Page counts are far apart, so that one number tells shapes and counts apart.
        self._shapes = np.array([print_.pages * 1e6 + np.log(max(print_.aspect, 1e-3)) for print_ in fingerprints])

    def have_one_shape(self, first: int, second: int) -> bool:
        """Whether two pages have similar shapes, and their documents equal page counts."""
        return bool(abs(self._shapes[first] - self._shapes[second]) <= MAX_STRETCH)

    def neighbourhoods(self) -> Iterator[tuple[list[int], list[int]]]:
        """Pages that lie near one, and others that may be near one of those.

        Each page is in one neighbourhood of its own. No near pair is lost: a page within `MAX_DISTANCE` bits of one that is
        h bits from the middle is within h + `MAX_DISTANCE` of the middle (triangle inequality). The largest come first.
        A middle is compared with all pages of its shape, so the time grows with pages x layouts.
        """
        import numpy as np

        middle_of, away = self._homes
        middles, sizes = np.unique(middle_of, return_counts=True)
        rank = np.zeros(len(middle_of), int)
        rank[middles[np.argsort(-sizes, kind="stable")]] = np.arange(len(middles))
        for middle in sorted(middles, key=lambda page: int(rank[page])):
            own = np.flatnonzero(middle_of == middle)
            reach, stretch = (
                MAX_DISTANCE + int(away[own].max()),
                MAX_STRETCH + float(np.abs(self._shapes[own] - self._shapes[middle]).max()),
            )
            low, high = np.searchsorted(self._shapes, self._shapes[middle] + np.array([-stretch, stretch]))
            high = min(int(high) + 1, len(self._shapes))
            near = int(low) + np.flatnonzero(self._distances(middle, slice(int(low), high)) <= reach)
            others = near[
                rank[middle_of[near]] > rank[middle]
            ]  # a pair of two neighbourhoods belongs to the larger one
            if len(own) + len(others) > 1:
                yield [int(page) for page in own], [int(page) for page in others]

    def pairs(self, own: Sequence[int], others: Sequence[int], at_most: int) -> list[tuple[int, int]] | None:
        """All near pairs of `own`, and of `own` and `others`; None if there are more than `at_most`."""
        import numpy as np

        found: list[tuple[int, int]] = []
        everybody = np.array([*own, *others])
        for position, page in enumerate(own):
            rest = everybody[position + 1 :]
            near = self._distances(page, rest) <= MAX_DISTANCE
            near &= np.abs(self._shapes[rest] - self._shapes[page]) <= MAX_STRETCH
            found += [(page, int(other)) for other in rest[near]]
            if len(found) > at_most:
                return None
        return found

    @cached_property
    def _homes(self) -> tuple["npt.NDArray[np.int64]", "npt.NDArray[np.int64]"]:
        """The middle of each page's neighbourhood, and how many bits the page is away from it."""
        import numpy as np

        count = len(self._shapes)
        middle_of, away = np.full(count, -1), np.zeros(count, int)
        for page in range(count):
            if middle_of[page] >= 0:
                continue
            end = int(np.searchsorted(self._shapes, self._shapes[page] + MAX_STRETCH, side="right"))
            distances = self._distances(page, slice(page, end))
            home = page + np.flatnonzero((distances <= _HOME_DISTANCE) & (middle_of[page:end] < 0))
            middle_of[home], away[home] = page, distances[home - page]
        return middle_of, away

    def _distances(self, page: int, others: Any) -> "npt.NDArray[np.int64]":
        import numpy as np

        return np.asarray(np.bitwise_count(self._hashes[others] ^ self._hashes[page]).sum(axis=1), int)
