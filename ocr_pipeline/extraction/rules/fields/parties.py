"""The addressee of a document: names under a label, or in the window of a letter."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields.line_shapes import not_a_name
from ocr_pipeline.extraction.rules.fields.roles import role_label
from ocr_pipeline.extraction.rules.fields.sender_lines import is_sender_line, sender
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Cell, Row, Span, join
from ocr_pipeline.extraction.rules.text import alphanumeric, letters_in

_BRACKETED_LABEL = re.compile(r"^\([^)]*\)")
"""What explains a label: `Buyer (Bill to)`."""
_REACH = 6
"""A name is at most this many rows below its label."""
_RIGHT_BEHIND = 0.03
_BEHIND = 0.15
"""A name is at most this far behind its label, in page widths."""
_COLUMNS = 3
"""A row with this many labels is the head of columns: values are below."""
_NEXT_CELL = 1.4
"""A wider gap than this many text heights ends a name behind a label."""
_CENTRED = 0.2
"""The centres of a heading and the name in its column are at most this far apart."""
_ALIGNED = 0.04
_WINDOW_BOTTOM = 0.6
"""A sender's line is in the upper part of the first page, in page widths."""
_IN_WINDOW = 0.08
"""The sender's line is often centred over the address."""
_NUMBERS = frozenset(
    {"other_id", "position", "supplier_tax_id", "code", "invoice_title", "purchase_order", "other_date"}
)
"""Classes of lines that are not a name: `Customer no. 4711`."""


@lru_cache(maxsize=16)
def named_under(reading: Reading, *classes: str) -> Sequence[Span]:
    """Names behind or under a label of one of the classes, such as `Bill to:` or `Verkäufer:`."""
    names = list(_under_short_labels(reading, classes))
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            if hit.classes & set(classes) and _is_label(row, hit):
                head = sum(_is_label(row, other) for other in reading.keywords.in_row(row.index)) >= _COLUMNS
                name = None if head else _behind(reading, row, hit, _BEHIND)
                name = name or (None if _has_value(row, hit) and not head else _under(reading, hit))
                if name is not None:
                    names.append(name)
    return tuple(names)


def _has_value(row: Row, hit: Hit) -> bool:
    """Whether text other than a bracket stands right behind a label."""
    behind = row.words[hit.last + 1 :]
    if not behind or behind[0].x0 - hit.x1 >= _RIGHT_BEHIND:
        return False
    cell = next(cell for cell in row.cells if behind[0] in cell.words)
    text = " ".join(word.text for word in cell.words if word.x0 >= behind[0].x0)
    return bool(_BRACKETED_LABEL.sub("", text).strip())


def _under_short_labels(reading: Reading, roles: Sequence[str]) -> Iterator[Span]:
    """Names behind or under a cell that is only `From` or begins with `From:`."""
    for row in reading.rows:
        for cell in row.cells:
            role, behind = role_label(cell.span.text, ())
            if role in roles and behind:
                yield join(cell.words[len(cell.words) - behind :])
            elif "buyer" in roles and (name := _before_suffix(cell)) is not None:
                yield name
            elif role in roles:
                yield from islice(_texts_below(reading, row.index, cell.span.x0, _ALIGNED), 1)


def _before_suffix(cell: Cell) -> Span | None:
    """The name before a label that stands behind it: `若松文具株式会社 御中`."""
    last = cell.words[-1].text
    suffix = next((label for label in lexicon.load().suffix_labels if last.endswith(label)), None)
    if suffix is None:
        return None
    rest = last.removesuffix(suffix)
    words = [*cell.words[:-1], *([cell.words[-1]._replace(text=rest)] if rest else [])]
    return join(words) if sum(letters_in(word.text) for word in words) >= 2 else None


@lru_cache(maxsize=4)
def labelled_receivers(reading: Reading) -> Sequence[Candidate[str]]:
    """Names under a buyer's label, under a delivery label, or in the window of a letter."""
    places: dict[str, Sequence[Span]] = {
        "under_buyer_label": named_under(reading, "buyer"),
        "under_ship_to_label": named_under(reading, "ship_to"),
        "under_sender_line": list(_in_windows(reading)),
    }
    return tuple(
        Candidate(span.text.strip(" :"), span, {name: 1.0}) for name, spans in places.items() for span in spans
    )


def _in_windows(reading: Reading) -> Iterator[Span]:
    """The first text below each sender's line that is aligned with it; a footer has no window below it."""
    for row in reading.rows:
        for cell in row.cells:
            if cell.span.y0 < _WINDOW_BOTTOM and is_sender_line(cell.span.text):
                name = alphanumeric(sender(cell.span.text))
                below = _texts_below(reading, row.index, cell.span.x0, _IN_WINDOW)
                yield from (span for span in islice(below, 1) if alphanumeric(span.text) != name)


def _texts_below(reading: Reading, row: int, x0: float, tolerance: float) -> Iterator[Span]:
    """Cells of the next rows that start about at `x0` and may be a name: letters, and no `label: value`."""
    for later in reading.rows[row + 1 : row + 1 + _REACH]:
        labels = [hit.x0 for hit in reading.keywords.in_row(later.index) if hit.classes & _NUMBERS]
        for cell in later.cells:
            span = cell.span
            is_label = ":" in span.text or any(abs(label - span.x0) < 0.01 for label in labels)
            is_name = letters_in(span.text) >= 3 and not_a_name(span.text) is None
            if abs(span.x0 - x0) < tolerance and is_name and not is_label:
                yield span


def _is_label(row: Row, hit: Hit) -> bool:
    """Whether a phrase fills a cell from its start, so that `Kunden AG Mitte` is not taken for a label."""
    start = 0
    for cell in row.cells:
        if start == hit.first:
            if hit.last > hit.first and hit.score == 1:
                return True  # `Sold to Wingtip Toys`: nothing else is called so
            behind = " ".join(word.text for word in cell.words[hit.last + 1 - start :])
            if cell.words[hit.last - start].text.endswith(":"):
                return True
            return _BRACKETED_LABEL.sub("", behind).lstrip()[:1] in ("", ":", "-", "–") or not any(
                map(str.isalnum, behind)
            )
        start += len(cell.words)
    return False


def _behind(reading: Reading, row: Row, hit: Hit, reach: float) -> Span | None:
    """Text behind the label in its cell or in the next one, up to the next label."""
    hits = reading.keywords.in_row(row.index)
    next_label = min((other.first for other in hits if other.first > hit.last and _is_label(row, other)), default=None)
    text: list[Span] = []
    for word in row.words[hit.last + 1 : next_label]:
        if text and word.x0 - text[-1].x1 > _NEXT_CELL * word.height:
            break
        if text or letters_in(word.text):
            text.append(word)
    is_name = sum(letters_in(word.text) for word in text) >= 3 and text[0].x0 - hit.x1 < reach
    # Behind a label, `Hof Sol 4` is not a street.
    return (
        join(text) if is_name and not_a_name(join(text).text) in (None, "street") and text[0].text[0] != "(" else None
    )


def _under(reading: Reading, hit: Hit) -> Span | None:
    """The first name below the label that is aligned with it; for `Name: ...`, the text behind."""
    name = next(_texts_below(reading, hit.row, hit.x0, _ALIGNED), None)
    centred = _centred_under(reading, hit)
    near = [index for row in reading.rows[hit.row + 1 : hit.row + 3] for index in row.span.words]
    if centred is not None and (name is None or name.words[0] not in near):
        return centred
    for row in reading.rows[hit.row + 1 : hit.row + 1 + _REACH]:
        if name is not None and name.words[0] in row.span.words:
            return name
        field = next((other for other in reading.keywords.in_row(row.index) if "name_field" in other.classes), None)
        if field is not None:
            return _behind(reading, row, field, reach=1.0)
    return None


def _centred_under(reading: Reading, hit: Hit) -> Span | None:
    """The name below a heading that is centred over its column: the nearest cell of the next row."""
    if hit.row + 1 >= len(reading.rows):
        return None
    row, middle = reading.rows[hit.row + 1], (hit.x0 + hit.x1) / 2
    near = min((cell.span for cell in row.cells), key=lambda span: abs((span.x0 + span.x1) / 2 - middle))
    labels = [other.x0 for other in reading.keywords.in_row(row.index) if other.classes & (_NUMBERS | {"name_field"})]
    is_name = letters_in(near.text) >= 3 and not_a_name(near.text) is None and not reading.has_money(row.index)
    is_name = is_name and not any(abs(label - near.x0) < 0.01 for label in labels)
    return near if is_name and abs((near.x0 + near.x1) / 2 - middle) < _CENTRED else None
