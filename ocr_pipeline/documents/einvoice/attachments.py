"""The files embedded in a PDF: in its tree of names, under whatever name and key, or in an annotation of a page."""

import logging
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from ocr_pipeline.documents.einvoice.xml import MAX_BYTES, UnusableXmlError

NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
"""Names that the standards prescribe, the first ones to look at."""
MAX_OBJECTS = 20_000
"""Objects of a PDF that are searched for embedded files."""
MAX_DEPTH = 6
"""Objects within each other that are searched; a reference starts anew."""
MAX_FILES = 50
"""Embedded files that are looked at."""
_STREAMS = ("/UF", "/F", "/Unix", "/DOS", "/Mac")
"""Keys of names and streams, the preferred one first."""


def embedded_files(content: bytes) -> list[tuple[str, bytes]]:
    """(name, content) of the embedded XML files, those with a prescribed name first.

    Files of more than `MAX_BYTES`, unpacked, are left out.

    Raises:
        UnusableXmlError: the PDF cannot be parsed, or needs a password.
    """
    from pypdf import PdfReader

    if b"/EF" not in content and b"/ObjStm" not in content:
        return []  # no file is embedded, neither in plain sight nor in a packed object
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it logs every oddity of a file
    found: dict[bytes, str] = {}
    try:
        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnusableXmlError("the PDF needs a password")
        for name, data in _specified(reader):
            found.setdefault(data, name)
            if len(found) == MAX_FILES:
                break
    except UnusableXmlError:
        raise
    except Exception:  # noqa: BLE001 - a corrupt PDF breaks pypdf in many ways
        raise UnusableXmlError("the PDF cannot be parsed") from None
    files = [(name, data) for data, name in found.items() if name.lower().endswith((".xml", ".p7m")) or _is_xml(data)]
    return sorted(files, key=lambda file: file[0].lower() not in NAMES)


def _specified(reader: Any) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files that the objects of a PDF specify."""
    from pypdf.generic import IndirectObject

    numbers = {number for numbers in reader.xref.values() for number in numbers} | set(reader.xref_objStm)
    listed = _listed(reader)
    for number in sorted(numbers, key=lambda number: (number not in listed, number))[:MAX_OBJECTS]:
        try:
            found = [_embedded(entry) for entry in _specifications(IndirectObject(number, 0, reader).get_object())]
        except Exception:  # noqa: BLE001, S112 - an object that cannot be parsed is none that is searched for
            continue
        yield from ((name, data) for name, data in found if data)


def _listed(reader: Any) -> set[int]:
    """Numbers of the objects that the catalogue lists as embedded files. Others may be left from an earlier version."""
    from pypdf.generic import DictionaryObject, IndirectObject

    numbers: set[int] = set()
    try:
        catalogue = reader.trailer["/Root"]
        names = catalogue.get("/Names", DictionaryObject()).get_object()  # it may be a reference
        todo: list[Any] = [
            node.raw_get(key) for node, key in ((catalogue, "/AF"), (names, "/EmbeddedFiles")) if key in node
        ]
        while todo and len(numbers) < MAX_OBJECTS:
            entry = todo.pop()
            if isinstance(entry, IndirectObject):
                if entry.idnum in numbers:
                    continue
                numbers.add(entry.idnum)
                entry = entry.get_object()
            if isinstance(entry, DictionaryObject):
                todo += [] if "/EF" in entry else [entry.raw_get(key) for key in entry]
            elif isinstance(entry, list):
                todo += list(entry)
    except Exception:  # noqa: BLE001 - a corrupt catalogue lists nothing
        return numbers
    return numbers


def _specifications(entry: Any, depth: int = 0) -> Iterator[Any]:
    """The file specifications in an object, also where it holds them itself instead of referring to them."""
    if isinstance(entry, dict) and "/EF" in entry:
        yield entry
    elif isinstance(entry, dict | list) and depth < MAX_DEPTH:
        for part in entry.values() if isinstance(entry, dict) else entry:
            yield from _specifications(part, depth + 1)


def _embedded(entry: Any) -> tuple[str, bytes | None]:
    """Name and content of a specified file; no content if it is too large."""
    streams: Any = entry["/EF"]
    stream = next((streams.get(key) for key in _STREAMS if streams.get(key) is not None), None)
    data = _unpacked(stream.get_object()) if stream is not None else None
    return str(next((entry.get(key) for key in _STREAMS if entry.get(key) is not None), "")), data


def _unpacked(stream: Any) -> bytes | None:
    """The content of a stream, unless it is larger than `MAX_BYTES`. It is unpacked no further than that."""
    if stream.get("/Filter") in ("/FlateDecode", ["/FlateDecode"]) and not stream.get("/DecodeParms"):
        data = zlib.decompressobj().decompress(stream._data, MAX_BYTES + 1)
    else:
        data = bytes(stream.get_data())  # pypdf has limits of its own
    return data if len(data) <= MAX_BYTES else None


def _is_xml(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
