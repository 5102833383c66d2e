"""Swiss QR-bill: SIX, Implementation Guidelines for the QR-bill, versions 2.0 to 2.3; Swico S1 for its bill information.

Lines have no names, so each value is found by its number. Address type S (structured) has street, number, postal
code and town; type K (combined) has two address lines. K is no longer allowed from 22 November 2025 on, but older bills and
encoders have it: it is read, and named in the details.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content, TaxRow, Value
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_ACCOUNT, _CREDITOR, _AMOUNT, _CURRENCY, _DEBTOR, _REFERENCE_TYPE, _REFERENCE, _MESSAGE, _TRAILER, _BILL = (
    3, 4, 18, 19, 20, 27, 28, 29, 30, 31,
)  # fmt: skip
_MIN_LINES = _REFERENCE + 1
_MAX_LINES = 34


def parse(payload: bytes) -> Content | None:
    """Creditor, amount and reference. Without an amount, and with 0.00 (a notification), nothing is due by the code."""
    text = decoded(payload, "utf-8", "latin-1")
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")] if text else []
    if lines[:1] != ["SPC"] or not _MIN_LINES <= len(lines) <= _MAX_LINES + 5 or lines[1][:2] != "02":
        return None
    currency, account = lines[_CURRENCY].upper(), lines[_ACCOUNT].replace(" ", "").upper()
    if currency not in ("CHF", "EUR") or account[:2] not in ("CH", "LI") or len(account) != 21:
        return None
    due = amount(lines[_AMOUNT])
    lines += [""] * (_MAX_LINES - len(lines))
    bill = next((line for line in lines[_TRAILER:] if line.startswith("//S1/")), "")
    fields: dict[str, Value | None] = {
        "supplier_name": clean(lines[_CREDITOR + 1]),
        "supplier_address": _address(lines[_CREDITOR : _CREDITOR + 7]),
        "receiver_name": clean(lines[_DEBTOR + 1]),
        "currency": currency,
        "amount_due": due or None,
    }
    details = {
        "iban": account,
        "reference": clean(lines[_REFERENCE].replace(" ", "")),
        "reference_type": lines[_REFERENCE_TYPE],
        "message": clean(lines[_MESSAGE]),
        "address_type": lines[_CREDITOR].upper(),
    }
    values, rows = _swico(bill)
    return Content(
        format="Swiss QR-bill",
        version=lines[1],
        kind="payment",
        fields=fields | values,
        tax_lines=rows,
        details=details,
    )


def _address(lines: Sequence[str]) -> str | None:
    kind, _, first, second, postcode, town, _ = lines
    if kind.upper() == "K":
        return clean(", ".join(part for part in (first, second) if part))
    street = " ".join(part for part in (first, second) if part)
    place = " ".join(part for part in (postcode, town) if part)
    return clean(", ".join(part for part in (street, place) if part))


def _swico(text: str) -> tuple[dict[str, Value | None], list[TaxRow]]:
    """Bill information of Swico S1, version 1.2: `//S1/10/NUMBER/11/YYMMDD/30/UID/32/RATE:NET;.../40/0:30`."""
    tags: dict[str, str] = {}
    parts = text.removeprefix("//S1/").replace("\\/", "\0").split("/") if text else []
    for tag, value in zip(parts[::2], parts[1::2], strict=False):
        tags.setdefault(tag, value.replace("\0", "/").replace("\\\\", "\\"))
    issued = day(tags.get("11"), "%y%m%d")
    uid = "".join(character for character in tags.get("30", "") if character.isdecimal())
    values: dict[str, Value | None] = {
        "invoice_id": clean(tags.get("10")),
        "invoice_date": issued,
        "due_date": _due(issued, tags.get("40", "")),
        "supplier_tax_id": f"CHE-{uid[:3]}.{uid[3:6]}.{uid[6:]}" if len(uid) == 9 else None,
    }
    pairs = [part.partition(":") for part in tags.get("32", "").split(";") if ":" in part]
    rows = [TaxRow(rate=amount(rate), net_amount=amount(net)) for rate, _, net in pairs]
    return values, [row for row in rows if row.rate is not None and row.net_amount is not None]


def _due(issued: date | None, conditions: str) -> date | None:
    """The day by which it is due without discount: `2:10;0:30` is 2 % within 10 days, net within 30."""
    for condition in conditions.split(";"):
        discount, _, days = condition.partition(":")
        if issued and amount(discount) == Decimal(0) and days.isdecimal() and len(days) <= 3:
            return issued + timedelta(days=int(days))
    return None
