"""Reading the parts of a payload: text, amounts, dates, web addresses. Payloads are untrusted; nothing here
opens an address."""

import base64
import binascii
import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

MAX_VALUE = 300
"""Characters of one text value. Specifications allow 140 at most; a longer text is not a name."""

_AMOUNT = re.compile(r"([+-]?)(\d{1,15})(?:[.,](\d{1,6}))?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d{2}|[+-]?\d{1,3}(?:\.\d{3})+,\d{2}")


def decoded(payload: bytes, *encodings: str) -> str | None:
    """The payload in the first encoding that fits, UTF-8 if none is named. A byte order mark is dropped."""
    for encoding in encodings or ("utf-8",):
        try:
            return payload.decode(encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def clean(value: str | None) -> str | None:
    """A text value on one line, without control characters. None if empty or too long to be one."""
    if value is None:
        return None
    visible = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in value)
    line = " ".join(visible.split())
    return line if 0 < len(line) <= MAX_VALUE else None


def amount(value: str | None) -> Decimal | None:
    """`1234.50` or `1234,50`. Separated thousands are read only where both marks make them certain: `1,234.50`."""
    text = (value or "").strip().replace("\u00a0", "").replace(" ", "")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "") if text[-3] == "." else text.replace(".", "")
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals = match.groups()
    return Decimal(f"{sign}{whole}.{decimals or '0'}") if decimals else Decimal(sign + whole)


def day(value: str | None, *formats: str) -> date | None:
    """A date in one of the formats of `strptime`, ISO if none is named; a time behind `T` or a blank is dropped."""
    text = re.split(r"[T ]", (value or "").strip(), maxsplit=1)[0]
    for pattern in formats or ("%Y-%m-%d",):
        try:
            parsed = datetime.strptime(text, pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if 1990 <= parsed.year <= 2099:
            return parsed
    return None


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an aware moment in a time zone: receipts print the local date, codes often UTC."""
    return moment.astimezone(ZoneInfo(zone)).date()


def query(address: str, *hosts: str) -> dict[str, str] | None:
    """The parameters of a web address on one of these hosts, or None. Names are in lower case; the first of equal
    names counts.

    Hosts are compared from the end: `suf.example.org` is on `example.org`.
    """
    parts = split(address, *hosts)
    if parts is None:
        return None
    found: dict[str, str] = {}
    try:
        for name, value in parse_qsl(parts[1], keep_blank_values=True, max_num_fields=50):
            found.setdefault(name.casefold(), value)
    except ValueError:
        return None
    return found


def split(address: str, *hosts: str) -> tuple[str, str] | None:
    """Path and query of a web address on one of these hosts."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if parts.scheme.casefold() not in ("http", "https"):
        return None
    if not any(host == known or host.endswith("." + known) for known in hosts):
        return None
    return parts.path, parts.query


def base64_bytes(value: str) -> bytes | None:
    """Decode Base64 in either alphabet, with or without padding and line breaks; None if it is not Base64."""
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(text) % 4 == 1:
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
