"""Measures the rules extractor on documents of many countries: right values per data set, backend and field.

usage: python benchmarks/world_accuracy.py [--data ../shared/data] [--only cases world] [--errors total_amount] [--by country]

The set `synthetic` is written by `synthetic_world.py` to the folder `--synthetic`; its groups are `tune` and `held-out`, as
CORD's are. Errors are printed of `tune` only.

Backends: `rapidocr` reads every document as a picture, `pdf-text` the text layer of PDFs, `auto` one of the two for each
page, `words` the words that ship with
CORD. What an engine reads is kept in the folder `--cache`, by the engine's fingerprint and the file's content. A name or
number is right if letters and digits are the same as those of the label or of one of its alternatives; an amount to the
cent. Beside the share of right values stand the values that are wrong by a power of ten or in sign, and those among them
that are shown with a confidence above 0.8.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rules_accuracy import folded, sroie_case

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.ocr.auto import Auto
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.study.words import text_of_cord

FIELDS = (
    "total_amount", "invoice_date", "currency", "supplier_name", "supplier_tax_id", "invoice_id", "net_amount",
    "total_tax_amount", "amount_due", "receiver_name", "receiver_tax_id", "document_type", "due_date",
    "supplier_address",
)  # fmt: skip
AMOUNTS = ("total_amount", "net_amount", "total_tax_amount", "amount_due")
HELD_OUT = "held-out"
PARTS = ("tune", HELD_OUT)
ENGINES: dict[str, type[OcrEngine]] = {"rapidocr": RapidOcr, "pdf-text": PdfText, "auto": Auto}


@dataclass(frozen=True)
class Case:
    """A document with the values that should be found in it, and what each engine reads; None: the engine failed."""

    name: str
    group: str
    expected: dict[str, Any]
    alternatives: dict[str, list[str]]
    texts: dict[str, OcrText | None]


def read(engine: str, path: Path, cache: Path) -> OcrText | None:
    """What an engine reads in a file; None if it fails."""
    made = ENGINES[engine]()
    content = path.read_bytes()
    key = hashlib.sha256(json.dumps(made.fingerprint(), sort_keys=True, default=str).encode() + content).hexdigest()
    kept = cache / engine / f"{key}.json"
    if not kept.exists():
        try:
            text = OcrText(pages=made.read(open_document(content, Limits()))).model_dump_json()
        except DocumentError as error:
            text = json.dumps({"error": error.reason})
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text)
    content = kept.read_text()
    return None if content.startswith('{"error"') else OcrText.model_validate_json(content)


def labelled(folder: Path, cache: Path) -> Iterator[Case]:
    """Documents beside label files in the project's format; the group is the name of the folder."""
    for label_path in sorted(folder.rglob("*.json")):
        path = next((p for p in label_path.parent.glob(f"{label_path.stem}.*") if p.suffix != ".json"), None)
        if path is None:
            continue
        label = json.loads(label_path.read_text())
        engines = ENGINES if path.suffix == ".pdf" else ("rapidocr",)
        texts = {engine: read(engine, path, cache) for engine in engines}
        values = {name: value for name, value in label["invoice"].items() if name in FIELDS}
        yield Case(label_path.stem, label_path.parent.name, values, label.get("alternatives", {}), texts)


def synthetic(folder: Path, cache: Path) -> Iterator[Case]:
    """The pages of `synthetic_world.py`; the group is the part."""
    if not folder.exists():
        print(f"no synthetic pages in {folder}: write them with benchmarks/synthetic_world.py")
    yield from labelled(folder, cache)


def sroie(folder: Path, cache: Path) -> Iterator[Case]:
    for key in sorted((folder / "key").glob("*.json")):
        text = read("rapidocr", folder / "img" / f"{key.stem}.jpg", cache)
        expected = {name: value for name, value in sroie_case(key, OcrText(pages=[])).expected.items() if value}
        yield Case(key.stem, "SROIE", expected, {}, {"rapidocr": text})


def zugferd(folder: Path, cache: Path) -> Iterator[Case]:
    for line in (folder / "ground_truth.jsonl").read_text().splitlines():
        truth = json.loads(line)
        expected = {
            "total_amount": truth["total"], "invoice_date": truth["date"], "currency": truth["currency"],
            "supplier_name": truth["vendor"], "invoice_id": truth["invoice_number"], "net_amount": truth["tax_basis"],
            "total_tax_amount": truth["tax"], "receiver_name": truth["buyer"],
        }  # fmt: skip
        text = read("pdf-text", folder / "pdf" / truth["file"], cache)
        yield Case(truth["file"], "ZUGFeRD", {k: v for k, v in expected.items() if v}, {}, {"pdf-text": text})


def softmatic(folder: Path, cache: Path) -> Iterator[Case]:
    for image in sorted(folder.glob("*.jpg")):
        _, day, *_, cents = image.stem.removesuffix("_B").split("_")
        expected = {
            "total_amount": str(Decimal(cents) / 100),
            "invoice_date": date(int(day[4:]), int(day[2:4]), int(day[:2])).isoformat(),
            "currency": "EUR",
        }
        yield Case(image.stem, "DE", expected, {}, {"rapidocr": read("rapidocr", image, cache)})


def cord(folder: Path, cache: Path) -> Iterator[Case]:
    """CORD's own words. Only train_020 to train_249 may be looked at; the others are held out."""
    labels = {row["doc_id"]: row for row in map(json.loads, (folder / "labels.jsonl").read_text().splitlines())}
    for row in map(json.loads, (folder / "words.jsonl").read_text().splitlines()):
        total = labels[row["doc_id"]]["amounts"].get("total")
        if total is None:
            continue
        text = text_of_cord(row)
        seen = 20 <= int(row["doc_id"].rpartition("_")[2]) < 250
        yield Case(row["doc_id"], "tune" if seen else HELD_OUT, {"total_amount": str(total)}, {}, {"words": text})


DATA_SETS = {
    "cases": labelled, "world": labelled, "sroie": sroie, "sroie-recorded": sroie, "zugferd": zugferd,
    "softmatic-receipts-de": softmatic, "cord-recorded": cord, "synthetic": synthetic,
}  # fmt: skip


def decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def right(case: Case, field: str, value: Any) -> bool:
    expected = case.expected[field]
    if field in AMOUNTS:
        accepted = [expected, *case.alternatives.get(field, [])]
        return value is not None and decimal(value) in [decimal(entry) for entry in accepted]
    spellings = {folded(str(entry)) for entry in (expected, *case.alternatives.get(field, []))}
    return value is not None and folded(str(value)) in spellings


def off_by_power_or_sign(expected: Any, value: Any) -> bool:
    truth, given = decimal(expected), decimal(value)
    if not truth or not given or truth == given:
        return False
    return given == -truth or abs(given / truth) in [Decimal(10) ** k for k in (-4, -3, -2, -1, 1, 2, 3, 4)]


def measure(name: str, cases: list[Case], show: str | None, by: str | None) -> None:
    counts: dict[tuple[str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    powers = sure_powers = pages = 0
    began = time.process_time()
    for case in cases:
        for engine, text in case.texts.items():
            result = extract_text(text) if text else None
            pages += len(text.pages) if text else 0
            group = case.group if case.group in PARTS or by == "country" else ""
            if by == "country" and name == "synthetic":
                group = f"{case.name.rpartition('-')[0]} {case.group}"
            core = []
            for field, expected in case.expected.items():
                if expected is None:
                    continue
                value = getattr(result.invoice, field) if result else None
                ok = right(case, field, value)
                if field in ("total_amount", "invoice_date", "supplier_name"):
                    core.append(ok)
                counts[engine, group][field].append(ok)
                evidence = result.evidence.get(field) if result else None
                if field in AMOUNTS and not ok and off_by_power_or_sign(expected, value):
                    powers += 1
                    sure_powers += bool(evidence and (evidence.score or 0) > 0.8)
                if field == show and not ok and case.group != HELD_OUT:
                    among = [c.value for c in result.candidates if c.field == field] if result else []
                    hit = any(right(case, field, candidate) for candidate in among)
                    how = f"{evidence.method}, {evidence.score:.2f}" if evidence and evidence.score else "-"
                    print(f"    {engine} {case.name}: expected {expected}, got {value} [{how}] candidate: {hit}")
            if len(core) == 3:
                counts[engine, group]["all three"].append(all(core))
    seconds = time.process_time() - began
    for (engine, group), fields in sorted(counts.items()):
        cells = [f"{field} {sum(of)}/{len(of)}" for field in (*FIELDS, "all three") if (of := fields.get(field))]
        print(f"{name} {group} {engine}: " + ", ".join(cells))
    print(f"{name}: off by a power of ten or in sign {powers}, above 0.8 {sure_powers}")
    print(f"{name}: {1000 * seconds / max(pages, 1):.1f} ms of CPU a page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "world_accuracy")
    parser.add_argument("--synthetic", type=Path, default=Path(tempfile.gettempdir()) / "synthetic_world")
    parser.add_argument("--only", nargs="*", choices=DATA_SETS, help="measure these data sets")
    parser.add_argument("--errors", metavar="FIELD", help="print the errors of this field")
    parser.add_argument("--by", choices=["country"], help="a row for each folder")
    arguments = parser.parse_args()
    for name, load in DATA_SETS.items():
        if not arguments.only or name in arguments.only:
            folder = arguments.synthetic if name == "synthetic" else arguments.data / name
            measure(name, list(load(folder, arguments.cache)), arguments.errors, arguments.by)


if __name__ == "__main__":
    main()
