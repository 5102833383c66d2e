"""The labels of a document from its e-invoices, as far as its pages print them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ocr_pipeline.documents.einvoice import printed
from ocr_pipeline.documents.einvoice.attachments import embedded_files
from ocr_pipeline.documents.einvoice.reading import EInvoice, is_pdf, read_xml
from ocr_pipeline.documents.einvoice.signed import is_signed, signed_content
from ocr_pipeline.documents.einvoice.splitting import split
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline.documents.xml_files import is_einvoice
from ocr_pipeline.schemas import Invoice, Label

_AMOUNT_FIELDS = ("net_amount", "total_tax_amount", "total_amount", "amount_due")


@dataclass(frozen=True)
class Labelled:
    """A document with its label, or why it has none.

    `content`: the document, if it is not the file itself: one of several invoices.
    `remarks`: sentences about a usable XML; `problems`: about values that cannot be parsed.
    """

    label: Label | None = None
    content: bytes | None = field(default=None, repr=False)
    why: str = ""
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def label_document(content: bytes, beside: Sequence[tuple[str, bytes]] = ()) -> list[Labelled]:
    """The labels of a file with pages, of XML, or of a signed message. Several for XML with several invoices.

    Args:
        beside: name and content of XML files that belong to it; looked at after the XML in it.
    """
    if not is_pdf(content) and not beside:
        return _of_xml(content)
    reasons = []
    try:
        candidates = [*(embedded_files(content) if is_pdf(content) else ()), *beside]
    except UnusableXmlError as error:
        candidates, reasons = [*beside], [str(error)]
    for name, xml in candidates:
        try:
            found = read_xml(xml)
            if len(found) > 1:
                raise UnusableXmlError(f"it holds {len(found)} invoices")
        except UnusableXmlError as error:
            reasons.append(f"{name}: {error}")
            continue
        return [_labelled(found[0], printed.text_of(content))]
    return [Labelled(why="; ".join(reasons) or "no XML is attached")]


def _of_xml(content: bytes) -> list[Labelled]:
    try:
        signed = is_signed(content)
        if not is_einvoice(signed_content(content) if signed else content):
            read_xml(content)  # it says what is wrong with a file of another kind
            raise UnusableXmlError("its root element is not in the namespace of its format")
        found = read_xml(content)
        if len(found) == 1:
            return [_labelled(found[0], None)]
        remarks = found[0].remarks
        return [_labelled(read_xml(part)[0], None, part, remarks) for part in split(content)]
    except UnusableXmlError as error:
        return [Labelled(why=str(error))]


def _labelled(
    einvoice: EInvoice, page: str | None, content: bytes | None = None, extra: tuple[str, ...] = ()
) -> Labelled:
    remarks = (*extra, *einvoice.remarks, *(check.sentence for check in einvoice.contradictions))
    absent = printed.not_printed(einvoice.invoice, page) if page else []
    if absent:
        remarks += (f"the page does not print {' and '.join(absent)} of the XML; check the label.",)
    return Labelled(label_of(einvoice, page), content, remarks=remarks, problems=einvoice.problems)


def label_of(einvoice: EInvoice, page: str | None = None) -> Label:
    """The label. Values that the XML does not contain are not labelled; what contradicts the page or the sums is doubted.

    Args:
        page: the text of the pages; None for XML alone. `amount_due` is then labelled only if they print it, and the address
            has the country as they print it. Empty: pages without a text layer.
    """
    invoice, alternatives = einvoice.invoice, {**einvoice.alternatives, **_other_signs(einvoice.invoice)}
    values = invoice.model_dump(exclude_unset=True)
    if page is not None:
        due = invoice.amount_due
        if due is not None and abs(due) != abs(invoice.total_amount or 0) and not printed.prints_amount(page, due):
            del values["amount_due"]
            alternatives.pop("amount_due", None)
        address = invoice.supplier_address
        forms = printed.with_country(page, address, einvoice.country) if address else []
        if forms and address:
            values["supplier_address"] = forms[0]
            alternatives["supplier_address"] = [address, *forms[1:]]
    label = {"invoice": values, "alternatives": alternatives}
    doubts = {name: reason for name, reason in _doubts(einvoice, page).items() if name in values}
    return Label.model_validate({**label, "doubts": doubts} if doubts else label)


def _doubts(einvoice: EInvoice, page: str | None) -> dict[str, str]:
    """Why a value of the XML may be wrong, by field."""
    doubts = {name: check.sentence for check in einvoice.contradictions for name in check.fields if "." not in name}
    for name in printed.not_printed(einvoice.invoice, page) if page else []:
        doubts[name] = "The XML says so, and the page does not print it."
    return doubts


def _other_signs(invoice: Invoice) -> dict[str, list[str]]:
    """Accepted alternatives of a credit note: its amounts are positive in the XML and often negative on the page."""
    if invoice.document_type != "credit_note":
        return {}
    values = {name: getattr(invoice, name) for name in _AMOUNT_FIELDS}
    return {name: [str(-value)] for name, value in values.items() if isinstance(value, Decimal) and value}
