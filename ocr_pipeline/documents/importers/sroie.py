"""ICDAR 2019 SROIE (Huang et al.) in its public layout.

img/<id>.jpg     the receipt
key/<id>.json    company, date, address, total (or `.txt` with JSON in it)
box/<id>.csv     one line of text each: x1,y1,x2,y2,x3,y3,x4,y4,text (or `.txt`); optional
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, is_valid, new_report
from ocr_pipeline.documents.importers.source import Source, documents_in
from ocr_pipeline.documents.importers.transcripts import Fragment, transcript_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date

FIELDS = {
    "company": "supplier_name",
    "address": "supplier_address",
    "date": "invoice_date",
    "total": "total_amount",
}


def import_sroie(path: Source, documents: Path, dataset: str = "sroie") -> ImportReport:
    """Import SROIE receipts with labels and transcripts.

    Dates are day first, amounts have a decimal point. The labels are English receipts of the data set's train split
    unless the name of its folder says test.

    Raises:
        ConfigurationError: the folder does not have that layout, or the name of the data set is taken.
    """
    images, keys, boxes = path / "img", path / "key", path / "box"
    if not images.is_dir() or not keys.is_dir():
        raise ConfigurationError(f"{path} is not SROIE in its public layout: it needs the folders img and key.")
    report = new_report(dataset, documents)

    def entries() -> Iterator[Entry]:
        for image in documents_in(images):
            content = report.read(image, image.name)
            if content is None:
                continue
            key, box = _beside(keys, image.stem, ".json", ".txt"), _beside(boxes, image.stem, ".csv", ".txt")
            label = _label(key, image.stem, report) if key else None
            lines = _lines(box, report) if box else []
            yield Entry(image.name, content, label, transcript_of(content, lines))

    return copy(entries(), report)


def _beside(folder: Source, stem: str, *suffixes: str) -> Source | None:
    return next((file for suffix in suffixes if (file := folder / (stem + suffix)).is_file()), None)


def _label(path: Source, name: str, report: ImportReport) -> Label | None:
    try:
        content: Any = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        report.problems.append(f"{path.name}: not a JSON object; {name} is imported without a label.")
        return None
    fields: dict[str, Any] = {}
    for key, field_name in FIELDS.items():
        text = content.get(key)
        if not text:
            continue  # the data set leaves a key out where its makers found nothing: not labelled, rather than empty
        value: Any = text if isinstance(text, str) else None
        if value and field_name == "total_amount":
            value = parse_amount(value, decimal_separator=".")
        elif value and field_name == "invoice_date":
            value = parse_date(value, day_first=True)
        if value is None or not is_valid(field_name, value):
            report.problems.append(f"{path.name}: the {key} cannot be read; it is left out.")
        else:
            fields[field_name] = value
    split = "test" if any(_says_test(part) for part in path.parts[-3:-1]) else "train"
    return Label(invoice=Invoice(**fields), language="en", split=split)


def _says_test(folder_name: str) -> bool:
    """`test`, `testing`, `test_1` or `sroie-test`, but neither `latest` nor `testimony`."""
    words = re.split(r"[^a-z0-9]+", folder_name.lower())
    return not {"test", "testing"}.isdisjoint((words[0], words[-1]))


def _lines(path: Source, report: ImportReport) -> list[list[Fragment]]:
    """The lines of a box file. It is no CSV: a quotation mark is one, and the text may hold commas."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        report.problems.append(f"{path.name}: cannot be read: {error.strerror}; there is no transcript.")
        return []
    lines = []
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        *corners, words = row.split(",", 8)
        try:
            values = [float(corner) for corner in corners]
            if len(values) != 8:
                raise ValueError
        except ValueError:
            report.problems.append(f"{path.name}: line {number} is not x1,y1,...,x4,y4,text; there is no transcript.")
            return []
        lines.append([Fragment(words, list(zip(values[::2], values[1::2], strict=True)))])
    return lines
