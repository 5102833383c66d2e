"""Guesses the country of a document: it decides the order of dates, the meaning of `$`, tax rates and coins."""

from itertools import pairwise

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.reading.layout import Layout
from ocr_pipeline.extraction.rules.text import key


def guess(layout: Layout) -> Region | None:
    """The region with the most distinct hints in the document, or None without hints."""
    said: set[str] = set()
    for row in layout.rows:
        keys = [key(word.text) for word in row.words]
        said.update(keys)
        said.update(first + second for first, second in pairwise(keys))
    best = max(lexicon.load().regions, key=lambda region: len(region.hints & said))
    return best if best.hints & said else None
