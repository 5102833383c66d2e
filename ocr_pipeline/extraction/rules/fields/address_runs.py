"""Runs of lines around the supplier's name or at the top of the page that may be its address: candidates for trained
rankers only."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import letters_in

MAX_LINES = 7
_ABOVE, _BELOW = 3, 12
"""Rows above and below the name that are searched."""
_TOP = 10
"""Rows of the top of the page that are searched as well if the name stands below them."""
_CELL_APART = 2.0
"""Cells further apart than this many heights are different things."""
_CONTACT = re.compile(
    r"[\s,;(]*\b(?:tel|te1|phone|h/?p|hp|fax|mobile|e-?mail|website|www|gst|sst|tin|roc|reg|co\.? ?(?:reg|no))"
    r"\b[^,]*\d.*$",
    re.IGNORECASE,
)
"""What follows an address in its line: `Johor. Tel No.: 07-387 3322`."""
_LABEL = re.compile(r"^(?:[^\W\d][\w./ ]{0,14}:\s*(?:\d{1,5}\s*,?\s+)?|\(.{0,24}\)\W*)(?=\S)", re.IGNORECASE)
"""What stands before an address in its line: `HQ ADD: LOT 11995`, `(No. 193573-M) Level G2`."""


def find(
    reading: Reading, middle: int, name: Span | None, taken: Sequence[Span]
) -> Iterator[tuple[tuple[Row, Row], list[Span]]]:
    """Every run of rows without an amount of money, except the run already taken. `middle`: the row of the name."""
    rows = [row for row in reading.rows[: middle + _BELOW] if row.page == 1]
    near = [row for row in rows if row.index >= middle - _ABOVE or row.index < _TOP]
    seen = {_texts(taken)}
    for position in range(len(near)):
        for lines in _variants(reading, near[position : position + MAX_LINES], name):
            if _texts(lines[1]) not in seen:
                seen.add(_texts(lines[1]))
                yield lines


def _texts(lines: Sequence[Span]) -> tuple[str, ...]:
    return tuple(line.text for line in lines)


def _variants(reading: Reading, rows: Sequence[Row], name: Span | None) -> Iterator[tuple[tuple[Row, Row], list[Span]]]:
    """The runs that begin in the first of these rows: the printed lines, the same without a label before the first and a
    telephone behind the last, and without cells that stand apart."""
    run: list[Span] = []
    lone: list[Span] = []
    for row in rows:
        if row.index != rows[0].index + len(run):
            return
        if reading.has_money(row.index) or (name and name.words[-1] in row.span.words) or letters_in(row.text) < 2:
            return
        run.append(row.span)
        lone.append(_main_part(row))
        ends = rows[0], row
        yield ends, run[:]
        if lone != run:
            yield ends, lone[:]
        for lines in {id(run): run, id(lone): lone if lone != run else run}.values():
            first, end = _label_cut(lines[0].text), contact_cut(lines[-1].text)
            trimmed = [*lines[:-1], lines[-1]._replace(text=end)]
            if end != lines[-1].text:
                yield ends, trimmed
            if first != lines[0].text:
                trimmed[0] = trimmed[0]._replace(text=_label_cut(trimmed[0].text))
                yield ends, trimmed[:]


def _main_part(row: Row) -> Span:
    """The widest run of cells of a row that stand close together."""
    parts = [[row.cells[0].span]]
    for cell in row.cells[1:]:
        if cell.span.x0 - parts[-1][-1].x1 < _CELL_APART * row.span.height:
            parts[-1].append(cell.span)
        else:
            parts.append([cell.span])
    return join(max(parts, key=lambda part: sum(letters_in(span.text) for span in part)))


@lru_cache(maxsize=4096)
def _label_cut(text: str) -> str:
    cut = _LABEL.sub("", text, count=1)
    return cut if letters_in(cut) > 2 else text


@lru_cache(maxsize=4096)
def contact_cut(text: str) -> str:
    """A line without the telephone or number that follows the address in it."""
    cut = _CONTACT.sub("", text)
    return cut if letters_in(cut) > 2 else text
