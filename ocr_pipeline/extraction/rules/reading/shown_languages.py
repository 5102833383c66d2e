"""The languages of a document, told by the keyword phrases found in it."""

from collections import defaultdict
from collections.abc import Iterable

from ocr_pipeline.extraction.rules import lexicon

_MIN_SHOWN = 2
"""A further language is shown by this many phrases that no base language has."""
_MIN_SHOWN_LETTERS = 9
"""Letters of these phrases together."""
_MIN_LETTERS = 4
"""Letters of a phrase that may show a language: `the` and `so` are Vietnamese, too."""
_LATIN_ENDS = "\u0250"
"""The first character behind the Latin scripts. A phrase in another script shows its languages by itself."""
_LANGUAGE_SHARE = 0.45
"""A document uses a language if its phrases weigh at least this share of the first language's."""


def admitted(phrases: Iterable[str]) -> tuple[str, ...]:
    """The further languages that a document shows: by several phrases that no base language has, or by its script."""
    counts: dict[str, int] = defaultdict(int)
    letters: dict[str, int] = defaultdict(int)
    for phrase in set(phrases):
        meanings = lexicon.load().phrases[phrase]
        in_latin = _is_latin(phrase)
        if meanings.keys().isdisjoint(lexicon.BASE_LANGUAGES) and len(phrase) >= (_MIN_LETTERS if in_latin else 2):
            for language in meanings:
                counts[language] += 1 if in_latin else _MIN_SHOWN
                letters[language] += len(phrase) if in_latin else _MIN_SHOWN_LETTERS
    return tuple(
        language
        for language in lexicon.LANGUAGES
        if counts[language] >= _MIN_SHOWN and letters[language] >= _MIN_SHOWN_LETTERS
    )


def _is_latin(phrase: str) -> bool:
    return phrase[0] < _LATIN_ENDS


def shown(phrases: Iterable[str], usable: set[str]) -> tuple[str, ...]:
    """The languages of the distinct phrases; a phrase of several languages counts for each in part.

    Languages in Latin letters are compared with each other, and so are those in other scripts: one character of theirs says
    more. English and Malay stand beside each other on Malaysian receipts, so each brings the other.
    """
    weights: dict[bool, dict[str, float]] = {True: defaultdict(float), False: defaultdict(float)}
    for phrase in sorted(set(phrases)):
        meanings = lexicon.load().phrases[phrase].keys() & usable
        for language in sorted(meanings):
            weights[_is_latin(phrase)][language] += len(phrase) / len(meanings)
    spoken: dict[str, float] = {}
    for weighed in weights.values():
        most = max(weighed.values(), default=0.0)
        spoken |= {language: weight for language, weight in weighed.items() if weight >= _LANGUAGE_SHARE * most}
    ordered = sorted(lexicon.LANGUAGES, key=lambda language: -spoken.get(language, 0.0))
    languages = [language for language in ordered if language in spoken]
    if len({"en", "ms"} & set(languages)) == 1:
        languages.append("ms" if "en" in languages else "en")
    return tuple(languages) or lexicon.BASE_LANGUAGES
