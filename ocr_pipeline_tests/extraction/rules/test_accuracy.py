"""Floors on real receipts. The full tables come from `benchmarks/rules_accuracy.py`."""

import json
import re
from pathlib import Path

import pytest

from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date

RECEIPTS = Path(__file__).parents[4] / "shared" / "data" / "sroie-train-words"
FLOORS = {"total": 0.93, "date": 0.96, "company": 0.85}


def words(lines: list[dict[str, object]], width: int, height: int) -> list[Word]:
    """One word per part of a line; boxes share the line's width by character count."""
    result = []
    for number, line in enumerate(lines):
        corners = line["box"]
        text = str(line["text"])
        assert isinstance(corners, list)
        xs, ys = [x / width for x, _ in corners], [y / height for _, y in corners]
        for part in re.finditer(r"\S+", text):
            x0, x1 = (min(xs) + (max(xs) - min(xs)) * at / len(text) for at in part.span())
            result.append(Word(text=part[0], box=(x0, min(ys), x1, max(ys)), confidence=None, page=1, line=number))
    return result


def folded(name: str | None) -> str:
    return re.sub(r"[^a-z0-9]", "", (name or "").casefold())


@pytest.mark.skipif(not RECEIPTS.is_dir(), reason=f"the shared data is not here: {RECEIPTS}")
def test_accuracy_on_receipts() -> None:
    paths = sorted((RECEIPTS / "words").glob("*.json"))[::10][:60]
    right = dict.fromkeys(FLOORS, 0)
    for path in paths:
        read, key = json.loads(path.read_text()), json.loads((RECEIPTS / "key" / path.name).read_text())
        width, height = read["width"], read["height"]
        page = OcrPage(page=1, width=width, height=height, words=words(read["lines"], width, height), seconds=0.0)
        invoice = extract_text(OcrText(pages=[page])).invoice
        right["total"] += invoice.total_amount == parse_amount(key["total"], decimal_separator=".")
        right["date"] += invoice.invoice_date == parse_date(key["date"], day_first=True)
        right["company"] += folded(invoice.supplier_name) == folded(key["company"])
    assert {name: count / len(paths) for name, count in right.items() if count / len(paths) < FLOORS[name]} == {}
