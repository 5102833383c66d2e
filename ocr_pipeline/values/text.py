"""Folding of text before amounts and dates are parsed."""

import unicodedata

# Replaced before NFKC, which would turn the acute accent into a space and a combining mark.
_APOSTROPHES = "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}\N{GRAVE ACCENT}"
_DASHES = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_PLAIN = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_DASHES, "-"))

MAX_LENGTH = 64
"""Characters. Amounts and dates are shorter; longer text was passed by mistake."""


def plain_text(text: str) -> str:
    """Lower case with plain apostrophes, dashes and single spaces (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_PLAIN)).casefold().split())
