"""The origin of a document as it is stored and shown."""

from ocr_pipeline.extraction.rules.candidates import Choice
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import DocumentOrigin

_DIGITS = 4
"""Decimals kept of probabilities."""


def stored(reading: Reading, currency: Choice[str] | None) -> DocumentOrigin | None:
    """The country of a reading with the currency that was chosen (None: not looked for), and what speaks for the country; None
    without words."""
    if not reading.rows:
        return None
    origin = reading.origin
    chosen = currency.chosen.candidate.value if currency and currency.chosen else None
    return DocumentOrigin(
        country=origin.country,
        country_confidence=round(origin.confidence, _DIGITS),
        margin=round(origin.margin, _DIGITS),
        currency=chosen,
        currency_confidence=round(currency.confidence, _DIGITS) if currency and chosen else None,
        day_first=origin.day_first,
        day_first_confidence=round(origin.day_first_confidence, _DIGITS),
        evidence=list(dict.fromkeys(f"{clue.kind} {clue.text}" for clue in origin.clues)),
    )
