"""Measures the rules extractor on real documents: a table per data set and field, tune and held-out part apart.

usage: python benchmarks/rules_accuracy.py [--data ../shared/data] [--only sroie] [--errors total_amount]

Receipts are split by vendor with a fixed hash, so that no vendor is in both parts. Rules may be written while looking
at errors of the tune part only (`--errors` shows no others); the held-out part is for the final number. SROIE words
come from `sroie-train-words`, e-invoices are read from their text layer, German receipts go through RapidOCR, whose
result is kept in the folder `--cache`.
"""

import argparse
import hashlib
import json
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.evaluation.normalise import parse_amount, parse_date
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.schemas import Extraction, LineItem, OcrPage, OcrText, Word


@dataclass(frozen=True)
class Case:
    """A document with what should be found in it. `held_out` documents must not be looked at."""

    name: str
    text: OcrText
    expected: dict[str, Any]
    held_out: bool


def held_out(vendor: str) -> bool:
    """40 % of the vendors, by a hash of the name's first letters (branches of a chain stay together).

    The 30 e-invoices come from six templates and a dozen made-up vendors; they are split by document instead.
    """
    group = re.sub(r"[^a-z0-9]", "", vendor.casefold())[:8]
    return int(hashlib.sha256(f"145{group}".encode()).hexdigest(), 16) % 100 >= 60  # 145 balances all three data sets


def read_with(engine: OcrEngine, path: Path, cache: Path) -> OcrText:
    """What an engine reads in a file, from the cache where it has been read before."""
    cached = cache / f"{path.stem}.json"
    if cached.exists():
        return OcrText.model_validate_json(cached.read_text())
    text = OcrText(pages=engine.read(open_document(path.read_bytes(), Limits())))
    cache.mkdir(parents=True, exist_ok=True)
    cached.write_text(text.model_dump_json())
    return text


# ---- data sets -------------------------------------------------------------------------------------------------------


def sroie(data: Path, cache: Path) -> Iterator[Case]:
    for path in sorted((data / "sroie-train-words" / "words").glob("*.json")):
        key = json.loads((data / "sroie-train-words" / "key" / path.name).read_text())
        expected = {
            "total_amount": parse_amount(key.get("total", ""), decimal_separator="."),
            "invoice_date": parse_date(key.get("date", "").strip("()"), day_first=True),
            "supplier_name": key.get("company"),
            "supplier_address": key.get("address"),
        }
        yield Case(path.stem, sroie_text(path), expected, held_out(key.get("company", "")))


def sroie_text(path: Path) -> OcrText:
    """The words of one file of `sroie-train-words`, which holds whole lines."""
    data = json.loads(path.read_text())
    width, height = data["width"], data["height"]
    words = [
        word
        for number, line in enumerate(data["lines"])
        for word in words_of_line(line["text"], line["box"], width, height, number, line["score"])
    ]
    return OcrText(pages=[OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)])


def words_of_line(
    text: str, corners: list[list[float]], width: int, height: int, line: int, score: float
) -> list[Word]:
    """Split a line at its spaces; the words share its width by character count and follow its slope."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    words, at = [], 0
    for part in text.split(" "):
        if part:
            f0, f1 = at / len(text), (at + len(part)) / len(text)
            xs = [ax + (bx - ax) * f0, ax + (bx - ax) * f1, dx + (cx - dx) * f0, dx + (cx - dx) * f1]
            ys = [ay + (by - ay) * f0, ay + (by - ay) * f1, dy + (cy - dy) * f0, dy + (cy - dy) * f1]
            box = (min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)
            words.append(Word(text=part, box=box, confidence=score, page=1, line=line))
        at += len(part) + 1
    return words


def zugferd(data: Path, cache: Path) -> Iterator[Case]:
    for line in (data / "zugferd" / "ground_truth.jsonl").read_text().splitlines():
        truth = json.loads(line)
        expected = {
            "invoice_id": truth["invoice_number"],
            "invoice_date": date.fromisoformat(truth["date"]) if truth["date"] else None,
            "supplier_name": truth["vendor"],
            "receiver_name": truth["buyer"],
            "currency": truth["currency"],
            "total_amount": Decimal(truth["total"]),
            "total_tax_amount": Decimal(truth["tax"]),
            "net_amount": Decimal(truth["tax_basis"]),
            "amount_due": Decimal(truth["due"]) if truth["due"] else None,
            "line_items": [item for item in truth["lines"] if item["line_total"]],
        }
        text = read_with(PdfText(), data / "zugferd" / "pdf" / truth["file"], cache / "zugferd")
        yield Case(truth["file"], text, expected, held_out(truth["content_key"]))


def german(data: Path, cache: Path) -> Iterator[Case]:
    engine = RapidOcr()
    for image in sorted((data / "softmatic-receipts-de").glob("*.jpg")):
        merchant, day, *_, cents = image.stem.removesuffix("_B").split("_")
        expected = {
            "total_amount": Decimal(cents) / 100,
            "invoice_date": date(int(day[4:]), int(day[2:4]), int(day[:2])),
            "currency": "EUR",
        }
        yield Case(image.stem, read_with(engine, image, cache / "german"), expected, held_out(merchant))


DATA_SETS = {"sroie": sroie, "zugferd": zugferd, "german": german}


# ---- scoring ---------------------------------------------------------------------------------------------------------


def folded(text: str | None) -> str:
    """Case folded, letters and digits only."""
    return re.sub(r"[\W_]", "", (text or "").casefold())


def right(expected: Any, given: Any) -> bool:
    """Whether a value counts as right. A name in several lines is right with any one of them, too."""
    if isinstance(expected, str):
        return folded(given) in {folded(expected), *map(folded, expected.splitlines())}
    return bool(expected == given)


CELLS = {"description": "description", "net_unit_price": "unit_price", "quantity": "quantity", "line_total": "amount"}
"""Name of a cell in the ground truth of the e-invoices -> our name."""


def item_cells(expected: list[dict[str, Any]], given: list[LineItem]) -> tuple[int, int, int]:
    """Matching, expected and given cells; items are paired greedily by the number of equal cells."""
    truths = [_cells({ours: item[theirs] for theirs, ours in CELLS.items()}) for item in expected]
    items = [_cells({ours: getattr(item, ours) for ours in CELLS.values()}) for item in given]
    pairs = [
        (sum(truth[name] == item.get(name) for name in truth), a, b)
        for a, truth in enumerate(truths)
        for b, item in enumerate(items)
    ]
    hits = 0
    used_truths: set[int] = set()
    used_items: set[int] = set()
    for equal, a, b in sorted(pairs, reverse=True):
        if a not in used_truths and b not in used_items:
            used_truths.add(a)
            used_items.add(b)
            hits += equal
    return hits, sum(map(len, truths)), sum(map(len, items))


def _cells(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: folded(value) if name == "description" else Decimal(value)
        for name, value in item.items()
        if value is not None
    }


def measure(cases: list[Case], show: str | None) -> None:
    """Print the table of one data set."""
    outcomes: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {False: [], True: []})
    cells = {False: (0, 0, 0), True: (0, 0, 0)}
    for case in cases:
        result = extract_text(case.text)
        for field, expected in case.expected.items():
            if expected in (None, []):
                continue
            given = getattr(result.invoice, field)
            if field == "line_items":
                counts = item_cells(expected, given)
                cells[case.held_out] = tuple(a + b for a, b in zip(cells[case.held_out], counts, strict=True))  # type: ignore[assignment]
                ok = counts[0] == counts[1] == counts[2]
            else:
                ok = right(expected, given)
            outcomes[field][case.held_out].append(ok)
            if field == show and not ok and not case.held_out:
                print_error(case, field, result)
    for field, parts in outcomes.items():
        print(f"  {field:18}" + "".join(f"{share(parts[part]):>16}" for part in (False, True)))
    if cells[False][1]:
        scores = [f"{2 * hits / (expected + given):.3f}" for hits, expected, given in cells.values()]
        print(f"  {'item cell F1':18}" + "".join(f"{score:>16}" for score in scores))


def share(outcomes: list[bool]) -> str:
    return f"{sum(outcomes) / len(outcomes):.3f} ({len(outcomes)})" if outcomes else "-"


def print_error(case: Case, field: str, result: Extraction) -> None:
    expected, given = case.expected[field], getattr(result.invoice, field)
    if field == "line_items":
        print(f"    {case.name}")
        for item in expected:
            print("      expected", *item.values(), sep=" | ")
        for item in given:
            print("      given   ", item.description, item.quantity, item.unit_price, item.amount, sep=" | ")
        return
    method = result.evidence[field].method if field in result.evidence else "nothing found"
    print(f"    {case.name}: expected {expected!s}, given {given!s} [{method}]")


def milliseconds(cases: list[Case]) -> float:
    """CPU milliseconds per page of a second run, words read and data files loaded."""
    began = time.process_time()
    for case in cases:
        extract_text(case.text)
    return 1000 * (time.process_time() - began) / sum(len(case.text.pages) for case in cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "rules_accuracy")
    parser.add_argument("--only", choices=DATA_SETS, help="measure one data set")
    parser.add_argument("--errors", metavar="FIELD", help="print the tune errors of this field")
    arguments = parser.parse_args()
    for name, load in DATA_SETS.items():
        if arguments.only in (None, name):
            print(f"{name:20}{'tune (n)':>16}{'held out (n)':>16}")
            cases = list(load(arguments.data, arguments.cache))
            measure(cases, arguments.errors)
            words = sum(len(page.words) for case in cases for page in case.text.pages)
            pages = sum(len(case.text.pages) for case in cases)
            print(f"  {milliseconds(cases):.1f} ms per page of {words / pages:.0f} words")


if __name__ == "__main__":
    main()
