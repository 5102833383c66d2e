"""One extraction of all codes of a document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from ocr_pipeline.extraction.codes.formats.content import Content, Kind
from ocr_pipeline.extraction.codes.formats.text import MAX_VALUE, clean, decoded
from ocr_pipeline.extraction.codes.scanning import Code
from ocr_pipeline.page_codes import PageCode
from ocr_pipeline.schemas import FIELD_KINDS, Evidence, Extraction, FieldCandidate, FieldKind, Invoice
from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.values.tax_ids import same_tax_id

_RANKS: tuple[Kind, ...] = ("fiscal", "payment", "identifier")
"""Which code is believed where several have a field: the one that describes the document."""


@dataclass(frozen=True)
class _Found:
    """A value of one field, and the code that has it."""

    value: Any
    code: Code
    content: Content

    @property
    def text(self) -> str:
        return self.value.isoformat() if isinstance(self.value, date) else str(self.value)

    @property
    def method(self) -> str:
        return f"code: {self.content.format} {self.content.version}".rstrip()


def combine(codes: Sequence[tuple[Code, Content | None]]) -> Extraction:
    """The values of the codes, each with the box of its code.

    A field on which equally ranked codes disagree (the payment parts of several instalments, several invoices in one
    file) stays empty; its candidates show all values.
    """
    values: dict[str, Any] = {}
    evidence: dict[str, Evidence] = {}
    candidates: list[FieldCandidate] = []
    for name, kind in FIELD_KINDS.items():
        ranked = [found for rank in _RANKS for found in _values(codes, name, rank)]
        best = [found for found in ranked if found.content.kind == ranked[0].content.kind]
        chosen = best[0] if best and all(_same(kind, best[0].value, other.value) for other in best[1:]) else None
        candidates += (_candidate(name, found, is_chosen=found is chosen) for found in ranked)
        if chosen:
            values[name] = chosen.value
            evidence[name] = _evidence(chosen)
    values["tax_lines"] = _tax_lines(codes, evidence)
    return Extraction(
        invoice=Invoice.model_validate(values),
        evidence=evidence,
        candidates=candidates,
        codes=[_page_code(code, content) for code, content in codes],
        cost_usd=0.0,
    )


def _values(codes: Sequence[tuple[Code, Content | None]], name: str, kind: Kind) -> list[_Found]:
    """Valid values of a field in the codes of one kind."""
    found = []
    for code, content in codes:
        value = content.fields.get(name) if content and content.kind == kind else None
        if content is None or value is None:
            continue
        try:
            valid = getattr(Invoice.model_validate({name: value}), name)
        except ValidationError:
            continue
        if valid is not None:
            found.append(_Found(valid, code, content))
    return found


def _same(kind: FieldKind, one: Any, other: Any) -> bool:
    if kind == "tax_id":
        return same_tax_id(one, other)
    if kind in ("name", "address"):
        return normalise_name(one) == normalise_name(other)
    return bool(one == other)


def _tax_lines(codes: Sequence[tuple[Code, Content | None]], evidence: dict[str, Evidence]) -> list[dict[str, object]]:
    """The tax summary of the first code that has one, unless another one differs."""
    summaries = [(code, content) for code, content in codes if content and content.tax_lines]
    if not summaries or any(list(content.tax_lines) != list(summaries[0][1].tax_lines) for _, content in summaries):
        return []
    code, content = summaries[0]
    lines = [{"rate": row.rate, "net_amount": row.net_amount, "amount": row.amount} for row in content.tax_lines]
    for index, line in enumerate(lines):
        for part, value in line.items():
            if value is not None:
                evidence[f"tax_lines.{index}.{part}"] = _evidence(_Found(value, code, content))
    return [dict(line) for line in lines]


def _evidence(found: _Found) -> Evidence:
    return Evidence(page=found.code.page, text=found.text, box=found.code.box, words=[], method=found.method, score=1.0)


def _candidate(name: str, found: _Found, *, is_chosen: bool) -> FieldCandidate:
    return FieldCandidate(
        field=name,
        value=found.text,
        score=float(len(_RANKS) - _RANKS.index(found.content.kind)),
        chosen=is_chosen,
        reason=found.method,
        features={},
        page=found.code.page,
        text=found.text,
        box=found.code.box,
        words=[],
    )


def _page_code(code: Code, content: Content | None) -> PageCode:
    text = decoded(code.payload, "utf-8", "latin-1") or ""
    details = {name: value for name, value in (content.details if content else {}).items() if value}
    fields = {name: value for name, value in (content.fields if content else {}).items() if value is not None}
    return PageCode(
        page=code.page,
        box=code.box,
        symbology=code.symbology,
        format=content.format if content else None,
        version=content.version if content else "",
        text=clean(text[:MAX_VALUE]) or "",
        values={name: value.isoformat() if isinstance(value, date) else str(value) for name, value in fields.items()}
        | {name: value for name, value in details.items() if name not in fields},
    )
