"""Folding of text, so that spellings and OCR slips of one word compare equal."""

import unicodedata
from functools import lru_cache

# Shapes that OCR confuses. Letters are folded to one representative on both sides of a comparison.
_LETTER_OF = str.maketrans({"0": "o", "1": "i", "l": "i", "|": "i", "!": "i", "5": "s", "$": "s", "8": "b"})
_DIGIT_OF = str.maketrans(
    {"O": "0", "o": "0", "D": "0", "Q": "0", "I": "1", "l": "1", "|": "1", "!": "1", "i": "1", "Z": "2", "z": "2"}
    | {"S": "5", "s": "5", "$": "5", "G": "6", "B": "8", "g": "9"}
)
_FULL_WIDTH_MARKS = str.maketrans({"，": ",", "：": ":", "．": ".", "（": "(", "）": ")", "·": ".", "×": "x"})


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Lower case without accents: `Fälligkeit` becomes `falligkeit`. Digits and punctuation stay."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def key(text: str) -> str:
    """Letters only, with look-alike digits and strokes folded: `T0TAL:` and `Total` both become `totai`."""
    return "".join(c for c in plain(text).translate(_LETTER_OF) if c.isalpha())


def digits_of_lookalikes(text: str) -> str:
    """Replace letters that look like a digit by that digit: `1O.5S` becomes `10.55`."""
    return text.translate(_DIGIT_OF)


def with_ascii_marks(text: str) -> str:
    """Replace full-width and raised punctuation by the ASCII mark that was printed."""
    return text.translate(_FULL_WIDTH_MARKS)


def has_letters(text: str, at_least: int = 1) -> bool:
    """Whether the text holds at least so many letters."""
    return sum(c.isalpha() for c in text) >= at_least


def without_accents(text: str) -> str:
    """The text in ASCII letters: `HARDWARÉ` becomes `HARDWARE`."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
