"""German receipts: the TSE code of DSFinV-K 2.x, annex I: `V0;register;Kassenbeleg-V1;process data;...`.

The process data of a receipt are `Beleg^sums by rate^payments`, each separated by `_`; some registers use `^` throughout,
others write `KassenBeleg-V1` or separate thousands.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, decoded, local_day

_PAYMENT = re.compile(r"(-?\d[\d.,]{0,15}):(Bar|Unbar)(?::([A-Z]{3}))?", re.IGNORECASE)
_CENT = Decimal("0.01")


def parse(payload: bytes) -> Content | None:
    """Date and total of a receipt. The code has neither its number nor a tax number; other processes have no total."""
    text = decoded(payload, "utf-8", "latin-1")
    parts = [part.strip() for part in text.strip().split(";")] if text else []
    if len(parts) < 11 or not re.fullmatch(r"V\d", parts[0]):
        return None
    is_receipt = parts[2].casefold() == "kassenbeleg-v1" and parts[3].startswith("Beleg^")
    total = _total(parts[3]) if is_receipt else None
    if is_receipt and total is None:
        return None
    return Content(
        format="TSE",
        version=parts[0],
        kind="fiscal",
        fields={
            "document_type": "receipt" if is_receipt else None,
            "invoice_date": _day(parts[7]) or _day(parts[6]),
            "total_amount": total,
            "currency": "EUR" if is_receipt else None,
        },
        details={"cash_register": clean(parts[1]), "transaction": clean(parts[4]), "signature": "not checked"},
    )


def _total(process_data: str) -> Decimal | None:
    """The sum over all rates. Payments in euro have to agree where all are in euro."""
    items = [item for part in process_data.split("^")[1:] for item in part.split("_") if item]
    payments = [match for item in items if (match := _PAYMENT.fullmatch(item))]
    sums = [amount(item) for item in items if ":" not in item]
    known = [value for value in sums if value is not None]
    if not known or len(known) < len(sums) or len(known) > 5:
        return None
    total = sum(known, Decimal(0))
    if payments and not any(match[3] not in (None, "EUR") for match in payments):
        paid = sum((amount(match[1]) or Decimal(0) for match in payments), Decimal(0))
        if abs(paid - total) > _CENT:
            return None
    return total


def _day(text: str) -> date | None:
    """The local day of a time stamp in UTC: ISO 8601, or seconds since 1970 as the TSE itself counts."""
    try:
        if text.isdecimal() and len(text) == 10:
            return local_day(datetime.fromtimestamp(int(text), UTC), "Europe/Berlin")
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return local_day(moment, "Europe/Berlin") if moment.tzinfo else moment.date()
