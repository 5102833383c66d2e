"""Rows of tables: a header that names columns by their keywords, and the values below."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import FieldSpec, ListSpec
from ocr_pipeline.extraction.rules.keyed.phrases import Phrase, Phrases
from ocr_pipeline.extraction.rules.keyed.values import flag_of, options_in
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.values.amounts import parse_amount

_MAX_GAP = 2.6
"""A row that is further below the last one than this many usual distances does not belong to the table."""
_NUMERIC = ("money", "quantity")


@dataclass
class TableRow:
    """One row: value and place by column."""

    cells: dict[str, tuple[Any, Span]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Header:
    row: int
    columns: tuple[Phrase, ...]
    names: tuple[str, ...]


def find(reading: Reading, phrases: Phrases, schema: DocumentSchema, name: str) -> list[TableRow]:
    """The rows of a list of the schema, in reading order; of a table that goes on behind a page break, too."""
    spec = schema.spec.lists[name]
    headers = list(_headers(reading, phrases, name, spec))
    if not headers:
        return []
    best = max(len(header.columns) for header in headers)
    rows: list[TableRow] = []
    for header in headers:
        if len(header.columns) == best:
            rows += _rows_below(reading, phrases, schema, header, spec, {entry.row for entry in headers})
    return rows


def _headers(reading: Reading, phrases: Phrases, name: str, spec: ListSpec) -> Iterator[_Header]:
    """Rows that name two columns or more, or the only one."""
    needed = min(2, len(spec.columns))
    for row in reading.rows:
        found: dict[str, Phrase] = {}
        for phrase in phrases.get(row.index, ()):
            for path in sorted(phrase.paths):
                column = path.removeprefix(f"{name}.")
                if path.startswith(f"{name}.") and column not in found:
                    found[column] = phrase
                    break
        if len(found) >= needed:
            ordered = sorted(found.items(), key=lambda entry: entry[1].span.x0)
            yield _Header(row.index, tuple(phrase for _, phrase in ordered), tuple(column for column, _ in ordered))


def _rows_below(
    reading: Reading, phrases: Phrases, schema: DocumentSchema, header: _Header, spec: ListSpec, headers: set[int]
) -> Iterator[TableRow]:
    last: TableRow | None = None
    above = reading.rows[header.row]
    pitches: list[float] = []
    for row in reading.rows[header.row + 1 :]:
        if row.page != above.page or row.index in headers or _is_labelled(phrases, row, schema):
            break
        distance = row.span.y - above.span.y
        if pitches and distance > _MAX_GAP * median(pitches):
            break
        cells = _cells(reading, row, header, spec)
        if _is_row(cells, spec, header):
            pitches.append(distance)
            if last is not None:
                yield last
            last = TableRow(cells)
            above = row
        elif last is not None and len(cells) == 1:
            _continue(last, cells, spec)
            above = row
        elif last is not None:
            break
    if last is not None:
        yield last


def _is_labelled(phrases: Phrases, row: Row, schema: DocumentSchema) -> bool:
    """Whether a row is about single-valued fields, as the sums below a table are."""
    first = phrases.get(row.index, ())[:1]
    return any(phrase.first <= 1 and phrase.paths & schema.field_kinds.keys() for phrase in first)


def _is_row(cells: Mapping[str, tuple[Any, Span]], spec: ListSpec, header: _Header) -> bool:
    numeric = [name for name in header.names if spec.columns[name].kind in _NUMERIC]
    if numeric and not any(name in cells for name in numeric):
        return False
    return len(cells) >= min(2, len(header.names))


def _continue(last: TableRow, cells: Mapping[str, tuple[Any, Span]], spec: ListSpec) -> None:
    """A line with nothing but text belongs to the text of the row above."""
    for name, (value, span) in cells.items():
        if spec.columns[name].kind in ("text", "name", "address") and name in last.cells:
            before, place = last.cells[name]
            last.cells[name] = (f"{before} {value}", join([place, span]))


def _cells(reading: Reading, row: Row, header: _Header, spec: ListSpec) -> dict[str, tuple[Any, Span]]:
    words: dict[str, list[Span]] = {}
    for word in row.words:
        column = header.names[_column(word, header.columns)]
        words.setdefault(column, []).append(word)
    cells = {}
    for name, spans in words.items():
        cell = _value(reading, row, spans, spec.columns[name])
        if cell is not None:
            cells[name] = cell
    return cells


def _column(word: Span, columns: Sequence[Phrase]) -> int:
    """The column that a word stands below, else the nearest one that begins left of it."""
    overlaps = [(word.overlap(phrase.span), index) for index, phrase in enumerate(columns)]
    most, index = max(overlaps)
    if most > 0:
        return index
    left = [index for index, phrase in enumerate(columns) if phrase.span.x0 <= word.x0]
    return left[-1] if left else 0


def _value(reading: Reading, row: Row, spans: Sequence[Span], spec: FieldSpec) -> tuple[Any, Span] | None:
    place = join(spans)
    text = place.text.strip(" |;:,")
    if not text:
        return None
    if spec.kind in _NUMERIC:
        inside = set(place.words)
        number = next((entry for entry in reading.numbers_in(row.index) if inside >= set(entry.span.words)), None)
        if number is not None:
            return number.value, number.span
        amount = parse_amount(text)
        return (amount, place) if amount is not None else None
    if spec.kind == "date":
        inside = set(place.words)
        date = next((entry for entry in reading.dates if inside >= set(entry.span.words)), None)
        return (date.value, date.span) if date is not None else None
    if spec.kind == "category":
        found = next(options_in(spans, spec), None)
        return (found.value, found.span) if found is not None else None
    if spec.kind == "boolean":
        flag = flag_of(place.text)
        return (flag, place) if flag is not None else None
    return text, place
