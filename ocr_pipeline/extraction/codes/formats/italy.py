"""Italian commercial documents and payment notices.

- The two-dimensional code of cash registers (instant lottery; Agenzia delle Entrate, provvedimento 15943/2023) carries VAT
  number, serial number of the register, number, date and time, and total. That is all that public sources say: the order
  and separators of its parts are in an annex that we have not seen, and no public example is known. So each part is
  recognised by its shape, and all five must be there, once.
- pagoPA notices (avviso di pagamento 3): `PAGOPA|002|notice|tax code|cents`.
"""

import re

from ocr_pipeline.extraction.codes.formats.content import Content, Value
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_REGISTER = re.compile(r"\d{2}[A-Z]{2,3}\d{6}|[A-Z0-9]{2}[A-Z]{2,3}\d{6}")
_NUMBER = re.compile(r"\d{4}-\d{4}")
_TOTAL = re.compile(r"-?\d{1,8}[.,]\d{2}")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{2}[/-]\d{2}[/-]\d{4}|\d{8})(?:[T ]?\d{2}:?\d{2}(?::?\d{2})?.*)?")
_SEPARATOR = re.compile(r"[|;*\n]|,(?!\d{2}(?:[^/\d-]|$))")
"""A comma before two digits is that of an amount."""
_LABEL = re.compile(r"^[A-Za-z. ]{1,20}[:=]\s*")


def parse(payload: bytes) -> Content | None:
    """VAT number, number, date and total, in euro; of a notice the amount due."""
    text = decoded(payload, "utf-8", "latin-1")
    if not text:
        return None
    if text.strip().upper().startswith("PAGOPA|"):
        return _pagopa(text.strip().split("|"))
    return _commercial_document(text.strip())


def _commercial_document(text: str) -> Content | None:
    parts = [_LABEL.sub("", part.strip()) for part in _SEPARATOR.split(text)]
    if not 5 <= len(parts) <= 12:
        return None
    found: dict[str, Value] = {}
    for part in parts:
        name, value = _recognise(part)
        if name and value is not None:
            if name in found:
                return None
            found[name] = value
    register = found.pop("register", None)
    if register is None or len(found) < 4:
        return None
    return Content(
        format="documento commerciale",
        kind="fiscal",
        fields={"document_type": "receipt", "currency": "EUR", **found},
        details={"cash_register": str(register)},
    )


def _recognise(part: str) -> tuple[str | None, Value | None]:
    plain = part.strip()
    if re.fullmatch(r"(?:IT)?\d{11}", plain) and _is_vat(plain[-11:]):
        return "supplier_tax_id", plain[-11:]
    if _REGISTER.fullmatch(plain):
        return "register", plain
    if _NUMBER.fullmatch(plain):
        return "invoice_id", plain
    if _TOTAL.fullmatch(plain):
        return "total_amount", amount(plain)
    match = _DATE.fullmatch(plain)
    if match:
        return "invoice_date", day(match[1], "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d", "%d%m%Y")
    return None, None


def _is_vat(digits: str) -> bool:
    """The Luhn check of the partita IVA."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[1::2]]
    return (sum(map(int, digits[::2])) + sum(doubled)) % 10 == 0 and digits != "0" * 11


def _pagopa(parts: list[str]) -> Content | None:
    if len(parts) != 5 or not parts[4].isdecimal() or len(parts[4]) > 12 or not re.fullmatch(r"\d{18}", parts[2]):
        return None
    cents = amount(parts[4])
    return Content(
        format="pagoPA",
        version=parts[1],
        kind="payment",
        fields={"supplier_tax_id": clean(parts[3]), "currency": "EUR", "amount_due": cents / 100 if cents else None},
        details={"reference": parts[2]},
    )
