"""Parses imported values. An unreadable value is an error that is counted, never None."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from ocr_pipeline.schemas import Amount, DocumentType
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date
from ocr_pipeline.values.flags import FLAGS

MAX_TEXT = 5_000
"""Characters of a name, an address, a description."""

_DECIMAL = re.compile(r"[-+]?\d+(\.\d+)?")
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:.*)?")
_SIX = Decimal("0.000001")
_AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)


class Unreadable(ValueError):
    """The message says what the value has to be; it contains nothing of the value."""


def amount(value: Any, decimal_separator: Literal[".", ","] | None) -> Decimal | None:
    """A JSON number, or a text: `1234.50`; with `decimal_separator`, as printed: `1.234,50 €`, `19 %`.

    More than six decimals, as floats have them, are rounded to six.
    """
    expected = "has to be a number like 1234.50" + ("" if decimal_separator else ", or decimal_separator is not set")
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if decimal_separator:
            value = parse_amount(text.rstrip(" %"), decimal_separator=decimal_separator)
        else:
            value = Decimal(text) if _DECIMAL.fullmatch(text) and len(text) <= 100 else None
        if value is None:
            raise Unreadable(expected)
    if value is None:
        return None
    if not isinstance(value, Decimal):
        raise Unreadable(expected)
    if not -20 < value.adjusted() < 20:  # true for 0 and all valid amounts; others are slow to write out
        raise Unreadable("has to have at most 18 digits")
    if value.as_tuple().exponent < -6:  # type: ignore[operator]
        value = value.quantize(_SIX)
    try:
        return _AMOUNT.validate_python(Decimal(f"{value:f}"))  # 1E+3 is 1000 in the database
    except ValidationError:
        raise Unreadable("has to have at most 18 digits, 6 of them decimals") from None


def day(value: Any, *, day_first: bool | None) -> date | None:
    """An ISO date, optionally with a time; with `day_first`, as printed: `31/12/2024`, `31 Dec 2024`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    parsed = None
    if isinstance(value, str):
        iso = _ISO_DATE.fullmatch(value.strip()[:64])
        try:
            parsed = date.fromisoformat(iso[1]) if iso else None
        except ValueError:
            parsed = None
        if parsed is None and day_first is not None:
            parsed = parse_date(value, day_first=day_first)
    if parsed is None:
        raise Unreadable(
            "has to be a date like 2024-12-31" + ("" if day_first is not None else ", or day_first is not set")
        )
    return parsed


def text(value: Any) -> str | None:
    """Text on one line. Numbers become text, as in CSV."""
    if value is None:
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < 60:
        value = f"{value:f}"
    if not isinstance(value, str):
        raise Unreadable("has to be a text")
    if len(value) > MAX_TEXT:
        raise Unreadable(f"has to have at most {MAX_TEXT:,} characters")
    line = " ".join(value.split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        raise Unreadable("has to be free of control characters")
    return line or None


def document_type(value: Any) -> str | None:
    """`invoice`, `receipt` or `credit_note`, in any case."""
    name = text(value)
    if name is None:
        return None
    kind = name.casefold().replace(" ", "_")
    if kind not in get_args(DocumentType):
        raise Unreadable(f"has to be {', '.join(get_args(DocumentType))}")
    return kind


def currency(value: Any) -> str | None:
    """A code of three letters."""
    code = text(value)
    if code is not None and not re.fullmatch(r"[A-Za-z]{3}", code):
        raise Unreadable("has to be a three-letter ISO 4217 code like EUR")
    return code.upper() if code else None


def flag(value: Any) -> bool | None:
    """A JSON boolean, or `true`, `false`, `yes`, `no`, 1 or 0 as text, as in CSV."""
    if value is None or isinstance(value, bool):
        return value
    word = (text(value) or "").casefold()
    if not word:
        return None
    if word not in FLAGS:
        raise Unreadable("has to be true or false")
    return FLAGS[word]


def option(value: Any, options: Sequence[str]) -> str | None:
    """One of these, in any case."""
    name = text(value)
    if name is None:
        return None
    spelled = {entry.casefold().replace(" ", "_"): entry for entry in options}
    found = spelled.get(name.casefold().replace(" ", "_"))
    if found is None:
        raise Unreadable(f"has to be {', '.join(options)}")
    return found


def measure(value: Any, most: float) -> float | None:
    """A number from 0 to `most`: a cost, a time, a confidence."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()) and len(value) <= 100:
        value = Decimal(value.strip())
    if not isinstance(value, Decimal) or not 0 <= value <= Decimal(most):
        raise Unreadable(f"has to be a number from 0 to {most:,.0f}")
    return float(value)
