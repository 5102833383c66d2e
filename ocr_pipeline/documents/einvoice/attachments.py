"""The files embedded in a PDF: in its tree of names, under whatever name and key, or in an annotation of a page."""

import logging
from io import BytesIO
from typing import Any

from ocr_pipeline.documents.einvoice.xml import MAX_BYTES

NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
"""Names that the standards prescribe, the first ones to look at."""
MAX_OBJECTS = 20_000
"""Objects of a PDF that are searched for embedded files."""


def embedded_files(content: bytes) -> list[tuple[str, bytes]]:
    """(name, content) of the embedded XML files, those with a prescribed name first; empty if the PDF cannot be parsed."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it logs every oddity of a file
    found: dict[bytes, str] = {}
    try:
        reader = PdfReader(BytesIO(content))
        for number in range(1, min(_size(reader), MAX_OBJECTS)):
            name, data = _embedded(reader, number)
            if data is not None and len(data) <= MAX_BYTES:
                found.setdefault(data, name)
    except Exception:  # noqa: BLE001 - a corrupt PDF breaks pypdf in many ways; ingestion reports the reason
        return []
    files = [(name, data) for data, name in found.items() if name.lower().endswith(".xml") or _is_xml(data)]
    return sorted(files, key=lambda file: file[0].lower() not in NAMES)


def _size(reader: Any) -> int:
    return int(reader.trailer["/Size"])


def _embedded(reader: Any, number: int) -> tuple[str, bytes | None]:
    """The file that an object of the PDF specifies; no content if it is something else."""
    from pypdf.generic import DictionaryObject, IndirectObject

    try:
        entry = IndirectObject(number, 0, reader).get_object()
        if not isinstance(entry, DictionaryObject) or "/EF" not in entry:
            return "", None
        streams: Any = entry["/EF"]
        stream = streams.get("/UF") or streams.get("/F")
        data = stream.get_object().get_data() if stream is not None else None
        return str(entry.get("/UF") or entry.get("/F") or ""), bytes(data) if data else None
    except Exception:  # noqa: BLE001 - an object that cannot be parsed is none that is searched for
        return "", None


def _is_xml(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
