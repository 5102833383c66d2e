"""Words learned from a project's own documents: a reviewable file of phrases that count as keywords, with a weight.

`ocr-pipeline train --keywords` writes the file, `keywords.yaml` in the project folder; nothing else does. The words of the
lexicon take precedence: a learned phrase counts only where no phrase of the lexicon is.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.rules.reading.keywords import Hit, Keywords, word_key
from ocr_pipeline.extraction.rules.reading.layout import Layout
from ocr_pipeline.extraction.rules.text import key
from ocr_pipeline.yaml_files import load_yaml

CLASSES = ("grand_total", "net", "tax", "cash", "change")
"""Keyword classes that arithmetic can prove."""
MAX_PHRASE_WORDS = 5
"""Words in the longest learned phrase."""


class LearnedPhrase(BaseModel):
    """One phrase. `documents`: in how many it stood beside a proven value, 0 for a phrase added by hand; `against`: in how
    many beside another value. `weight`: how much it counts, 0..1; a phrase of the lexicon counts 1."""

    model_config = ConfigDict(extra="forbid")

    phrase: str
    documents: Annotated[int, Field(ge=0)] = 0
    against: Annotated[int, Field(ge=0)] = 0
    weight: Annotated[float, Field(gt=0, le=1)]


class KeywordFile(BaseModel):
    """`keywords.yaml`. `documents`: with a proven sum, from which it was learned; `ignore`: phrases never to learn."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    documents: Annotated[int, Field(ge=0)]
    ignore: list[str] = []
    keywords: dict[Literal["grand_total", "net", "tax", "cash", "change"], list[LearnedPhrase]]


@dataclass(frozen=True)
class LearnedWords:
    """The phrases of a project, folded with `text.key` -> keyword class -> weight. `sha256`: of the file."""

    phrases: Mapping[str, Mapping[str, float]]
    sha256: str


def load(path: Path) -> LearnedWords | None:
    """The words of a project; None without a file. Raises ConfigurationError."""
    if not path.exists():
        return None
    content, text = load_yaml(path, KeywordFile)
    phrases: dict[str, dict[str, float]] = defaultdict(dict)
    for keyword_class, entries in content.keywords.items():
        for entry in entries:
            if not any(c.isalpha() for c in entry.phrase):
                raise ConfigurationError(f"{path.name}: keywords.{keyword_class}: {entry.phrase!r} has no letters.")
            phrases[key(entry.phrase)][keyword_class] = entry.weight
    return LearnedWords(dict(phrases), hashlib.sha256(text.encode()).hexdigest())


_active: ContextVar[LearnedWords | None] = ContextVar("learned_words", default=None)


@contextmanager
def active(words: LearnedWords | None) -> Iterator[None]:
    """Read documents with the learned words of a project."""
    token = _active.set(words)
    try:
        yield
    finally:
        _active.reset(token)


def add(keywords: Keywords, layout: Layout) -> Keywords:
    """The keywords of a document, and the learned phrases where no keyword is. Without learned words, the same object."""
    words = _active.get()
    if words is None or not words.phrases:
        return keywords
    by_row = dict(keywords.by_row)
    for row in layout.rows:
        hits = list(keywords.in_row(row.index))
        keys = [word_key(word.text) for word in row.words]
        for first, last in _runs(keys):
            phrase = "".join(part for part in keys[first : last + 1] if part)
            classes = words.phrases.get(phrase)
            if classes and not any(hit.first <= last and first <= hit.last for hit in hits):
                x0, x1 = row.words[first].x0, row.words[last].x1
                hits.append(Hit(frozenset(classes), row.index, first, last, x0, x1, max(classes.values())))
        if len(hits) > len(keywords.in_row(row.index)):
            by_row[row.index] = tuple(sorted(hits, key=lambda hit: hit.first))
    return Keywords(by_row, keywords.languages)


def _runs(keys: list[str | None]) -> Iterator[tuple[int, int]]:
    """Runs of words without a number, the longest first: first and last position."""
    for length in range(min(MAX_PHRASE_WORDS, len(keys)), 0, -1):
        for first in range(len(keys) - length + 1):
            run = keys[first : first + length]
            if run[0] and run[-1] and None not in run:
                yield first, first + length - 1
