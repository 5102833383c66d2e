"""Importing data sets: documents and labels are copied into `data/documents/NAME/`, in the project's own format.

An import can be repeated: what is already there, byte for byte, is left alone, and what changed is replaced.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ocr_pipeline.documents.find import NOT_DOCUMENTS, label_of, slug
from ocr_pipeline.documents.labels import read_label
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.evaluation.normalise import parse_amount, parse_date
from ocr_pipeline.schemas import Invoice, Label

SROIE_FIELDS = {
    "company": "supplier_name",
    "address": "supplier_address",
    "date": "invoice_date",
    "total": "total_amount",
}

TAKEN_NAMES = {"demo", "documents"}  # the bundled documents, and loose files in `data/documents`


@dataclass
class ImportReport:
    """What an import did. `problems` are sentences about files that were left out, or labels that were not understood."""

    dataset: str
    target: Path
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    labelled: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    source: Path
    name: str
    label: Label | None


def import_sroie(path: Path, documents: Path, dataset: str = "sroie") -> ImportReport:
    """Import ICDAR 2019 SROIE in its public layout: `img/<id>.jpg` and `key/<id>.json` (or `.txt` with JSON in it).

    Dates are day first, amounts have a decimal point. The labels are English receipts of the data set's train split
    unless the name of its folder says test.

    Raises:
        ConfigurationError: the folder does not have that layout, or the name of the data set is taken.
    """
    images, keys = path / "img", path / "key"
    if not images.is_dir() or not keys.is_dir():
        raise ConfigurationError(f"{path} is not SROIE in its public layout: it needs the folders img and key.")
    report = _report(dataset, documents)

    def entries() -> Iterator[_Entry]:
        for image in _documents_in(images):
            key = next((file for suffix in (".json", ".txt") if (file := keys / (image.stem + suffix)).is_file()), None)
            label = _sroie_label(key, image.stem, report) if key else None
            yield _Entry(image, image.name, label)

    return _copy(entries(), report)


def import_folder(path: Path, documents: Path, dataset: str | None = None) -> ImportReport:
    """Import a folder of documents; a label is a JSON file with the same stem, in the project's format.

    Raises:
        ConfigurationError: the folder is not there, or the name of the data set is taken.
    """
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder.")
    source, inside = path.resolve(), documents.resolve()
    if inside in (source, *source.parents) or source in inside.parents:
        raise ConfigurationError(
            f"{path} is a part of the project, or holds it: its documents are there without an import."
        )
    report = _report(dataset or source.name, documents)

    def entries() -> Iterator[_Entry]:
        for file in _documents_in(path):
            label = None
            if label_file := label_of(file):
                try:
                    label, _ = read_label(label_file)
                except DocumentError as error:
                    report.problems.append(f"{label_file.name}: {error}")
            yield _Entry(file, file.relative_to(path).as_posix(), label)

    return _copy(entries(), report)


def _report(dataset: str, documents: Path) -> ImportReport:
    name = slug(dataset)
    if not name:
        raise ConfigurationError(f"Give the data set a name of letters and digits, with --name; {dataset!r} has none.")
    if name in TAKEN_NAMES:
        raise ConfigurationError("The names demo and documents are taken; give the data set another one, with --name.")
    return ImportReport(name, documents / name)


def _documents_in(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.suffix.lower() not in NOT_DOCUMENTS
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _sroie_label(path: Path, name: str, report: ImportReport) -> Label | None:
    try:
        content: Any = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        report.problems.append(f"{path.name}: not a JSON object; {name} is imported without a label.")
        return None
    fields: dict[str, Any] = {}
    for key, field_name in SROIE_FIELDS.items():
        text = content.get(key)
        if not text:
            continue  # the data set leaves a key out where its makers found nothing: not labelled, rather than empty
        value: Any = text if isinstance(text, str) else None
        if value and field_name == "total_amount":
            value = parse_amount(value, decimal_separator=".")
        elif value and field_name == "invoice_date":
            value = parse_date(value, day_first=True)
        if value is None or not _is_valid(field_name, value):
            report.problems.append(f"{path.name}: the {key} cannot be read; it is left out.")
        else:
            fields[field_name] = value
    split = "test" if any(_says_test(part) for part in path.parts[-3:-1]) else "train"
    return Label(invoice=Invoice(**fields), language="en", split=split)


def _says_test(folder_name: str) -> bool:
    """`test`, `testing`, `test_1` or `sroie-test`, but neither `latest` nor `testimony`."""
    words = re.split(r"[^a-z0-9]+", folder_name.lower())
    return not {"test", "testing"}.isdisjoint((words[0], words[-1]))


def _is_valid(field_name: str, value: Any) -> bool:
    try:
        Invoice.model_validate({field_name: value})
    except ValidationError:
        return False
    return True


def _copy(entries: Iterator[_Entry], report: ImportReport) -> ImportReport:
    for entry in entries:
        target = report.target / entry.name
        try:
            content = entry.source.read_bytes()
        except OSError as error:
            report.problems.append(f"{entry.name}: cannot be read: {error.strerror}; it is left out.")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            state = _write_if_changed(target, content)
            label_state = _write_label(target.with_name(target.name + ".json"), entry.label)
            if state == "unchanged" and label_state != "unchanged":
                state = "changed"
            report.labelled += entry.label is not None
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}.") from None
        setattr(report, state, getattr(report, state) + 1)
    if not report.new + report.changed + report.unchanged:
        raise ConfigurationError("There is no document to import there.")
    return report


def _write_label(target: Path, label: Label | None) -> str:
    """Write a label. Where the source has none any more, the one of an earlier import goes: it is no longer the truth."""
    if label is not None:
        text = label.model_dump_json(indent=2, exclude_unset=True) + "\n"
        return _write_if_changed(target, text.encode())
    if not target.is_file():
        return "unchanged"
    target.unlink()
    return "changed"


def _write_if_changed(target: Path, content: bytes) -> str:
    """Write and say what it was: new, changed or unchanged."""
    if not target.exists():
        target.write_bytes(content)
        return "new"
    if target.read_bytes() == content:
        return "unchanged"
    target.write_bytes(content)
    return "changed"
