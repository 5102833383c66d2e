"""Guesses the country of a document: it decides currency, date order and cash rounding."""

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.layout import Layout
from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.text import key


def guess(layout: Layout) -> Region | None:
    """The region with the most distinct hints in the document, or None where there is none."""
    said: set[str] = set()
    for row in layout.rows:
        keys = [key(word.text) for word in row.words]
        said.update(keys)
        said.update(first + second for first, second in zip(keys, keys[1:], strict=False))
    counts = {region.code: len(region.hints & said) for region in lexicon.load().regions}
    best = max(lexicon.load().regions, key=lambda region: counts[region.code])
    return best if counts[best.code] else None
