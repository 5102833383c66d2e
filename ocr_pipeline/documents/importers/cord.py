"""CORD, the Consolidated Receipt Dataset (Park et al. 2019), in its public layout.

{train,dev,test}/image/<id>.png    the receipt
{train,dev,test}/json/<id>.json    valid_line: words with quadrilaterals and what they are; meta: size and split

A label is made from `gt_parse` where the JSON has it (the form on the Hugging Face hub, and that of the Donut paper),
else from the categories of `valid_line`.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, is_valid, new_report
from ocr_pipeline.documents.importers.source import Source, documents_in
from ocr_pipeline.documents.importers.transcripts import Fragment, transcript_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.values.amounts import parse_amount

SPLITS = ("train", "dev", "test")

AMOUNTS = {"total.total_price": "total_amount", "sub_total.tax_price": "total_tax_amount"}
"""Every other amount of CORD has no clear counterpart: its subtotal may be with or without tax, discounts and service."""

ITEM_VALUES = {"nm": "description", "cnt": "quantity", "unitprice": "unit_price", "price": "amount"}

_RUPIAH = re.compile(r"\b(rp|idr)\b|\brp\.?\d", re.IGNORECASE)
_COUNT = re.compile(r"[x@]?\s*(\d{1,4}(?:[.,]\d{1,2})?)\s*(?:x|pcs)?", re.IGNORECASE)


def import_cord(path: Source, documents: Path, dataset: str = "cord") -> ImportReport:
    """Import CORD receipts with labels and transcripts. The split comes from the folder.

    Raises:
        ConfigurationError: the folder does not have that layout, or the name of the data set is taken.
    """
    splits = [split for split in SPLITS if (path / split / "image").is_dir() and (path / split / "json").is_dir()]
    if not splits:
        raise ConfigurationError(
            f"{path} is not CORD in its public layout: it needs image and json in one of the folders train, dev, test."
        )
    report = new_report(dataset, documents)

    def entries() -> Iterator[Entry]:
        for split in splits:
            for image in documents_in(path / split / "image"):
                name = f"{split}/{image.name}"
                content = report.read(image, name)
                if content is None:
                    continue
                truth = _read(path / split / "json" / f"{image.stem}.json", name, report)
                label = _label(truth, split, name, report) if truth else None
                yield Entry(name, content, label, transcript_of(content, _lines(truth, name, report)))

    return copy(entries(), report)


def _read(path: Source, name: str, report: ImportReport) -> dict[str, Any]:
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
    return content


def _label(truth: dict[str, Any], split: str, name: str, report: ImportReport) -> Label | None:
    try:
        parse = truth["gt_parse"] if isinstance(truth.get("gt_parse"), dict) else _parse_of(_valid_lines(truth))
        flat = {
            f"{group}.{key}": text for group in ("sub_total", "total") for key, text in _group(parse, group).items()
        }
        items = _dicts(parse.get("menu"))
    except (KeyError, TypeError, AttributeError):
        report.problems.append(f"{name}: its JSON is not as CORD writes it; it is imported without a label.")
        return None
    fields: dict[str, Any] = {}
    for key, field in AMOUNTS.items():
        texts = _texts(flat.get(key))
        values = {amount_of(text) for text in texts}
        if not texts:
            continue
        value = values.pop() if len(values) == 1 else None
        if value is None or not is_valid(field, value):
            report.problems.append(f"{name}: {key} cannot be read as one amount; it is left out.")
        else:
            fields[field] = value
    # A sub-item with a price of its own is a line of its own on the page: which line then has which amount is not said.
    if items and not any(_texts(sub.get("price")) for item in items for sub in _dicts(item.get("sub"))):
        lines = [_line_item(item) for item in items]
        if None in lines or not is_valid("line_items", lines):
            report.problems.append(f"{name}: a line item cannot be read; its line items are left out.")
        else:
            fields["line_items"] = lines
    if not fields:
        return None
    printed = json.dumps([parse, [[word.get("text") for word in line["words"]] for line in _valid_lines(truth)]])
    if _RUPIAH.search(printed):
        fields["currency"] = "IDR"
    return Label(invoice=Invoice(**fields), language="id", split=split)


def amount_of(text: str) -> Decimal | None:
    """An amount as CORD's receipts print it: `60.000`, `28,000`, `@11000`, `*46000`, `Rp. 39.600`, `12987.00`."""
    return parse_amount(text.strip().lstrip("@*=:").strip())


def count_of(text: str) -> Decimal | None:
    """A count: `2`, `x1`, `1X`, `2.00`. One with three decimals is left alone: it may be thousands."""
    match = _COUNT.fullmatch(text.strip())
    return Decimal(match[1].replace(",", ".")) if match else None


def _line_item(item: dict[str, Any]) -> dict[str, Any] | None:
    """The values that an item has; None where one of them cannot be read."""
    line: dict[str, Any] = {}
    for key, name in ITEM_VALUES.items():
        texts = _texts(item.get(key))
        if not texts:
            continue
        if name == "description":
            line[name] = " ".join(texts)
            continue
        value = (count_of if name == "quantity" else amount_of)(texts[0]) if len(texts) == 1 else None
        if value is None:
            return None
        line[name] = value
    return line or None


def _valid_lines(truth: dict[str, Any]) -> list[dict[str, Any]]:
    lines = truth.get("valid_line") or []
    return [line for line in lines if isinstance(line["words"], list)]


def _parse_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The values of `valid_line` in the form of `gt_parse`: items by group, words that only name a value left out."""
    items: dict[Any, dict[str, Any]] = {}
    parse: dict[str, Any] = {"menu": [], "sub_total": {}, "total": {}}
    for line in lines:
        group, _, key = line["category"].partition(".")
        text = " ".join(str(word["text"]) for word in line["words"] if not word.get("is_key"))
        if not text or group not in parse:
            continue
        if group == "menu":
            item = items.setdefault(line.get("group_id"), {})
            if key.startswith("sub_"):
                item.setdefault("sub", []).append({key.removeprefix("sub_"): text})
            else:
                item.setdefault(key, []).append(text)
        else:
            parse[group].setdefault(key, []).append(text)
    parse["menu"] = list(items.values())
    return parse


def _group(parse: dict[str, Any], name: str) -> dict[str, Any]:
    """`sub_total` or `total`. Where a receipt has several, as a list, their values are put together."""
    found: dict[str, Any] = {}
    for part in _dicts(parse.get(name)):
        for key, value in part.items():
            found.setdefault(key, []).extend(_texts(value))
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, dict)]


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, str) and part.strip()]


def _lines(truth: dict[str, Any], name: str, report: ImportReport) -> list[list[Fragment]]:
    """The words of `valid_line` by rows of the page, from top to bottom and left to right."""
    rows: dict[Any, list[Fragment]] = {}
    try:
        for number, line in enumerate(_valid_lines(truth)):
            for word in line["words"]:
                quad = word["quad"]
                corners = [(float(quad[f"x{corner}"]), float(quad[f"y{corner}"])) for corner in (1, 2, 3, 4)]
                rows.setdefault(word.get("row_id", f"line {number}"), []).append(Fragment(str(word["text"]), corners))
    except (KeyError, TypeError, ValueError):
        report.problems.append(f"{name}: its words are not as CORD writes them; there is no transcript.")
        return []
    in_rows = [sorted(row, key=lambda word: min(x for x, _ in word.corners)) for row in rows.values()]
    return sorted(in_rows, key=lambda row: sum(y for word in row for _, y in word.corners) / (4 * len(row)))
