"""ICDAR 2019 SROIE (Huang et al.) in its public layout.

img/<id>.jpg     the receipt
key/<id>.json    company, date, address, total (or `.txt` containing JSON)
box/<id>.csv     one text line each: x1,y1,x2,y2,x3,y3,x4,y4,text (or `.txt`); optional
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.places import line_places, with_places
from ocr_pipeline.documents.importers.source import Source, documents_in
from ocr_pipeline.documents.importers.transcripts import Fragment, transcript_of
from ocr_pipeline.documents.valid_values import is_valid
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

NAMED = {"total_amount": re.compile(r"(?<!sub)(?<!sub[\s-])\btotal\b(?!.*\bexcl)", re.IGNORECASE)}
"""How a row says that its amount is the total."""

Printed = dict[str, tuple[str, object]]


def import_sroie(path: Source, documents: Path, dataset: str = "sroie") -> ImportReport:
    """Import SROIE receipts with labels and transcripts. A value has a place if it is certain on which lines it stands.

    Dates are day first, amounts have a decimal point, the language is English. The split is `train` unless the folder name
    contains `test`.

    Raises:
        ConfigurationError: the folder has another layout, or the data set name is reserved.
    """
    images, keys, boxes = path / "img", path / "key", path / "box"
    if not images.is_dir() or not keys.is_dir():
        raise ConfigurationError(f"{path} does not have SROIE's public layout: folders img and key.")
    report = new_report(dataset, documents)

    def entries() -> Iterator[Entry]:
        for image in documents_in(images):
            content = report.read(image, image.name)
            if content is None:
                continue
            key, box = _beside(keys, image.stem, ".json", ".txt"), _beside(boxes, image.stem, ".csv", ".txt")
            label, printed = _label(key, image.stem, report) if key else (None, {})
            lines = _lines(box, report) if box else []
            transcript = transcript_of(content, lines)
            if label and transcript:
                label = with_places(label, line_places(printed, [line for (line,) in lines], transcript, NAMED))
            yield Entry(image.name, content, label, transcript)

    return copy(entries(), report)


def _beside(folder: Source, stem: str, *suffixes: str) -> Source | None:
    return next((file for suffix in suffixes if (file := folder / (stem + suffix)).is_file()), None)


def _label(path: Source, name: str, report: ImportReport) -> tuple[Label | None, Printed]:
    """The label, and by field the text and the value."""
    try:
        content: Any = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        report.problems.append(f"{path.name}: not a JSON object; {name} is imported without a label.")
        return None, {}
    fields: dict[str, str | Decimal | date] = {}
    printed: Printed = {}
    for key, field_name in FIELDS.items():
        text = content.get(key)
        if not text:
            continue  # SROIE omits keys that its annotators did not find: not labelled
        value: str | Decimal | date | None = text if isinstance(text, str) else None
        if isinstance(value, str) and field_name == "total_amount":
            value = parse_amount(value, decimal_separator=".")
        elif isinstance(value, str) and field_name == "invoice_date":
            value = parse_date(value, day_first=True)
        if value is None or not is_valid(field_name, value):
            report.problems.append(f"{path.name}: invalid {key}; skipped.")
        else:
            fields[field_name] = value
            printed[field_name] = (text, value)
    split = "test" if any(_says_test(part) for part in path.parts[-3:-1]) else "train"
    return Label(invoice=Invoice.model_validate(fields), language="en", split=split), printed


def _says_test(folder_name: str) -> bool:
    """True for `test`, `testing`, `test_1` and `sroie-test`, but not for `latest` or `testimony`."""
    words = re.split(r"[^a-z0-9]+", folder_name.lower())
    return not {"test", "testing"}.isdisjoint((words[0], words[-1]))


def _lines(path: Source, report: ImportReport) -> list[list[Fragment]]:
    """The lines of a box file. Not a real CSV: quotation marks are literal and the text may contain commas."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        report.problems.append(f"{path.name}: cannot be read: {error.strerror}; imported without a transcript.")
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
            report.problems.append(
                f"{path.name}: line {number} is not x1,y1,...,x4,y4,text; imported without a transcript."
            )
            return []
        lines.append([Fragment(words, list(zip(values[::2], values[1::2], strict=True)))])
    return lines
