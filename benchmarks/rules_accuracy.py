"""Measures the rules extractor on real documents: a table per data set and field, tune and held-out part apart.

usage: python benchmarks/rules_accuracy.py [--data ../shared/data] [--only sroie] [--errors total_amount]

Beside the share of right values stands their upper bound: the share of documents where the true value is among the
candidates that are kept. What `transcripts`, lines typed by people, lose is the rules' own fault and not the engine's.

Receipts are split by vendor with a fixed hash, so that no vendor is in both parts. Rules may be written while looking
at errors of the tune part only (`--errors` shows no others); the held-out part is for the final number. SROIE words
come from `sroie-train-words`, e-invoices are read from their text layer; German receipts go through RapidOCR, and the
images of SROIE through Tesseract where it is installed. What an engine reads is kept in the folder `--cache`.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
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
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.schemas import Extraction, LineItem, OcrPage, OcrText, Word
from ocr_pipeline.study.words import text_of_lines, words_of_line
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date


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
        yield sroie_case(data / "sroie-train-words" / "key" / path.name, sroie_text(path))


def sroie_case(key_path: Path, text: OcrText) -> Case:
    key = json.loads(key_path.read_text())
    expected = {
        "total_amount": parse_amount(key.get("total", ""), decimal_separator="."),
        "invoice_date": parse_date(key.get("date", "").strip("()"), day_first=True),
        "supplier_name": key.get("company"),
        "supplier_address": key.get("address"),
    }
    return Case(key_path.stem, text, expected, held_out(key.get("company", "")))


def transcripts(data: Path, cache: Path) -> Iterator[Case]:
    """The lines that SROIE ships with its images, typed by people, in place of what an engine reads."""
    for path in sorted((data / "sroie" / "box").glob("*.csv")):
        words = []
        rows = [line.split(",", 8) for line in path.read_text("utf-8", errors="replace").splitlines() if line]
        width, height = (max(int(row[corner]) for row in rows) + 20 for corner in (4, 5))  # the image's size is near
        for number, row in enumerate(rows):
            corners = [[float(x), float(y)] for x, y in zip(row[0:8:2], row[1:8:2], strict=True)]
            words += words_of_line(row[8], corners, width, height, number, 1.0)
        text = OcrText(pages=[OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)])
        yield sroie_case(data / "sroie" / "key" / f"{path.stem}.json", text)


def tesseract(data: Path, cache: Path) -> Iterator[Case]:
    """The images of SROIE as the `tesseract` command reads them: noisier words than those of RapidOCR."""
    if not shutil.which("tesseract"):
        return
    for path in sorted((data / "sroie" / "img").glob("*.jpg")):
        kept = cache / "tesseract" / f"{path.stem}.tsv"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            command = ["tesseract", str(path), str(kept.with_suffix("")), "--psm", "6", "tsv"]
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
        yield sroie_case(data / "sroie" / "key" / f"{path.stem}.json", tesseract_text(kept))


def tesseract_text(path: Path) -> OcrText:
    """The words of Tesseract's table; its first row is the page."""
    rows = list(csv.DictReader(path.open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))
    width, height = int(rows[0]["width"]), int(rows[0]["height"])
    lines: dict[tuple[str, ...], int] = {}
    words = []
    for row in rows:
        if row["level"] == "5" and row["text"].strip():
            line = lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines))
            x0, y0 = int(row["left"]), int(row["top"])
            x1, y1 = x0 + int(row["width"]), y0 + int(row["height"])
            box = (x0 / width, y0 / height, x1 / width, y1 / height)
            words.append(Word(text=row["text"], box=box, confidence=float(row["conf"]) / 100, page=1, line=line))
    return OcrText(pages=[OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)])


def sroie_text(path: Path) -> OcrText:
    """The words of one file of `sroie-train-words`, which holds whole lines."""
    return text_of_lines(json.loads(path.read_text()))


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


DATA_SETS = {
    "sroie": sroie,
    "transcripts": transcripts,
    "tesseract": tesseract,
    "zugferd": zugferd,
    "german": german,
}


# ---- scoring ---------------------------------------------------------------------------------------------------------


def folded(text: str | None) -> str:
    """Case folded, letters and digits only."""
    return re.sub(r"[\W_]", "", (text or "").casefold())


def right(expected: Any, given: Any) -> bool:
    """Whether a value counts as right. A name in several lines is right with any one of them, too."""
    if isinstance(expected, str):
        return folded(given) in {folded(expected), *map(folded, expected.splitlines())}
    return bool(expected == given)


def among_candidates(expected: Any, field: str, result: Extraction) -> bool:
    """Whether a choice among the candidates could have been right."""
    text = expected.isoformat() if isinstance(expected, date) else expected
    values = (candidate.value for candidate in result.candidates if candidate.field == field)
    return any(right(text, Decimal(value) if isinstance(expected, Decimal) else value) for value in values)


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
    bounds: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {False: [], True: []})
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
                bounds[field][case.held_out].append(ok or among_candidates(expected, field, result))
            outcomes[field][case.held_out].append(ok)
            if field == show and not ok and not case.held_out:
                print_error(case, field, result)
    for field in outcomes:
        columns = [share(of[field][part]) for part in (False, True) for of in (outcomes, bounds)]
        print(f"  {field:18}" + "".join(f"{column:>16}" for column in columns))
    if cells[False][1]:
        scores = [f"{2 * hits / (expected + given):.3f}" for hits, expected, given in cells.values()]
        print(f"  {'item cell F1':18}" + "".join(f"{score:>16}{'-':>16}" for score in scores))


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
    evidence = result.evidence.get(field)
    method = f"{evidence.method}, {evidence.correction}" if evidence else "nothing found"
    lost = "in candidates" if among_candidates(expected, field, result) else "no candidate"
    print(f"    {case.name}: expected {expected!s}, given {given!s} [{method}], {lost}")


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
            cases = list(load(arguments.data, arguments.cache))
            if not cases:
                print(f"{name}: not measured, its engine or its data is not here")
                continue
            headings = ("tune (n)", "among candidates", "held out (n)", "among candidates")
            print(f"{name:20}" + "".join(f"{heading:>17}" for heading in headings)[1:])
            measure(cases, arguments.errors)
            words = sum(len(page.words) for case in cases for page in case.text.pages)
            pages = sum(len(case.text.pages) for case in cases)
            print(f"  {milliseconds(cases):.1f} ms per page of {words / pages:.0f} words")


if __name__ == "__main__":
    main()
