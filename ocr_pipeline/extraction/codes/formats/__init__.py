"""Formats of codes: the payload of a code in, its values out.

`docs/reading.md` has a table of all formats, with specification, version and fields.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from ocr_pipeline.extraction.codes.formats import (
    austria,
    brazil,
    bulgaria,
    epc,
    germany,
    gs1,
    india,
    italy,
    poland,
    portugal,
    serbia,
    spain,
    swiss_qr_bill,
    turkey,
    zatca,
)
from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import clean, decoded

MAX_PAYLOAD = 8_192
"""Bytes. The largest QR code holds 7,089 digits; more is never parsed."""

PARSERS: Sequence[Callable[[bytes], Content | None]] = (
    swiss_qr_bill.parse,
    epc.parse,
    zatca.parse,
    turkey.parse,
    bulgaria.parse,
    portugal.parse,
    india.parse,
    austria.parse,
    germany.parse,
    spain.parse,
    brazil.parse,
    italy.parse,
    serbia.parse,
    poland.parse,
)
"""Each gives None for a payload that is not its own, or is incomplete. Their shapes exclude each other."""


def parse(payload: bytes, *, is_gs1: bool = False, is_linear: bool = False) -> Content | None:
    """What a payload says, or None if no format fits. A plain bar code is an identifier."""
    if not 0 < len(payload) <= MAX_PAYLOAD:
        return None
    for parser in (gs1.parse,) if is_gs1 else PARSERS:
        with suppress(
            ValueError, ArithmeticError, LookupError
        ):  # untrusted: whatever surprises a parser is not its code
            content = parser(payload)
            if content is not None:
                return content
    return (
        Content(format="bar code", kind="identifier", details={"identifier": _identifier(payload)})
        if is_linear
        else None
    )


def _identifier(payload: bytes) -> str | None:
    return clean(decoded(payload, "utf-8", "latin-1"))
