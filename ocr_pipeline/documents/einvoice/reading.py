"""E-invoices from bytes, whichever their format and container: the one entrance to this package."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ocr_pipeline.documents.einvoice import cii, facturae, fatturapa, ksef, ubl, xml
from ocr_pipeline.documents.einvoice.arithmetic import Check
from ocr_pipeline.documents.einvoice.attachments import embedded_files
from ocr_pipeline.documents.einvoice.signed import is_signed, signed_content
from ocr_pipeline.documents.einvoice.values import Place, Values
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline.documents.valid_values import is_valid
from ocr_pipeline.schemas import Invoice

ORDERS = ("SCRDMCCBDACIOMessageStructure", "CrossIndustryOrder", "Order", "OrderResponse")
"""Root elements of Order-X and of UBL orders."""
UNVERIFIED = "The XML comes from a signed message (.p7m) whose signature was not verified."
CUT_OFF = "The XML is cut off before its end; what is there is read and adds up."
MAX_TEXT = 2_000
"""Characters of a name, address or number. A longer one is no value."""
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")


@dataclass(frozen=True, kw_only=True)
class EInvoice:
    """An invoice as its XML states it.

    Attributes:
        format: `CII`, `UBL`, `FatturaPA`, `KSeF`, `Facturae`.
        profile: specification or version that the XML declares, such as `urn:cen.eu:en16931:2017`; empty if none.
        source: name of the embedded file in a PDF; empty for XML itself.
        invoice: the values of the XML; nothing is computed but sums that a format leaves out.
        alternatives: further accepted values by field: trading names, tax numbers, due dates of instalments.
        places: element and text of each value, by field path (`total_amount`, `line_items.0.amount`).
        contradictions: sums that do not hold, of those that the format requires. The values in them are doubtful.
        country: ISO 3166 code in the supplier's address.
        problems: sentences about values that cannot be parsed, without the values.
        remarks: what else a reader has to know, a sentence each.
    """

    format: str
    profile: str
    invoice: Invoice
    source: str = ""
    alternatives: Mapping[str, list[str]] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    contradictions: tuple[Check, ...] = ()
    country: str | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Format:
    """A format: how its root is recognised, and how it is read."""

    name: str
    is_root: Callable[[Any], bool]
    profile: Callable[[Any], str]
    invoices: Callable[[Any], Iterator[Values]]


def _single(values_of: Callable[[Any], Values]) -> Callable[[Any], Iterator[Values]]:
    return lambda root: iter((values_of(root),))


_FORMATS = (
    _Format("CII", cii.is_cii, cii.profile, _single(cii.values_of)),
    _Format("UBL", ubl.is_ubl, ubl.profile, _single(ubl.values_of)),
    _Format("FatturaPA", fatturapa.is_fatturapa, fatturapa.profile, fatturapa.invoices),
    _Format("KSeF", ksef.is_ksef, ksef.profile, _single(ksef.values_of)),
    _Format("Facturae", facturae.is_facturae, facturae.profile, facturae.invoices),
)


def read_einvoices(content: bytes) -> list[EInvoice]:
    """The invoices in a file: XML, a signed message (`.p7m`), or a PDF with XML in it. At least one; a file may hold several.

    Of several XML files in a PDF, the first that holds an invoice is read; those with a prescribed name come first.

    Raises:
        UnusableXmlError: there is no e-invoice in it; the message names each XML file and says why.
    """
    if not is_pdf(content):
        return read_xml(content)
    reasons = []
    for name, data in embedded_files(content):
        try:
            return [replace(invoice, source=name) for invoice in read_xml(data)]
        except UnusableXmlError as error:
            reasons.append(f"{name}: {error}")
    raise UnusableXmlError("; ".join(reasons) or "no XML is attached")


def is_pdf(content: bytes) -> bool:
    return b"%PDF-" in content[:1024]


def read_xml(content: bytes) -> list[EInvoice]:
    """The invoices in an XML file, or in a signed message with one. Raises UnusableXmlError."""
    if content.startswith(_PICTURES):
        raise UnusableXmlError("a picture has no XML in it")
    signed = is_signed(content)
    content = signed_content(content) if signed else content
    found = _invoices_of(xml.parse(content))
    remarks: tuple[str, ...] = (UNVERIFIED,) if signed else ()
    if xml.is_cut_off(content):
        if any(invoice.contradictions for invoice in found):
            raise UnusableXmlError("it is cut off")
        remarks += (CUT_OFF,)
    return [replace(invoice, remarks=remarks) for invoice in found]


def _invoices_of(root: Any) -> list[EInvoice]:
    for known in _FORMATS:
        if known.is_root(root):
            found = [_einvoice(known.name, known.profile(root), values) for values in known.invoices(root)]
            if not found:
                raise UnusableXmlError("it holds no invoice")
            return found
    name = xml.local_name(root)
    if name in ORDERS:
        raise UnusableXmlError("it is an order, not an invoice")
    raise UnusableXmlError(f"its root element {name[:60]} is of no known invoice format")


def _einvoice(format_name: str, profile: str, values: Values) -> EInvoice:
    fields, problems = {}, []
    for name, value in values.fields.items():
        if value is None or value == []:
            continue
        if is_valid(name, value) and not (isinstance(value, str) and len(value) > MAX_TEXT):
            fields[name] = value
        else:
            problems.append(f"invalid {name} in the XML; skipped.")
    return EInvoice(
        format=format_name,
        profile=profile,
        invoice=Invoice.model_validate(fields),
        alternatives={name: texts for name, texts in values.alternatives.items() if name in fields},
        places={path: place for path, place in values.places.items() if path.partition(".")[0] in fields},
        contradictions=tuple(check for check in values.checks if not check.holds),
        country=values.country,
        problems=tuple(problems),
    )
