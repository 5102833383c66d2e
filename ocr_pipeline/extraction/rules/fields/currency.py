"""Candidates for the currency: printed signs and codes, else the country's own."""

from collections import Counter
from collections.abc import Iterator

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.text import key

WEIGHTS = {"share_of_signs": 1.0, "region": 0.1}


def candidates(reading: Reading) -> list[Candidate[str]]:
    """One candidate per currency. A sign of several currencies, like `$`, counts for the region's own."""
    signs = lexicon.load().currency_signs
    home = reading.region.currency if reading.region else None
    counts: Counter[str] = Counter()
    first: dict[str, Span] = {}
    for sign, span in _printed_signs(reading):
        code = home if home in signs[sign] else signs[sign][0]
        counts[code] += 1
        first.setdefault(code, span)
    printed = [Candidate(code, first[code], {"share_of_signs": n / counts.total()}) for code, n in counts.most_common()]
    if reading.region and not printed:
        printed = [Candidate(reading.region.currency, _hint(reading, reading.region), {"region": 1.0})]
    return printed


def _printed_signs(reading: Reading) -> Iterator[tuple[str, Span]]:
    """Signs glued to a number, then those that stand as a word."""
    signs = lexicon.load().currency_signs
    for number in reading.numbers:
        if number.sign is not None and number.sign in signs:
            yield number.sign, number.span
    for row in reading.rows:
        for word in row.words:
            text = word.text.upper().strip("():.,[]")
            if text in signs:
                yield text, word


def _hint(reading: Reading, region: Region) -> Span:
    """The first word that hints at the country."""
    words = (word for row in reading.rows for word in row.words if key(word.text) in region.hints)
    return next(words, reading.rows[0].span)
