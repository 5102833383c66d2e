"""Finds what may be a tax or registration number: words beside such a label, and numbers that only such a register has."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.lexicon import clues, tax_labels
from ocr_pipeline.extraction.rules.lexicon.clues import token
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Cell, Row, Span, join
from ocr_pipeline.extraction.rules.text import letters_in
from ocr_pipeline.values.tax_id_schemes import by_prefix
from ocr_pipeline.values.tax_ids import MAX_LENGTH, TaxId, compact, recognise

EDGES = ":.,;#()[]*'\"·|"
"""Marks around a number that are not a part of it."""
_MIN_DIGITS, _MAX_CHARACTERS = 5, 22
_MAX_WORDS = 7
_LONG = 13
"""Digits from which a number without a label may be one of the home country by its check digits."""
_SHORT = 3
"""Letters. A shorter label, `bin` or `pan`, may be another word, so it must stand right before the number."""
_REACH = 7
"""Words between a label and its number, at most."""
_GAP = 1.2
"""Parts of one number are at most this many text heights apart."""
_BESIDE = 0.03
"""Text this close before a number, in page widths, is what it belongs to: no label above is looked for."""
_ALIGNED = 0.02
_FAR = 0.35
"""A label is at most this far left of its number, in page widths."""
_PART = re.compile(r"[A-Z\d&][A-Z\d&./\-–]*|[/\-–]")
_SUFFIX = re.compile(r"MVA|MWST|TVA|IVA|VAT", re.IGNORECASE)
_LABEL_PART = re.compile(r"[/·|]")
_CONTACT = re.compile(r"@|www\.|https?:")
"""The supplier's own number often stands in one line with its web or mail address."""
_OTHER = frozenset(
    {"other_id", "invoice_id", "order_id", "purchase_order", "code", "due_date", "invoice_date", "other_date"}
)


@dataclass(frozen=True)
class TaxIdSpan:
    """A number with the label that it stands beside.

    `label`: `tax`, `office`, `register` (see `tax_labels.yaml`), `receiver` (a label that names the buyer), or "" without one.
    `other`: a label of something else stands nearer; `below`: the label stands above; `contact`: in one line with a web or
    mail address. `ids`: the kinds of number that it is, in the countries that the document may come from.
    """

    text: str
    span: Span
    ids: tuple[TaxId, ...]
    label: str
    other: bool
    below: bool
    contact: bool = False


def find(reading: Reading) -> list[TaxIdSpan]:
    """All numbers, in reading order."""
    countries = frozenset(code for code, share in reading.origin.shares if share > 0.05) | {reading.origin.buyer or ""}
    taken = frozenset(index for date in reading.dates for index in date.span.words if len(date.span.text) > 5)
    found: list[TaxIdSpan] = []
    for row in reading.rows:
        if sum(map(str.isdigit, row.text)) >= _MIN_DIGITS:
            found += _in_row(reading, row, countries, taken)
    return found


def _in_row(reading: Reading, row: Row, countries: frozenset[str], taken: frozenset[int]) -> Iterator[TaxIdSpan]:
    position = 0
    while position < len(row.words):
        window = _window(row, position, countries)
        if window is None or not taken.isdisjoint(row.words[position].words):
            position += 1
            continue
        end, ids = window
        label, other, below = _label(reading, row, position)
        if label or _stands_alone(reading, ids, row.words[position].text):
            words = list(row.words[position:end])
            if end < len(row.words) and ids and _is_suffix(words[-1], row.words[end]):
                words.append(row.words[end])
            cell = next(cell for cell in row.cells if row.words[position] in cell.words)
            if words[-1] is cell.words[-1] and not any(found.checked for found in ids):
                more, joined = _in_next_line(reading, row, cell, words, countries)
                words, ids = [*words, *more], joined or ids
            span = join(words)
            if sum(map(str.isdigit, span.text)) < _MIN_DIGITS:
                position = end
                continue
            contact = _CONTACT.search(cell.span.text) is not None
            yield TaxIdSpan(span.text.replace(" ", "").strip(EDGES), span, ids, label, other, below, contact)
        position = end


def _window(row: Row, first: int, countries: frozenset[str]) -> tuple[int, tuple[TaxId, ...]] | None:
    """Where the number ends that begins at a word, and what it is: the longest run that is a known number, else all digits."""
    words = row.words
    start = words[first].text.strip(EDGES)
    if not (any(map(str.isdigit, start)) or _is_prefix(start, countries)) or not _PART.fullmatch(start.upper()):
        return None
    ends = [first + 1]
    for end in range(first + 1, min(first + _MAX_WORDS, len(words))):
        word, before = words[end], words[end - 1]
        text = word.text.strip(EDGES)
        if (
            word.x0 - before.x1 > _GAP * word.height
            or not text
            or not _PART.fullmatch(text)
            or before.text.endswith(",")
        ):
            break
        ends.append(end + 1)
    for end in reversed(ends):
        text = join(words[first:end]).text.strip(EDGES)
        ids = _known(text, countries) if len(text) <= MAX_LENGTH else ()
        if ids and any(map(str.isalnum, words[end - 1].text)):
            return end, ids
    end = _digits_end(words, first, ends)
    number = compact("".join(word.text for word in words[first:end]))
    at_least = _MIN_DIGITS if end < len(words) else _MIN_DIGITS // 2
    if sum(map(str.isdigit, number)) < at_least or len(number) > _MAX_CHARACTERS:
        return None
    return end, ()


def _is_suffix(last: Span, word: Span) -> bool:
    """Whether a word behind a number is its end, `988 077 917 MVA`, and not the label of the next column."""
    close = word.x0 - last.x1 < _GAP * word.height
    return close and not word.text.endswith(":") and _SUFFIX.fullmatch(word.text.strip(EDGES)) is not None


def _in_next_line(
    reading: Reading, row: Row, cell: Cell, words: Sequence[Span], countries: frozenset[str]
) -> tuple[list[Span], tuple[TaxId, ...]]:
    """The words at the start of the line below that complete a number broken at the end of a line, and what it then is."""
    rows = [other for other in reading.rows[row.index + 1 : row.index + 2] if other.page == row.page]
    cells = (other for next_row in rows for other in next_row.cells)
    below = next((other for other in cells if abs(other.span.x0 - cell.span.x0) < _ALIGNED), None)
    if below is None:
        return [], ()
    parts: list[Span] = []
    for word in below.words[:_MAX_WORDS]:
        far = bool(parts) and word.x0 - parts[-1].x1 > _GAP * word.height
        if far or not _PART.fullmatch(word.text.strip(EDGES).upper()) or not any(map(str.isdigit, word.text)):
            break
        parts.append(word)
    start = join(words).text
    for end in range(len(parts), 0, -1):
        ids = _known(f"{start} {join(parts[:end]).text}".strip(EDGES), countries)
        if any(found.checked for found in ids):
            return parts[:end], ids
    return (parts[:1], ()) if start.endswith("-") else ([], ())


def _is_prefix(text: str, countries: frozenset[str]) -> bool:
    """Whether a word is the prefix of a country's numbers; `NO` is also a label's end everywhere else."""
    return text in by_prefix() and (text != "NO" or "NO" in countries)


def _digits_end(words: Sequence[Span], first: int, ends: Sequence[int]) -> int:
    """The end of a run of digits and marks of an unknown number."""
    end = first + 1
    while end in ends[:-1] and (
        words[end].text.strip(EDGES).isdigit() or words[end].text in "-/" or words[end - 1].text in "-/"
        or words[end - 1].text.strip(EDGES) in by_prefix()
    ):  # fmt: skip
        end += 1
    return end


def _known(text: str, countries: frozenset[str]) -> tuple[TaxId, ...]:
    """The kinds of number of the countries, or with a prefix of their own; right check digits first."""
    if not sum(map(str.isdigit, text)) >= _MIN_DIGITS or len(compact(text)) > _MAX_CHARACTERS:
        return ()
    ids = [tax_id for tax_id in recognise(text) if tax_id.prefixed or tax_id.country in countries]
    ids.sort(key=lambda tax_id: (not tax_id.checked, tax_id.kind != "vat"))
    return tuple(ids)


def _stands_alone(reading: Reading, ids: Sequence[TaxId], first: str) -> bool:
    """Whether a number needs no label: it has its country's prefix, or check digits in a shape that only such numbers have."""
    if any(tax_id.prefixed and (tax_id.checked or len(tax_id.number) > 7) for tax_id in ids):
        return True
    checked = {tax_id.country for tax_id in ids if tax_id.checked}
    text, home = first.strip(EDGES), reading.origin.country
    if home in checked and text.isdigit() and len(text) >= _LONG:
        return True
    return any(shape.fullmatch(text) and checked & weights.keys() for shape, _, weights in clues.load().numbers)


# ---- labels ----------------------------------------------------------------------------------------------------------


def _label(reading: Reading, row: Row, position: int) -> tuple[str, bool, bool]:
    """The nearest label left of a word, or above it; whether a label of something else is nearer; whether it is above."""
    word = row.words[position]
    kind, at = _left(row, position)
    hits = [hit for hit in reading.keywords.in_row(row.index) if hit.last < position]
    near = max(hits, key=lambda hit: hit.last, default=None)
    if near is not None and near.last >= at and word.x0 - near.x1 < _FAR:
        by_keyword = _kind_of(near.classes)
        if by_keyword == "receiver" or (by_keyword and not kind):
            return by_keyword, False, False
    other = near is not None and near.last > at and not near.first <= at and bool(near.classes & _OTHER)
    if kind or other or (position and word.x0 - row.words[position - 1].x1 < _BESIDE):
        return kind, other, False
    kind = _before_break(reading, row, position) or _above(reading, row, word)
    return kind, False, bool(kind)


def _kind_of(classes: frozenset[str]) -> str:
    """The kind of a label by its keyword classes; "" if it is none of ours."""
    if "supplier_tax_id" in classes:
        return "tax"
    kinds = {"receiver_tax_id": "receiver", "tax_number": "office", "registration": "register"}
    return next((kind for name, kind in kinds.items() if name in classes), "")


def _left(row: Row, position: int) -> tuple[str, int]:
    """The label that ends nearest to a word, and the position of its last word; ("", -1) without one."""
    known = tax_labels.load()
    first = max(position - _REACH, 0)
    between = range(position - 1, first - 1, -1)
    for end in between:
        word = row.words[end]
        if row.words[position].x0 - word.x1 > _FAR:
            break
        if sum(map(str.isdigit, word.text)) > 2:
            break
        kind = _ending_at(row, end)
        if kind and (len(token(row.words[end].text)) > _SHORT or _beside(row, end, position)):
            return kind, end
        if glued := next((kind for label, kind in known.glued.items() if label in word.text), ""):
            return glued, end
    return "", -1


def _ending_at(row: Row, end: int) -> str:
    """The kind of the longest label that ends at a word."""
    known = tax_labels.load()
    tokens: list[str] = []
    found = ""
    for position in range(end, max(end - known.longest, -1), -1):
        tokens = [*_tokens(row.words[position].text), *tokens]
        if not tokens:
            return ""
        found = known.spaced.get(tuple(tokens)) or found
    return found


def _tokens(text: str) -> list[str]:
    """The tokens of a word: `CPF/CNPJ:` has one, if it is a label as a whole, else two."""
    whole = token(text)
    if not whole or (whole,) in tax_labels.load().spaced or "/" not in text:
        return [whole] if whole else []
    return [part for piece in _LABEL_PART.split(text) if (part := token(piece))]


def _above(reading: Reading, row: Row, word: Span) -> str:
    """The label in the cell above a word, where that cell has no number of its own."""
    if row.index == 0 or reading.rows[row.index - 1].page != row.page:
        return ""
    above = reading.rows[row.index - 1]
    at = -1
    for cell in above.cells:
        at += len(cell.words)
        if min(cell.span.x1, word.x1) > max(cell.span.x0, word.x0) and not any(map(str.isdigit, cell.span.text)):
            kind = _ending_at(above, at)
            return kind if len(cell.words) == 1 or letters_in(cell.words[-1].text) > _SHORT else ""
    return ""


def _before_break(reading: Reading, row: Row, position: int) -> str:
    """The label at the very end of the row above a number that begins its row: a line of text was broken there."""
    if position or row.index == 0 or reading.rows[row.index - 1].page != row.page:
        return ""
    above = reading.rows[row.index - 1]
    is_long = len(above.words) > 3 and above.words[-1].text.endswith(":")
    return _ending_at(above, len(above.words) - 1) if is_long else ""


def _beside(row: Row, end: int, position: int) -> bool:
    """Whether a label is written like one right before a number: `PAN: AAPFU0939F`, `NIP 856-734-62-15`."""
    label = row.words[end]
    between = "".join(word.text for word in row.words[end + 1 : position])
    alone = end == 0 or label.x0 - row.words[end - 1].x1 > _GAP * label.height
    near = row.words[end + 1].x0 - label.x1 < _GAP * label.height
    return letters_in(between) <= _SHORT and (near or alone or label.text.endswith(":"))
