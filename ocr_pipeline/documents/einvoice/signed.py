"""The content of a CMS signed message (`.p7m`, RFC 5652), as Italian invoices are signed. The signature is not verified.

Only as much of ASN.1 as this needs, in DER or BER (indefinite lengths, octet strings in pieces), also as Base64 or PEM.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from ocr_pipeline.documents.einvoice.xml import MAX_BYTES, UnusableXmlError

MAX_DEPTH = 12
"""Elements within each other, of which a signed message needs seven."""
MAX_LAYERS = 4
"""Messages signed several times, each signature around the one before."""

_SEQUENCE, _OCTETS, _OID, _CONTEXT_0 = 0x30, 0x04, 0x06, 0xA0
_CONSTRUCTED = 0x20
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_BASE64 = re.compile(rb"(?:-----BEGIN [A-Z0-9 ]+-----)?([A-Za-z0-9+/=\s]+)(?:-----END [A-Z0-9 ]+-----)?\s*")


class _Element(NamedTuple):
    """An ASN.1 element: its tag, its content from `start` to `stop`, and where the next one starts."""

    tag: int
    start: int
    stop: int
    next: int


def is_signed(content: bytes) -> bool:
    """Whether it looks like a signed message, in binary form or as text."""
    return _signed_data(content) is not None


def signed_content(content: bytes) -> bytes:
    """The content of a signed message, unverified.

    Raises:
        UnusableXmlError: the message is broken, or has no content (a detached signature).
    """
    for _ in range(MAX_LAYERS):
        data = _signed_data(content)
        if data is None:
            return content
        try:
            content = _content_of(data)
        except (IndexError, RecursionError):
            raise UnusableXmlError("the signed message is broken") from None
    raise UnusableXmlError("the message is signed too often")


def _signed_data(content: bytes) -> bytes | None:
    """The message in binary form; None if it is no signed message."""
    if len(content) > 2 * MAX_BYTES:
        return None
    start = content[:64].lstrip()
    if start.startswith((b"-----BEGIN", b"MI")) and (match := _BASE64.fullmatch(content.strip())):
        try:
            content = base64.b64decode(b"".join(match[1].split()), validate=True)
        except binascii.Error:
            return None
    return content if content[:1] == b"\x30" and _SIGNED_DATA in content[:40] else None


def _content_of(data: bytes) -> bytes:
    """ContentInfo > [0] > SignedData > EncapsulatedContentInfo > [0] > OCTET STRING."""
    info = _children(data, _element(data, 0, len(data), 0), 0)
    inner = [child for part in info if part.tag == _CONTEXT_0 for child in _children(data, part, 1)]
    if not inner:
        raise UnusableXmlError("the signed message is broken")
    signed = inner[0]
    for part in _children(data, signed, 2):
        inside = list(_children(data, part, 3)) if part.tag == _SEQUENCE else []
        if inside and inside[0].tag == _OID:
            for holder in inside[1:]:
                for octets in _children(data, holder, 4):
                    return b"".join(_octets(data, octets, 5))
            raise UnusableXmlError("the signature is detached, without the invoice")
    raise UnusableXmlError("the signed message is broken")


def _octets(data: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    """The bytes of an octet string, which may be in pieces."""
    if element.tag & _CONSTRUCTED:
        for piece in _children(data, element, depth):
            yield from _octets(data, piece, depth + 1)
    else:
        yield data[element.start : element.stop]


def _children(data: bytes, parent: _Element, depth: int) -> Iterator[_Element]:
    position = parent.start
    while position < parent.stop:
        child = _element(data, position, parent.stop, depth)
        yield child
        position = child.next


def _element(data: bytes, position: int, stop: int, depth: int) -> _Element:
    """The element at a position. Raises IndexError if it goes beyond `stop`, RecursionError if it is too deep."""
    if depth > MAX_DEPTH:
        raise RecursionError
    tag, first = data[position], data[position + 1]
    start = position + 2
    if first == 0x80:  # indefinite: up to two zero bytes
        end = start
        while data[end : end + 2] != b"\0\0":
            end = _element(data, end, stop, depth + 1).next
        return _Element(tag, start, end, end + 2)
    length = first
    if first & 0x80:
        size = first & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > stop:
        raise IndexError
    return _Element(tag, start, start + length, start + length)
