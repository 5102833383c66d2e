"""Measures the rules extractor on real documents: a table per data set and field, tune and held-out part apart.

usage: python benchmarks/rules_accuracy.py --data ../shared/data [--only sroie] [--errors total_amount] [--german-ocr FILES]

Documents are split by vendor with a fixed hash, so that no vendor is in both parts. Rules may be written while looking
at errors of the tune part only; the held-out part is for the final number. German receipts need OCR: `--german-ocr`
is a folder with one JSON per image (`width`, `height`, `words`: text, score, four corners, line).
"""

import argparse
import hashlib
import json
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.rules.text import plain
from ocr_pipeline.schemas import Extraction, LineItem, OcrPage, OcrText, Word


@dataclass(frozen=True)
class Case:
    """A document with what should be found in it. `held_out` documents must not be looked at."""

    name: str
    text: OcrText
    expected: dict[str, Any]
    held_out: bool


def held_out(vendor: str) -> bool:
    """40 % of the vendors, by a hash of the name's first letters (branches of a chain stay together)."""
    group = re.sub(r"[^a-z]", "", plain(vendor))[:8]
    return int(hashlib.sha256(f"145{group}".encode()).hexdigest(), 16) % 100 >= 60  # 145 balances all data sets


def words_of_line(
    text: str, corners: list[list[float]], width: int, height: int, line: int, score: float
) -> list[Word]:
    """Split a line at its spaces; boxes share the line's width by character count and follow its slope."""
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


def sroie_text(path: Path) -> OcrText:
    """The words of one file of `sroie-train-words/words`."""
    data = json.loads(path.read_text())
    width, height = data["width"], data["height"]
    words = [
        word
        for index, line in enumerate(data["lines"])
        for word in words_of_line(line["text"], line["box"], width, height, index, line["score"])
    ]
    return OcrText(pages=[OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)])


def sroie(data: Path) -> Iterator[Case]:
    for path in sorted((data / "sroie-train-words" / "words").glob("*.json")):
        key = json.loads((data / "sroie-train-words" / "key" / path.name).read_text())
        expected = {
            "total_amount": sroie_total(key.get("total", "")),
            "invoice_date": sroie_date(key.get("date", "")),
            "supplier_name": key.get("company") or None,
        }
        yield Case(path.stem, sroie_text(path), expected, held_out(key.get("company", "")))


def sroie_total(text: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[^\d.-]", "", text)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def sroie_date(text: str) -> date | None:
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
    text = text.lower().strip("()")
    if found := re.search(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"(20\d\d)(\d\d)(\d\d)", text):
        year, month, day = map(int, found.groups())
    elif found := re.search(r"(\d{1,2})[-/. ]*(\d{1,2}|[a-z]{3,9})[-/.,' ]*(\d{4}|\d{2})$", text):
        day, year = int(found[1]), int(found[3])
        month = months.index(found[2][:3]) + 1 if found[2].isalpha() else int(found[2])
    elif found := re.search(r"([a-z]{3,9})\s*(\d{1,2}),?\s*(\d{4})", text):
        day, month, year = int(found[2]), months.index(found[1][:3]) + 1, int(found[3])
    else:
        return None
    if month > 12:
        day, month = month, day
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def zugferd(data: Path) -> Iterator[Case]:
    for line in (data / "zugferd" / "ground_truth.jsonl").read_text().splitlines():
        truth = json.loads(line)
        day = truth["date"]
        expected = {
            "invoice_id": truth["invoice_number"],
            "invoice_date": date.fromisoformat(day) if day else None,
            "supplier_name": truth["vendor"],
            "receiver_name": truth["buyer"],
            "currency": truth["currency"],
            "total_amount": Decimal(truth["total"]),
            "total_tax_amount": Decimal(truth["tax"]),
            "net_amount": Decimal(truth["tax_basis"]),
            "amount_due": Decimal(truth["due"]) if truth["due"] else None,
            "line_items": [item for item in truth["lines"] if item["line_total"]],
        }
        file = truth["file"]
        yield Case(file, pdf_text(data / "zugferd" / "pdf" / file), expected, held_out(truth["vendor"]))


def pdf_text(path: Path) -> OcrText:
    """The words of a PDF's text layer: runs between white space, lines by vertical position."""
    import pypdfium2

    pages = []
    for number, page in enumerate(pypdfium2.PdfDocument(path), start=1):
        width, height = page.get_size()
        layer = page.get_textpage()
        words: list[Word] = []
        line, text = 0, ""
        box: list[float] = []

        def close(
            words: list[Word] = words, number: int = number, width: float = width, height: float = height
        ) -> None:
            nonlocal text, box
            if text:
                x0, y0, x1, y1 = box
                relative = (x0 / width, 1 - y1 / height, x1 / width, 1 - y0 / height)
                words.append(Word(text=text, box=relative, confidence=None, page=number, line=line))
            text, box = "", []

        previous: float | None = None
        for index in range(layer.count_chars()):
            character = layer.get_text_range(index, 1)
            if not character.strip():
                close()
                continue
            x0, y0, x1, y1 = layer.get_charbox(index, loose=True)
            if previous is not None and abs((y0 + y1) / 2 - previous) > 0.5 * (y1 - y0):
                close()
                line += 1
            previous = (y0 + y1) / 2
            text += character
            box = [min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1)] if box else [x0, y0, x1, y1]
        close()
        pages.append(OcrPage(page=number, width=round(width), height=round(height), words=words, seconds=0.0))
    return OcrText(pages=pages)


def german(data: Path, ocr: Path) -> Iterator[Case]:
    for image in sorted((data / "softmatic-receipts-de").glob("*.jpg")):
        read = json.loads((ocr / f"{image.stem}.json").read_text())
        width, height = read["width"], read["height"]
        words = []
        for text, score, corners, line in read["words"]:
            xs, ys = [x for x, _ in corners], [y for _, y in corners]
            box = (min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)
            words.append(Word(text=text, box=box, confidence=score, page=1, line=line))
        merchant, day, *_, cents = [part for part in image.stem.split("_") if part != "B"]
        expected = {
            "total_amount": Decimal(int(cents)) / 100,
            "invoice_date": date(int(day[4:]), int(day[2:4]), int(day[:2])),
            "currency": "EUR",
        }
        page = OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)
        yield Case(image.stem, OcrText(pages=[page]), expected, held_out(merchant))


def folded(text: str | None) -> str:
    """NFKC, case folded, letters and digits only."""
    return re.sub(r"[^\w]|_", "", unicodedata.normalize("NFKC", text or "").casefold())


def right(field: str, expected: Any, given: Any) -> bool:
    """Whether a value counts as right; a field that the label does not give is right when nothing is returned."""
    if isinstance(expected, str):
        accepted = {folded(expected), *(folded(part) for part in expected.splitlines())}
        return folded(given) in accepted
    return bool(expected == given)


def item_cells(expected: list[dict[str, Any]], given: list[LineItem]) -> tuple[int, int, int]:
    """Matching, expected and given cells, items paired greedily by the number of equal cells."""

    def cells_of_truth(item: dict[str, Any]) -> dict[str, Any]:
        named = {
            "description": item["description"],
            "quantity": item["quantity"],
            "unit_price": item["net_unit_price"],
            "amount": item["line_total"],
        }
        return {k: folded(v) if k == "description" else Decimal(v) for k, v in named.items() if v is not None}

    def cells_of_item(item: LineItem) -> dict[str, Any]:
        named = {k: getattr(item, k) for k in ("description", "quantity", "unit_price", "amount")}
        return {k: folded(v) if k == "description" else v for k, v in named.items() if v is not None}

    truths, items = [cells_of_truth(item) for item in expected], [cells_of_item(item) for item in given]
    pairs = sorted(
        ((sum(t[k] == i.get(k) for k in t), a, b) for a, t in enumerate(truths) for b, i in enumerate(items)),
        reverse=True,
    )
    used_a: set[int] = set()
    used_b: set[int] = set()
    hits = 0
    for equal, a, b in pairs:
        if a not in used_a and b not in used_b:
            used_a.add(a)
            used_b.add(b)
            hits += equal
    return hits, sum(map(len, truths)), sum(map(len, items))


def measure(cases: list[Case], show: str | None) -> float:
    """Print the table of one data set; returns seconds per page."""
    extractor = RulesExtractor()
    outcomes: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {False: [], True: []})
    cells = {False: [0, 0, 0], True: [0, 0, 0]}
    seconds, pages = 0.0, 0
    for case in cases:
        began = time.process_time()
        result = extractor.extract(SimpleNamespace(document_id=case.name, pages=[], text=case.text))  # type: ignore[arg-type]
        seconds += time.process_time() - began
        pages += len(case.text.pages)
        for field, expected in case.expected.items():
            given = getattr(result.invoice, field)
            if field == "line_items":
                counts = item_cells(expected, given) if expected else (0, 0, 0)
                cells[case.held_out] = [a + b for a, b in zip(cells[case.held_out], counts, strict=True)]
                ok = not expected or counts[0] == counts[1] == counts[2]
            else:
                ok = right(field, expected, given)
            if expected is not None:
                outcomes[field][case.held_out].append(ok)
            if field == show and not ok and not case.held_out:
                print_error(case, field, expected, given, result)
    for field, parts in outcomes.items():
        print(f"  {field:18}" + "".join(f"{share(parts[part]):>16}" for part in (False, True)))
    if cells[False][1]:
        scores = [f"{2 * hit / max(a + b, 1):.3f}" for hit, a, b in (cells[False], cells[True])]
        print(f"  {'item cell F1':18}" + "".join(f"{score:>16}" for score in scores))
    return seconds / max(pages, 1)


def share(outcomes: list[bool]) -> str:
    return f"{sum(outcomes) / len(outcomes):.3f} ({len(outcomes)})" if outcomes else "-"


def print_error(case: Case, field: str, expected: Any, given: Any, result: Extraction) -> None:
    method = result.evidence[field].method if field in result.evidence else ""
    if field == "line_items":
        print(f"    {case.name}")
        for item in expected:
            print("      expected", list(item.values()))
        for item in given:
            print("      given   ", item.description, item.quantity, item.unit_price, item.amount)
        return
    print(f"    {case.name}: expected {expected!s}, given {given!s} [{method}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--german-ocr", type=Path, help="folder with OCR results of softmatic-receipts-de")
    parser.add_argument("--only", help="one data set: sroie, zugferd or german")
    parser.add_argument("--errors", help="print the tune errors of this field")
    arguments = parser.parse_args()
    sets: dict[str, Callable[[], Iterator[Case]]] = {
        "sroie": lambda: sroie(arguments.data),
        "zugferd": lambda: zugferd(arguments.data),
    }
    if arguments.german_ocr:
        sets["german"] = lambda: german(arguments.data, arguments.german_ocr)
    for name, load in sets.items():
        if arguments.only in (None, name):
            print(f"{name:20}{'tune (n)':>16}{'held out (n)':>16}")
            per_page = measure(list(load()), arguments.errors)
            print(f"  {per_page * 1000:.1f} ms per page")


if __name__ == "__main__":
    main()
