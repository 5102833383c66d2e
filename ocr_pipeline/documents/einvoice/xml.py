"""Parsing the XML of e-invoices, which is untrusted: no entities, no network, bounded size; and looking up values in it.

Names are matched without namespace, because versions of one format differ in it; `a|b` lists alternative names.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

MAX_BYTES = 20_000_000
"""Size of an XML file. Invoices with attachments inside have some megabytes."""

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T[\d:.]+)?(?:Z|[+-]\d\d:\d\d)?|(\d{4})(\d\d)(\d\d)(?:\d{4}|\d{6})?", re.ASCII
)
"""An ISO date, also with time and time zone; and formats 102, 203 and 204 of UNTDID 2379."""

MAX_PROLOG = 2_000
"""Bytes within which the start tag of the root begins."""
MAX_DIGITS = 40
"""Of an amount, before or after the point. A larger exponent would break the arithmetic."""
_START_TAG = re.compile(rb"<([A-Za-z_][\w:.-]*)[\s/>]")

DOCUMENT_TYPES: Mapping[str, Literal["invoice", "credit_note"]] = {
    **dict.fromkeys(("326", "380", "384", "386", "389", "575", "751", "875", "876", "877"), "invoice"),
    **dict.fromkeys(("261", "381", "396"), "credit_note"),
}
"""UNTDID 1001 codes that EN 16931 allows in BT-3. Other codes are rare and not labelled."""


class UnusableXmlError(Exception):
    """There is no invoice in the XML. The message continues a sentence: `it is an order (Order-X)`."""


def parse(content: bytes) -> Any:
    """The root element. If nothing but its end tag is missing, it is supplied (`is_cut_off` tells).

    Raises:
        UnusableXmlError: the XML is broken, cut off, too large, or has a document type definition, which no invoice needs.
    """
    from lxml import etree

    if len(content) > MAX_BYTES:
        raise UnusableXmlError(f"it has more than {MAX_BYTES:,} bytes")
    try:
        root = _parsed(content)
    except (etree.XMLSyntaxError, ValueError):
        if not is_cut_off(content):
            raise UnusableXmlError(_what_is_wrong(content)) from None
        try:
            root = _parsed(content + b"</" + _root_tag(content) + b">")
        except (etree.XMLSyntaxError, ValueError):
            raise UnusableXmlError("it is cut off") from None
    if root.getroottree().docinfo.doctype:
        raise UnusableXmlError("it has a document type definition, which is refused")
    return root


def _what_is_wrong(content: bytes) -> str:
    """With content that no parser accepts."""
    start = content.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    if not start:
        return "it is empty"
    return "it is broken" if start == b"<" else "it is not XML"


def _parsed(content: bytes) -> Any:
    from lxml import etree

    content = content.lstrip()
    if b"\0" not in content[:4]:  # not UTF-16: zeros behind the XML are padding
        content = content.rstrip(b"\0")
    try:
        return etree.fromstring(content, _parser())
    except etree.XMLSyntaxError:
        if _is_utf8(content):
            raise
        return etree.fromstring(content, _parser("cp1252"))  # what careless programs write as UTF-8


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_cut_off(content: bytes) -> bool:
    """Whether the end tag of the root is missing."""
    root = _root_tag(content)
    if not root or re.search(rb"</" + re.escape(root) + rb"\s*>", content):
        return False
    return not content.rstrip(b"\0 \t\r\n").endswith(b"/>")


def _root_tag(content: bytes) -> bytes:
    """The name of the root with its prefix; empty if there is none."""
    root = _START_TAG.search(content[:MAX_PROLOG])
    return root[1] if root else b""


def _parser(encoding: str | None = None) -> Any:
    from lxml import etree

    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def namespace(element: Any) -> str:
    return str(element.tag).rpartition("}")[0].lstrip("{")


def path_of(element: Any, above: Any = None) -> str:
    """The local names from the root to an element, or from below the element `above`."""
    names = []
    while element is not None and element is not above:
        names.append(local_name(element))
        element = element.getparent()
    return "/".join(reversed(names))


@lru_cache(maxsize=512)
def _compiled(path: str) -> Any:
    from lxml import etree

    steps = ("*[" + " or ".join(f"local-name()='{name}'" for name in step.split("|")) + "]" for step in path.split("/"))
    return etree.XPath("/".join(steps))


def find(node: Any, path: str) -> list[Any]:
    """The elements at a path, in any namespace."""
    return list(_compiled(path)(node))


def joined(element: Any) -> str:
    """The text of an element in one line."""
    return " ".join("".join(element.itertext()).split())


def text(node: Any, path: str) -> str | None:
    """The text of the first element at a path, in one line."""
    elements = find(node, path)
    return (joined(elements[0]) or None) if elements else None


def decimal(written: str | None) -> Decimal | str | None:
    """Parse a plain decimal, as e-invoices write amounts. Anything else is returned unchanged, to be reported."""
    if written is None:
        return None
    try:
        value = Decimal(written)
    except InvalidOperation:
        return written
    exponent = value.as_tuple().exponent
    plain = isinstance(exponent, int) and exponent >= -MAX_DIGITS and value.adjusted() < MAX_DIGITS
    return value if plain else written


def parse_date(written: str) -> date | str:
    """The date; anything else is returned unchanged, to be reported."""
    parts = _DATE.fullmatch(written)
    try:
        return date(*(int(part) for part in parts.groups() if part)) if parts else written
    except ValueError:
        return written
