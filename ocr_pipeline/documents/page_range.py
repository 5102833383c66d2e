"""Ranges of pages, written `3` or `1-2`: the pages of one invoice in a file that holds several."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_WRITTEN = re.compile(r"\s*([1-9]\d{0,4})\s*(?:[-–]\s*([1-9]\d{0,4})\s*)?")


class PageRange(NamedTuple):
    """Consecutive pages of a file, both ends included; the first page of a file is 1."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __contains__(self, page: object) -> bool:
        return isinstance(page, int) and self.first <= page <= self.last

    @property
    def named(self) -> str:
        """How sentences name it: `page 3`, `pages 1-2`."""
        return f"page{'' if self.first == self.last else 's'} {self}"

    @property
    def suffix(self) -> str:
        """How ids and label files name it: `p1-2`, `p3`."""
        return f"p{self}"


def parse_ranges(text: str) -> list[PageRange]:
    """The ranges of `1-2,3`.

    Raises:
        ValueError: it is written differently.
    """
    ranges = []
    for part in text.split(","):
        written = _WRITTEN.fullmatch(part)
        if written is None:
            raise ValueError(f"{part.strip()!r} is not a page or a range of pages, like 3 or 1-2")
        ranges.append(PageRange(int(written[1]), int(written[2] or written[1])))
    check_ranges(ranges)
    return ranges


def check_ranges(ranges: Sequence[PageRange]) -> None:
    """Raises ValueError if ranges overlap, run backwards or are not in order. Pages may be left out."""
    last = 0
    for pages in ranges:
        if not last < pages.first <= pages.last:
            raise ValueError(f"pages {pages}: ranges must be in order and must not overlap")
        last = pages.last


def listed(ranges: Iterable[PageRange]) -> str:
    """`1-2, 3`."""
    return ", ".join(map(str, ranges))
