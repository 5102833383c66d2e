"""Collects the result: values, where each one is printed, and the candidates considered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict

from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, Ranked
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.fields.tax_table import TaxRow
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.schemas import DocumentOrigin, Evidence, Extraction, FieldCandidate, Fields, Invoice, Word

MAX_CANDIDATES = 20
"""Candidates kept per field, the best ones."""
_DIGITS = 4
"""Decimals kept of scores and features."""

Part = Number | Span | None


class _Place(TypedDict):
    """The part of `Evidence` and `FieldCandidate` that says where a span is."""

    page: int
    text: str
    box: tuple[float, float, float, float]
    words: list[int]


class _Description(_Place):
    """The part of `FieldCandidate` that does not depend on the field."""

    value: str
    features: dict[str, float]
    correction: str | None


@dataclass
class Result:
    """Values with their evidence. `words` are those of the document, which spans point into."""

    words: Sequence[Word]
    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    candidates: list[FieldCandidate] = field(default_factory=list)
    model: type[Fields] = Invoice
    _described: dict[int, _Description] = field(default_factory=dict)
    """By the identity of a candidate, which lives as long as the choices that hold it."""

    def extraction(self, warnings: Sequence[str] = (), origin: DocumentOrigin | None = None) -> Extraction:
        return Extraction(
            invoice=self.model.model_validate({**self.values, **self.lines}),
            evidence=self.evidence,
            candidates=self.candidates,
            warnings=list(warnings),
            origin=origin,
            cost_usd=0.0,
        )

    def add_choice(self, name: str, choice: Choice[Any]) -> None:
        """The chosen value of a single-valued field, and the best candidates that it was chosen from."""
        if choice.chosen is not None:
            chosen = choice.chosen.candidate
            self.values[name] = chosen.value
            self._point(name, chosen.span, choice.chosen.reason, choice.confidence, chosen.correction)
        self.candidates += (
            self._candidate(name, entry, chosen=is_chosen) for entry, is_chosen in _kept(choice, MAX_CANDIDATES)
        )

    def add_tax_lines(self, rows: Sequence[TaxRow]) -> None:
        for row in rows:
            method, score = ("rate fits its amounts", 0.9) if row.is_complete else ("tax label", 0.6)
            parts = {"rate": row.rate_span, "net_amount": row.net, "amount": row.tax}
            self._add_line("tax_lines", parts, method, score)["rate"] = row.rate

    def add_items(self, items: Sequence[Item]) -> None:
        for item in items:
            method, score = ("quantity x unit price", 0.9) if item.adds_up else ("item table", 0.6)
            self._add_line("line_items", item.parts, method, score)

    def add_row(
        self, name: str, cells: Mapping[str, tuple[object, Span]], method: str = "column", score: float = 0.7
    ) -> None:
        """A row of any list: value and place by column."""
        rows = self.lines.setdefault(name, [])
        for column, (_, span) in cells.items():
            self._point(f"{name}.{len(rows)}.{column}", span, method, score)
        rows.append({column: value for column, (value, _) in cells.items()})

    def _add_line(self, name: str, parts: Mapping[str, Part], method: str, score: float) -> dict[str, object]:
        lines = self.lines.setdefault(name, [])
        line: dict[str, object] = {}
        for part, place in parts.items():
            path = f"{name}.{len(lines)}.{part}"
            if isinstance(place, Number):
                line[part] = place.value
                self._point(path, place.span, method, score, place.repair)
            elif place is not None:
                line[part] = place.text
                self._point(path, place, method, score)
        lines.append(line)
        return line

    def _point(self, path: str, span: Span, method: str, score: float, correction: str | None = None) -> None:
        self.evidence[path] = Evidence(**self._place(span), method=method, score=score, correction=correction)

    def _candidate(self, name: str, entry: Ranked[Any], *, chosen: bool) -> FieldCandidate:
        score = round(entry.score, _DIGITS)
        return FieldCandidate(
            field=name, score=score, chosen=chosen, reason=entry.reason, **self._describe(entry.candidate)
        )

    def _describe(self, candidate: Candidate[Any]) -> _Description:
        """Describe a candidate once: the four amounts, and the two dates, share their candidates."""
        known = self._described.get(id(candidate))
        if known is None:
            value = candidate.value
            known = self._described[id(candidate)] = {
                **self._place(candidate.span),
                "value": value.isoformat() if isinstance(value, date) else str(value),
                "features": {name: round(holds, _DIGITS) for name, holds in candidate.features.items() if holds},
                "correction": candidate.correction,
            }
        return known

    def _place(self, span: Span) -> _Place:
        """Where a span is. The box covers its words on its first page, as the engine gave them."""
        page = self.words[span.words[0]].page
        boxes = [word.box for word in map(self.words.__getitem__, span.words) if word.page == page]
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        box = (min(lefts), min(tops), max(rights), max(bottoms))
        return {"page": page, "text": span.text, "box": box, "words": list(span.words)}


def _kept(choice: Choice[Any], limit: int) -> Iterator[tuple[Ranked[Any], bool]]:
    """The best candidates and the chosen one, highest score first."""
    chosen = choice.chosen.candidate if choice.chosen else None
    for position, entry in enumerate(choice.ranked):
        is_chosen = entry.candidate is chosen
        if position < limit or is_chosen:
            yield entry, is_chosen
