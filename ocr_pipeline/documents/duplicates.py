"""Duplicates: documents with identical bytes, or with a first page that looks the same.

A duplicate counts twice in every score, and a test document must not be used for training under another name. Therefore all
documents of a group get the same split: the most protected one in the group.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from ocr_pipeline.documents.perceptual import HASH_BITS, HASH_PREFIX, MAX_DISTANCE, MIN_SIMILARITY, similarity

if TYPE_CHECKING:
    from ocr_pipeline.documents.perceptual import Image

HOLDOUT_SPLITS = ("test", "dev", "validation", "val")
"""Splits that are never used for training, the most protected first."""

MAX_STRETCH = 0.06
"""Two pages are compared only if their aspect ratios differ by at most this share."""

_ROWS = 1024  # per block, so that 100,000 documents need megabytes and not gigabytes
_CACHED_PAGES = 128  # half a megabyte each

Pair = tuple[str, str]
"""SHA-256 of two contents, in alphabetical order."""


@dataclass(frozen=True)
class Fingerprint:
    """The values that documents are compared by. `perceptual_hash` and `aspect` (width / height) are of the first page."""

    document_id: str
    sha256: str
    pages: int
    perceptual_hash: str
    aspect: float


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


def candidate_pairs(fingerprints: Iterable[Fingerprint]) -> list[Pair]:
    """Pairs of different contents that may look the same: equal page count, similar aspect ratio and hash.

    Compares all pairs of similar shape: 0.2 s for 10,000 documents, 27 s for 100,000 on one core.
    """
    import numpy as np

    contents = {print_.sha256: print_ for print_ in fingerprints if print_.perceptual_hash.startswith(HASH_PREFIX)}
    known = sorted(contents.values(), key=lambda print_: (print_.pages, print_.aspect))
    if not known:
        return []
    digits = b"".join(bytes.fromhex(print_.perceptual_hash.removeprefix(HASH_PREFIX)) for print_ in known)
    hashes = np.frombuffer(digits, np.uint64).reshape(len(known), HASH_BITS // 64)
    # Sorted by pages and shape, the candidates for a page follow it directly: a window instead of all pages.
    shape = np.array([print_.pages * 1e6 + np.log(max(print_.aspect, 1e-3)) for print_ in known])
    ends = np.searchsorted(shape, shape + MAX_STRETCH, side="right")
    pairs = []
    for start in range(0, len(known), _ROWS):
        stop = min(start + _ROWS, len(known))
        others = hashes[start : ends[stop - 1]]
        for row in range(start, stop):
            window = others[row + 1 - start : ends[row] - start]
            distances = np.bitwise_count(window ^ hashes[row]).sum(axis=1)
            for offset in np.flatnonzero(distances <= MAX_DISTANCE):
                first, second = known[row].sha256, known[row + 1 + int(offset)].sha256
                pairs.append((min(first, second), max(first, second)))
    return sorted(pairs)


def compare(pairs: Iterable[Pair], page: Callable[[str], "Image | None"]) -> dict[Pair, float]:
    """Similarity of the first pages of each pair, 0..1.

    Args:
        page: returns the `comparable` first page of a content, or None if it can no longer be opened; then the pair is
            skipped.
    """
    cached = lru_cache(_CACHED_PAGES)(page)
    similarities = {}
    for first, second in pairs:
        pages = cached(first), cached(second)
        if pages[0] is not None and pages[1] is not None:
            similarities[first, second] = similarity(pages[0], pages[1])
    return similarities


def duplicates(fingerprints: Sequence[Fingerprint], similarities: Mapping[Pair, float]) -> list[Duplicate]:
    """The members of all groups of duplicates, sorted by group. The relation is transitive."""
    by_content: dict[str, list[Fingerprint]] = {}
    for print_ in sorted(fingerprints, key=lambda print_: print_.document_id):
        by_content.setdefault(print_.sha256, []).append(print_)
    leader = {sha256: sha256 for sha256 in by_content}

    def find(sha256: str) -> str:
        while leader[sha256] != sha256:
            leader[sha256] = sha256 = leader[leader[sha256]]
        return sha256

    for (first, second), score in similarities.items():
        if score >= MIN_SIMILARITY and first in leader and second in leader:
            leader[find(second)] = find(first)
    groups: dict[str, list[Fingerprint]] = {}
    for sha256, same in by_content.items():
        groups.setdefault(find(sha256), []).extend(same)
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
