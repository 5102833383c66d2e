"""What the fields of a label are prefilled with: the consensus of the backends, and how doubtful it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from ocr_pipeline.evaluation.diagnosis.agreement import consensus, same_value, uncertainty
from ocr_pipeline.evaluation.diagnosis.voices import Voice
from ocr_pipeline.inspection.cases import Case, DocumentCases, FieldCase
from ocr_pipeline.labelling.form import Field, ListField
from ocr_pipeline.report.documents import box_of, rotations, turns_of
from ocr_pipeline.warehouse.tables.extractions import ExtractedCellRow

DOUBTFUL, UNSURE = 0.5, 0.2
"""From this doubt on, a value is shown as doubtful or unsure."""
MAX_OTHERS = 6

ShownBox = Sequence[float]
"""[page, left, top, right, bottom], relative to the page as shown."""


@dataclass(frozen=True, kw_only=True)
class Other:
    """Another value for a field, and who proposes it."""

    value: str
    by: str
    box: ShownBox | None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The value of most backends (None: most found none). `doubt` is 0..1, None if nothing is known about it."""

    value: str | None
    doubt: float | None
    box: ShownBox | None
    engine: str | None
    others: tuple[Other, ...]

    @property
    def level(self) -> str:
        """doubtful, unsure, sure or unknown."""
        if self.doubt is None:
            return "unknown"
        return "doubtful" if self.doubt >= DOUBTFUL else "unsure" if self.doubt >= UNSURE else "sure"


@dataclass(frozen=True, kw_only=True)
class ProposedRow:
    """A row of a list: text and place by column."""

    values: dict[str, str]
    boxes: dict[str, ShownBox | None]


def proposals(
    found: DocumentCases, witnesses: Sequence[str], voices: Mapping[str, Voice] = MappingProxyType({})
) -> dict[str, Proposal]:
    """By field with a value, the proposal. `witnesses`: backends with a vote, best first; `voices`: what they are made of."""
    cases = _cases(found, witnesses)
    values = {
        backend: {field.field: field.value for field in case.fields if field.value is not None}
        for backend, case in cases.items()
    }
    shown = rotations(found)
    turns = {backend: turns_of(found, case, shown) for backend, case in cases.items()}
    result = {}
    for entry in consensus(found.document_id, values, voices):
        name = entry.field
        fields = {backend: field for backend, case in cases.items() if (field := case.field(name))}
        boxes = {backend: box_of(field.evidence, turns[backend]) for backend, field in fields.items()}
        confidences = [field.confidence for field in fields.values() if field.confidence is not None]
        known = entry.backends > 1 or bool(confidences)
        key = same_value(name, entry.value)
        agreeing = [backend for backend in fields if same_value(name, fields[backend].value) == key]
        placed = next((backend for backend in agreeing if boxes[backend]), None)
        result[name] = Proposal(
            value=entry.value,
            doubt=uncertainty(entry, confidences) if known else None,
            box=boxes[placed] if placed else None,
            engine=cases[placed].extraction.engine if placed else None,
            others=tuple(_distinct(name, _others(fields, boxes), entry.value))[:MAX_OTHERS],
        )
    return result


def _others(fields: Mapping[str, FieldCase], boxes: Mapping[str, ShownBox | None]) -> Iterator[Other]:
    """The values of all backends, then the candidates that they did not choose."""
    for backend, field in fields.items():
        if field.value is not None:
            yield Other(value=field.value, by=backend, box=boxes[backend])
    for backend, field in fields.items():
        for candidate in field.candidates:
            yield Other(value=candidate.value, by=f"{backend}, not chosen", box=None)


def proposed_rows(found: DocumentCases, witnesses: Sequence[str], of_list: ListField) -> list[ProposedRow]:
    """The rows of a list by the first backend that has any."""
    shown = rotations(found)
    for case in _cases(found, witnesses).values():
        rows = _rows_of(case, of_list)
        if rows:
            turns = turns_of(found, case, shown)
            return [
                ProposedRow(
                    values={column.name: text_of(values.get(column.name), column) for column in of_list.columns},
                    boxes={
                        column.name: box_of(case.places.get(f"{of_list.name}.{position}.{column.name}"), turns)
                        for column in of_list.columns
                    },
                )
                for position, values in rows.items()
            ]
    return []


def _rows_of(case: Case, of_list: ListField) -> dict[int, dict[str, object]]:
    """The values of each row by column. Lists of invoices are stored by row, those of other schemas by cell."""
    rows: dict[int, dict[str, object]] = {}
    for row in case.lists.get(of_list.name, ()):
        if isinstance(row, ExtractedCellRow):
            value = row.value_amount if row.value_amount is not None else row.value
            rows.setdefault(row.position, {})[row.column_name] = value
        else:
            rows[row.position] = {column.name: getattr(row, column.name, None) for column in of_list.columns}
    return rows


def text_of(value: object, column: Field) -> str:
    """A stored value as it is written in a label; empty for none. Amounts without the zeros that the database adds."""
    if not isinstance(value, Decimal):
        return "" if value is None else str(value)
    digits = 2 if column.kind == "money" else 0
    text = f"{value:f}"
    if "." in text:
        whole, _, decimals = text.partition(".")
        decimals = decimals.rstrip("0").ljust(digits, "0")
        text = f"{whole}.{decimals}" if decimals else whole
    return text


def _cases(found: DocumentCases, witnesses: Sequence[str]) -> dict[str, Case]:
    return {name: found.cases[name] for name in witnesses if name in found.cases and not found.cases[name].failed}


def _distinct(field: str, others: Iterable[Other], chosen: str | None) -> Iterable[Other]:
    """Each value once, without the chosen one."""
    seen = {same_value(field, chosen)}
    for other in others:
        key = same_value(field, other.value)
        if key not in seen:
            seen.add(key)
            yield other
