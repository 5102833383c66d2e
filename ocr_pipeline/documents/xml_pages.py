"""Pages of e-invoices that are XML alone: drawn from the values in the XML, for people.

The same XML gives the same pages everywhere: paper, font (`fonts/`) and layout are fixed, and nothing outside the package is
used. An engine has nothing to recognise on such a page, see `errors.NOT_APPLICABLE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ocr_pipeline.documents.drawing import HEIGHT, MARGIN, WIDTH, Cell, Line, Sheets, drawn
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.installing import extra_command
from ocr_pipeline.schemas import Box, Invoice
from ocr_pipeline.untrusted import visible

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DPI = 150
DRAWN_PAGE = "The document is XML: its page was drawn from it, so there is nothing to recognise."

_NOTE = "Drawn by ocr-pipeline from the XML. It is not the issuer's layout."
_TITLES = {None: "Invoice", "invoice": "Invoice", "receipt": "Receipt", "credit_note": "Credit note"}
_PARTIES = (
    ("Supplier", ("supplier_name", "supplier_address", "supplier_tax_id")),
    ("Receiver", ("receiver_name", "receiver_tax_id")),
)
_FACTS = {
    "invoice_id": "Number",
    "invoice_date": "Date",
    "due_date": "Due date",
    "purchase_order": "Purchase order",
    "currency": "Currency",
}
_AMOUNTS = {
    "net_amount": "Net amount",
    "total_tax_amount": "Tax",
    "total_amount": "Total",
    "amount_due": "Amount due",
}
_Columns = Mapping[str, tuple[str, float]]
"""By column its heading, and its share of the width."""

_ITEM_COLUMNS: _Columns = {
    "description": ("Description", 0.38),
    "product_code": ("Code", 0.16),
    "quantity": ("Quantity", 0.14),
    "unit_price": ("Unit price", 0.16),
    "amount": ("Amount", 0.16),
}
_TAX_COLUMNS: _Columns = {"rate": ("Tax rate %", 0.2), "net_amount": ("Net amount", 0.3), "amount": ("Tax", 0.3)}
_TEXTS = ("description", "product_code")
_GAP = 20
_MAX_TEXT = 1_000


@dataclass(frozen=True)
class XmlPage:
    """A page drawn from XML. `lines` are what stands on it."""

    number: int
    lines: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT
    dpi: float = DPI

    def image(self) -> "npt.NDArray[np.uint8]":
        return drawn(self.lines)

    def text_layer(self) -> None:
        return None

    def compared_text(self) -> None:
        return None

    @property
    def places(self) -> dict[str, Box]:
        """Where the values stand, by field path (`total_amount`, `line_items.0.amount`)."""
        places: dict[str, Box] = {}
        for line in self.lines:
            if line.path:
                left, top, right, bottom = places.get(line.path, line.box)
                box = line.box
                places[line.path] = (min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3]))
        return places


def open_xml(content: bytes, limits: Limits) -> list[XmlPage]:
    """The pages of an e-invoice; of a file with several invoices, each begins a page.

    Raises:
        DocumentError: the XML is broken or no e-invoice, or fills too many pages.
    """
    sheets = Sheets(limits.max_pages)
    for index, invoice in enumerate(_invoices(content)):
        if index:
            sheets.new_page()
        _write_head(sheets, invoice)
        _write_list(sheets, "line_items", _ITEM_COLUMNS, invoice.line_items)
        _write_list(sheets, "tax_lines", _TAX_COLUMNS, invoice.tax_lines)
        _write_amounts(sheets, invoice)
        sheets.named = False
    return [XmlPage(number, tuple(lines)) for number, lines in enumerate(sheets.pages, start=1)]


def _invoices(content: bytes) -> list[Invoice]:
    from ocr_pipeline.documents.einvoice.reading import read_einvoices
    from ocr_pipeline.documents.einvoice.xml import UnusableXmlError

    try:
        return [found.invoice for found in read_einvoices(content)]
    except UnusableXmlError as error:
        raise DocumentError("unreadable", f"The XML cannot be used as an invoice: {error}.") from None
    except ImportError:
        raise DocumentError(
            "unreadable", f"XML documents need the package lxml: {extra_command('einvoice')}."
        ) from None


def _write_head(sheets: Sheets, invoice: Invoice) -> None:
    full = WIDTH - 2 * MARGIN
    sheets.row([Cell(MARGIN, full, _NOTE, grey=True)], 16)
    sheets.space(20)
    sheets.row(
        [Cell(MARGIN, full, _TITLES[invoice.document_type], "document_type" if invoice.document_type else None)], 40
    )
    for title, fields in _PARTIES:
        if any(getattr(invoice, field) for field in fields):
            sheets.space(20)
            sheets.row([Cell(MARGIN, full, title, grey=True)], 16)
            for field in fields:
                sheets.row([Cell(MARGIN, full, _shown(getattr(invoice, field)), field)])
    sheets.space(20)
    for field, title in _FACTS.items():
        if value := _shown(getattr(invoice, field)):
            sheets.row([Cell(MARGIN, 240, title, grey=True), Cell(MARGIN + 240, full - 240, value, field)])


def _write_list(sheets: Sheets, name: str, columns: _Columns, rows: Sequence[BaseModel]) -> None:
    """A table with a row per line. It is left out if nothing stands in it."""
    if not any(getattr(row, column) is not None for row in rows for column in columns):
        return
    sheets.space(30)
    sheets.row(_cells({column: (heading, None) for column, (heading, _) in columns.items()}, columns, grey=True), 16)
    for index, row in enumerate(rows):
        values = {column: (_shown(getattr(row, column)), f"{name}.{index}.{column}") for column in columns}
        sheets.row(_cells(values, columns))


def _cells(texts: Mapping[str, tuple[str, str | None]], columns: _Columns, *, grey: bool = False) -> list[Cell]:
    """The cells of a row of a table. `texts`: by column, with the path of the value."""
    cells, left = [], float(MARGIN)
    for column, (text, path) in texts.items():
        width = columns[column][1] * (WIDTH - 2 * MARGIN)
        cells.append(Cell(round(left), round(width) - _GAP, text, path, right=column not in _TEXTS, grey=grey))
        left += width
    return cells


def _write_amounts(sheets: Sheets, invoice: Invoice) -> None:
    sheets.space(30)
    middle, right = WIDTH // 2, WIDTH - MARGIN - _GAP
    for field, title in _AMOUNTS.items():
        if value := _shown(getattr(invoice, field)):
            written = f"{value} {invoice.currency or ''}".strip()
            sheets.row(
                [
                    Cell(middle, 250, title, grey=True),
                    Cell(middle + 250, right - middle - 250, written, field, right=True),
                ],
                24,
            )


def _shown(value: object) -> str:
    """A value as the XML has it: dates in ISO form, amounts with a point. Nothing in it is active or invisible."""
    return "" if value is None else visible(str(value), longest=_MAX_TEXT)
