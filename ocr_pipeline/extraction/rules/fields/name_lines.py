"""Lines that may be the supplier's name or a part of it: the first rows of the document, and rows with a legal form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.fields.company_names import clean, is_tail, legal_form
from ocr_pipeline.extraction.rules.fields.parties import sender
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import key, letters_in

TOP_ROWS = 14
"""Rows that are searched for a name without a legal form."""
_MERGED_ROWS = 4
"""Below these rows, lines are merged only if the upper one is clearly unfinished."""
_MAX_LINES = 3
"""Lines of a name, at most."""


@dataclass(frozen=True)
class NameLine:
    """Neighbouring cells of a row. `span` is what is printed, `text` the name in it, cleaned.

    `registered`: a registration number follows the name. `part_of_row`: other cells are close by. `classes` are
    the keyword classes that the cells mention.
    """

    row: int
    span: Span
    text: str
    registered: bool
    part_of_row: bool
    classes: frozenset[str]


def find(reading: Reading) -> list[NameLine]:
    """All lines of the first page that may be a name, in reading order."""
    return [line for row in _promising_rows(reading) for line in _in_row(reading, row)]


def merged(lines: Sequence[NameLine]) -> Iterator[list[NameLine]]:
    """Each line alone, then together with the ones right below it that may continue it."""
    for position, line in enumerate(lines):
        parts = [line]
        yield parts
        for after in lines[position + 1 :]:
            if after.row > parts[-1].row + 1 or len(parts) == _MAX_LINES:
                break
            likely = parts[-1].row < _MERGED_ROWS or completes(parts[-1], after)
            if after.row == parts[-1].row + 1 and likely and _stacked(parts[-1], after):
                parts = [*parts, after]
                yield parts


def completes(upper: NameLine, lower: NameLine) -> bool:
    """Whether a name runs on into the next line: the lower one is only its end, or the upper one ends with `&`."""
    if legal_form(upper.text) == "end":
        return False
    open_end = upper.text.endswith(("&", ",", "-")) or upper.text.lower().endswith((" and", " of"))
    return open_end or lower.text.startswith("&") or is_tail(lower.text)


def _stacked(upper: NameLine, lower: NameLine) -> bool:
    """Whether the positions of two lines in consecutive rows allow them to be one name."""
    close = lower.span.y0 - upper.span.y1 < 1.5 * upper.span.height
    return close and lower.span.overlap(upper.span) > 0 and not upper.registered


def _promising_rows(reading: Reading) -> Iterator[Row]:
    legal_words = lexicon.load().legal_words
    for row in reading.rows:
        if row.page != reading.rows[0].page:
            return
        may_be_legal = any(key(word.text) in legal_words for word in row.words)
        if row.index < TOP_ROWS or (may_be_legal and legal_form(clean(row.text)[0])):
            yield row


def _in_row(reading: Reading, row: Row) -> Iterator[NameLine]:
    """Runs of neighbouring cells, and each cell alone if a run has several."""
    runs: list[list[Span]] = []
    for cell in row.cells:
        if runs and cell.span.x0 - runs[-1][-1].x1 < 3 * row.span.height:
            runs[-1].append(cell.span)
        else:
            runs.append([cell.span])
    for run in runs:
        for cells in [run] if len(run) == 1 else [run, *([cell] for cell in run)]:
            span = join(cells)
            text, registered = clean(sender(span.text))
            if letters_in(text) >= 3:
                hits = reading.keywords.in_row(row.index)
                inside = (hit.classes for hit in hits if hit.x0 > span.x0 - 0.01 and hit.x1 < span.x1 + 0.01)
                classes = frozenset().union(*inside)
                yield NameLine(row.index, span, text, registered, len(cells) < len(run), classes)
