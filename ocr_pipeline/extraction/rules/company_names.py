"""Cleans a printed line into a company's name: legal form repaired, registration number and what follows it removed."""

import re
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.text import key

REGISTRATION = re.compile(
    r"""
      \(?\s*(?:[A-Z]{1,3})?\d{4,9}\s?[-–.]?\s?[A-Z0-9]\b\)?      # 81109-A   (139386 X)   (JM0352019-K
    | \b20\d{10}\b                                             # 201901000005
    | \(?\s*\b(?:co|reg|roc|company|br|gst)\b\.?[\s:.]*(?:reg|no|id)\b[^)]*\)?   # (Co. No. 113825-W)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REGISTRATION_LINE = re.compile(
    r"\W*(?:(?:co|reg|roc|company|br)\b[a-z\s.:#]*?)?\W*[A-Z]{0,3}\d{4,9}\s?[-–.]?\s?[A-Z0-9]\W*", re.IGNORECASE
)
_OWNER = re.compile(r"^.*\b(?:own(?:ed|er)?|operated|managed|dimiliki)\s*(?:by|oleh)?\s*[:.]\s*", re.IGNORECASE)
_LEADING_NUMBER = re.compile(r"^\W*\d{6,}\s+")
_EDGES = " -–—,.:;|*_#'\"~=<>[]{}/\\"

_LONG_WORD = 8

LegalFormPlace = Literal["end", "inside"]


@lru_cache(maxsize=4096)
def clean(text: str) -> tuple[str, bool]:
    """The name in a line, and whether a registration number stood behind it."""
    text = _LEADING_NUMBER.sub("", _OWNER.sub("", text))
    found = REGISTRATION.search(text)
    registered = found is not None and sum(c.isalpha() for c in text[: found.start()]) >= 4
    if found is not None and registered:
        text = text[: found.start()]
    text = " ".join(map(_spelled, _with_legal_form(text).strip(_EDGES).split()))
    if text.count("(") > text.count(")"):
        before, _, inside = text.rpartition("(")
        text = before.rstrip(_EDGES) if len(inside) <= 3 else text + ")"
    return text, registered


def _with_legal_form(text: str) -> str:
    """Repairs OCR slips in `Sdn Bhd` and `S/B` and drops what little may follow them."""
    words = text.replace("SDNBHD", "SDN BHD").split()
    for position in range(1, len(words)):
        word = words[position]
        if key(word) == "sb" and "/" in word and word != "S/B":
            return " ".join([*words[:position], "S/B", *_worth_keeping(words[position + 1 :])])
        if position + 1 < len(words):
            pair = key(word) + key(words[position + 1])
            if Levenshtein.distance(pair, "sdnbhd") <= (1 if len(pair) < 6 else 2) and pair[:1] == "s":
                rest = _worth_keeping(words[position + 2 :])
                form = [word, words[position + 1]] if pair == "sdnbhd" else ["SDN", "BHD"]
                return " ".join([*words[:position], *form, *rest])
    return text


def _worth_keeping(rest: list[str]) -> list[str]:
    """What follows a legal form is noise unless it is a branch in brackets, `(JALAN KLANG LAMA)`."""
    text = " ".join(rest)
    return rest if text.startswith("(") and sum(c.isalpha() for c in text) >= 5 else []


# Slips inside a word that its neighbours give away.
_SLIPS = (
    (re.compile(r"(?<=[a-z])I(?=[a-z])"), "l"),  # WorId
    (re.compile(r"(?<=[A-Z.])[1|](?=[A-Z.])"), "I"),  # D.1.Y.
    (re.compile(r"(?<=[A-Z])0(?=[A-Z])"), "O"),
)


@lru_cache(maxsize=16384)
def _spelled(word: str) -> str:
    """A word with its OCR slips repaired where shape or a known long trade word settles them."""
    for pattern, letter in _SLIPS:
        word = pattern.sub(letter, word)
    folded = key(word)
    if len(folded) < _LONG_WORD or folded in lexicon.load().trade_words:
        return word
    near = [
        known
        for known in lexicon.load().trade_words
        # An ending makes another word, `Stationers`; a slip inside makes none.
        if len(known) == len(folded) and known[-1] == folded[-1] and Levenshtein.distance(folded, known) == 1
    ]
    if len(near) != 1 or not word.isalpha():
        return word
    spelling = lexicon.load().spellings[near[0]]
    return spelling.upper() if word.isupper() else spelling.capitalize()


@lru_cache(maxsize=4096)
def legal_form(text: str) -> LegalFormPlace | None:
    """Where a legal form stands in a name of at least two words."""
    words = [word for word in map(key, text.split()) if word]
    forms = lexicon.load().legal_forms
    ends = (len(words), *range(len(words) - 1, 1, -1))
    for end in ends:
        for count in (1, 2, 3):
            joined = "".join(words[max(end - count, 0) : end])
            if end - count >= 1 and joined in forms and (end == len(words) or len(joined) > 2):
                return "end" if end == len(words) else "inside"
    return None


def is_registration(line: str) -> bool:
    """Whether a whole line is a registration number: `(Co. No. 113825-W)`."""
    return _REGISTRATION_LINE.fullmatch(line) is not None


@lru_cache(maxsize=4096)
def is_tail(text: str) -> bool:
    """Whether a line is only the end of a name: a legal form, or trade words and a legal form."""
    legal_forms, trade_words = lexicon.load().legal_forms, lexicon.load().trade_words
    if key(text) in legal_forms or key(text) in trade_words:
        return True
    words = [word for word in map(key, re.sub(r"\([^)]*\)", "", text).split()) if word]
    other = [word for word in words if word not in legal_forms and word not in ("sdn", "bhd")]
    return len(other) < len(words) and (not other or (len(other) == 1 and other[0] in trade_words))
