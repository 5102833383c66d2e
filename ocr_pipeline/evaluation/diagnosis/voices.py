"""How many independent readers agree: backends that share an engine, rules or a family of models make the same mistakes."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple


class Voice(NamedTuple):
    """What a backend is made of. `engines`: families of OCR engines, empty if it gets the pages themselves; `readers`:
    families of extractors or models."""

    engines: frozenset[str]
    readers: frozenset[str]

    def is_independent_of(self, other: "Voice") -> bool:
        """Whether they share nothing. Backends without an engine do not share one: each gets the pages itself."""
        return not (self.engines & other.engines or self.readers & other.readers)


def voice(engine: str | None, *readers: str) -> Voice:
    """The voice of a backend with one engine."""
    return Voice(frozenset([engine] if engine else []), frozenset(readers))


def count_voices(backends: Iterable[str], voice_of: Mapping[str, Voice]) -> int:
    """The number of independent readers among backends: the size of the largest set of which no two share anything."""
    return _largest(frozenset(voice_of[name] for name in backends))


@lru_cache(10_000)
def _largest(voices: frozenset[Voice]) -> int:
    if not voices:
        return 0
    first = min(voices, key=lambda entry: (sorted(entry.engines), sorted(entry.readers)))
    rest = voices - {first}
    others = frozenset(other for other in rest if other.is_independent_of(first))
    if len(others) == len(rest):  # a voice that shares nothing is in every largest set
        return 1 + _largest(rest)
    return max(1 + _largest(others), _largest(rest))
