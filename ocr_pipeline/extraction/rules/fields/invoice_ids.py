"""Candidates for the numbers of an invoice and of an order."""

import re
from collections.abc import Iterator

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields.number_values import is_mark, read_number
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import letters_in

WEIGHTS = {
    "same_row": 1.0,
    "below": 0.6,
    "bare_mark": 0.4,
    "near_title": 1.0,
    "marked": 0.3,
    "beside_label": 0.6,
    "label_length": 1.0,
    "label_score": 1.0,
    "other_label": -1.5,
    "high_on_page": 0.4,
    "has_digit": 1.0,
    "plain_length": 0.4,
    "is_date": -4.0,
    "is_amount": -2.0,
    "is_percentage": -3.0,
    "is_phone": -2.0,
    "year": -1.5,
    "very_short": -0.7,
    "behind_another_label": -2.0,
}
AT_LEAST = 2.6

_PLAIN = re.compile(r"\w[\w./\-]{2,23}")
_AMOUNT = re.compile(r"\d{1,3}(?:[.,' ]?\d{3})*[.,]\d\d")
_PHONE = re.compile(r"\+\d[\d/()-]{7,}")
_GLUED_TO_LABEL = re.compile(r"[:#№°º](?=[A-Za-z]{0,4}[-/]?\d)(.+)$")
_TITLES = frozenset({"invoice_title", "receipt_title", "credit_note_title"})
_BESIDE = 0.03
"""Text this close behind a label belongs to it, so nothing is searched below."""
_ROWS_BELOW = 2
_MAX_BEHIND_TITLE = 3
_ROWS_OF_TITLE = 3
"""A mark without a label, `N° 17`, is at most this many rows below the title."""


def candidates(reading: Reading, *classes: str) -> list[Candidate[str]]:
    """Numbers right of or below a keyword of one of the classes, `invoice_id` or `purchase_order`; for `invoice_id`, also
    those behind a bare `No.` near the title."""
    wanted = set(classes)
    found: list[Candidate[str]] = []
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            if hit.classes & wanted:
                found += _labelled(reading, row, hit)
    if "invoice_id" in wanted:
        found += _behind_marks(reading)
        found += _behind_titles(reading)
    return found


def _labelled(reading: Reading, row: Row, hit: Hit) -> Iterator[Candidate[str]]:
    """The number glued to a label, right of it, or below it if nothing is right of it."""
    label, rest = row.words[hit.last], row.words[hit.last + 1 :]
    glued = _GLUED_TO_LABEL.search(label.text)
    if glued:
        yield _candidate(reading, hit, label._replace(text=glued[1].strip(".,:;")), gap=0.0, below=False)
        return
    number = read_number(reading, row.index, rest)
    if number is not None:
        yield _candidate(reading, hit, number, gap=number.x0 - hit.x1, below=False)
    says_something = [word for word in rest if any(c.isalnum() for c in word.text) and not is_mark(word.text)]
    beside = bool(says_something) and says_something[0].x0 - hit.x1 < _BESIDE
    beside = beside and not _heads_column(reading, row, says_something[0])
    if (number is None and not beside) or (number is not None and _another_label(reading, hit, number)):
        below = _below(reading, hit.row, join(row.words[hit.first : hit.last + 1]))
        if below is not None:
            yield _candidate(reading, hit, below, gap=below.y - label.y, below=True)


def _heads_column(reading: Reading, row: Row, word: Span) -> bool:
    """Whether a word begins a cell of its own that is another label: the head of the next column."""
    cell = next((cell for cell in row.cells if cell.words[0] is word), None)
    return cell is not None and any(row.words[hit.first] is word for hit in reading.keywords.in_row(row.index))


def _below(reading: Reading, row_of_label: int, label: Span) -> Span | None:
    """The number in the label's column, in one of the next rows; text in between ends the search."""
    for row in reading.rows[row_of_label + 1 : row_of_label + 1 + _ROWS_BELOW]:
        for cell in row.cells:
            for position, word in enumerate(cell.words):
                if word.overlap(label) > 0:
                    return read_number(reading, row.index, cell.words[position:])
    return None


def _behind_marks(reading: Reading) -> Iterator[Candidate[str]]:
    """Numbers behind a mark without a label, `N° 12 345` or `№17`, in the title's row or below it."""
    titles = [row.index for row in reading.rows if reading.keywords.classes(row.index) & _TITLES]
    for row in reading.rows:
        if "invoice_date" in reading.keywords.classes(row.index):
            yield from _below_marks(reading, row)
        near = [title for title in titles if title <= row.index <= title + _ROWS_OF_TITLE]
        if not near:
            continue
        for position, word in enumerate(row.words):
            behind = row.words[position + 1 :]
            glued = word.text[:1] in "№#" or word.text[:2] in ("N°", "Nº", "n°", "nº")
            if not (glued and any(map(str.isdigit, word.text))) and not (is_mark(word.text) and len(word.text) > 1):
                continue
            if not _is_bare(reading, row, position, in_title_row=row.index in near):
                continue
            number = read_number(reading, row.index, [word, *behind])
            if number is not None:
                yield _candidate(reading, None, number, gap=0.0, below=False)


def _behind_titles(reading: Reading) -> Iterator[Candidate[str]]:
    """The number right behind the title, as its only neighbour: `Tax Invoice INV/2024/0012`."""
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            if not hit.classes & _TITLES or "invoice_id" in hit.classes or hit.score < 1:
                continue
            cell = next(cell for cell in row.cells if row.words[hit.first] in cell.words)
            behind = [word for word in row.words[hit.last + 1 :] if word in cell.words]
            starts = cell.words[0] is row.words[hit.first] and 0 < len(behind) <= _MAX_BEHIND_TITLE
            number = read_number(reading, row.index, behind) if starts else None
            if number is not None and set(behind[-1].words) <= set(number.words):
                yield _candidate(reading, None, number, gap=number.x0 - hit.x1, below=False)


def _below_marks(reading: Reading, row: Row) -> Iterator[Candidate[str]]:
    """The number below a mark that heads a column beside that of the date: `Nº   Data de emissão`."""
    for cell in row.cells:
        if len(cell.words) == 1 and is_mark(cell.span.text):
            number = _below(reading, row.index, cell.span)
            if number is not None:
                yield _candidate(reading, None, number, gap=0.0, below=True)


def _is_bare(reading: Reading, row: Row, position: int, *, in_title_row: bool) -> bool:
    """Whether a mark belongs to no other label: nothing in its cell is left of it, except in the row of the title."""
    hits = reading.keywords.in_row(row.index)
    if any(hit.first <= position <= hit.last and not hit.classes & {"invoice_id", "position"} for hit in hits):
        return False
    before = [cell for cell in row.cells if row.words[position] in cell.words]
    starts = bool(before) and before[0].words[0] is row.words[position]
    return starts or (in_title_row and bool(hits) and bool(hits[0].classes & _TITLES) and hits[0].last < position)


def _another_label(reading: Reading, hit: Hit, number: Span) -> bool:
    """Whether another label stands between a label and a number: `Invoice no.   Date 04.03.2026`."""
    others = [other for other in reading.keywords.in_row(hit.row) if other.first > hit.last]
    return any(other.x1 <= number.x0 + 1e-6 and other.x0 - hit.x1 > _BESIDE for other in others)


def _candidate(reading: Reading, hit: Hit | None, number: Span, *, gap: float, below: bool) -> Candidate[str]:
    return Candidate(number.text, number, _features(reading, hit, number, max(gap, 0.0), below=below))


def _features(reading: Reading, hit: Hit | None, number: Span, gap: float, *, below: bool) -> dict[str, float]:
    text = number.text
    dates = [date.span for date in reading.dates if number.words[0] in date.span.words]
    of_label = {"bare_mark": 1.0, "near_title": 1.0, "label_score": 1.0}
    if hit is not None:
        label = reading.rows[hit.row].words[hit.first : hit.last + 1]
        of_label = {
            "label_length": min(sum(len(word.text) for word in label) / 10, 1.0),
            "label_score": hit.score,
            "other_label": float(bool(hit.classes & {"other_id", "order_id"})),
            "behind_another_label": float(not below and _another_label(reading, hit, number)),
        }
    return {
        "same_row": float(not below),
        "below": float(below),
        "beside_label": max(0.0, 1 - gap / 0.3),
        **of_label,
        "high_on_page": 1 - number.y / reading.layout.height,
        "has_digit": float(any(c.isdigit() for c in text)),
        "plain_length": float(_PLAIN.fullmatch(text) is not None),
        "is_date": float(
            not text.isdigit() and any(len(span.text.replace(" ", "")) > 0.7 * len(text) for span in dates)
        ),
        "is_amount": float(_AMOUNT.fullmatch(text) is not None),
        "is_percentage": float(text.endswith("%")),
        "is_phone": float(_PHONE.fullmatch(text) is not None),
        "year": float(re.fullmatch(r"(?:19|20)\d\d", text) is not None),
        "very_short": float(len(text) < 3 and not letters_in(text)),
    }
