"""Candidates for the currency: those that the printed signs can mean, weighed with the origin of the document."""

from collections import defaultdict

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.currency_signs import CurrencySign
from ocr_pipeline.extraction.rules.reading.layout import Span

WEIGHTS = {
    "share_at_totals": 2.5,
    "share_of_signs": 1.5,
    "origin": 2.0,
    "only_meaning": 1.0,
    "declared": 3.5,
}
AT_LEAST = 0.6

_TOTALS = frozenset({"grand_total", "total", "due"})
_WEAK = 0.1
_LIKELIEST, _OTHERS = 0.15, 0.003
"""The first currency that a sign can mean is that much likelier than each other one, before the origin is known."""
_MIN_SHARE = 0.01
"""Less likely meanings of a sign are no candidates."""
_NAMED = 0.8
"""A code on the page, `AUD`, says what `$` means there."""


def candidates(reading: Reading) -> list[Candidate[str]]:
    """One candidate per currency that a sign on the page can mean, and the likeliest country's own."""
    at_home = _of_countries(reading)
    named = frozenset(sign.codes[0] for sign in reading.currency_signs if len(sign.codes) == 1 and not sign.weak)
    shares: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    first: dict[str, Span] = {}
    for name, signs in _groups(reading, at_home).items():
        total = sum(weight for _, weight in signs)
        for sign, weight in signs:
            for code, part in _meanings(sign, at_home, named).items():
                shares[code][name] += part * weight / total
                if sign.declared and code == max(sign.codes, key=lambda code: at_home.get(code, 0.0)):
                    shares[code]["declared"] = 1.0
                first.setdefault(code, sign.span)
    for code in named:
        shares[code]["only_meaning"] = min(1.0, 2 * shares[code]["share_of_signs"])
    home = max(at_home, key=lambda code: at_home[code], default=None)
    if home is not None and reading.rows:
        shares[home]["origin"] = 0.0
    made = []
    for code, features in shares.items():
        features["origin"] = at_home.get(code, 0.0)
        made.append(Candidate(code, first.get(code, _clue(reading)), dict(features)))
    return made


def _of_countries(reading: Reading) -> dict[str, float]:
    """The probability of each currency by the origin alone."""
    shares: dict[str, float] = defaultdict(float)
    for country, share in reading.origin.shares:
        shares[lexicon.load().regions[country].currency] += share
    return dict(shares)


def _groups(reading: Reading, at_home: dict[str, float]) -> dict[str, list[tuple[CurrencySign, float]]]:
    """Signs at sums, and all signs; one at an amount weighs more than one in a heading, a weak one as its country does."""
    groups: dict[str, list[tuple[CurrencySign, float]]] = {}
    for sign in reading.currency_signs:
        weight = 1.0 if sign.beside_number else 0.5
        if sign.weak:
            weight *= max(_WEAK, max(at_home.get(code, 0.0) for code in sign.codes))
        weighed = (sign, weight)
        groups.setdefault("share_of_signs", []).append(weighed)
        if reading.keywords.classes(sign.row) & _TOTALS:
            groups.setdefault("share_at_totals", []).append(weighed)
    return groups


def _meanings(sign: CurrencySign, at_home: dict[str, float], named: frozenset[str]) -> dict[str, float]:
    """How likely each currency of a sign is: by the origin, by the codes that the page has, and by which is printed most."""
    parts = {
        code: at_home.get(code, 0.0) + (_LIKELIEST if rank == 0 else _OTHERS) + (_NAMED if code in named else 0.0)
        for rank, code in enumerate(sign.codes)
    }
    total = sum(parts.values())
    return {code: part / total for code, part in parts.items() if part > _MIN_SHARE * total}


def _clue(reading: Reading) -> Span:
    """The first word of the strongest clue to the country."""
    for clue in reading.origin.clues:
        for row in reading.rows:
            for word in row.words:
                if clue.words and word.words[0] == clue.words[0]:
                    return word
    return reading.rows[0].span
