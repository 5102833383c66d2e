"""Saudi e-invoices: ZATCA, TLV fields in Base64, of phase 1 (tags 1 to 5) and phase 2 (also hash and signature,
not checked)."""

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, base64_bytes, clean, day, decoded

_SELLER, _TAX_ID, _TIME, _TOTAL, _TAX = range(1, 6)
_LAST_TAG = 9


def parse(payload: bytes) -> Content | None:
    """Seller, VAT number, date, total with VAT and VAT, in riyal."""
    text = decoded(payload, "ascii")
    raw = base64_bytes(text) if text else payload
    if raw is not None and raw[:1] != b"\x01" and text:
        raw = _hex(text)
    tags = (_tlv(raw) or _tlv_of_characters(raw)) if raw and raw[:1] == b"\x01" else None
    if tags is None or not {_SELLER, _TAX_ID, _TIME, _TOTAL, _TAX} <= tags.keys():
        return None
    stamp = tags[_TIME].replace("/", "-")
    total, tax = amount(tags[_TOTAL]), amount(tags[_TAX])
    if total is None:
        return None
    return Content(
        format="ZATCA",
        version="phase 2" if max(tags) > _TAX else "phase 1",
        kind="fiscal",
        fields={
            "supplier_name": clean(tags[_SELLER]),
            "supplier_tax_id": clean(tags[_TAX_ID]),
            "invoice_date": day(stamp, "%Y-%m-%d", "%d-%m-%Y"),
            "total_amount": total,
            "total_tax_amount": tax,
            "currency": "SAR",
        },
    )


def _hex(text: str) -> bytes | None:
    """Some encoders write the fields as hexadecimal digits."""
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return None


def _tlv(raw: bytes) -> dict[int, str] | None:
    """Tag, length in bytes, value. Values of the signature are binary and kept as they come."""
    tags: dict[int, str] = {}
    at = 0
    while at + 2 <= len(raw):
        tag, length = raw[at], raw[at + 1]
        value = raw[at + 2 : at + 2 + length]
        if not 1 <= tag <= _LAST_TAG or len(value) < length or tag in tags:
            return None
        text = decoded(value, *(["utf-8"] if tag <= _TAX else ["latin-1"]))
        if text is None:
            return None
        tags[tag] = text
        at += 2 + length
    return tags if at == len(raw) else None


def _tlv_of_characters(raw: bytes) -> dict[int, str] | None:
    """The same with lengths in characters, a common mistake with Arabic names."""
    text = decoded(raw)
    tags: dict[int, str] = {}
    at = 0
    while text and at + 2 <= len(text):
        tag, length = ord(text[at]), ord(text[at + 1])
        if not 1 <= tag <= _LAST_TAG or at + 2 + length > len(text):
            return None
        tags[tag] = text[at + 2 : at + 2 + length]
        at += 2 + length
    return tags if text and at == len(text) else None
