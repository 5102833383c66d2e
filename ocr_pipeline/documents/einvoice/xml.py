"""Parsing the XML of e-invoices, which is untrusted: no entities, no network, bounded size; and looking up values in it.

Names are matched without namespace, because versions of one format differ in it; `a|b` lists alternative names.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

Value = str | Decimal | date
Row = dict[str, Value]
"""A line item or tax line: the values that the XML contains, by field."""

MAX_BYTES = 20_000_000
"""Size of an XML file. Invoices with attachments inside have some megabytes."""

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?")
_AMOUNT_FIELDS = ("net_amount", "total_tax_amount", "total_amount", "amount_due")

DOCUMENT_TYPES: Mapping[str, Literal["invoice", "credit_note"]] = {
    **dict.fromkeys(("326", "380", "384", "386", "389", "575", "875", "876", "877"), "invoice"),
    **dict.fromkeys(("261", "381", "396"), "credit_note"),
}
"""UNTDID 1001 codes that EN 16931 allows in BT-3. Other codes are rare and not labelled."""


class UnusableXmlError(Exception):
    """There is no invoice in the XML. The message continues a sentence: `it is an order (Order-X)`."""


def parse(content: bytes) -> Any:
    """The root element.

    Raises:
        UnusableXmlError: the XML is broken, too large, or has a document type definition, which no invoice needs.
    """
    from lxml import etree

    if len(content) > MAX_BYTES:
        raise UnusableXmlError(f"it has more than {MAX_BYTES:,} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnusableXmlError("it is broken") from None
    if root.getroottree().docinfo.doctype:
        raise UnusableXmlError("it has a document type definition, which is refused")
    return root


def local_name(root: Any) -> str:
    from lxml import etree

    return str(etree.QName(root).localname)


def find(node: Any, path: str) -> list[Any]:
    """The elements at a path, in any namespace."""
    steps = ("*[" + " or ".join(f"local-name()='{name}'" for name in step.split("|")) + "]" for step in path.split("/"))
    return list(node.xpath("/".join(steps)))


def texts(node: Any, path: str) -> list[str]:
    """The texts of the elements at a path, each in one line, without empty ones."""
    return [text for element in find(node, path) if (text := " ".join("".join(element.itertext()).split()))]


def text(node: Any, path: str) -> str | None:
    """The text of the first element at a path, in one line."""
    elements = find(node, path)
    return (" ".join("".join(elements[0].itertext()).split()) or None) if elements else None


def decimal(written: str | None) -> Decimal | str | None:
    """Parse a plain decimal, as e-invoices write amounts. Anything else is returned unchanged, to be reported."""
    try:
        value = None if written is None else Decimal(written)
    except InvalidOperation:
        return written
    return value if value is None or value.is_finite() else written


def amount_in(root: Any, path: str, currency: str | None) -> Decimal | str | None:
    """The amount in the invoice's currency; the tax total may appear a second time, in the accounting currency."""
    elements = [element for element in find(root, path) if element.get("currencyID") in (None, currency)]
    return decimal("".join(elements[0].itertext()).strip() or None) if elements else None


def row(node: Any, names: Mapping[str, str], amounts: Mapping[str, str]) -> Row:
    """The values of a line. `names`: paths of texts, `amounts`: of decimals."""
    values: dict[str, Value | None] = {name: text(node, path) for name, path in names.items()}
    values |= {name: decimal(text(node, path)) for name, path in amounts.items()}
    return {name: value for name, value in values.items() if value is not None}


def iso_date(root: Any, *paths: str) -> date | str | None:
    """The date at these paths, `2026-03-04` with or without a time zone. None if there is none or there are several."""
    found = {written for path in paths for written in texts(root, path)}
    dates = {_parsed(written) for written in found}
    return dates.pop() if len(dates) == 1 else None


def _parsed(written: str) -> date | str:
    parts = _DATE.fullmatch(written)
    try:
        return date(*(int(part) for part in parts.groups())) if parts else written
    except ValueError:
        return written


def other_signs(values: Mapping[str, object]) -> dict[str, list[str]]:
    """Accepted alternatives of a credit note: its amounts are positive in the XML and often negative on the page."""
    if values.get("document_type") != "credit_note":
        return {}
    return {name: [str(-value)] for name in _AMOUNT_FIELDS if isinstance(value := values.get(name), Decimal) and value}
