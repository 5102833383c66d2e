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
"""Bytes within which the start tag of the root begins, and its end tag is expected."""
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
            raise UnusableXmlError("it is broken") from None
        try:
            root = _parsed(content + b"</" + _root_tag(content) + b">")
        except (etree.XMLSyntaxError, ValueError):
            raise UnusableXmlError("it is cut off") from None
    if root.getroottree().docinfo.doctype:
        raise UnusableXmlError("it has a document type definition, which is refused")
    return root


def _parsed(content: bytes) -> Any:
    from lxml import etree

    try:
        return etree.fromstring(content.lstrip(), _parser())
    except etree.XMLSyntaxError:
        if _is_utf8(content):
            raise
        return etree.fromstring(content.lstrip(), _parser("cp1252"))  # what careless programs write as UTF-8


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_cut_off(content: bytes) -> bool:
    """Whether the end tag of the root is missing."""
    root = _root_tag(content)
    return bool(root) and not re.search(
        rb"(?:</" + re.escape(root) + rb"\s*|/)>\s*\Z", content[-MAX_PROLOG:].rstrip(b"\0")
    )


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
    try:
        value = None if written is None else Decimal(written)
    except InvalidOperation:
        return written
    return value if value is None or value.is_finite() else written


def parse_date(written: str) -> date | str:
    """The date; anything else is returned unchanged, to be reported."""
    parts = _DATE.fullmatch(written)
    try:
        return date(*(int(part) for part in parts.groups() if part)) if parts else written
    except ValueError:
        return written
