"""`/UserUnit` of the pages of a PDF (ISO 32000-1, 14.11.2): the size of a unit in 1/72 inch.

PDFium ignores it. It offers no access to a page's dictionary either, so pages are copied to a file of their own and the
entry is looked for in the bytes; only for files that contain it at all.
"""

import re
import zlib
from io import BytesIO
from typing import Any

_NAME = b"/UserUnit"
_VALUE = re.compile(rb"/UserUnit\s+(\d+\.?\d*|\.\d+)")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)
_MAX_INFLATED = 20_000_000
"""Object streams are inflated up to this many bytes in total."""


def user_units(content: bytes, pdf: Any) -> list[float]:
    """The unit of each page of an open `pypdfium2.PdfDocument`; 1.0 where none is given."""
    if _NAME not in content and not any(_NAME in text for text in _object_streams(content)):
        return [1.0] * len(pdf)
    return [_unit_of(pdf, index) for index in range(len(pdf))]


def _object_streams(content: bytes) -> list[bytes]:
    left, found = _MAX_INFLATED, []
    for match in _OBJECT_STREAM.finditer(content):
        try:
            text = zlib.decompressobj().decompress(content[match.end() :], left)
        except zlib.error:  # not compressed, encrypted or corrupt
            continue
        found.append(text)
        left -= len(text)
        if left <= 0:
            break
    return found


def _unit_of(pdf: Any, index: int) -> float:
    import pypdfium2

    copy, file = pypdfium2.PdfDocument.new(), BytesIO()
    try:
        copy.import_pages(pdf, [index])
        copy.save(file)
    finally:
        copy.close()
    match = _VALUE.search(file.getvalue())
    unit = float(match[1]) if match else 1.0
    return unit if unit > 0 else 1.0
