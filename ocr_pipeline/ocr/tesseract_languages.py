"""Which language data of Tesseract a page needs: from its script, and from the frequent words that a first reading finds."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_pipeline.ocr.plausible_text import FREQUENT, is_plausible

LANGUAGES_OF_SCRIPT = {
    "Arabic": ("ara", "fas", "urd"),
    "Armenian": ("hye",),
    "Bengali": ("ben", "asm"),
    "Cyrillic": ("rus", "ukr", "bul", "srp", "bel", "mkd", "kaz"),
    "Devanagari": ("hin", "mar", "nep"),
    "Georgian": ("kat",),
    "Greek": ("ell",),
    "Gujarati": ("guj",),
    "Gurmukhi": ("pan",),
    "Han": ("chi_sim", "chi_tra"),
    "Hangul": ("kor",),
    "Hebrew": ("heb",),
    "Japanese": ("jpn",),
    "Kannada": ("kan",),
    "Khmer": ("khm",),
    "Korean": ("kor",),
    "Malayalam": ("mal",),
    "Sinhala": ("sin",),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Thai": ("tha",),
}
"""Scripts as Tesseract's orientation and script detection names them, and language data that reads them, commonest first."""

_SCRIPT_OF_NAME = {"CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Hangul"}
"""Where the first word of a character's Unicode name is not the name of its script."""
_MAX_LANGUAGES = 3
_MIN_WORDS = 3
_MORE = 1.5
"""Another language must have this many times as many frequent words as English."""


@dataclass(frozen=True)
class Choice:
    """Language data for a page. `warning`: what is missing; the page is then read as well as the installed data allow."""

    languages: tuple[str, ...]
    warning: str | None = None


def script_of(texts: Sequence[str]) -> str | None:
    """The script of most letters of a text layer, if it is one of `LANGUAGES_OF_SCRIPT`."""
    counts: Counter[str] = Counter()
    for character in "".join(texts):
        if character.isalpha():
            first = unicodedata.name(character, "").partition(" ")[0]
            counts[_SCRIPT_OF_NAME.get(first, first.capitalize())] += 1
    if counts["Japanese"]:
        counts["Japanese"] += counts.pop("Han", 0)
    script = counts.most_common(1)[0][0] if counts else None
    return script if script in LANGUAGES_OF_SCRIPT else None


def for_script(script: str | None, installed: Sequence[str], default: tuple[str, ...]) -> Choice:
    """The installed data for a script, with `default` for Latin words and numbers beside it."""
    if script is None or script not in LANGUAGES_OF_SCRIPT:
        return Choice(default)
    wanted = LANGUAGES_OF_SCRIPT[script]
    found = [name for name in (*wanted, f"script/{script}") if name in installed][:_MAX_LANGUAGES]
    if found:
        return Choice((*found, *(name for name in default if name not in found)))
    return Choice(default, _missing(f"The page is in the script {script}", wanted[0]))


def for_words(words: Sequence[str], installed: Sequence[str], default: tuple[str, ...]) -> Choice:
    """The data of the language whose frequent words a first reading found, before `default`."""
    tokens = [word.strip(".,:;()").casefold() for word in words]
    hits = {language: sum(token in frequent for token in tokens) for language, frequent in FREQUENT.items()}
    language = max(hits, key=lambda name: hits[name])
    known = max(hits.get(name, 0) for name in default)
    if hits[language] < _MIN_WORDS or hits[language] < _MORE * known or language in default:
        return Choice(default)
    if language in installed:
        return Choice((language, *default))
    return Choice(default, _missing("The page seems to be in another language", language))


def unread(words: Sequence[str], languages: Sequence[str]) -> str | None:
    """A warning about a reading without any frequent word of any language: letters of another script taken for these."""
    if is_plausible(words):
        return None
    return (
        f"The words of this page are in no language that is known here; Tesseract read it with {'+'.join(languages)}. "
        "Install the data of its language (Debian: apt install tesseract-ocr-LANGUAGE) and add it to `languages`."
    )


def _missing(what: str, language: str) -> str:
    package = language.replace("_", "-")
    return f"{what}; Tesseract has no language data {language!r} (Debian: apt install tesseract-ocr-{package})."
