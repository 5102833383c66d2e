"""EPC QR code (Girocode): EPC069-12, versions 001 and 002, guideline 3.1."""

import re

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, decoded

_CHARACTER_SETS = {
    "1": "utf-8",
    "2": "iso8859-1",
    "3": "iso8859-2",
    "4": "iso8859-4",
    "5": "iso8859-5",
    "6": "iso8859-7",
    "7": "iso8859-10",
    "8": "iso8859-15",
}
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_MAX_LINES = 12


def parse(payload: bytes) -> Content | None:
    """Beneficiary, amount in euro and remittance information."""
    if not payload.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"BCD"):
        return None
    lines = _lines(payload)
    if lines is None or lines[1] not in ("001", "002", "1", "2") or lines[3].upper() not in ("SCT", "INST"):
        return None
    iban = lines[6].replace(" ", "").upper()
    if not _IBAN.fullmatch(iban):
        return None
    euros = re.fullmatch(r"(?:EUR|€)\s*(.+)|(.+?)\s*(?:EUR|€)", lines[7].strip(), re.IGNORECASE)
    return Content(
        format="EPC QR code",
        version=lines[1].zfill(3),
        kind="payment",
        fields={
            "supplier_name": clean(lines[5]),
            "currency": "EUR",
            "amount_due": (amount(euros[1] or euros[2]) or None) if euros else None,
        },
        details={
            "iban": iban,
            "bic": clean(lines[4]),
            "purpose": clean(lines[8]),
            "reference": clean(lines[9].replace(" ", "")),
            "message": clean(lines[10]),
            "information": clean(lines[11]),
        },
    )


def _lines(payload: bytes) -> list[str] | None:
    """The lines in the character set that line 3 names, padded to all that there can be.

    Encoders disagree about it: text that is valid UTF-8 beyond ASCII is UTF-8 whatever line 3 says. The euro sign of
    ISO 8859-15 and -7 is the currency sign ¤ in other sets, where nobody means that.
    """
    parts = payload.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    declared = _CHARACTER_SETS.get(parts[2].strip().decode("ascii", "replace"), "utf-8") if len(parts) > 2 else "utf-8"
    text = decoded(payload, "utf-8", declared, "iso8859-15")
    lines = (
        [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("¤", "€").split("\n")]
        if text
        else []
    )
    return lines + [""] * (_MAX_LINES - len(lines)) if 7 <= len(lines) <= _MAX_LINES + 4 else None
