"""Chooses the currency by printed signs and codes, else by the country."""

from collections import Counter

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.layout import Span
from ocr_pipeline.extraction.rules.reading import Reading


def choose(reading: Reading) -> Candidate[str] | None:
    """The currency whose sign or code is printed most; a sign of several currencies counts for the region's own."""
    signs = lexicon.load().currency_signs
    home = reading.region.currency if reading.region else None
    counts: Counter[str] = Counter()
    first: dict[str, Span] = {}
    for sign, span in _printed_signs(reading):
        currencies = signs[sign]
        code = home if home in currencies else currencies[0]
        counts[code] += 1
        first.setdefault(code, span)
    if counts:
        code, _ = counts.most_common(1)[0]
        return Candidate(code, first[code], {"printed": float(counts[code])})
    if home and reading.rows:
        return Candidate(home, reading.rows[0].span, {"region": 1.0})
    return None


def _printed_signs(reading: Reading) -> list[tuple[str, Span]]:
    signs = lexicon.load().currency_signs
    found = [(number.sign, number.span) for number in reading.numbers if number.sign in signs and number.sign]
    for row in reading.rows:
        for word in row.words:
            text = word.text.upper().strip("():.,[]")
            if text in signs:
                found.append((text, word))
    return found
