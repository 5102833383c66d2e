"""Reads who the document is addressed to, and where the supplier lives."""

import re
from collections.abc import Iterator

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.layout import Span, join
from ocr_pipeline.extraction.rules.reading import Reading

_POSTAL_CODE = re.compile(r"\b(?:[A-Z]{1,2}[- ]?)?\d{4,5}\b")
_LONGEST_ADDRESS = 6


def receiver(reading: Reading) -> Candidate[str] | None:
    """The name in the row under a label such as `Bill to:`, or behind it in the same row."""
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            if (
                "buyer" not in hit.classes
                or hit.first > 0
                and row.words[hit.first].x0 - row.words[hit.first - 1].x1 < 0.01
            ):
                continue
            behind = [word for word in row.words[hit.last + 1 :] if any(c.isalpha() for c in word.text)]
            if behind and behind[0].x0 - hit.x1 < 0.15 and behind[0].text[0].isupper():
                span = join(behind)
                return Candidate(span.text.strip(" :"), span, {"behind_label": 1.0})
            under = _under(reading, row.index, hit.x0)
            if under is not None:
                return Candidate(under.text.strip(" :"), under, {"under_label": 1.0})
    return None


def _under(reading: Reading, row: int, x0: float) -> Span | None:
    for index in range(row + 1, min(row + 4, len(reading.rows))):
        for cell in reading.rows[index].cells:
            labelled = any(
                hit.x0 <= cell.span.x0 + 0.001 and hit.classes & {"other_id", "position", "supplier_tax_id"}
                for hit in reading.keywords.in_row(index)
            )
            if abs(cell.span.x0 - x0) < 0.04 and sum(c.isalpha() for c in cell.span.text) >= 3 and not labelled:
                return cell.span
    return None


def supplier_address(reading: Reading, name: Span) -> Candidate[str] | None:
    """The address lines under the supplier's name, up to its last postal code."""
    lines = list(_address_lines(reading, name))
    last = max((i for i, line in enumerate(lines) if _POSTAL_CODE.search(line.text)), default=None)
    if last is None:
        return None
    if last + 1 < len(lines) and len(lines[last].text) < 8:
        last += 1
    span = join(lines[: last + 1])
    text = ", ".join(line.text.strip(" ,") for line in lines[: last + 1])
    return Candidate(text, span, {"under_supplier": 1.0})


def _address_lines(reading: Reading, name: Span) -> Iterator[Span]:
    start = next((row.index for row in reading.rows if set(row.span.words) & {name.words[-1]}), None)
    if start is None:
        return
    for row in reading.rows[start + 1 : start + 1 + _LONGEST_ADDRESS]:
        classes = reading.keywords.classes(row.index)
        if classes & {"other_id", "supplier_tax_id", "invoice_id", "invoice_date", "buyer", "invoice_title"} and not (
            "address" in classes
        ):
            if "address" not in classes and _POSTAL_CODE.search(row.text) is None:
                break
        cells = [cell.span for cell in row.cells if cell.span.overlap(name) > 0 or abs(cell.span.x0 - name.x0) < 0.05]
        if cells:
            yield join(cells)
