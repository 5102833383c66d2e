"""The value of a kind in the words beside a keyword."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ocr_pipeline.document_schema.spec import FieldSpec
from ocr_pipeline.extraction.rules.fields.labelled_values import EDGES
from ocr_pipeline.extraction.rules.keyed.regions import Region
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span, join
from ocr_pipeline.extraction.rules.text import key, plain

_YES_WORDS = "yes ja oui si sim tak ano da igen kylla hai evet true wahr vrai x ✓ ✔ ☑ ☒ [x] (x)"
_NO_WORDS = "no nein non nao nie ne nem ei iie hayir nej nee nei false falsch faux ☐ □ [] ()"
_YES, _NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())
_MAX_ADDRESS_LINES = 4
_MIN_TAX_DIGITS = 5


@dataclass(frozen=True)
class Found:
    """A value with its place. `fit`: how well its form fits the field, 0..1. `correction`: why it is not what is printed."""

    value: Any
    span: Span
    fit: float = 0.5
    correction: str | None = None


def values_in(region: Region, field: FieldSpec, reading: Reading) -> Iterator[Found]:
    """The values of a field's kind in a region, the likeliest first."""
    match field.kind:
        case "money" | "quantity":
            yield from _numbers(region, field, reading)
        case "date":
            yield from _dates(region, reading)
        case "boolean":
            yield from _booleans(region)
        case "category":
            yield from _options(region, field)
        case "identifier" | "tax_id":
            yield from _identifiers(region, field)
        case "address":
            yield from _addresses(region)
        case _:
            line = region.lines[0]
            yield from _texts(line, field)


def _numbers(region: Region, field: FieldSpec, reading: Reading) -> Iterator[Found]:
    line = {index for word in region.lines[0] for index in word.words}
    for number in reading.numbers_in(region.rows[0]):
        if line.issuperset(number.span.words) and not line & reading.date_words & set(number.span.words):
            money = number.is_money or field.kind == "quantity"
            yield Found(number.value, number.span, 1.0 if money else 0.5, number.repair)


def _dates(region: Region, reading: Reading) -> Iterator[Found]:
    line = {index for word in region.lines[0] for index in word.words}
    for date in reading.dates:
        if line.issuperset(date.span.words):
            yield Found(date.value, date.span, 1.0, date.repair)


def _booleans(region: Region) -> Iterator[Found]:
    for word in region.lines[0][:2]:
        if (flag := flag_of(word.text)) is not None:
            yield Found(flag, word, 1.0)
            return


def flag_of(text: str) -> bool | None:
    """Whether a word or mark means yes; None if it is neither that nor no."""
    folded = plain(text).strip(".,;: ")
    return True if folded in _YES else False if folded in _NO else None


def _options(region: Region, field: FieldSpec) -> Iterator[Found]:
    yield from options_in(region.lines[0], field)


def options_in(line: Sequence[Span], field: FieldSpec) -> Iterator[Found]:
    """The options that a line names; without options, its text. The longest name wins: `part delivery`, `delivery`."""
    if not field.options:
        if line:
            yield Found(join(line).text.strip(EDGES), join(line), 0.5)
        return
    names = _names_of(tuple((option, tuple(field.option_words.get(option, ()))) for option in field.options))
    found: list[tuple[int, Found]] = []
    for first in range(len(line)):
        for last in range(first, min(first + 5, len(line))):
            spans = line[first : last + 1]
            folded = key("".join(span.text for span in spans))
            if option := names.get(folded):
                found.append((len(folded), Found(option, join(spans), 1.0)))
    yield from (entry for _, entry in sorted(found, key=lambda pair: -pair[0]))


@lru_cache(maxsize=256)
def _names_of(options: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    """Letters -> option."""
    names = {key(word): option for option, words in options for word in words}
    return {**names, **{key(option.replace("_", " ")): option for option, _ in options}}


def _identifiers(region: Region, field: FieldSpec) -> Iterator[Found]:
    """The words of the line that have the form of a number; the longest run that matches the pattern, if there is one."""
    line = region.lines[0]
    if field.pattern:
        for length in range(len(line), 0, -1):
            text = join(line[:length]).text.strip(EDGES)
            for spelled in (text, text.replace(" ", "")):
                if re.fullmatch(field.pattern, spelled):
                    yield Found(spelled, join(line[:length]), 1.0)
                    return
    taken: list[Span] = []
    for word in line:
        text = word.text.strip(EDGES)
        is_part = any(map(str.isdigit, text)) or (len(text) <= 4 and text.isupper()) or text in ("-", "/", "–")
        if not is_part:
            break
        taken.append(word)
    while taken and not any(map(str.isdigit, taken[-1].text)):
        taken.pop()
    digits = sum(map(str.isdigit, "".join(word.text for word in taken)))
    if taken and (field.kind == "identifier" or digits >= _MIN_TAX_DIGITS):
        span = join(taken)
        yield Found(span.text.strip(EDGES), span, 0.8 if not field.pattern else 0.3)


def _addresses(region: Region) -> Iterator[Found]:
    lines = region.lines[:_MAX_ADDRESS_LINES]
    if region.where == "below" and len(lines) > 1 and not any(map(str.isdigit, join(lines[0]).text)):
        without_name = lines[1:]
        if any(map(str.isdigit, join(without_name[0]).text)):
            yield _address(without_name, 0.9)
        elif len(without_name) > 1:
            yield _address(without_name, 0.75)
    yield _address(lines, 0.7)


def _address(lines: Sequence[Sequence[Span]], fit: float) -> Found:
    span = join([word for line in lines for word in line])
    parts = [join(line).text.strip(" ,;:") for line in lines]
    return Found(", ".join(part for part in parts if part), span, fit)


def _texts(line: Sequence[Span], field: FieldSpec) -> Iterator[Found]:
    text = join(line).text.strip(" ,;:|")
    if not any(map(str.isalnum, text)):
        return
    letters = sum(map(str.isalpha, text))
    fit = 0.8 if field.kind == "text" or letters >= len(text) / 2 else 0.4
    if field.pattern and re.fullmatch(field.pattern, text):
        fit = 1.0
    yield Found(text, join(line), fit)
