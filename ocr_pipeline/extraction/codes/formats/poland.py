"""Polish invoices: KSeF 2.0 verification addresses, code I (invoice) and code II (certificate of an offline invoice).

Source: github.com/CIRFMF/ksef-docs, kody-qr.md, of May 2026, and its first version of July 2025, which wrote Base64 with
slashes into the path and named no context.
"""

import re

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import clean, day, decoded, split

_HOST = "mf.gov.pl"
_INVOICE = re.compile(r"(?:/[a-z-]+)*/invoice/(\d{10})/(\d{2}-\d{2}-\d{4})/([A-Za-z0-9_+/=%-]{43,60})/?", re.IGNORECASE)
_CERTIFICATE = re.compile(
    r"(?:/[a-z-]+)*/certificate/(?:(?:nip|internalid|nipvatue|peppolid)/[^/]{1,80}/)?(\d{10})/([0-9A-F]{8,40})/[A-Za-z0-9_+/=%-]{120,}",
    re.IGNORECASE,
)
"""Behind the serial number: a hash of 43 or 44 characters and a signature of 86 or more."""


def parse(payload: bytes) -> Content | None:
    """The seller's tax number and the date of issue. The hash identifies the invoice but says nothing about it."""
    text = decoded(payload)
    parts = split(text, _HOST) if text else None
    if parts is None:
        return None
    match = _INVOICE.fullmatch(parts[0])
    if match:
        issued = day(match[2], "%d-%m-%Y")
        if issued is None:
            return None
        return Content(
            format="KSeF",
            version="code I",
            kind="fiscal",
            fields={"supplier_tax_id": match[1], "invoice_date": issued, "document_type": "invoice"},
            details={"hash": clean(match[3])},
        )
    match = _CERTIFICATE.fullmatch(parts[0])
    if match is None:
        return None
    return Content(
        format="KSeF",
        version="code II",
        kind="fiscal",
        fields={"supplier_tax_id": match[1]},
        details={"certificate": match[2], "signature": "not checked"},
    )
