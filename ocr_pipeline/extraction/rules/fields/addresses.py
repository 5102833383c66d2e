"""The supplier's address: the lines under its name, and other runs of lines for trained rankers."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ocr_pipeline.extraction.rules.candidates import Candidate, Features
from ocr_pipeline.extraction.rules.fields import address_runs, blocks
from ocr_pipeline.extraction.rules.fields.address_spelling import spelled
from ocr_pipeline.extraction.rules.fields.blocks import Block
from ocr_pipeline.extraction.rules.fields.company_names import is_registration
from ocr_pipeline.extraction.rules.fields.line_shapes import has_postal_code, not_a_name
from ocr_pipeline.extraction.rules.fields.sender_lines import address_part, sender
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import alphanumeric, letters_in

WEIGHTS = {"with_postal_code": 1.0, "without_postal_code": 0.5}
AT_LEAST = 0.25

_HOUSE_NUMBER = re.compile(
    r"(?:no|lot|unit)?\W*\d{1,4}\b(?!\s?[-/.:]\s?\d).*|\D{4,}\s\d{1,4}\s?[a-z]?\W*", re.IGNORECASE
)
_FIRST_LINE = 6
"""The address begins at most this many rows below the name."""
_MAX_LINES = 6
_MAX_WORDS_AFTER_TOWN = 4
_ALIGNED = 0.04
_NO_ADDRESS = frozenset(
    {
        "other_id", "supplier_tax_id", "tax_number", "registration", "invoice_id", "purchase_order", "code",
        "invoice_date", "other_date", "invoice_title", "buyer", "not_a_name",
    }
)  # fmt: skip
"""Classes of lines next to an address that do not belong to it."""


def candidates(reading: Reading, name: Span) -> list[Candidate[str]]:
    """The address under the supplier's name, if any."""
    lines = _own_lines(reading, name)
    if not lines:
        return []
    feature = "with_postal_code" if any(has_postal_code(line.text) for line in lines) else "without_postal_code"
    rows = _row_of(reading, lines[0]), _row_of(reading, lines[-1])
    features = _features(reading, _row_of(reading, name), rows, lines, lines)
    return [_candidate(reading, lines, {feature: 1.0, **features})]


def runs(reading: Reading, name: Span | None) -> list[Candidate[str]]:
    """Other runs of lines that may be the address, for trained rankers: no weight of the rules chooses one."""
    taken = _own_lines(reading, name) if name else []
    middle = _row_of(reading, name) if name else 0
    return [
        _candidate(reading, run, _features(reading, middle, (first.index, last.index), run, taken))
        for (first, last), run in address_runs.find(reading, middle, name, taken)
    ]


def _own_lines(reading: Reading, name: Span) -> list[Span]:
    return list(_lines(reading, name)) or list(_elsewhere(reading, name))


def _candidate(reading: Reading, lines: Sequence[Span], features: Features) -> Candidate[str]:
    text = ", ".join(line.text.strip(" ,") for line in lines)
    return Candidate(spelled(text, reading.region), join(lines), features)


def _features(
    reading: Reading, name: int, rows: tuple[int, int], lines: Sequence[Span], taken: Sequence[Span]
) -> dict[str, float]:
    """What tells an address from its neighbours. `name`: the row of the supplier's name; `rows`: those of the first and the
    last line; `taken`: the lines that the rules take."""
    first, last = rows
    postal = [index for index, line in enumerate(lines) if has_postal_code(line.text)]
    text = lines[-1].text.rstrip()
    features = {
        "lines": float(len(lines)),
        "below_name": float(first - name),
        "postal_codes": float(len(postal)),
        "lines_after_town": float(len(lines) - 1 - postal[0]) if postal else -1.0,
        "begins_like_one": float(_begins_address(lines[0].text, reading.keywords.classes(first))),
        "ends_open": float(text.endswith((",", "-", "&"))),
        "ends_closed": float(text.endswith(".")),
        "says_something_else": float(sum(_says_something_else(reading, row) for row in range(first, last + 1))),
        "with_dates": float(any(_has_date(reading, line) for line in lines)),
        "first_line_taken": float(bool(taken) and lines[0].words == taken[0].words),
        "last_line_taken": float(bool(taken) and lines[-1].words == taken[-1].words),
    }
    for side, row in (("before", first - 1), ("after", last + 1)):
        beside = reading.rows[row] if 0 <= row < len(reading.rows) else None
        features[f"{side}_is_another_thing"] = float(beside is None or _says_something_else(reading, row))
        features[f"{side}_has_postal_code"] = float(beside is not None and has_postal_code(beside.text))
        features[f"{side}_letters"] = float(letters_in(beside.text)) if beside else 0.0
    return features


def _has_date(reading: Reading, line: Span) -> bool:
    return not reading.date_words.isdisjoint(line.words)


def _row_of(reading: Reading, span: Span) -> int:
    """The row of the last word of a span; the number of rows if there is none."""
    return next((row.index for row in reading.rows if span.words[-1] in row.span.words), len(reading.rows))


def _lines(reading: Reading, name: Span) -> Iterator[Span]:
    """From the first line that looks like an address to the town, with a state or country in the line below it."""
    start = _row_of(reading, name)
    begun = town_seen = 0
    for row in reading.rows[start + 1 : start + 1 + _FIRST_LINE + _MAX_LINES]:
        line = _line_under(row, name)
        part = address_part(line.text)
        if part is not None and not begun:
            yield line._replace(text=part)
            return
        is_other = _is_no_address(reading, row, line)
        if not begun and (is_other or not _begins_address(line.text, reading.keywords.classes(row.index))):
            if row.index - start >= _FIRST_LINE:
                return
            continue
        if is_other or begun == _MAX_LINES or (town_seen and (begun > town_seen or not _may_follow_town(line.text))):
            return
        yield line
        begun += 1
        if not town_seen and has_postal_code(line.text):
            town_seen = begun


def _elsewhere(reading: Reading, name: Span) -> Iterator[Span]:
    """The address in the supplier's line itself, in another line that begins with the name, or in a block with the name
    or with the supplier's telephone, web address or registration."""
    printed = alphanumeric(sender(name.text))
    for cell in (cell for row in reading.rows for cell in row.cells):
        part = address_part(cell.span.text)
        if part is not None and alphanumeric(sender(cell.span.text)) == printed:
            yield cell.span._replace(text=part)
            return
    for block in blocks.find(reading):
        start = block.address_start()
        if start is not None and _is_suppliers(reading, block, printed):
            for line in block.lines[start : start + _MAX_LINES]:
                shape = line.shape
                if shape in ("web", "phone", "label") or not (letters_in(line.text) or has_postal_code(line.text)):
                    return
                yield line.span
                if shape == "town":
                    return
            return


def _is_suppliers(reading: Reading, block: Block, name: str) -> bool:
    if any(alphanumeric(line.text) == name for line in block.lines):
        return True
    said = {keyword for line in block.lines for keyword in reading.keywords.classes(line.row)}
    shapes = {line.shape for line in block.lines}
    return bool(shapes & {"web", "phone"}) and bool(said & {"supplier_tax_id", "registration", "tax_number"})


def _line_under(row: Row, name: Span) -> Span:
    """The cells of a row below the name or aligned with it; the whole row if there are none."""
    cells = (cell.span for cell in row.cells)
    under = [span for span in cells if span.overlap(name) > 0 or abs(span.x0 - name.x0) < _ALIGNED]
    return join(under) if under else row.span


def _is_no_address(reading: Reading, row: Row, line: Span) -> bool:
    has_text = letters_in(line.text) or has_postal_code(line.text)
    if not_a_name(line.text) in ("web", "phone"):
        return True
    return _says_something_else(reading, row.index) or not has_text or _has_date(reading, line)


def _may_follow_town(text: str) -> bool:
    """Whether a line may be a state or country."""
    return not any(c.isdigit() for c in text) and len(text.split()) <= _MAX_WORDS_AFTER_TOWN


@lru_cache(maxsize=4096)
def _says_something_else(reading: Reading, row: int) -> bool:
    """Whether a row begins with the label of another field, or mentions one and no address."""
    hits = reading.keywords.in_row(row)
    mentions = reading.keywords.classes(row)
    begins = hits[0].classes if hits else frozenset()
    is_label = bool(begins & _NO_ADDRESS and "address" not in begins)
    return (
        is_label
        or bool(mentions & _NO_ADDRESS and "address" not in mentions)
        or is_registration(reading.rows[row].text)
    )


@lru_cache(maxsize=8192)
def _begins_address(text: str, classes: frozenset[str]) -> bool:
    return (
        "address" in classes
        or has_postal_code(text)
        or not_a_name(text) in ("street", "town")
        or _HOUSE_NUMBER.fullmatch(text) is not None
    )
