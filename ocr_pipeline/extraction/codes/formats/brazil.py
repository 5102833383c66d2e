"""Brazilian documents by their access key of 44 characters: NF-e, NFC-e (QR code versions 1 to 3), CF-e-SAT, CT-e.

Sources: Manual de Orientação do Contribuinte 7.0; NFC-e QR code manual 6.0, technical note 2025.001. CNPJs have
letters from July 2026 on. A bar code and most NFC-e codes have the key only: company, number and month. Nothing is looked up.
"""

import re
from binascii import unhexlify
from collections.abc import Sequence
from datetime import date

from ocr_pipeline.extraction.codes.formats.content import Content, Value
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded, query

_KEY = re.compile(r"(\d{2})(\d{2})(\d{2})([0-9A-Z]{12}\d{2})(55|57|59|65|67)(\d{3})(\d{9})\d{9}\d")
_NAMES = {"55": "NF-e", "65": "NFC-e", "57": "CT-e", "67": "CT-e OS", "59": "CF-e-SAT"}
_TYPES = {"55": "invoice", "65": "receipt", "59": "receipt", "57": "invoice", "67": "invoice"}
_STATES = frozenset(range(11, 18)) | frozenset(range(21, 30)) | {31, 32, 33, 35, 41, 42, 43, 50, 51, 52, 53}


def parse(payload: bytes) -> Content | None:
    """The issuer's CNPJ and the number; date and total where the code has them."""
    text = decoded(payload, "utf-8", "latin-1")
    if not text:
        return None
    plain = text.strip()
    if plain.casefold().startswith("http"):
        return _nfce(plain)
    parts = plain.split("|")
    key = re.sub(r"^(?:NFe|CFe|CTe)|[\s.-]", "", parts[0])
    if not _is_key(key):
        return None
    return _content(key, _sat(parts) if key[20:22] == "59" and len(parts) >= 3 else {})


def _is_key(key: str) -> bool:
    """Shape, state and the modulo 11 check digit. Letters count as their ASCII code less 48."""
    match = _KEY.fullmatch(key)
    if match is None or int(match[1]) not in _STATES or not 1 <= int(match[3]) <= 12:
        return False
    weighted = sum((ord(char) - 48) * (2 + place % 8) for place, char in enumerate(reversed(key[:-1])))
    rest = weighted % 11
    return int(key[-1]) == (0 if rest < 2 else 11 - rest)


def _content(key: str, values: dict[str, Value | None], version: str = "") -> Content:
    match = _KEY.fullmatch(key)
    assert match is not None  # what _is_key asserts
    cnpj, model, series, number = match.group(4, 5, 6, 7)
    fields: dict[str, Value | None] = {
        "supplier_tax_id": f"{cnpj[:2]}.{cnpj[2:5]}.{cnpj[5:8]}/{cnpj[8:12]}-{cnpj[12:]}",
        "document_type": _TYPES[model],
        "currency": "BRL",
    }
    if model == "59":  # the serial number of the SAT device has nine digits, the receipt's six
        series, number = key[22:31], key[31:37]
    fields["invoice_id"] = str(int(number))
    return Content(
        format=_NAMES[model],
        version=version,
        kind="fiscal",
        fields=fields | values,
        details={"access_key": key, "series": series, "month": f"20{match[2]}-{match[3]}"},
    )


def _nfce(text: str) -> Content | None:
    """`p=KEY|2|1|...` online has no values; issued offline, the day of the month and the total are parts 4 and 5."""
    values = query(text, "gov.br") or {}
    if "chnfe" in values:  # version 1
        key = values["chnfe"]
        fields: dict[str, Value | None] = {
            "total_amount": amount(values.get("vnf")),
            "invoice_date": _hex_day(values.get("dhemi")),
        }
        return _content(key, fields, "1") if _is_key(key) else None
    parts = values.get("p", "").split("|")
    if len(parts) < 3 or not _is_key(parts[0]):
        return None
    offline = len(parts) > 5 and parts[0][34] == "9" and parts[3].isdecimal()
    return _content(parts[0], _offline(parts) if offline else {}, parts[1])


def _offline(parts: Sequence[str]) -> dict[str, Value | None]:
    key, issued = parts[0], parts[3]
    return {"invoice_date": day(f"20{key[2:6]}{issued.zfill(2)}", "%Y%m%d"), "total_amount": amount(parts[4])}


def _sat(parts: Sequence[str]) -> dict[str, Value | None]:
    """`KEY|YYYYMMDDhhmmss|TOTAL|BUYER|SIGNATURE`, the code of a CF-e-SAT."""
    return {
        "invoice_date": day(parts[1][:8], "%Y%m%d"),
        "total_amount": amount(parts[2]),
        "receiver_tax_id": clean(parts[3]) if len(parts) > 3 else None,
    }


def _hex_day(value: str | None) -> date | None:
    """Version 1 writes the time of issue in hexadecimal."""
    try:
        return day(unhexlify(value or "").decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
