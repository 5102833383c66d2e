"""Candidates for the supplier's name: lines near the top or with a legal form, alone and merged with the next ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, rank
from ocr_pipeline.extraction.rules.company_names import clean, is_registration, is_tail, legal_form
from ocr_pipeline.extraction.rules.layout import Row, Span, join
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.text import key, without_accents

WEIGHTS = {
    "ends_with_legal_form": 3.0,
    "legal_form_inside": 0.8,
    "ends_with_trade_word": 1.0,
    "trade_word": 0.8,
    "under_seller_label": 3.0,
    "under_buyer_label": -3.0,
    "below_title": -2.0,
    "registration_beside": 1.2,
    "first_rows": 2.0,
    "first_row": 0.4,
    "before_address": 0.8,
    "large_print": 0.8,
    "upper_case": 0.5,
    "lower_case": -1.5,
    "digit_share": -4.0,
    "not_a_name": -2.5,
    "number_label": -2.5,
    "address": -2.0,
    "short": -1.5,
    "long": -1.0,
    "merged": -2.8,
    "merge_completes": 3.8,
    "unfinished": -2.0,
    "part_of_row": -0.3,
    "sentence": -1.0,
    "in_brackets": -3.0,
    "below_address": -1.2,
    "only_trade_words": -2.5,
}

_TOP_ROWS = 14
_NUMBER_LABELS = frozenset({"supplier_tax_id", "invoice_id", "other_id", "registration", "tax_number", "order_id"})


@dataclass(frozen=True)
class _Line:
    """A text that may be a name or a part of one: neighbouring cells of a row, cleaned."""

    row: int
    span: Span
    registered: bool
    part_of_row: bool
    classes: frozenset[str]


def candidates(reading: Reading) -> list[Candidate[str]]:
    """Names that the document may have been issued by, in reading order."""
    lines = [line for row in _promising_rows(reading) for line in _lines(reading, row)]
    titles = [
        row.index
        for row in reading.rows
        if reading.keywords.classes(row.index) & {"invoice_title", "receipt_title"} and row.page == 1
    ]
    first_title = titles[0] if titles and titles[0] > 0 else len(reading.rows)
    first_address = next(
        (row.index for row in reading.rows if row.index and "address" in reading.keywords.classes(row.index)),
        len(reading.rows),
    )
    found = []
    for position, line in enumerate(lines):
        parts = [line]
        found.append(_candidate(reading, parts, lines, first_title, first_address))
        for after in lines[position + 1 : position + 12]:
            if after.row == parts[-1].row + 1 and _stacked(parts[-1], after) and len(parts) < 3:
                parts = [*parts, after]
                found.append(_candidate(reading, parts, lines, first_title, first_address))
    return found


def choose(found: list[Candidate[str]]) -> list[Ranked[str]]:
    """All candidates, the best first."""
    return rank(found, WEIGHTS)


def _promising_rows(reading: Reading) -> Iterator[Row]:
    for row in reading.rows:
        if row.page != 1:
            break
        if row.index < _TOP_ROWS or legal_form(clean(row.text)[0]):
            yield row


def _lines(reading: Reading, row: Row) -> Iterator[_Line]:
    """Runs of neighbouring cells, and each cell alone where a run has several."""
    cells = [cell.span for cell in row.cells]
    groups: list[list[Span]] = []
    for cell in cells:
        if groups and cell.x0 - groups[-1][-1].x1 < 3 * row.span.height:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    for group in groups:
        for part in [group] if len(group) == 1 else [group, *([cell] for cell in group)]:
            span = join(part)
            text, registered = clean(_sender(span.text))
            if sum(c.isalpha() for c in text) >= 3:
                classes = frozenset().union(
                    *(
                        hit.classes
                        for hit in reading.keywords.in_row(row.index)
                        if hit.x0 > span.x0 - 0.01 and hit.x1 < span.x1 + 0.01
                    )
                )
                named = Span(text, span.words, span.x0, span.y0, span.x1, span.y1)
                yield _Line(row.index, named, registered, len(part) < len(group), classes)


def _sender(text: str) -> str:
    """The name in a sender's line, `Au bon moulin SARL - 1242 chemin de l'olive - 84340 Malaucène`."""
    for mark in (" - ", " – ", " · ", " • ", " | "):
        parts = text.split(mark)
        if len(parts) >= 3:
            return parts[0]
    return text


def _stacked(upper: _Line, lower: _Line) -> bool:
    close = lower.span.y0 - upper.span.y1 < 1.5 * upper.span.height
    return close and lower.span.overlap(upper.span) > 0 and not upper.registered


def _candidate(
    reading: Reading, parts: Sequence[_Line], lines: list[_Line], first_title: int, first_address: int
) -> Candidate[str]:
    span = join([line.span for line in parts])
    name = clean(span.text)[0]
    if reading.region and reading.region.code == "MY":
        name = without_accents(name)
    words = name.split()
    letters = sum(c.isalpha() for c in name)
    first, last = parts[0], parts[-1]
    place = legal_form(name)
    trade_words = lexicon.load().trade_words
    next_row = reading.rows[last.row + 1].text if last.row + 1 < len(reading.rows) else ""
    classes = frozenset().union(*(line.classes for line in parts))
    features = {
        "ends_with_legal_form": float(place == "end"),
        "legal_form_inside": float(place == "inside"),
        "ends_with_trade_word": float(bool(words) and _ends_with_trade_word(key(words[-1]))),
        "trade_word": float(any(key(word) in trade_words for word in words)),
        "under_seller_label": float(_labelled(reading, first, "seller")),
        "under_buyer_label": float(_labelled(reading, first, "buyer", "ship_to")),
        "below_title": float(first.row > first_title),
        "registration_beside": float(last.registered or is_registration(next_row)),
        "first_rows": max(0.0, 1 - first.row / _TOP_ROWS),
        "first_row": float(first.row == 0),
        "before_address": float("address" in reading.keywords.classes(last.row + 1)),
        "large_print": min(max((parts[0].span.height) / reading.layout.text_height - 1.1, 0.0), 1.0),
        "upper_case": float(name.isupper()),
        "lower_case": float(name.islower()),
        "digit_share": sum(c.isdigit() for c in name) / max(letters, 1),
        "not_a_name": float("not_a_name" in classes),
        "number_label": float(bool(classes & _NUMBER_LABELS)),
        "address": float("address" in classes),
        "short": float(letters < 5),
        "long": float(len(words) > 8),
        "merged": len(parts) - 1.0,
        "merge_completes": float(sum(_completes(upper, lower) for upper, lower in zip(parts, parts[1:], strict=False))),
        "unfinished": float(any(_stacked(last, line) and _completes(last, line) for line in _next(lines, last))),
        "part_of_row": float(first.part_of_row),
        "below_address": float(first.row > first_address),
        "only_trade_words": float(all(key(word) in trade_words for word in words if len(word) > 1)),
        "in_brackets": float(name.startswith("(") and name.endswith(")")),
        "sentence": float(sum(word.islower() for word in words) >= 3),
    }
    return Candidate(name, span, features)


def _ends_with_trade_word(word: str) -> bool:
    """Whether a word is a trade word or, its spaces lost, ends with one: `SANYUSTATIONERYSHOP`."""
    trade_words = lexicon.load().trade_words
    return word in trade_words or (
        len(word) > 10 and any(word.endswith(known) for known in trade_words if len(known) > 3)
    )


def _next(lines: list[_Line], line: _Line) -> list[_Line]:
    return [other for other in lines if other.row == line.row + 1]


def _completes(upper: _Line, lower: _Line) -> bool:
    """Whether a name runs on into the next line: the lower one is only its end, or the upper one ends with `&`."""
    open_end = upper.span.text.rstrip().endswith(("&", ",", "-")) or upper.span.text.lower().endswith((" and", " of"))
    return legal_form(upper.span.text) != "end" and (
        open_end or lower.span.text.startswith("&") or is_tail(lower.span.text)
    )


def _labelled(reading: Reading, line: _Line, *classes: str) -> bool:
    """Whether a label such as `Verkäufer:` stands in one of the two rows before, above the line's start."""
    for index in (line.row - 1, line.row - 2):
        for hit in reading.keywords.in_row(index) if index >= 0 else ():
            if hit.classes & set(classes) and abs(hit.x0 - line.span.x0) < 0.1:
                return True
    return False
