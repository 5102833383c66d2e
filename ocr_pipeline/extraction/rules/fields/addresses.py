"""The supplier's address: the lines under its name, and other runs of lines for trained rankers."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ocr_pipeline.extraction.rules.candidates import Candidate, Features
from ocr_pipeline.extraction.rules.fields import address_lines, address_runs, blocks
from ocr_pipeline.extraction.rules.fields.address_spelling import SPELLING, spelled
from ocr_pipeline.extraction.rules.fields.blocks import Block
from ocr_pipeline.extraction.rules.fields.company_names import is_registration, legal_form
from ocr_pipeline.extraction.rules.fields.line_shapes import has_postal_code, not_a_name
from ocr_pipeline.extraction.rules.fields.sender_lines import address_part, sender
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import alphanumeric, letters_in

WEIGHTS = {"with_postal_code": 1.0, "without_postal_code": 0.5}
AT_LEAST = 0.25

_FIRST_LINE = 6
"""The address begins at most this many rows below the name."""
_MAX_LINES = 6
_ALIGNED = 0.04
_APART = 1.7
"""A line is apart if it is this many times farther below than the lines of an address are from each other."""
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
    printed = [line.text.strip(" ,") for line in lines]
    texts = [spelled(text, reading.region) for text in printed]
    return Candidate(", ".join(texts), join(lines), features, SPELLING if texts != printed else None)


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
        "begins_like_one": float(address_lines.begins(lines[0].text, reading.keywords.classes(first))),
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
    """From the first line that looks like an address to the town, with a state or country in the lines below it."""
    start = _row_of(reading, name)
    lines: list[Span] = []
    town_seen = 0
    for row in reading.rows[start + 1 : start + 1 + _FIRST_LINE + _MAX_LINES]:
        line = _line_under(row, name)
        part = address_part(line.text)
        if part is not None and not lines:
            return iter([line._replace(text=part)])
        whole = line.text
        line = line._replace(text=address_lines.trimmed(whole))
        is_other = line.text == whole and _is_no_address(reading, row, line)
        if not lines and (is_other or not address_lines.begins(line.text, reading.keywords.classes(row.index))):
            if row.index - start >= _FIRST_LINE:
                return iter(())
            continue
        if is_other or len(lines) == _MAX_LINES or _is_apart(lines, line) or _is_over(lines, town_seen, line):
            break
        if len(lines) == 1 and _is_name_of_place(lines[0].text) and address_lines.begins_with_number(line.text):
            lines = []
        lines.append(line)
        if not town_seen and has_postal_code(line.text):
            town_seen = len(lines)
    return iter([*_lines_above(reading, name, lines), *lines])


def _lines_above(reading: Reading, name: Span, lines: Sequence[Span]) -> list[Span]:
    """Lines above the first line of an address that belong to it: they end with a comma, or it has no street."""
    found: list[Span] = []
    start = _row_of(reading, name)
    for row in reversed(reading.rows[start + 1 : _row_of(reading, lines[0])] if lines else ()):
        line = _line_under(row, name)
        only_town = not found and not_a_name(lines[0].text) == "town" and len(line.text.split()) > 1
        if not (only_town or line.text.rstrip().endswith(",")):
            break
        if (
            _is_no_address(reading, row, line)
            or legal_form(line.text)
            or _is_apart([line], (found or lines)[-1 if found else 0])
        ):
            break
        found.append(line)
    return found[::-1]


def _is_over(lines: Sequence[Span], town: int, line: Span) -> bool:
    """Whether an address ends before a line. `town`: how many lines it has up to the town, 0 if that is not seen yet."""
    return town > 0 and (len(lines) > town + 1 or not address_lines.follows_town(line.text, lines[-1].text))


def _is_apart(lines: Sequence[Span], line: Span) -> bool:
    """Whether a line is farther below the lines before it than they are from each other."""
    if not lines:
        return False
    gap = line.y0 - lines[-1].y0
    usual = (lines[-1].y0 - lines[0].y0) / (len(lines) - 1) if len(lines) > 1 else 2 * lines[0].height
    return gap > _APART * max(usual, line.height, lines[-1].height)


def _is_name_of_place(text: str) -> bool:
    """Whether a line that names a street or a mall has no number: it may be the name of the branch."""
    return not any(map(str.isdigit, text)) and not text.rstrip().endswith((",", "-", "&"))


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
    of_address = "address" in reading.keywords.classes(row.index) or address_lines.begins_with_number(line.text)
    is_number = reading.has_money(row.index) or address_lines.is_number(line.text)
    if not_a_name(line.text) in ("web", "phone") or (is_number and not of_address and not has_postal_code(line.text)):
        return True
    return _says_something_else(reading, row.index) or not has_text or _has_date(reading, line)


@lru_cache(maxsize=4096)
def _says_something_else(reading: Reading, row: int) -> bool:
    """Whether a row begins with the label of another field, or mentions one and no address."""
    hits = reading.keywords.in_row(row)
    mentions = reading.keywords.classes(row)
    no_address = _NO_ADDRESS - {"not_a_name"} if reading.rows[row].text.endswith(",") else _NO_ADDRESS
    begins = hits[0].classes if hits else frozenset()
    is_label = bool(begins & no_address and "address" not in begins)
    return (
        is_label or bool(mentions & no_address and "address" not in mentions) or is_registration(reading.rows[row].text)
    )
