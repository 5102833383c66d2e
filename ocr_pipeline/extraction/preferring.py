"""One extraction of several of the same document, read from different sources: field by field, the preferred source wins."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ocr_pipeline.schemas import (
    FIELD_KINDS,
    LIST_KINDS,
    Evidence,
    Extraction,
    FieldCandidate,
    FieldKind,
    Invoice,
    ReadFrom,
)
from ocr_pipeline.values.document_numbers import same_number
from ocr_pipeline.values.tax_ids import same_tax_id

Found = Mapping[ReadFrom, Extraction]
"""Extractions by source, the preferred one first."""

MAX_SCORE = 0.99
"""Of a value from XML or a code: it is exact, but what is exact can be wrong about the page."""

_NAMES = {"page": "the page", "code": "a code on it", "xml": "the XML"}
_PRINTED_FIRST = ("amount_due",)
"""Fields that a code does not have by itself where the page prints another value: a payment code asks for one instalment."""


def preferred(found: Found) -> Extraction:
    """The values of all sources. A value that a preferred one contradicts stays a candidate that was not chosen.

    Names and addresses are never a contradiction: a page may print a brand, and the XML the company.
    """
    values: dict[str, object] = {}
    evidence: dict[str, Evidence] = {}
    candidates: list[FieldCandidate] = []
    read_from: dict[str, ReadFrom] = {}
    others: dict[str, dict[ReadFrom, str]] = {}
    for name in FIELD_KINDS:
        chosen = _chosen(name, found)
        if chosen is None:
            candidates += _candidates_of(name, found, None)
            continue
        values[name] = getattr(found[chosen].invoice, name)
        if beside := _others(name, found, chosen):
            others[name] = beside
        if chosen != "page":
            read_from[name] = chosen
        if place := _evidence(name, found, chosen):
            evidence[name] = place
        candidates += _candidates_of(name, found, chosen)
    for name in LIST_KINDS:
        source = next((source for source in found if getattr(found[source].invoice, name)), None)
        if source is not None:
            values[name] = getattr(found[source].invoice, name)
            evidence |= {path: place for path, place in found[source].evidence.items() if path.startswith(f"{name}.")}
    page = found.get("page")
    rest = page or next(iter(found.values()))
    return rest.model_copy(
        update={
            "invoice": Invoice.model_validate(values),
            "evidence": evidence,
            "candidates": candidates,
            "read_from": read_from,
            "others": others,
            "logprobs": {name: value for name, value in rest.logprobs.items() if name not in read_from},
            "warnings": [warning for extraction in found.values() for warning in extraction.warnings],
            "codes": found["code"].codes if "code" in found else rest.codes,
        }
    )


def _chosen(name: str, found: Found) -> ReadFrom | None:
    """The source of a field: the first that has a value."""
    have = [source for source, extraction in found.items() if getattr(extraction.invoice, name) is not None]
    if have[:1] == ["code"] and "page" in have:
        printed, coded = (getattr(found[source].invoice, name) for source in ("page", "code"))
        # A code has 780 where the page prints 000.000.780: the same, and the printed spelling is the value.
        if name in _PRINTED_FIRST or (FIELD_KINDS[name] == "identifier" and same_number(printed, coded)):
            return "page"
    return have[0] if have else None


def _others(name: str, found: Found, chosen: ReadFrom) -> dict[ReadFrom, str]:
    """What the other sources have for a field."""
    values = {source: getattr(extraction.invoice, name) for source, extraction in found.items() if source != chosen}
    return {source: _text(value) for source, value in values.items() if value is not None}


def _may_both_be_true(kind: FieldKind, one: Any, other: Any) -> bool:
    if kind in ("name", "address", "text"):
        return True
    if kind == "tax_id":
        return same_tax_id(one, other)
    if isinstance(one, Decimal):
        return bool(abs(one) == abs(other))  # a credit note is positive in the XML and often negative on the page
    if kind == "identifier":
        return same_number(one, other)
    return bool(one == other)


def _evidence(name: str, found: Found, chosen: ReadFrom) -> Evidence | None:
    """The evidence of a value; of one from XML the place where the page prints the same, if it was read there."""
    evidence, page = found[chosen].evidence.get(name), found.get("page")
    if evidence and chosen != "page":  # where scores are probabilities, none is certain
        evidence = evidence.model_copy(update={"score": min(evidence.score, MAX_SCORE)})
    printed = page.evidence.get(name) if page and chosen == "xml" else None
    if evidence is None or page is None or printed is None:
        return evidence
    if _text(getattr(page.invoice, name)) != _text(getattr(found[chosen].invoice, name)):
        return evidence
    place = {"page": printed.page, "box": printed.box, "words": printed.words, "text": printed.text}
    return evidence.model_copy(update={**place, "method": f"{evidence.method}; printed there as well"})


def _candidates_of(name: str, found: Found, chosen: ReadFrom | None) -> Iterator[FieldCandidate]:
    """The candidates of all sources: those of the chosen one first, above the scores of the others."""
    value = getattr(found[chosen].invoice, name) if chosen else None
    best = max((row.score for found_ in found.values() for row in found_.candidates if row.field == name), default=0.0)
    order = [chosen, *(source for source in found if source != chosen)] if chosen else list(found)
    for source in order:
        if source is None:
            continue
        rows = [row for row in found[source].candidates if row.field == name]
        if source == chosen and source != "page":
            yield from _raised(name, found[source], rows, best + 1)
            continue
        for row in rows:
            if source == chosen or not row.chosen:
                yield row
            else:
                other = getattr(found[source].invoice, name)
                is_contradicted = not _may_both_be_true(FIELD_KINDS[name], value, other)
                reason = (
                    f"{_NAMES[source]} says so, {_NAMES[chosen]} otherwise"
                    if chosen and is_contradicted
                    else row.reason
                )
                yield row.model_copy(update={"chosen": False, "reason": reason})


def _raised(name: str, extraction: Extraction, rows: list[FieldCandidate], score: float) -> Iterator[FieldCandidate]:
    """The chosen candidate of XML or a code, with a score above all others, whose scores are of another kind."""
    if any(row.chosen for row in rows):
        yield from (row.model_copy(update={"score": score}) if row.chosen else row for row in rows)
    elif place := extraction.evidence.get(name):
        yield FieldCandidate(
            field=name,
            value=_text(getattr(extraction.invoice, name)),
            score=score,
            chosen=True,
            reason=place.method,
            features={},
            page=place.page,
            text=place.text,
            box=place.box,
            words=place.words,
        )


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
