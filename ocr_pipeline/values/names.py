"""Names, addresses and identifiers, reduced to the letters and digits that two spellings must share to be equal."""

import unicodedata

_NOT_LETTERS_OR_DIGITS = {code: None for code in range(128) if not chr(code).isalnum()}


def normalise_name(text: str) -> str:
    """Apply Unicode NFKC and casefold, and keep only letters, their accents and digits.

    `LIDL  GmbH & Co. KG` and `Lidl GmbH&Co.KG` become `lidlgmbhcokg`, `DE 123-456.789` becomes `de123456789`: whether an
    engine saw a space, or a printer left one out, does not decide whether the value was recognised.
    """
    if text.isascii():
        return text.lower().translate(_NOT_LETTERS_OR_DIGITS)  # the same, ten times as fast
    return "".join(_letters_and_digits(text).split())


def _letters_and_digits(text: str) -> str:
    """Replace everything but letters, their marks and digits by a space; drop invisible characters (soft hyphen)."""
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).casefold()
    folded = unicodedata.normalize("NFKC", folded)  # casefolding can decompose; this makes the result stable
    kept: list[str] = []
    for character in folded:
        category = unicodedata.category(character)[0]
        if category in "LN" or (category == "M" and kept and kept[-1] != " "):
            kept.append(character)
        elif category != "M":  # a mark on nothing is half of what NFKC makes of an accent that stands alone
            kept.append(" ")
    return "".join(kept)
