"""How far a document is from those that were labelled: its words, its vendor, its country, its script.

What labels prove holds for documents like them. The features go into the confidence of a document; a document of a country
or script with too few labels, or with more unknown words than any labelled one, is not accepted at all.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from math import log1p

MIN_LABELLED = 20
"""Labelled documents of a country, or in a script, from which on it is covered by a proof."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_NEAR = 75
"""Similarity (0..100) of two names of one vendor."""
_MOST_UNKNOWN = 0.995
"""Share of the labelled documents whose unknown words are usual."""
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What is known about a document beside its values.

    `text`: its words, of any engine. `vendor`: the vendor as it was extracted, normalised; `labelled_vendor` as labelled.
    `group`: that of its copies, `family` that of its vendor and copies. `country`: as judged, if it was.
    """

    document_id: str
    group: str
    family: str
    text: str
    vendor: str | None = None
    labelled_vendor: str | None = None
    country: str | None = None

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in _WORD.findall(self.text))

    @property
    def script(self) -> str | None:
        """The script of most of its letters, as the first word of their Unicode names: LATIN, CYRILLIC, CJK."""
        return script_of(self.text)


def script_of(text: str) -> str | None:
    counts: Counter[str] = Counter()
    for letter, count in Counter(text).items():  # a page has few different letters
        if letter.isalpha():
            counts[unicodedata.name(letter, "").split(" ")[0]] += count
    counts.pop("", None)
    return max(counts, key=lambda name: (counts[name], name)) if counts else None


class Home:
    """The labelled documents: what is at home among them."""

    def __init__(self, labelled: Iterable[Sheet]) -> None:
        sheets = list(labelled)
        self._families: dict[str, set[str]] = defaultdict(set)
        self._vendors: dict[str, set[str]] = defaultdict(set)
        self._families_of: dict[str, set[str]] = defaultdict(set)
        self._near: dict[str, AbstractSet[str]] = {}
        for sheet in sheets:
            for word in sheet.words:
                self._families[word].add(sheet.family)
            if sheet.labelled_vendor:
                self._vendors[sheet.labelled_vendor].add(sheet.group)
                self._families_of[sheet.labelled_vendor].add(sheet.family)
        self._countries = Counter(sheet.country for sheet in sheets)
        self._scripts = Counter(sheet.script for sheet in sheets)
        shares = sorted(self.unknown_words(sheet) for sheet in sheets)
        self._most_unknown = shares[min(len(shares) - 1, int(_MOST_UNKNOWN * len(shares)))] if shares else 0.0

    def unknown_words(self, sheet: Sheet) -> float:
        """Share (0..1) of its words that stand in no labelled document of another vendor."""
        words = sheet.words
        own = {sheet.family} | self._families_of.get(sheet.vendor or "", _NONE)
        known = 0
        for word in words:  # counted, not subtracted: a common word stands in documents of all vendors
            families = self._families.get(word, _NONE)
            known += len(families) > sum(family in families for family in own)
        return 1 - known / len(words) if words else 1.0

    def features(self, sheet: Sheet) -> dict[str, float]:
        """Numbers for the confidence of the document: whether no other labelled document has this vendor; how many have it
        (logarithm), how many have nearly the same name, which says that labels or readings of it vary; and the share of the
        former."""
        of_vendor, nearly = self._vendors.get(sheet.vendor or "", _NONE), self._groups_near(sheet.vendor)
        same = len(of_vendor) - (sheet.group in of_vendor)
        near = len(nearly) - (sheet.group in nearly)
        return {
            "new_vendor": float(not same),
            "same_vendor": log1p(same),
            "near_vendor": log1p(near),
            "vendor_share": same / (same + near + 1),
        }

    def _groups_near(self, vendor: str | None) -> AbstractSet[str]:
        """Groups of the documents whose labelled name is nearly this one."""
        from rapidfuzz import fuzz, process

        if not vendor:
            return _NONE
        if vendor not in self._near:  # many documents have the same vendor
            found = process.extract(vendor, self._vendors.keys(), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=None)
            near = [self._vendors[name] for name, _, _ in found if name != vendor]
            self._near[vendor] = _NONE.union(*near)
        return self._near[vendor]

    def foreign(self, sheet: Sheet) -> list[str]:
        """Why what labels prove says nothing about this document; empty if it does."""
        reasons = []
        for what, value, counts in (
            ("country", sheet.country, self._countries),
            ("script", sheet.script, self._scripts),
        ):
            if counts[value] < MIN_LABELLED:
                shown = (value or "unknown") if what == "country" else (value or "unknown").capitalize()
                reasons.append(f"{what} {shown}: {_labelled(counts[value])}, {MIN_LABELLED} needed")
        unknown = self.unknown_words(sheet)
        if unknown > self._most_unknown:
            usual = f"at most {100 * self._most_unknown:.0f} % in labelled documents"
            reasons.append(f"{100 * unknown:.0f} % of its words are unknown ({usual})")
        return reasons


def _labelled(count: int) -> str:
    return f"{count} labelled document{'s' * (count != 1)}"
