"""Amounts printed, or read, as several words: `12. 50`, `1 277 400,00`, raised cents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.reading.layout import Row, Span
from ocr_pipeline.values import currencies
from ocr_pipeline.values.numerals import plain_marks

PARTS_JOINED = "parts joined"
"""How the undoing of `12. 50` is called."""
_NEAR = 0.7
"""Parts of an amount are less than this many text heights apart."""
_RAISED_HEIGHT = 0.8
"""Raised cents are at most this high, compared with the amount before them."""
_RAISED_BY = 0.15


@dataclass(frozen=True)
class Split:
    """The text of an amount that is printed in `count` words. `repair`: None if amounts are printed like this."""

    text: str
    count: int
    repair: str | None


@dataclass(frozen=True)
class _Shape:
    """The shape of an amount printed as two words, which are joined by `glue`.

    `alone`: only if no other word is near, because such a pair is often two things. `repair`: None if amounts are printed
    like this, without a slip.
    """

    first: re.Pattern[str]
    second: re.Pattern[str]
    glue: str = ""
    alone: bool = False
    repair: str | None = PARTS_JOINED


_SIGN = r"-?(?:RM|R\$|Rs\.?|[$€£¥₹])?"
_SHAPES = (
    _Shape(re.compile(rf"{_SIGN}\d+[.,]", re.IGNORECASE), re.compile(r"\d{2}")),  # 12. 50
    _Shape(re.compile(rf"{_SIGN}\d+", re.IGNORECASE), re.compile(r"[.,]\d{2}")),  # 12 .50
    _Shape(re.compile(rf"{_SIGN}\d{{1,3}}", re.IGNORECASE), re.compile(r"[.,]\d{3}(?:[.,]\d{3})*")),  # 100 ,000
    _Shape(re.compile(rf"{_SIGN}\d{{2,3}}\.", re.IGNORECASE), re.compile(r"\d{3}")),  # 26. 950
    _Shape(re.compile(rf"{_SIGN}\d{{1,3}},", re.IGNORECASE), re.compile(r"\d{3}(?:,\d{3})*(?:\.\d{2})?")),  # 1, 234.50
    _Shape(re.compile(rf"{_SIGN}\d{{1,4}}", re.IGNORECASE), re.compile(r"\d{2}"), glue=".", alone=True),  # 327 00
    _Shape(re.compile(r"-"), re.compile(r"\d+[.,]\d{2}"), repair=None),  # - 5.00
    _Shape(re.compile(r"\d+[.,]\d{2}"), re.compile(r"-"), alone=True, repair=None),  # 5.00 -
    _Shape(re.compile(rf"{_SIGN}[\d.,']*\d[.,]", re.IGNORECASE), re.compile(r"-{1,2}"), repair=None),  # 1.428, –
)
_ENDS = frozenset(".,-–−")
"""Characters, beside digits, that end the first word of a split amount."""
_HEAD = re.compile(r"(?P<sign>[-(+]{0,2}[^\d\s]{0,4}[-+]?)(?P<digits>[1-9]\d{0,2})")
_TAIL = re.compile(r"\d{3}(?P<decimals>[.,:](?:\d{2,3}|-{1,2}))?(?P<after>[^\d\s]{0,4})")


def at(row: Row, position: int, *, spaces: bool = False) -> Split | None:
    """The amount in several words that begins at a word of a row. `spaces`: the page puts spaces between groups."""
    words = row.words
    end = words[position].text[-1:]
    if position + 1 >= len(words) or not (end in _ENDS or end.isdecimal()):
        return None
    return _grouped(words, position, spaces) or _raised(words, position) or _pair(words, position)


def _gap(left: Span, right: Span) -> float:
    """Distance of two words in heights of the lower one."""
    return (right.x0 - left.x1) / max(min(left.height, right.height), 1e-9)


def _grouped(words: Sequence[Span], position: int, spaces: bool) -> Split | None:
    """Groups of three digits in words of their own: `1 277 400,00 €`.

    Without decimals, two words may also be a quantity and a price, unless more speaks for groups: a third one, a currency
    beside them, a zero that no price begins with, or other amounts of the page (`spaces`).
    """
    head = _HEAD.fullmatch(plain_marks(words[position].text))
    if head is None or (head["sign"].strip("-+(") and not currencies.codes_of(head["sign"].strip("-+("))):
        return None
    texts, last = [head[0]], position
    tail = None
    while last + 1 < len(words):
        near = _gap(words[last], words[last + 1]) < _NEAR
        tail = _TAIL.fullmatch(plain_marks(words[last + 1].text)) if near else None
        if tail is None or not _fits_behind(tail["after"]):
            tail = None
            break
        texts.append(tail[0])
        last += 1
        if tail["decimals"] or tail["after"]:
            break
    if len(texts) < 2:
        return None
    if not any(mark in texts[-1] for mark in ".,:"):
        proven = spaces or len(texts) > 2 or bool(head["sign"]) or texts[-1].startswith("0")
        if not proven and not _has_currency(words, position, last):
            return None
    return Split(" ".join(texts), last - position + 1, None)


def _has_currency(words: Sequence[Span], first: int, last: int) -> bool:
    """Whether a currency stands before, behind or at the end of some words."""
    beside = [words[index].text for index in (first - 1, last + 1) if 0 <= index < len(words)]
    return any(_is_currency(text) for text in [*beside, words[last].text[3:]])


def _fits_behind(text: str) -> bool:
    return not text or not text.strip("-)*") or text.startswith("%") or _is_currency(text.strip("-)"))


def _is_currency(text: str) -> bool:
    return bool(text) and bool(currencies.codes_of(text)) and not (currencies.is_weak(text) and len(text) < 2)


def _raised(words: Sequence[Span], position: int) -> Split | None:
    """Cents in smaller type beside the top of the amount: 12⁵⁰."""
    here, after = words[position], words[position + 1]
    if not re.fullmatch(r"\d{2}", plain_marks(after.text)) or not re.search(r"\d[.,]?$", plain_marks(here.text)):
        return None
    smaller = after.height <= _RAISED_HEIGHT * here.height
    raised = here.y1 - after.y1 > _RAISED_BY * here.height
    if not smaller or not raised or not -0.3 < (after.x0 - here.x1) / max(here.height, 1e-9) < _NEAR:
        return None
    if re.search(r"[.,]\d{2}$", here.text):
        return None
    return Split(f"{here.text.rstrip('.,')}.{after.text}", 2, None)


def _pair(words: Sequence[Span], position: int) -> Split | None:
    here, after = words[position], words[position + 1]
    if _gap(here, after) >= _NEAR:
        return None
    first, second = plain_marks(here.text), plain_marks(after.text)
    for shape in _SHAPES:
        if shape.first.fullmatch(first) and shape.second.fullmatch(second):
            neighbours = [*words[max(position - 1, 0) : position], *words[position + 2 : position + 3]]
            near = _NEAR * min(here.height, after.height)
            if shape.alone and any(max(here.x0 - word.x1, word.x0 - after.x1) < near for word in neighbours):
                return None
            return Split(here.text + shape.glue + after.text, 2, shape.repair)
    return None
