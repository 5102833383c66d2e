"""Lines of an address: where one begins and ends, and what is glued to it."""

import re
from functools import lru_cache

from ocr_pipeline.extraction.rules.fields.address_runs import contact_cut
from ocr_pipeline.extraction.rules.fields.line_shapes import has_postal_code, not_a_name
from ocr_pipeline.extraction.rules.lexicon import clues
from ocr_pipeline.extraction.rules.text import letters_in

_HOUSE_NUMBER = re.compile(
    r"(?:no|lot|unit)?\W*\d{1,4}\b(?!\s?[-/.:]\s?\d).*|\D{4,}\s\d{1,4}\s?[a-z]?\W*", re.IGNORECASE
)
_UNIT = re.compile(
    r"""
      (?:no|lot|unit|suite|shop|kedai|hq)\b\W*[A-Z]{0,3}\W?\d.*           # No.37-1, Plaza    LOT PT 1138
    | (?:lot|ptd?|p\.?\s?t)\.?[\s:]?\d{2,6}\b.*                           # PT17920, SEKSYEN U9
    | (?=[^,]*\d)[A-Z0-9][A-Z0-9/&.]{0,5}(?:\s?[-–&/ ]\s?[A-Z0-9]{1,4}){0,3}\s?[,.]\s?[^\W\d].{2,}   # A-16-1, Tower A
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERED_SITE = re.compile(
    r"\W*(?:site|branch|outlet|store|shop|station|kedai|cawangan)\W*(?:no)?\W*\d+\W*", re.IGNORECASE
)
_BRANCH = re.compile(r"\d{2,5}\s?[-–]?\s?[^\W\d]{3}[^\d:]*\d?[^\d:]*")
"""Number and place of a branch below the town: `1249-TMN PANDAN CAHAYA`."""
_LABEL = re.compile(
    r"^\W*(?:[A-Z]{1,10}\.?\s)?(?:add(?:ress|r)?|alamat|adresse?|anschrift|direcci[oó]n|indirizzo|endere[cç]o|adres)\b\s*[:.]\s*",
    re.IGNORECASE,
)
_MAX_STATE_WORDS = 4
_MAX_STATE_DIGITS = 2
_MIN_LONG_NUMBER = 7


@lru_cache(maxsize=8192)
def begins(text: str, classes: frozenset[str]) -> bool:
    """Whether a line may be the first one of an address. `classes`: those of the keywords in its row."""
    if _NUMBERED_SITE.fullmatch(text):
        return False
    return (
        "address" in classes
        or has_postal_code(text)
        or not_a_name(text) in ("street", "town")
        or _HOUSE_NUMBER.fullmatch(text) is not None
        or _UNIT.fullmatch(text) is not None
    )


def is_unit(text: str) -> bool:
    """Whether a line is one of an address because it begins with the number of a plot or a unit, `K3-113, Jalan Besar`."""
    return _UNIT.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def begins_with_number(text: str) -> bool:
    """Whether a line begins with the number of a house, a plot or a unit: nothing of the address is above it."""
    return (
        _UNIT.fullmatch(text) is not None
        or re.match(r"\W*\d{1,4}[A-Z]?\s?,?\s+[^\W\d]", text, re.IGNORECASE) is not None
    )


@lru_cache(maxsize=8192)
def follows_town(text: str, before: str) -> bool:
    """Whether a line below the town, or below such a line, is a part of the address: a state, a country, a branch."""
    if _names_country(before):
        return False
    if before.rstrip().endswith(",") or has_postal_code(before[-7:]) or _names_country(text):
        return sum(map(str.isdigit, text)) <= _MAX_STATE_DIGITS
    if _BRANCH.fullmatch(text):
        return True
    return not any(map(str.isdigit, text)) and len(text.split()) <= _MAX_STATE_WORDS and ":" not in text


@lru_cache(maxsize=8192)
def trimmed(text: str) -> str:
    """A line without the label of the address before it and the telephone or mail address behind it."""
    text = _LABEL.sub("", text)
    cut = contact_cut(text)
    return cut if has_postal_code(cut) else text


def is_number(text: str) -> bool:
    """Whether a line is hardly more than a long number, such as that of a telephone with a misread label."""
    digits = sum(map(str.isdigit, text))
    return digits >= _MIN_LONG_NUMBER and digits > letters_in(text)


def _names_country(text: str) -> bool:
    """Whether a line ends with the name of a country."""
    words = [word for word in map(clues.token, re.split(r"[\s,.]+", text)) if word]
    return any(
        phrase for start in range(max(len(words) - 4, 0), len(words)) for phrase in _countries(tuple(words[start:]))
    )


def _countries(words: tuple[str, ...]) -> list[clues.Phrase]:
    return [
        phrase
        for phrase in clues.load().phrases.get(words[0], ())
        if phrase.kind == "country" and phrase.words == words
    ]
