"""Bulgarian fiscal receipts: ordinance N-18, annex 1: `memory*number*date*time*amount`."""

from datetime import date

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_EURO = date(2026, 1, 1)


def parse(payload: bytes) -> Content | None:
    """Number of the receipt, date and total, in the currency of that day."""
    text = decoded(payload, "ascii")
    parts = [part.strip() for part in text.strip().strip("*").split("*")] if text else []
    if len(parts) != 5 or not parts[0].isalnum() or not 6 <= len(parts[0]) <= 10 or not parts[1].isdecimal():
        return None
    issued, total = day(parts[2], "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y"), amount(parts[4])
    if issued is None or total is None or ":" not in parts[3]:
        return None
    return Content(
        format="Bulgarian fiscal receipt",
        kind="fiscal",
        fields={
            "document_type": "receipt",
            "invoice_id": clean(parts[1]),
            "invoice_date": issued,
            "total_amount": total,
            "currency": "EUR" if issued >= _EURO else "BGN",
        },
        details={"fiscal_memory": parts[0]},
    )
