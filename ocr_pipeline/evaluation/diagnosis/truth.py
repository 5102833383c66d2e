"""Whether page, codes and embedded XML agree: what a document carries in machine form needs no guessing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ocr_pipeline.evaluation.diagnosis.agreement import Values, same_value
from ocr_pipeline.schemas import FIELD_KINDS

SOURCES: Mapping[str, str] = {"codes": "code", "einvoice": "XML"}
"""Extractors that do not read the page -> what they read."""

_EXTRACTORS = {"code": "codes", "xml": "einvoice"}

_COMPARED = ("money", "date", "tax_id", "identifier")
"""Kinds of fields that page and code write alike. Names are shortened, and the kind of document is not printed."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """A value in a code or in XML that none of the backends that read the page agrees with.

    `readings`: what they extracted, by backend; at least one.
    """

    document_id: str
    field: str
    source: str
    backend: str
    value: str
    readings: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """`the code says total_amount 45.20, the page 54.20`."""
        printed = " or ".join(dict.fromkeys(self.readings.values()))
        return f"the {self.source} says {self.field} {self.value}, the page {printed}"


class TruthValue(NamedTuple):
    """A value in a code or in XML."""

    source: str
    backend: str
    value: str


class SourcedValue(NamedTuple):
    """A value, what it was read from (page, code, xml; None: not known), and what the other sources have for the field."""

    value: str
    read_from: str | None
    others: Mapping[str, str]


def split_by_source(
    cells: Mapping[str, Mapping[str, SourcedValue]], extractors: Mapping[str, str]
) -> tuple[Values, Mapping[str, str]]:
    """Values and extractors as `contradictions` takes them, of the cells of one document.

    A backend that reads several sources counts as one backend for each: under its own name it has what it read from the page,
    as `auto+rules (xml)` what it read from XML.
    """
    values: dict[str, dict[str, str]] = {}
    names = dict(extractors)
    for backend, fields in cells.items():
        values[backend] = {}
        for field, found in fields.items():
            reads_one = extractors.get(backend) in (*SOURCES, "ensemble")
            readings = {"page": found.value} if reads_one else {found.read_from or "page": found.value, **found.others}
            for source, value in readings.items():
                name = backend if source == "page" else f"{backend} ({source})"
                values.setdefault(name, {})[field] = value
                names.setdefault(name, _EXTRACTORS.get(source, ""))
    return values, names


def contradictions(document_id: str, values: Values, extractors: Mapping[str, str]) -> Iterator[Contradiction]:
    """Find the fields of one document on which nobody who read the page agrees with a code or with XML.

    A field that no other backend has a value for is no contradiction: codes say more than pages print. Ensembles are left
    out; they repeat what their members say.

    Args:
        values: by backend and field.
        extractors: name of the extractor by backend.
    """
    readers = [name for name in values if extractors.get(name) not in (*SOURCES, "ensemble", "cascade", None)]
    for field in FIELD_KINDS:
        readings = {name: values[name][field] for name in readers if values[name].get(field) is not None}
        for found in contradictions_of(field, list(readings.values()), values, extractors):
            yield Contradiction(
                document_id=document_id,
                field=field,
                source=found.source,
                backend=found.backend,
                value=found.value,
                readings=readings,
            )


def contradictions_of(
    field: str, accepted: Sequence[str], values: Values, extractors: Mapping[str, str]
) -> Iterator[TruthValue]:
    """The values of a field in codes and XML that are none of the `accepted` ones; nothing if none is accepted."""
    if not accepted or FIELD_KINDS[field] not in _COMPARED:
        return
    keys = {same_value(field, text) for text in accepted}
    for backend, fields in values.items():
        source, value = SOURCES.get(extractors.get(backend, "")), fields.get(field)
        if source and value is not None and same_value(field, value) not in keys:
            yield TruthValue(source, backend, value)
