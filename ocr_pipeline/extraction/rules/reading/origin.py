"""The origin of a document: its country with a probability, and what follows for the order of day and month.

Every clue (`origin_clues`) is a log-likelihood ratio over all countries. Clues of one kind count less from the second on,
because they come from one source; those of the buyer's block count for the seller in part, because most trade is domestic.
"Unknown" takes part with a prior of its own, so that one weak clue names no country.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import Region, clues
from ocr_pipeline.extraction.rules.reading.origin_clues import Clue

_SMALL_COUNTRY = -1.5
"""The prior of a country that `origin.yaml` does not list."""
_UNKNOWN = 1.5
"""How many times likelier than all countries together an unknown origin is before anything was seen."""
_MORE_OF_A_KIND = 0.5
"""Each further clue of a kind counts this much of the one before."""
_BUYER_FOR_SELLER = 0.25
_MIN_SHARE = 0.5
"""A country is named from this probability on."""
_MONTH_FIRST_UNKNOWN = 0.15
_KEPT = 5


@dataclass(frozen=True)
class Origin:
    """Where a document comes from.

    `shares`: the likeliest countries (ISO 3166-1 alpha-2) with their probabilities, highest first; what is missing to 1 is
    unknown or other countries. `buyer`: the country that the buyer's block names, if it does. `clues`: what speaks for the
    first country, the strongest first.
    """

    shares: tuple[tuple[str, float], ...]
    month_first: float
    buyer: str | None
    clues: tuple[Clue, ...]

    @property
    def country(self) -> str | None:
        """The likeliest country if it is likelier than all others together."""
        return self.shares[0][0] if self.shares and self.shares[0][1] >= _MIN_SHARE else None

    @property
    def confidence(self) -> float:
        """Probability of the likeliest country, 0..1."""
        return self.shares[0][1] if self.shares else 0.0

    @property
    def margin(self) -> float:
        """How much likelier the first country is than the second."""
        return self.confidence - (self.shares[1][1] if len(self.shares) > 1 else 0.0)

    @property
    def region(self) -> Region | None:
        return lexicon.load().regions[self.country] if self.country else None

    @property
    def day_first(self) -> bool:
        return self.month_first < 0.5

    @property
    def day_first_confidence(self) -> float:
        return max(self.month_first, 1 - self.month_first)


def combine(found: Sequence[Clue]) -> Origin:
    """Weigh all clues."""
    scores = dict(_priors())
    for country, score in _sums(found, seller=True).items():
        if country in scores:
            scores[country] += score
    shares = _softmax(scores, _unknown())
    regions = lexicon.load().regions
    ranked = sorted(shares.items(), key=lambda entry: (-entry[1], entry[0]))[:_KEPT]
    known = sum(shares.values())
    month_first = sum(share * regions[code].month_first for code, share in shares.items())
    elsewhere = (_MONTH_FIRST_UNKNOWN + month_first / known) / 2  # an unknown country may be one of the likelier ones
    first = ranked[0][0]
    speaking = [clue for clue in found if clue.weights.get(first, 0.0) > 0.5]
    speaking.sort(key=lambda clue: -clue.weights[first] * (_BUYER_FOR_SELLER if clue.buyer else 1))
    return Origin(
        shares=tuple(ranked),
        month_first=month_first + (1 - known) * elsewhere,
        buyer=_buyer(found),
        clues=tuple(speaking[:_KEPT]),
    )


@cache
def _priors() -> dict[str, float]:
    known = clues.load().priors
    return {code: known.get(code, _SMALL_COUNTRY) for code in lexicon.load().regions}


def _sums(found: Sequence[Clue], *, seller: bool) -> dict[str, float]:
    """The sum of all clues per country, distinct ones only."""
    by_kind: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for clue in found:
        if not seller and not clue.buyer:
            continue
        share = _BUYER_FOR_SELLER if seller and clue.buyer else 1.0
        for country, weight in clue.weights.items():
            texts = by_kind[country, clue.kind]
            texts[clue.text] = max(texts.get(clue.text, 0.0), share * weight)
    sums: dict[str, float] = defaultdict(float)
    for (country, _), texts in by_kind.items():
        for rank, weight in enumerate(sorted(texts.values(), reverse=True)):
            sums[country] += weight * _MORE_OF_A_KIND**rank
    return sums


@cache
def _unknown() -> float:
    return math.log(_UNKNOWN * sum(map(math.exp, _priors().values())))


def _softmax(scores: dict[str, float], unknown: float) -> dict[str, float]:
    """Probabilities of the countries; what is missing to 1 is that of none of them."""
    most = max(unknown, *scores.values())
    parts = {country: math.exp(score - most) for country, score in scores.items()}
    total = sum(parts.values()) + math.exp(unknown - most)
    return {country: part / total for country, part in parts.items()}


def _buyer(found: Sequence[Clue]) -> str | None:
    """The country that the buyer's block speaks for, if two units of weight lie between it and the next."""
    sums = sorted(_sums(found, seller=False).items(), key=lambda entry: (-entry[1], entry[0]))
    if not sums or sums[0][1] < 2.0:
        return None
    return sums[0][0] if len(sums) == 1 or sums[0][1] - sums[1][1] >= 1.0 else None
