"""Which XML files are documents: e-invoices that belong to no other file. The first bytes decide; nothing is parsed."""

import re
from collections.abc import Collection
from pathlib import Path

from ocr_pipeline.documents.bucket_files import local_copy
from ocr_pipeline.documents.einvoice.signed import is_signed, signed_content
from ocr_pipeline.documents.einvoice.xml import MAX_BYTES, UnusableXmlError

SUFFIXES = (".xml", ".p7m")
"""Of XML, and of XML in a signed message."""

_HEAD = 16_384
"""Bytes in which the root element has to begin."""
_ROOT = re.compile(
    r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+"  # declaration, instructions, comments; atomic, so that no file makes it slow
    r"<(?:[\w.-]+:)?([\w.-]+)([^>]*)",
    re.DOTALL,
)
_WEB_PAGE = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_NAMESPACES = {
    "CrossIndustryInvoice": "",  # CII: Factur-X, ZUGFeRD 2, XRechnung
    "CrossIndustryDocument": "",  # ZUGFeRD 1
    "FatturaElettronica": "",
    "FatturaElettronicaSemplificata": "",
    "Facturae": "",
    "Faktura": "crd.gov.pl",  # KSeF
    "Invoice": r"urn:oasis:names:specification:ubl:|urn:un:unece:uncefact:|urn:ferd:",
    "CreditNote": "urn:oasis:names:specification:ubl:",
}
"""Root elements of e-invoices, with a pattern that a namespace in them has to match where the name alone says too little."""


def is_xml(content: bytes) -> bool:
    """Whether content is XML, of whatever kind. A web page is none."""
    begin = _text(content[:_HEAD]).lstrip("\ufeff \t\r\n")
    return begin.startswith("<") and not _WEB_PAGE.match(begin)


def is_einvoice(content: bytes) -> bool:
    """Whether content begins as an e-invoice of a known format does; no more than its first bytes are needed."""
    root = _ROOT.match(_text(content[:_HEAD]).lstrip("\ufeff"))
    return root is not None and root[1] in _NAMESPACES and re.search(_NAMESPACES[root[1]], root[2]) is not None


def belongs_to_another(name: str, beside: Collection[str]) -> bool:
    """Whether an XML file belongs to one of the files `beside` it that may have pages: `invoice.xml` and `invoice.pdf.xml` to
    `invoice.pdf`. An importer takes its label from there."""
    base = re.sub(r"\.xml$", "", re.sub(r"\.p7m$", "", name, flags=re.IGNORECASE), flags=re.IGNORECASE)
    return any(base in (other, Path(other).stem) for other in beside)


def is_document(path: Path, beside: Collection[str]) -> bool:
    """Whether an XML file is a document of its own: an e-invoice that does not belong to a file `beside` it."""
    if belongs_to_another(path.name, beside):
        return False
    try:
        with local_copy(path).open("rb") as file:
            head = file.read(_HEAD)
            return is_einvoice(head) or (is_signed(head) and is_einvoice(_signed(head + file.read(MAX_BYTES))))
    except OSError:
        return True  # ingesting it tells what is wrong


def _signed(content: bytes) -> bytes:
    try:
        return signed_content(content)
    except UnusableXmlError:
        return b""


def _text(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    return head.decode(encoding, "replace").removeprefix("ï»¿")
