"""Lines that may be the supplier's name or a part of it: the first rows of the document, and rows with a legal form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.fields.address_lines import is_unit
from ocr_pipeline.extraction.rules.fields.company_names import clean, is_tail, legal_form
from ocr_pipeline.extraction.rules.fields.line_shapes import not_a_name
from ocr_pipeline.extraction.rules.fields.roles import Role, role_label
from ocr_pipeline.extraction.rules.fields.sender_lines import is_letterhead, sender
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import key, letters_in, plain

_NUMBERED = frozenset({"invoice_id", "receipt_title", "invoice_date", "order_id", "other_id", "registration"})
"""Classes of labels that end a name if a number follows them."""
_TITLES = frozenset({"invoice_title", "credit_note_title"})
TOP_ROWS = 14
"""Rows that are searched for a name without a legal form."""
_MERGED_ROWS = 4
"""Below these rows, lines are merged only if the upper one is clearly unfinished."""
_GOES_ON = frozenset(
    {
        "and",
        "of",
        "und",
        "fur",
        "et",
        "de",
        "des",
        "du",
        "y",
        "e",
        "di",
        "della",
        "del",
        "do",
        "da",
        "en",
        "van",
        "og",
        "och",
    }
    | {"i", "a", "ja", "es", "ve", "von", "der", "the", "for"}
)
"""Words at a line's end with which a name goes on in the next line, folded with `text.plain`."""
_KEYWORDS_ONLY = 0.95
"""Share of a line's letters from which it is a label: `Verkäufer`."""
_SIZES = 1.5
"""Cells of a name differ in height by at most this factor: a logo beside a name is not a part of it."""
_ENDS = frozenset({"phone", "web", "label"})
"""Shapes of lines that no name goes on from."""
_MAX_LINES = 3
"""Lines of a name, at most."""


@dataclass(frozen=True)
class NameLine:
    """Neighbouring cells of a row. `span` is what is printed, `text` the name in it, cleaned.

    `registered`: a registration number follows the name. `part_of_row`: other cells are close by. `classes` are
    the keyword classes that the cells mention, `labels` those of phrases with a number or nothing behind them.
    `known`: share of the letters that are keywords. `role`: the label that stood before the name, `seller` for
    `Sold by: ...`. `letterhead`: address and contact follow in the same line.
    """

    row: int
    span: Span
    text: str
    registered: bool
    part_of_row: bool
    classes: frozenset[str]
    labels: frozenset[str]
    known: float
    role: Role | None
    letterhead: bool


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
            if not_a_name(parts[-1].span.text) in _ENDS or is_unit(after.span.text):
                break
            likely = parts[-1].row < _MERGED_ROWS or completes(parts[-1], after) or _is_branch(parts[-1], after)
            if after.row == parts[-1].row + 1 and likely and _stacked(parts[-1], after):
                parts = [*parts, after]
                yield parts


def completes(upper: NameLine, lower: NameLine) -> bool:
    """Whether a name runs on into the next line: the lower one is only its end, or the upper one ends with `&`, `und` or
    inside a bracket."""
    if legal_form(upper.text) == "end" or upper.known > _KEYWORDS_ONLY:
        return False
    in_bracket = _in_bracket(upper) and ")" in lower.span.text
    open_end = ends_open(upper.text) or upper.span.text.rstrip().endswith(("&", "-"))
    return open_end or in_bracket or lower.text.startswith("&") or is_tail(lower.text)


def _is_branch(upper: NameLine, lower: NameLine) -> bool:
    """Whether the lower line names the branch of the company above it: `(JALAN KLANG LAMA)`."""
    return legal_form(upper.text) == "end" and lower.span.text.startswith("(") and lower.span.text.endswith(")")


def joined(parts: Sequence[NameLine]) -> str:
    """The text of a name of one or more lines."""
    # The cleaned text has the bracket closed, the printed one has not.
    texts = [line.text.removesuffix(")") if _in_bracket(line) else line.text for line in parts[:-1]]
    return " ".join([*texts, parts[-1].text])


def _in_bracket(line: NameLine) -> bool:
    return line.span.text.count("(") > line.span.text.count(")")


def ends_open(text: str) -> bool:
    """Whether a name can't end here: `Musterhafter Handel und`."""
    return text.endswith(("&", ",", "-")) or (" " in text and plain(text).rpartition(" ")[2] in _GOES_ON)


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
        if row.index < TOP_ROWS or (may_be_legal and legal_form(clean(sender(row.text))[0])) or is_letterhead(row.text):
            yield row


def _in_row(reading: Reading, row: Row) -> Iterator[NameLine]:
    """Runs of neighbouring cells, and each cell alone if a run has several."""
    runs: list[list[Span]] = []
    for cell in row.cells:
        if runs and _beside(runs[-1][-1], cell.span) and not _is_label(reading, row, cell.span):
            runs[-1].append(cell.span)
        else:
            runs.append([cell.span])
    for run in runs:
        for cells in [run] if len(run) == 1 else [run, *([cell] for cell in run)]:
            line = _line(reading, row, cells, part_of_row=len(cells) < len(run))
            if line is not None:
                yield line


def _is_label(reading: Reading, row: Row, cell: Span) -> bool:
    """Whether a cell is only a label: `Kepada` beside a name."""
    hits = reading.keywords.in_row(row.index)
    return any(abs(hit.x0 - cell.x0) < 1e-6 and abs(hit.x1 - cell.x1) < 1e-6 and hit.score == 1 for hit in hits)


def _beside(left: Span, right: Span) -> bool:
    low, high = sorted((left.height, right.height))
    return right.x0 - left.x1 < 3 * high and high < _SIZES * max(low, 1e-6)


def _line(reading: Reading, row: Row, cells: Sequence[Span], *, part_of_row: bool) -> NameLine | None:
    """The name line of neighbouring cells, None without letters. A label of a role before the name is removed."""
    span = join(cells)
    hits = [hit for hit in reading.keywords.in_row(row.index) if hit.x0 > span.x0 - 0.01 and hit.x1 < span.x1 + 0.01]
    words = _words_of(row, span)
    role, behind = role_label(span.text, [(hit.classes, row.words[hit.first : hit.last + 1]) for hit in hits[:1]])
    if 0 < behind < len(words):
        words = words[len(words) - behind :]
        hits = [hit for hit in hits if hit.x0 > words[0].x0 - 0.01]
    words = _until_number(row, hits, words)
    span = join(words) if words else span
    letterhead = is_letterhead(span.text)
    if letterhead:
        words = words[: len(sender(span.text).split())]
        span = join(words)
        hits = [hit for hit in hits if hit.x1 < span.x1 + 0.01]
    text, registered = clean(sender(span.text))
    if letters_in(text) < 3:
        return None
    labels = [hit.classes for hit in hits if _labels_something(row.words[hit.last + 1 :], span)]
    return NameLine(
        row=row.index,
        span=span,
        text=text,
        registered=registered,
        part_of_row=part_of_row,
        classes=frozenset().union(*(hit.classes for hit in hits)),
        labels=frozenset().union(*labels),
        known=_known(row, hits, words) / max(letters_in(span.text), 1),
        role=role if behind else None,
        letterhead=letterhead,
    )


def _words_of(row: Row, span: Span) -> list[Span]:
    inside = set(span.words)
    return [word for word in row.words if inside.issuperset(word.words) and span.x0 - 0.01 < word.x0 <= span.x1]


def _known(row: Row, hits: Sequence[Hit], words: Sequence[Span]) -> int:
    """How many letters of the words are those of keywords."""
    covered = {number for hit in hits for word in row.words[hit.first : hit.last + 1] for number in word.words}
    return sum(letters_in(word.text) for word in words if covered.issuperset(word.words))


def _until_number(row: Row, hits: Sequence[Hit], words: list[Span]) -> list[Span]:
    """The words before a title, or a label with its number: `PARKHAUS MITTE` of `PARKHAUS MITTE Ticket 88123`."""
    for hit in hits:
        label, value = row.words[hit.first], row.words[hit.last + 1 : hit.last + 2]
        before = [word for word in words if word.x1 <= label.x0 + 1e-6]
        numbered = hit.classes & _NUMBERED and any(sum(map(str.isdigit, word.text)) >= 3 for word in value)
        title_behind = hit.classes & _TITLES and hit.score == 1 and row.words[hit.last] is words[-1]
        if (numbered or title_behind) and sum(letters_in(word.text) for word in before) >= 4:
            return before
    return words


def _labels_something(after: Sequence[Span], span: Span) -> bool:
    """Whether a phrase is a label: nothing, or something with a digit, stands behind it in its line."""
    inside = [word for word in after if word.x0 < span.x1]
    return not any(letters_in(word.text) for word in inside) or any(
        c.isdigit() for word in inside[:3] for c in word.text
    )
