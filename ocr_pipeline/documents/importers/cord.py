"""CORD, the Consolidated Receipt Dataset (Park et al. 2019), in its public layout.

{train,dev,test}/image/<id>.png    the receipt
{train,dev,test}/json/<id>.json    valid_line: words with quadrilaterals and categories; meta: size and split

Labels come from `gt_parse` if the JSON has it (as on the Hugging Face hub and in the Donut paper), otherwise from the
categories of `valid_line`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.cord_places import Line, word_places
from ocr_pipeline.documents.importers.places import with_places
from ocr_pipeline.documents.importers.source import Source, documents_in
from ocr_pipeline.documents.importers.transcripts import Fragment, transcript_of
from ocr_pipeline.documents.valid_values import is_valid
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.values.amounts import parse_amount

SPLITS = ("train", "dev", "test")

AMOUNTS = {"total.total_price": "total_amount", "sub_total.tax_price": "total_tax_amount"}
"""CORD's other amounts have no clear counterpart: its subtotal may be with or without tax, discounts and service."""

ITEM_VALUES = {"nm": "description", "cnt": "quantity", "unitprice": "unit_price", "price": "amount"}

_RUPIAH = re.compile(r"\b(rp|idr)\b|\brp\.?\d", re.IGNORECASE)
_COUNT = re.compile(r"[x@]?\s*(\d{1,4}(?:[.,]\d{1,2})?)\s*(?:x|pcs)?", re.IGNORECASE)

LineItemValues = dict[str, str | Decimal]


class _Annotation(TypedDict, total=False):
    """A JSON file of CORD. Nothing in it is validated yet."""

    gt_parse: Mapping[str, object]
    valid_line: list[Line]


@dataclass
class _Item:
    """An item of the menu: its texts by CORD's key, and whether a sub-item has a price of its own."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    has_priced_sub_item: bool = False


@dataclass
class _Receipt:
    """`amounts`: texts by CORD's category, such as `total.total_price`."""

    items: list[_Item]
    amounts: dict[str, list[str]]


def import_cord(path: Source, documents: Path, dataset: str = "cord") -> ImportReport:
    """Import CORD receipts with labels and transcripts. The folder names give the split.

    Raises:
        ConfigurationError: the folder has another layout, or the data set name is reserved.
    """
    splits = [split for split in SPLITS if (path / split / "image").is_dir() and (path / split / "json").is_dir()]
    if not splits:
        raise ConfigurationError(
            f"{path} does not have CORD's public layout: folders image and json inside train, dev or test."
        )
    report = new_report(dataset, documents)

    def entries() -> Iterator[Entry]:
        for split in splits:
            for image in documents_in(path / split / "image"):
                name = f"{split}/{image.name}"
                content = report.read(image, name)
                if content is None:
                    continue
                annotation = _load(path / split / "json" / f"{image.stem}.json", name, report)
                label = _label(annotation, split, name, report) if annotation else None
                transcript = transcript_of(content, _rows(annotation, name, report))
                if label and transcript:
                    descriptions = [item.description or "" for item in label.invoice.line_items]
                    lines = _valid_lines(annotation)
                    places = word_places(lines, transcript, AMOUNTS, ITEM_VALUES, descriptions)
                    label = with_places(label, places)
                yield Entry(name, content, label, transcript)

    return copy(entries(), report)


def _load(path: Source, name: str, report: ImportReport) -> _Annotation:
    try:
        content: Any = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("ground_truth"), dict):
        content = content["ground_truth"]  # a row of the Hugging Face hub
    if not isinstance(content, dict):
        report.problems.append(f"{path.name}: not a JSON object; {name} is imported without a label.")
        return {}
    annotation: _Annotation = content  # type: ignore[assignment]
    return annotation


def _label(annotation: _Annotation, split: str, name: str, report: ImportReport) -> Label | None:
    try:
        gt_parse = annotation.get("gt_parse")
        if not isinstance(gt_parse, dict):
            gt_parse = None
        lines = _valid_lines(annotation)
        receipt = _from_lines(lines) if gt_parse is None else _from_gt_parse(gt_parse)
        printed = json.dumps([gt_parse, [[word.get("text") for word in line["words"]] for line in lines]])
    except (KeyError, TypeError, AttributeError):
        report.problems.append(f"{name}: unexpected JSON structure; imported without a label.")
        return None
    fields: dict[str, Decimal | str | list[LineItemValues]] = dict(_amounts(receipt, name, report))
    if line_items := _line_items(receipt, name, report):
        fields["line_items"] = line_items
    if not fields:
        return None
    if _RUPIAH.search(printed):
        fields["currency"] = "IDR"
    return Label(invoice=Invoice.model_validate(fields), language="id", split=split)


def label_of_parse(gt_parse: Mapping[str, object], split: str, name: str) -> tuple[Label | None, list[str]]:
    """The label of a receipt of which only `gt_parse` is at hand, and what of it cannot be used, a sentence each."""
    report = ImportReport("cord", Path())
    return _label({"gt_parse": gt_parse}, split, name, report), report.problems


def _amounts(receipt: _Receipt, name: str, report: ImportReport) -> dict[str, Decimal]:
    amounts = {}
    for key, field_name in AMOUNTS.items():
        texts = receipt.amounts.get(key, [])
        values = {amount_of(text) for text in texts}
        if not texts:
            continue
        value = values.pop() if len(values) == 1 else None
        if value is None or not is_valid(field_name, value):
            report.problems.append(f"{name}: {key} is not a single amount; skipped.")
        else:
            amounts[field_name] = value
    return amounts


def _line_items(receipt: _Receipt, name: str, report: ImportReport) -> list[LineItemValues]:
    """The line items; none if a sub-item has its own price, because it is then a line of its own on the page and CORD does
    not say which line has which amount."""
    if any(item.has_priced_sub_item for item in receipt.items):
        return []
    line_items = [_line_item(item) for item in receipt.items]
    valid = [line_item for line_item in line_items if line_item is not None]
    if len(valid) < len(line_items) or not is_valid("line_items", valid):
        report.problems.append(f"{name}: invalid line item; all line items are skipped.")
        return []
    return valid


def _line_item(item: _Item) -> LineItemValues | None:
    """The values of an item; None if one of them cannot be parsed."""
    values: LineItemValues = {}
    for key, name in ITEM_VALUES.items():
        texts = item.texts.get(key, [])
        if not texts:
            continue
        if name == "description":
            values[name] = " ".join(texts)
            continue
        value = (count_of if name == "quantity" else amount_of)(texts[0]) if len(texts) == 1 else None
        if value is None:
            return None
        values[name] = value
    return values or None


def amount_of(text: str) -> Decimal | None:
    """Parse an amount as printed on CORD receipts: `60.000`, `28,000`, `@11000`, `*46000`, `Rp. 39.600`, `12987.00`."""
    return parse_amount(text.strip().lstrip("@*=:").strip())


def count_of(text: str) -> Decimal | None:
    """Parse a count: `2`, `x1`, `1X`, `2.00`. Three decimals are rejected: they may be thousands."""
    match = _COUNT.fullmatch(text.strip())
    return Decimal(match[1].replace(",", ".")) if match else None


def _from_gt_parse(gt_parse: Mapping[str, object]) -> _Receipt:
    """Several `total` or `sub_total` objects in a list are merged."""
    items = [
        _Item(
            {key: _texts(item.get(key)) for key in ITEM_VALUES},
            any(_texts(sub_item.get("price")) for sub_item in _dicts(item.get("sub"))),
        )
        for item in _dicts(gt_parse.get("menu"))
    ]
    amounts = {}
    for category in AMOUNTS:
        group, _, key = category.partition(".")
        amounts[category] = [text for part in _dicts(gt_parse.get(group)) for text in _texts(part.get(key))]
    return _Receipt(items, amounts)


def _from_lines(lines: list[Line]) -> _Receipt:
    """Groups menu lines into items. Words that only name a value (`is_key`) are ignored."""
    items: dict[int | None, _Item] = {}
    amounts: dict[str, list[str]] = {}
    for line in lines:
        group, _, key = line["category"].partition(".")
        text = " ".join(str(word["text"]) for word in line["words"] if not word.get("is_key"))
        if not text:
            continue
        if group != "menu":
            amounts.setdefault(line["category"], []).extend(_texts(text))
            continue
        item = items.setdefault(line.get("group_id"), _Item())
        if key == "sub_price":
            item.has_priced_sub_item |= bool(_texts(text))
        elif not key.startswith("sub_"):
            item.texts.setdefault(key, []).extend(_texts(text))
    return _Receipt(list(items.values()), amounts)


def _valid_lines(annotation: _Annotation) -> list[Line]:
    return [line for line in annotation.get("valid_line") or [] if isinstance(line["words"], list)]


def _dicts(value: object) -> list[dict[str, object]]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, dict)]


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, str) and part.strip()]


def _rows(annotation: _Annotation, name: str, report: ImportReport) -> list[list[Fragment]]:
    """The words of `valid_line` by row of the page, top to bottom and left to right."""
    rows: dict[int | str, list[Fragment]] = {}
    try:
        for number, line in enumerate(_valid_lines(annotation)):
            for word in line["words"]:
                quad = word["quad"]
                corners = [(float(quad[f"x{corner}"]), float(quad[f"y{corner}"])) for corner in (1, 2, 3, 4)]
                rows.setdefault(word.get("row_id", f"line {number}"), []).append(Fragment(str(word["text"]), corners))
    except (KeyError, TypeError, ValueError):
        report.problems.append(f"{name}: unexpected structure of words; imported without a transcript.")
        return []
    in_rows = [sorted(row, key=lambda word: min(x for x, _ in word.corners)) for row in rows.values()]
    return sorted(in_rows, key=lambda row: sum(y for word in row for _, y in word.corners) / (4 * len(row)))
