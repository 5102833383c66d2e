"""Whether page, codes and XML of a document agree. What a document carries in machine form needs no guessing."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ocr_pipeline.documents.einvoice.printed import prints_amount
from ocr_pipeline.evaluation.diagnosis.agreement import Values
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS, MONEY_TOLERANCE, grade, letters
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.values.currencies import spellings_of
from ocr_pipeline.values.document_numbers import same_number

SOURCES: Mapping[str, str] = {"codes": "code", "einvoice": "XML"}
"""Extractors that do not read the page -> what they read."""

_EXTRACTORS = {"code": "codes", "xml": "einvoice"}

_COMBINING = ("ensemble", "cascade")
"""Extractors that repeat what others say."""

_COMPARED = ("money", "date", "tax_id", "identifier")
"""Kinds of fields that all sources write alike, beside the currency. Names are shortened, whoever is paid is not always who
sells, and the kind of document is not printed."""

_NORMALISED = 2
"""Levels of the scorer's comparison at which values are equal: strict and normalised. Leniently, two dates are equal whose
day and month are exchanged."""


@dataclass(frozen=True, kw_only=True)
class SourceComparison:
    """A field that two or three of page, codes and XML have a value for. Columns as in the table `truth_agreement`.

    `page` is what a backend read that agrees with code or XML; if none does, what most of them read. `readings`: the values
    of all backends that read the page, by backend. `backends`: those of code and XML.
    """

    document_id: str
    field: str
    page: str | None
    code: str | None
    xml: str | None
    agrees: bool
    readings: Mapping[str, str]
    backends: Sequence[str]

    @property
    def sentence(self) -> str:
        """`the code and the page say total_amount 45.20, the XML 54.20`."""
        said: dict[str, list[str]] = {}
        for source, value in (("XML", self.xml), ("code", self.code), ("page", self.page)):
            if value is not None:
                same = next((known for known in said if equal_values(self.field, known, value)), value)
                said.setdefault(same, []).append(f"the {source}")
        parts: list[str] = []
        for value, sources in said.items():
            shown = " or ".join(dict.fromkeys(self.readings.values())) if sources == ["the page"] else value
            verb = f" {'say' if len(sources) > 1 else 'says'} {self.field}" if not parts else ""
            parts.append(f"{' and '.join(sources)}{verb} {shown}")
        return ", ".join(parts)


Sources = tuple[Values, Mapping[str, str]]
"""Of one document: values by backend and field, and the extractor by backend, each of which reads one source."""


class SourcedValue(NamedTuple):
    """A value, what it was read from (page, code, xml; None: not known), and what the other sources have for the field."""

    value: str
    read_from: str | None
    others: Mapping[str, str]


def split_by_source(cells: Mapping[str, Mapping[str, SourcedValue]], extractors: Mapping[str, str]) -> Sources:
    """Values and extractors as `compare_sources` takes them, of the cells of one document.

    A backend that reads several sources counts as one backend for each: under its own name it has what it read from the page,
    as `auto+rules (xml)` what it read from XML.
    """
    values: dict[str, dict[str, str]] = {}
    names = dict(extractors)
    for backend, fields in cells.items():
        values[backend] = {}
        for field, found in fields.items():
            reads_one = extractors.get(backend) in (*SOURCES, *_COMBINING)
            readings = {"page": found.value} if reads_one else {found.read_from or "page": found.value, **found.others}
            for source, value in readings.items():
                name = backend if source == "page" else f"{backend} ({source})"
                values.setdefault(name, {})[field] = value
                names.setdefault(name, _EXTRACTORS.get(source, ""))
    return values, names


def compare_sources(document_id: str, values: Values, extractors: Mapping[str, str]) -> Iterator[SourceComparison]:
    """Compare page, codes and XML of one document, field by field, with the scorer's comparators.

    A field that only one of them has a value for is left out: codes say more than pages print. Amounts of credit notes are
    compared without their sign, which formats and pages give them or not.

    Args:
        values: by backend and field.
        extractors: name of the extractor by backend.
    """
    machine = {name: SOURCES[extractor] for name in values if (extractor := extractors.get(name, "")) in SOURCES}
    readers = [name for name in values if extractors.get(name) not in (*SOURCES, *_COMBINING, None)]
    unsigned = any(of_backend.get("document_type") == "credit_note" for of_backend in values.values())
    for field in filter(is_compared, FIELD_KINDS):
        readings = {name: value for name in readers if (value := values[name].get(field)) is not None}
        told = {machine[name]: name for name in reversed(machine) if values[name].get(field) is not None}
        if told and len(told) + bool(readings) > 1:
            stated = {source: values[name][field] for source, name in told.items()}
            yield _compared(document_id, field, stated, readings, list(told.values()), unsigned=unsigned)


def _compared(
    document_id: str,
    field: str,
    stated: Mapping[str, str],
    readings: Mapping[str, str],
    backends: Sequence[str],
    *,
    unsigned: bool,
) -> SourceComparison:
    """`stated`: what code and XML say; `readings`: what backends read on the page."""

    def same(first: str | None, second: str | None) -> bool:
        return equal_values(field, first, second, unsigned)

    agreeing = (text for text in readings.values() if any(same(text, value) for value in stated.values()))
    page = next(agreeing, None) or next((text for text, _ in Counter(readings.values()).most_common(1)), None)
    every = [value for value in (page, *stated.values()) if value is not None]
    return SourceComparison(
        document_id=document_id,
        field=field,
        page=page,
        code=stated.get("code"),
        xml=stated.get("XML"),
        agrees=all(same(every[0], value) for value in every[1:]),
        readings=readings,
        backends=backends,
    )


def equal_values(field: str, first: str | None, second: str | None, unsigned: bool = False) -> bool:
    """Whether the scorer counts two values as equal, after normalisation; numbers also without their leading zeros or series.
    None equals nothing."""
    if first is None or second is None:
        return False
    kind = FIELD_KINDS.get(field, "text")
    one, other = _typed(kind, first), _typed(kind, second)
    if unsigned and kind == "money":
        one, other = abs(one), abs(other)
    if kind == "identifier" and same_number(first, second):
        return True
    return grade(COMPARATORS[kind], one, other, MONEY_TOLERANCE) >= _NORMALISED


def is_compared(field: str) -> bool:
    """Whether page, codes and XML write the field alike."""
    return FIELD_KINDS.get(field) in _COMPARED or field == "currency"


def is_printed(field: str, value: str, page: str) -> bool:
    """Whether a text has a value. In case of doubt it has: dates and currencies have many spellings."""
    kind = FIELD_KINDS.get(field, "text")
    if kind == "money":
        return prints_amount(page, Decimal(value))
    if kind == "date":
        return _prints_date(page, date.fromisoformat(value))
    if field == "currency":
        return any(spelling in page.casefold() for spelling in spellings_of(value))
    return kind not in ("identifier", "tax_id") or letters(value) in letters(page)


def _prints_date(page: str, day: date) -> bool:
    """Whether the day stands within two numbers of its year, of four or two digits, in either order, or all stand in one."""
    numbers = re.findall(r"\d+", page)
    if {f"{day:%Y%m%d}", f"{day:%d%m%Y}", f"{day:%y%m%d}", f"{day:%d%m%y}"} & set(numbers):
        return True
    years = {f"{day:%Y}", f"{day:%y}"}
    return any(
        number in years and any(other.lstrip("0") == str(day.day) for other in _beside(numbers, at))
        for at, number in enumerate(numbers)
    )


def _beside(numbers: Sequence[str], at: int) -> Sequence[str]:
    return [*numbers[max(0, at - 2) : at], *numbers[at + 1 : at + 3]]


def _typed(kind: str, text: str) -> Any:
    if kind == "money":
        return Decimal(text)
    return date.fromisoformat(text) if kind == "date" else text
