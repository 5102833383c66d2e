"""GS1 element strings: GS1 General Specifications, release 24. Application identifiers of orders and payment
slips have fields."""

import re
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content, Kind, Value
from ocr_pipeline.extraction.codes.formats.text import clean, day, decoded

_SEPARATOR = "\x1d"
_FIXED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "11": 6, "12": 6, "13": 6, "14": 6, "15": 6, "16": 6, "17": 6, "18": 6,
    "19": 6, "20": 2, "41": 13,
}  # fmt: skip
"""First two digits of an identifier -> length of its value, for those that need no separator (41: behind a third digit)."""
_IDENTIFIER_LENGTHS = {"2": 3, "3": 4, "4": 3, "7": 4, "8": 4, "9": 2}
_THREE = ("23", "24", "25", "40", "41", "42", "71")
_NAMES = {
    "00": "sscc", "01": "gtin", "02": "gtin", "10": "lot", "21": "serial", "253": "document", "400": "order", "401":
    "consignment", "402": "shipment", "415": "payee", "8020": "reference", "99": "internal",
}  # fmt: skip
_CURRENCIES = {
    "978": "EUR",
    "756": "CHF",
    "840": "USD",
    "826": "GBP",
    "484": "MXN",
    "170": "COP",
    "032": "ARS",
    "188": "CRC",
}


def parse(payload: bytes) -> Content | None:
    """The purchase order; of a payment slip the amount due, the due date and the reference."""
    text = decoded(payload, "ascii")
    elements = _elements(text) if text else None
    if not elements:
        return None
    fields: dict[str, Value | None] = {
        "purchase_order": clean(elements.get("400")),
        "due_date": _due(elements.get("12")),
    }
    kind: Kind = "identifier"
    for identifier, value in elements.items():
        if re.fullmatch(r"39[01]\d", identifier) and "8020" in elements:
            kind, decimals = "payment", int(identifier[3])
            digits, currency = (value[3:], _CURRENCIES.get(value[:3])) if identifier[2] == "1" else (value, None)
            if digits.isdecimal():
                fields |= {"amount_due": Decimal(digits).scaleb(-decimals) or None, "currency": currency}
    details = {_NAMES[identifier]: clean(value) for identifier, value in elements.items() if identifier in _NAMES}
    return Content(
        format="GS1", kind=kind, fields=fields if "8020" in elements or "400" in elements else {}, details=details
    )


def _elements(text: str) -> dict[str, str] | None:
    """Application identifiers with their values; None if the text is not a whole number of elements."""
    elements: dict[str, str] = {}
    rest = text.lstrip(_SEPARATOR)
    while rest:
        size = _identifier_length(rest)
        identifier = rest[:size]
        if size == 0 or len(identifier) < size or not identifier.isdecimal():
            return None
        rest = rest[size:]
        fixed = _FIXED.get(identifier[:2])
        value, rest = (rest[:fixed], rest[fixed:]) if fixed else (rest.partition(_SEPARATOR)[::2])
        rest = rest.removeprefix(_SEPARATOR)
        if not value or (fixed and len(value) < fixed) or len(value) > 90:
            return None
        elements[identifier] = value
    return elements


def _identifier_length(text: str) -> int:
    if text[:1] in ("0", "1") or text[:2] in ("20", "21", "22", "30", "37", "90"):
        return 2
    return 3 if text[:2] in _THREE else _IDENTIFIER_LENGTHS.get(text[:1], 0)


def _due(value: str | None) -> Value | None:
    return day(value, "%y%m%d")
