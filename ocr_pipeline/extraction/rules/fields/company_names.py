"""Cleans a printed line into a company's name: legal form repaired, registration number and what follows it removed."""

import re
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.text import key, letters_in, plain

_REGISTRATION = re.compile(
    r"""
      \(?\s*(?:[A-Z]{1,3})?\d{4,9}\s?[-–.]?\s?[A-Z0-9]\b\)?                      # 81109-A   (139386 X)   JM0352019-K
    | \b20\d{10}\b                                                               # 201901000005
    | \(?\s*\b(?:co|reg|roc|company|br|gst)\b\.?[\s:.]*(?:reg|no|id)\b[^)]*\)?   # (Co. No. 113825-W)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REGISTRATION_LINE = re.compile(
    r"\W*(?:(?:co|reg|roc|company|br|no)\b[a-z\s.:#]*?)?\W*[A-Z]{0,3}\d{4,9}\s?[-–.]?\s?[A-Z0-9]\W*", re.IGNORECASE
)
_OWNER = re.compile(r"^.*\b(?:own(?:ed|er)?|operated|managed|dimiliki)\s*(?:by|oleh)?\s*[:.]\s*", re.IGNORECASE)
_JOINERS = frozenset({"und", "and", "et", "y", "e", "i", "&", "co", "of"})
"""Words behind a legal form with which the name goes on."""
_LEADING_NUMBER = re.compile(r"^\W*\d{6,}\s+")
_BRACKETED = re.compile(r"\([^)]*\)")
_EDGES = " -–—,.:;|*_#'\"~=<>[]{}/\\"

# Slips inside a word that its neighbours give away.
_SLIPS = (
    (re.compile(r"(?<=[a-z])I(?=[a-z])"), "l"),  # WorId
    (re.compile(r"(?<=[A-Z.])[1|](?=[A-Z.])"), "I"),  # D.1.Y.
    (re.compile(r"(?<=[A-Z])0(?=[A-Z])"), "O"),  # B0OK
)
_SRL = re.compile(r"\b([Ss])(\.?\s?)([Rr])(\.?\s?)[I1|](?=\W*$|\s)")
"""`S.r.l.` with its last letter misread."""
_LTD = re.compile(r"\bIt(?=d\b|da\b|ée\b|ee\b)")
"""`ltd`, `ltda` and `ltée` with the first letter misread."""
_SB = re.compile(r"(?<=[^\W\d] )[S5$]/[B8D](?=\W*$|\W*[A-Z]?\d{4})", re.IGNORECASE)
"""`S/B`, short for Sdn Bhd, with a letter misread, at the end or before a registration number."""
_GLUED_FORM = re.compile(r"\)(?=S[DO0]N)")
_MAX_FORM_WORDS = 6
"""Words of the longest legal form, `S. de R. L. de C. V.`"""
_LONG_WORD = 8
"""Letters from which a word may be a misspelt trade word."""


@lru_cache(maxsize=4096)
def clean(text: str) -> tuple[str, bool]:
    """The name in a line, and whether a registration number stood behind it."""
    text = _LEADING_NUMBER.sub("", _OWNER.sub("", text))
    text = _SB.sub("S/B ", _GLUED_FORM.sub(") ", text))
    registration = _REGISTRATION.search(text)
    registered = registration is not None and letters_in(text[: registration.start()]) >= 4
    if registration is not None and registered:
        text = text[: registration.start()]
    text = _SRL.sub(lambda form: f"{form[1]}{form[2]}{form[3]}{form[4]}{'L' if form[3] == 'R' else 'l'}", text)
    text = _until_legal_form(_LTD.sub("lt", text))
    words = _with_legal_form(text.replace("SDNBHD", "SDN BHD").split())
    printed = " ".join(map(_spelled, words))
    name = _balanced(printed.strip(_EDGES))
    # The last dot of a legal form belongs to it: `Coolblue B.V.`
    dotted = legal_form(name) == "end" and printed[printed.find(name) + len(name) :].startswith(".")
    return (f"{name}." if dotted else name), registered


def _until_legal_form(text: str) -> str:
    """The text up to a comma behind its legal form: `Spiel GmbH` of `Spiel GmbH, Ecke 12`, all of `Siam Co., Ltd.`

    Behind a long name, a legal form without a comma ends it, too, where no name goes on: `Free SAS au capital de 3 000`.
    """
    parts = text.split(",")
    for end in range(len(parts), 0, -1):
        whole = ",".join(parts[:end])
        added = parts[end - 1]
        if legal_form(whole) == "end" and (end == 1 or is_form(added) or legal_form(added) is None):
            return whole
    words = text.split()
    for end in range(len(words) - 1, 1, -1):
        rest = words[end]
        goes_on = not (rest[:1].islower() or rest[:1] in "-–—/|·•") or plain(rest).strip(".") in _JOINERS
        if not goes_on and not words[end - 1].islower() and legal_form(" ".join(words[:end])) == "end":
            return " ".join(words[:end])
    return text


def is_registration(line: str) -> bool:
    """Whether a whole line is a registration number: `(Co. No. 113825-W)`."""
    return _REGISTRATION_LINE.fullmatch(line) is not None


def is_form(text: str) -> bool:
    """Whether a text is a legal form and nothing else."""
    return key(text) in lexicon.load().legal_forms


@lru_cache(maxsize=4096)
def legal_form(text: str) -> Literal["end", "inside"] | None:
    """Where a legal form stands in a name of at least two words. A form before a name counts as one at its end."""
    printed = [word for word in text.split() if key(word)]
    words = [key(word) for word in printed]
    known = lexicon.load()
    if any(form in text for form in known.glued_forms if len(text) > len(form) + 1):
        return "end"
    if len(words) > 1 and words[0] in known.legal_prefixes and printed[0].isupper() and not printed[1].islower():
        return "end"
    for end in range(len(words), 1, -1):
        for start in range(max(1, end - _MAX_FORM_WORDS), end):
            form = "".join(words[start:end])
            if form in known.legal_forms and (end == len(words) or len(form) > 2) and _is_written(form, printed[start]):
                return "end" if end == len(words) else "inside"
    return None


def _is_written(form: str, printed: str) -> bool:
    """Whether a form of two or three letters is written like one, `AB` and `Kft.` but not `as`."""
    if not any(map(str.isalpha, printed)) or any(map(str.isdigit, printed)):
        return False  # `15` folds to `is`
    return len(form) > 3 or not printed.islower() or "." in printed or "/" in printed


@lru_cache(maxsize=4096)
def is_tail(text: str) -> bool:
    """Whether a line is only the end of a name: a trade word, a legal form, or both."""
    known = lexicon.load()
    if key(text) in known.legal_forms or key(text) in known.trade_words:
        return True
    bare = _BRACKETED.sub("", text)
    if key(bare) in known.trade_words:
        return True
    words = [word for word in map(key, bare.split()) if word]
    other = [word for word in words if word not in known.legal_words]
    return len(other) < len(words) and (not other or (len(other) == 1 and other[0] in known.trade_words))


def _with_legal_form(words: list[str]) -> list[str]:
    """The words with OCR slips in `Sdn Bhd` and `S/B` repaired, and without the noise that follows them."""
    for position in range(1, len(words)):
        here, after = words[position], words[position + 1 : position + 2]
        if key(here) == "sb" and "/" in here:
            return [*words[:position], "S/B", *_branch(words[position + 1 :])]
        if position == len(words) - 1 and (_is_sdn_bhd(here) or key(here) == "sdn"):  # SDNBHI, or BHD is lost
            return [*words[:position], "SDN", "BHD"]
        pair = key(here) + key("".join(after))
        slips = Levenshtein.distance(pair, "sdnbhd")
        if after and pair.startswith("s") and slips <= (1 if len(pair) < 6 else 2):
            form = [here, *after] if slips == 0 else ["SDN", "BHD"]
            return [*words[:position], *form, *_branch(words[position + 2 :])]
    return words


def _is_sdn_bhd(word: str) -> bool:
    folded = key(word)
    return folded.startswith("sdn") and folded != "sdnbhd" and Levenshtein.distance(folded, "sdnbhd") == 1


def _branch(rest: list[str]) -> list[str]:
    """What follows a legal form is noise unless it is a branch in brackets, `(JALAN KLANG LAMA)`."""
    return rest if rest and rest[0].startswith("(") and letters_in("".join(rest)) >= 5 else []


def _balanced(text: str) -> str:
    """A bracket that was opened is closed, or removed where hardly anything follows it."""
    if text.count("(") <= text.count(")"):
        return text
    before, _, inside = text.rpartition("(")
    return before.rstrip(_EDGES) if len(inside) <= 3 else text + ")"


@lru_cache(maxsize=16384)
def _spelled(word: str) -> str:
    """A word with its OCR slips repaired if its letters or a known long trade word settle them."""
    for pattern, letter in _SLIPS:
        word = pattern.sub(letter, word)
    folded, known = key(word), lexicon.load().trade_words
    if len(folded) < _LONG_WORD or folded in known or not word.isalpha():
        return word
    # An ending makes another word, `Stationers`; a slip inside makes none.
    similar = [other for other in known if len(other) == len(folded) and other[-1] == folded[-1]]
    near = [other for other in similar if Levenshtein.distance(folded, other, score_cutoff=1) == 1]
    if len(near) != 1:
        return word
    return known[near[0]].upper() if word.isupper() else known[near[0]].capitalize()
