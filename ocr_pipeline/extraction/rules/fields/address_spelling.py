"""OCR slips in an address that neighbours of a character, or words of the country, give away: `4D170`, `F1r`, `SCLANGOR`."""

import re
from functools import lru_cache
from itertools import combinations

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import Region, clues
from ocr_pipeline.extraction.rules.text import plain, without_accents

SPELLING = "spelling of known words"
_SLIPS = (
    (re.compile(r"(?<=\d)[ODQ](?=\d{2})|(?<=\d\d)[ODQ](?=\d)|(?<=\d\d)O\b|(?<=\d{4})[DQ]\b"), "0"),  # 4D170, 29O
    (re.compile(r"(?<=\d)[Il|](?=\d{2})|(?<=\d\d)[Il|](?=\d)"), "1"),
    (re.compile(r"(?<=\d)B(?=\d{2})|(?<=\d\d)B(?=\d)"), "8"),  # 1B51
    (re.compile(r"(?<=[A-Za-z])1(?=[a-z])|(?<=[A-Za-z][aei])1(?=1?\b)|(?<=[aei]1)1\b"), "l"),  # F1r, Leve1, Ma11
    (re.compile(r"(?<=[A-Za-z])I(?=[a-z])"), "l"),  # BIk
    (re.compile(r"\bl(?=[b-df-hjkm-np-tv-xz])"), "I"),  # lpoh
)
_UNACCENTED = frozenset({"en", "ms", "id", "zh", "ta"})
"""Languages whose Latin letters have no accents: there, accents are dirt on the paper."""
_SPLIT = re.compile(r"\b([^\W\d_])\.([^\W\d_]{4,})")  # L.UMPUR
_WORD = re.compile(r"[^\W\d_]+|[^\W_]+")
_LOOKALIKE_GROUPS = (
    "0oq", "0od", "oce", "oae", "ocg", "og", "cd", "ef", "eb", "fp", "b8", "bs", "s5", "zs", "z2", "bh", "mnh", "nu", "uv",
    "nr", "ri", "vy", "rkh", "xk", "gq9", "ilj", "1lit", "tf", "fi", "fl",
)  # fmt: skip
_LOOKALIKES = frozenset(frozenset(pair) for group in _LOOKALIKE_GROUPS for pair in combinations(group, 2))
"""Letters and digits that OCR takes for each other, lower case and capitals."""
_NARROW = frozenset("ilj1t")
_MIN_WORD, _MIN_LONG = 5, 9
"""Letters of a word from which one, and from which two of them may be misread."""


def spelled(text: str, region: Region | None) -> str:
    """The text with such slips undone; without accents in a country whose languages have none."""
    if not text.isascii() and region is not None and _UNACCENTED.issuperset(region.languages):
        text = without_accents(text)
    return _undone(text, region.code if region else None)


@lru_cache(maxsize=8192)
def _undone(text: str, country: str | None) -> str:
    for pattern, character in _SLIPS:
        text = pattern.sub(character, text)
    return text if country is None else _with_known_words(text, country)


def _with_known_words(text: str, country: str) -> str:
    """Words, and pairs of words, that are a known one but for a letter."""
    text = _SPLIT.sub(
        lambda word: word[1] + word[2] if plain(word[1] + word[2]) in _vocabulary(country)[0] else word[0], text
    )
    words = list(_WORD.finditer(text))
    for first, second in zip(reversed(words[:-1]), reversed(words[1:]), strict=True):
        pair = text[first.start() : second.end()]
        if (known := _pair(pair, country)) is not None:
            text = text[: first.start()] + known + text[second.end() :]
    return _WORD.sub(lambda word: _known(word[0], country) or word[0], text)


def _pair(printed: str, country: str) -> str | None:
    """The known name of two words that a pair is but for a letter: `SHAH ALAH`."""
    if len(printed) < _MIN_LONG - 1 or not re.fullmatch(r"[^\W_]+ [^\W_]+", printed):
        return None
    return _nearest(printed, _vocabulary(country)[1], 1)


@lru_cache(maxsize=16384)
def _known(word: str, country: str) -> str | None:
    if len(word) < _MIN_WORD or sum(map(str.isdigit, word)) > 1:
        return None
    return _nearest(word, _vocabulary(country)[0], 2 if len(word) >= _MIN_LONG else 1)


def _nearest(printed: str, known: frozenset[str], slips: int) -> str | None:
    """The only known spelling within so many slips, written as printed; None if it is known itself or none is near."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    folded = plain(printed)
    if folded in known:
        return None
    near = process.extract(folded, known, scorer=Levenshtein.distance, score_cutoff=slips, limit=5)
    closest = [name for name, _, _ in near if _is_misread(folded, name)]
    if len(closest) != 1:
        return None
    return closest[0].upper() if printed.isupper() else closest[0].title() if printed[:1].isupper() else closest[0]


def _is_misread(read: str, meant: str) -> bool:
    """Whether all letters that differ look alike, or are narrow ones that were lost or invented."""
    from rapidfuzz.distance import Levenshtein

    for slip in Levenshtein.editops(read, meant):
        at_read, at_meant = read[slip.src_pos : slip.src_pos + 1], meant[slip.dest_pos : slip.dest_pos + 1]
        if slip.tag == "replace" and frozenset((at_read, at_meant)) not in _LOOKALIKES:
            return False
        if slip.tag != "replace" and (at_read if slip.tag == "delete" else at_meant) not in _NARROW:
            return False
    return True


@lru_cache(maxsize=64)
def _vocabulary(country: str) -> tuple[frozenset[str], frozenset[str]]:
    """Known words, and names of two words, of a country."""
    own = [name.strip() for name in lexicon.address_words().get(country, "").split(",")]
    places = [
        " ".join(phrase.words)
        for phrases in clues.load().phrases.values()
        for phrase in phrases
        if phrase.kind in ("place", "country") and country in phrase.weights
    ]
    names = {plain(name) for name in (*own, *places) if name}
    words = {word for name in names for word in name.split() if len(word) >= _MIN_WORD - 1}
    return frozenset(words), frozenset(name for name in names if name.count(" ") == 1)
