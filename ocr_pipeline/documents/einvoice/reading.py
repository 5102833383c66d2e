"""The label of an e-invoice, whichever its format."""

from typing import Any

from ocr_pipeline.documents.einvoice import cii, fatturapa, ubl, xml
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline.documents.labels import is_valid
from ocr_pipeline.schemas import Invoice, Label

ORDERS = ("SCRDMCCBDACIOMessageStructure", "CrossIndustryOrder", "Order", "OrderResponse")
"""Root elements of Order-X and of UBL orders."""


def label_of_xml(content: bytes) -> tuple[Label, list[str]]:
    """The label, and sentences about values that cannot be parsed. Values that the XML does not contain are not labelled.

    Raises:
        UnusableXmlError: there is no invoice in it.
    """
    root = xml.parse(content)
    values, alternatives = _values_of(root)
    fields, problems = {}, []
    for name, value in values.items():
        if value is None or value == []:
            continue
        if is_valid(name, value):
            fields[name] = value
        else:
            problems.append(f"invalid {name} in the XML; skipped.")
    signs = xml.other_signs(fields)
    known = {name: texts for name, texts in {**alternatives, **signs}.items() if name in fields}
    return Label(invoice=Invoice.model_validate(fields), alternatives=known), problems


def _values_of(root: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    name = xml.local_name(root)
    if cii.is_cii(root):
        return cii.values_of(root)
    if ubl.is_ubl(root):
        return ubl.values_of(root)
    if name == fatturapa.ROOT:
        return fatturapa.values_of(root)
    if name in ORDERS:
        raise UnusableXmlError("it is an order, not an invoice")
    raise UnusableXmlError(f"its root element {name[:60]} is of no known invoice format")
