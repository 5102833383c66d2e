"""Duplicates: documents with identical bytes, or with a first page that looks the same.

A duplicate counts twice in every score, and a test document must not be used for training under another name. Therefore all
documents of a group get the same split: the most protected one in the group.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from ocr_pipeline.documents.fingerprints import Fingerprint, Neighbours
from ocr_pipeline.documents.layouts import alike_in, layouts
from ocr_pipeline.documents.perceptual import HASH_PREFIX
from ocr_pipeline.documents.same_print import MIN_SIMILARITY, Comparison, compared

if TYPE_CHECKING:
    from ocr_pipeline.documents.looks import Look

HOLDOUT_SPLITS = ("test", "dev", "validation", "val")
"""Splits that are never used for training, the most protected first."""

_FEW = 6  # pairs of a neighbourhood; up to these and one for 8 pages, each is compared as it is
_CACHED_LOOKS = 4096  # 30 kB each

Pair = tuple[str, str]
"""SHA-256 of two contents, in alphabetical order."""


@dataclass(frozen=True)
class Duplicate:
    """A member of a group.

    `duplicate_of` is the group's first document (None for the first itself); `distance` is the number of hash bits, of 256,
    that differ from it.
    """

    document_id: str
    duplicate_of: str | None
    group_id: str
    kind: Literal["exact", "near"] | None
    distance: int | None


class Groups:
    """Contents that are the same document; the relation is transitive."""

    def __init__(self) -> None:
        self._leader: dict[str, str] = {}

    def find(self, sha256: str) -> str:
        """The content that stands for the group of this one."""
        leader = self._leader
        while leader.get(sha256, sha256) != sha256:
            leader[sha256] = sha256 = leader.get(leader[sha256], leader[sha256])
        return sha256

    def join(self, first: str, second: str) -> None:
        self._leader[self.find(second)] = self.find(first)


def compare(
    fingerprints: Iterable[Fingerprint],
    known: Mapping[Pair, float],
    look: Callable[[str], "Look | None"],
    done: Callable[[int], None] = lambda contents: None,
) -> Iterator[tuple[Pair, float]]:
    """Pairs of different contents whose first pages may look the same, and their similarity, 0..1, as they are compared.

    Candidates have the same number of pages, and similar aspect ratios and hashes. Of many pages of one layout, only those
    are compared whose values are alike. Pairs that are known, or of one group already, are not compared.

    Args:
        known: similarities of earlier runs.
        look: the look of a content, or None if it can no longer be opened; then the content is skipped.
        done: called with the number of contents that were dealt with.
    """
    contents = {print_.sha256: print_ for print_ in fingerprints if print_.perceptual_hash.startswith(HASH_PREFIX)}
    pages = sorted(contents.values(), key=lambda print_: (print_.pages, print_.aspect, print_.sha256))
    groups = Groups()
    for pair, score in known.items():
        if score >= MIN_SIMILARITY and pair[0] in contents and pair[1] in contents:
            groups.join(*pair)
    cached, neighbours = lru_cache(_CACHED_LOOKS)(look), Neighbours(pages)

    @lru_cache(_CACHED_LOOKS)
    def comparison(first: str, second: str) -> Comparison | None:
        looks = cached(first), cached(second)
        return None if looks[0] is None or looks[1] is None else compared(looks[0], looks[1])

    dealt_with: set[int] = set()

    def seen(page: int) -> "Look | None":
        if page not in dealt_with:
            dealt_with.add(page)
            done(1)
        return cached(pages[page].sha256)

    for own, others in neighbours.neighbourhoods():
        for a, b in _candidates(neighbours, own, others, seen):
            first, second = sorted((pages[a].sha256, pages[b].sha256))
            leaders = sorted((groups.find(first), groups.find(second)))
            if (first, second) in known or leaders[0] == leaders[1]:
                continue
            result = comparison(first, second)
            if result is not None and result.similarity >= MIN_SIMILARITY:
                # A copy of low resolution looks like several invoices of a template. The nearest came first: it is the
                # original if its values are not those of this one.
                of_groups = comparison(leaders[0], leaders[1])
                result = of_groups if of_groups is not None and of_groups.other_values else result
            if result is not None:
                yield (first, second), result.similarity
                if result.similarity >= MIN_SIMILARITY:
                    groups.join(first, second)
    done(len(pages) - len(dealt_with))


def _candidates(
    neighbours: "Neighbours", own: Sequence[int], others: Sequence[int], look: Callable[[int], "Look | None"]
) -> Iterator[tuple[int, int]]:
    few = neighbours.pairs(own, others, at_most=_FEW + (len(own) + len(others)) // 8)
    if few is not None:
        yield from few
        return
    for frame, leader in layouts(own, others, look):
        # Their values are alike: hashes of sparse pages that were cut differ by more than those of other pages may.
        yield from (pair for pair in alike_in(frame, leader, look) if neighbours.have_one_shape(*pair))


def duplicates(fingerprints: Sequence[Fingerprint], similarities: Mapping[Pair, float]) -> list[Duplicate]:
    """The members of all groups of duplicates, sorted by group. The relation is transitive."""
    by_content: dict[str, list[Fingerprint]] = {}
    for print_ in sorted(fingerprints, key=lambda print_: print_.document_id):
        by_content.setdefault(print_.sha256, []).append(print_)
    same_document = Groups()
    for (first, second), score in similarities.items():
        if score >= MIN_SIMILARITY and first in by_content and second in by_content:
            same_document.join(first, second)
    groups: dict[str, list[Fingerprint]] = {}
    for sha256, same in by_content.items():
        groups.setdefault(same_document.find(sha256), []).extend(same)
    members = []
    for group in groups.values():
        first_of, *others = sorted(group, key=lambda print_: print_.document_id)
        if others:
            members.append(Duplicate(first_of.document_id, None, first_of.document_id, None, None))
        for print_ in others:
            kind: Literal["exact", "near"] = "exact" if print_.sha256 == first_of.sha256 else "near"
            bits = _distance(print_.perceptual_hash, first_of.perceptual_hash)
            members.append(Duplicate(print_.document_id, first_of.document_id, first_of.document_id, kind, bits))
    return sorted(members, key=lambda member: (member.group_id, member.duplicate_of is not None, member.document_id))


def splits_in_use(splits: Mapping[str, str | None], members: Iterable[Duplicate]) -> dict[str, str | None]:
    """The effective split of each document.

    If a group of duplicates contains a test document, all of its members count as test and are kept out of training; the same
    goes for dev and validation. All other documents keep their own split.
    """
    groups: dict[str, list[str]] = {}
    for member in members:
        groups.setdefault(member.group_id, []).append(member.document_id)
    used = dict(splits)
    for documents in groups.values():
        own = {splits.get(document_id) for document_id in documents}
        held_out = next((split for split in HOLDOUT_SPLITS if split in own), None)
        if held_out is not None:
            used.update(dict.fromkeys(documents, held_out))
    return used


def _distance(first: str, second: str) -> int:
    a, b = (int(text.removeprefix(HASH_PREFIX), 16) for text in (first, second))
    return (a ^ b).bit_count()
