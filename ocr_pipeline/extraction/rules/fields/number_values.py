"""Reads the number of a document from the words beside its label: `ST/24-25/0118`, `12 345 678 901`, `№ 17`, `INV-` over
`2026-0017`."""

import re
from collections.abc import Sequence

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span, join
from ocr_pipeline.extraction.rules.text import plain

MARKS = frozenset(
    {
        "no",
        "nr",
        "n",
        "n°",
        "nº",
        "n0",
        "№",
        "#",
        "num",
        "number",
        "nummer",
        "numero",
        "numer",
        "nro",
        "c",
        "č",
        "br",
        "id",
    }
    | {"seria", "serie", "seria si numarul", "szam", "sz", "sorszam", "αρ", "αρ.", "°", "º", "o", "номер", "no."}
)
"""Words between a label and its number, folded with `text.plain`; some of them stand for a label."""
_GLUED_MARK = re.compile(r"^(?:n[°ºo0]\.?|N[°º]\.?|N[ro]\.\s?|No(?=\d)|№|#)[:.]?(?=[A-Za-z]{0,4}[-/]?\d)")
_BRACKETED = re.compile(r"\(.*\)")
_PREFIX = re.compile(r"[A-ZÀ-ÞА-Я]{1,5}")
_VALUE = re.compile(r"[\w][\w./\\–-]*")
_EDGES = " :.,;#()[]*'\"|№°º_"
_CLOSE = 0.75
"""Words of one number are at most this many text heights apart."""
_ALIGNED = 0.02


def is_mark(word: str) -> bool:
    return plain(word).strip(".:") in MARKS or plain(word) in MARKS


def read_number(reading: Reading, row: int, words: Sequence[Span]) -> Span | None:
    """The number that the words of a row begin with, after marks such as `No.`; its text has no spaces or mark."""
    rest = [word for word in words if any(c.isalnum() for c in word.text) and not _BRACKETED.fullmatch(word.text)]
    while rest and is_mark(rest[0].text):
        rest.pop(0)
    if not rest or not _begins_number(rest):
        return None
    taken = [rest[0]]
    for word in words[words.index(rest[0]) + 1 :]:
        if word.x0 - taken[-1].x1 > _CLOSE * word.height or not _goes_on(taken, word.text):
            break
        taken.append(word)
    taken += _after_line_break(reading, row, taken)
    span = join(taken)
    text = _GLUED_MARK.sub("", span.text.replace(" ", "").strip(_EDGES))
    return span._replace(text=text) if any(c.isdigit() for c in text) else None


def _begins_number(words: Sequence[Span]) -> bool:
    """Whether a word with a digit, or a prefix such as `INV` with one behind it, comes first."""
    first = words[0].text
    if any(c.isdigit() for c in first):
        return True
    prefix = _PREFIX.fullmatch(first.rstrip("-/.")) is not None
    if first.endswith(("-", "/")):
        return prefix
    close = len(words) > 1 and words[1].x0 - words[0].x1 < _CLOSE * words[0].height
    return prefix and close and words[1].text[:1].isdigit()


def _goes_on(taken: Sequence[Span], word: str) -> bool:
    last = taken[-1].text
    if word in ("-", "/", "–", "\\") or last in ("-", "/", "–", "\\"):
        return True
    if last.endswith(("-", "/")) or word.startswith(("-", "/")):
        return _VALUE.fullmatch(word.strip("-/")) is not None
    if word.isdigit():
        digits_only = all(span.text.isdigit() or _PREFIX.fullmatch(span.text) for span in taken)
        return (digits_only and len(word) <= 4) or _PREFIX.fullmatch(last) is not None
    return len(taken) == 1 and _PREFIX.fullmatch(last) is not None and word[:1].isdigit()


def _after_line_break(reading: Reading, row: int, taken: Sequence[Span]) -> list[Span]:
    """The rest of a number that ends with a hyphen: the words below its first one, or at the start of the next line."""
    if not taken[-1].text.endswith("-") or row + 1 >= len(reading.rows):
        return []
    ends_line = all(
        word.x1 <= taken[-1].x1 or word.x0 - taken[-1].x1 > 2 * word.height for word in reading.rows[row].words
    )
    starts = {taken[0].x0} | {cell.span.x0 for cell in reading.rows[row].cells if taken[0] in cell.words}
    for cell in reading.rows[row + 1].cells:
        word = cell.words[0]
        if ends_line and any(abs(word.x0 - x0) < _ALIGNED for x0 in starts) and any(c.isdigit() for c in word.text):
            return [word]
    return []
