"""Folding of text, so that spellings and OCR slips of one word compare equal."""

import re
import unicodedata
from functools import lru_cache

# Shapes that OCR confuses. Letters are folded to one representative on both sides of a comparison.
# Letters with a stroke have no accent to remove, and OCR reads them without it.
_LETTER_OF = str.maketrans(
    {"0": "o", "1": "i", "l": "i", "|": "i", "!": "i", "5": "s", "$": "s", "8": "b"}
    | {"ł": "i", "ı": "i", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}
)
_DIGIT_OF = str.maketrans(
    {"O": "0", "o": "0", "D": "0", "Q": "0", "I": "1", "l": "1", "|": "1", "!": "1", "i": "1", "Z": "2", "z": "2"}
    | {"S": "5", "s": "5", "$": "5", "G": "6", "B": "8", "g": "9"}
)
LETTERS_AS_DIGITS = "letters read as digits"
"""How the undoing of such a slip is called."""
# PDFium gives a hyphen at a line's end as U+FFFE.
_ASCII_MARKS = str.maketrans({"，": ",", "：": ":", "．": ".", "（": "(", "）": ")", "×": "x", "\ufffe": "-"})
_RAISED_POINT = re.compile(r"(?<=\d)·(?=\d)")


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Lower case without accents: `Fälligkeit` becomes `falligkeit`. Digits and punctuation stay."""
    return without_accents(text.casefold())


@lru_cache(maxsize=65536)
def key(text: str) -> str:
    """Letters only, with look-alike digits and strokes folded: `T0TAL:` and `Total` both become `totai`."""
    return "".join(c for c in plain(text).translate(_LETTER_OF) if c.isalpha())


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces between words: Thai, Lao, Khmer, Burmese,
    kana and Chinese characters."""
    return (
        "\u0e00" <= character <= "\u0eff"
        or "\u1000" <= character <= "\u109f"
        or ("\u1780" <= character <= "\u17ff" or "\u3005" <= character <= "\u9fff")
    )


def alphanumeric(text: str) -> str:
    """Lower case letters without accents and digits: what stays of a name when only its writing changes."""
    return "".join(filter(str.isalnum, plain(text)))


def digits_of_lookalikes(text: str) -> str:
    """Replace letters that look like a digit by that digit: `1O.5S` becomes `10.55`."""
    return text.translate(_DIGIT_OF)


@lru_cache(maxsize=65536)
def with_ascii_marks(text: str) -> str:
    """Replace full-width punctuation, and a raised point between digits, by the ASCII mark that was printed."""
    return _RAISED_POINT.sub(".", text.translate(_ASCII_MARKS))


def without_accents(text: str) -> str:
    """`HARDWARÉ` becomes `HARDWARE`."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def letters_in(text: str) -> int:
    """How many letters a text holds."""
    return sum(map(str.isalpha, text))
