"""One file for each invoice of an XML file with several."""

from ocr_pipeline.documents.einvoice import facturae, fatturapa, xml
from ocr_pipeline.documents.einvoice.signed import is_signed, signed_content
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError

INVOICES = {**dict.fromkeys(fatturapa.ROOTS, "FatturaElettronicaBody"), facturae.ROOT: "Invoices/Invoice"}
"""Where the invoices are, by the name of the root."""
MAX_INVOICES = 100
"""Invoices of one file that are made documents of their own."""


def split(content: bytes) -> list[bytes]:
    """The XML of each invoice; of a signed message without its signature. A file with one invoice stays as it is.

    Raises:
        UnusableXmlError: the message or its XML is broken, or it holds too many invoices.
    """
    from lxml import etree

    content = signed_content(content) if is_signed(content) else content
    root = xml.parse(content)
    path = INVOICES.get(xml.local_name(root))
    count = len(xml.find(root, path)) if path else 1
    if path is None or count < 2:
        return [content]
    if count > MAX_INVOICES:
        raise UnusableXmlError(f"it holds {count} invoices, more than {MAX_INVOICES}")
    parts = []
    for number in range(count):
        root = xml.parse(content)
        for other, element in enumerate(xml.find(root, path)):
            if other != number:
                element.getparent().remove(element)
        parts.append(bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8")))
    return parts
