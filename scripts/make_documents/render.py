"""Lays a document out: Jinja template, WeasyPrint, PDF bytes, page images."""

import base64
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from weasyprint import HTML

from scripts.make_documents.damage import Image
from scripts.make_documents.model import Document

TEMPLATES = Path(__file__).with_name("templates")

# EAN-13: the bars of each digit, and which of the six left digits are drawn mirrored, by the first digit.
_LEFT_ODD = ["0001101", "0011001", "0010011", "0111101", "0100011"]
_LEFT_ODD += ["0110001", "0101111", "0111011", "0110111", "0001011"]
_PARITY = ["000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010"]


def _barcode(digits: str) -> Markup:
    """An EAN-13 as SVG."""
    right = ["".join("10"[int(bit)] for bit in code) for code in _LEFT_ODD]
    left = [
        right[int(digit)][::-1] if even == "1" else _LEFT_ODD[int(digit)]
        for digit, even in zip(digits[1:7], _PARITY[int(digits[0])], strict=True)
    ]
    bits = "101" + "".join(left) + "01010" + "".join(right[int(digit)] for digit in digits[7:]) + "101"
    bars = "".join(f'<rect x="{x}" width="1" height="30"/>' for x, bit in enumerate(bits) if bit == "1")
    return Markup(f'<svg class="barcode" viewBox="0 0 {len(bits)} 30" preserveAspectRatio="none">{bars}</svg>')


def _qr(content: str) -> Markup:
    """A QR code as SVG that fills its box."""
    code = segno.make(content, error="m", micro=False)
    return Markup(code.svg_inline(border=0, omitsize=True, svgclass="qr"))


def to_pdf(document: Document) -> bytes:
    """The document as a PDF with a text layer."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def number(value: Decimal) -> str:
        return document.format_amount(value)

    def day(value: date, pattern: str | None = None) -> str:
        return value.strftime(pattern or document.dates)

    env.filters.update(number=number, day=day)
    context: dict[str, Any] = {
        "document": document,
        "inv": document.invoice,
        "lines": document.lines,
        "street": (document.invoice.supplier_address or "").partition(", ")[0],
        "town": (document.invoice.supplier_address or "").partition(", ")[2],
        "qr": _qr,
        "barcode": _barcode,
        **document.extra,
    }
    html = env.get_template(f"{document.stem}.html").render(context)
    return _pdf(html, document.stem)


def to_images(pdf: bytes, dpi: float) -> list[Image]:
    """The pages as RGB arrays."""
    with pypdfium2.PdfDocument(pdf) as file:
        pages = [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in file]
    return [np.asarray(page) for page in pages]


def text_of(pdf: bytes) -> str:
    """The text layer of all pages."""
    with pypdfium2.PdfDocument(pdf) as file:
        return "\n".join(page.get_textpage().get_text_range() for page in file)


def scans_to_pdf(jpegs: list[bytes], size_mm: tuple[float, float]) -> bytes:
    """A PDF of page pictures without a text layer."""
    width, height = size_mm
    pages = "".join(f'<img src="data:image/jpeg;base64,{base64.b64encode(j).decode()}">' for j in jpegs)
    box = f"width: {width}mm; height: {height}mm; display: block"
    style = f"@page {{ size: {width}mm {height}mm; margin: 0 }} body {{ margin: 0 }} img {{ {box} }}"
    html = f"<style>{style}</style>{pages}"
    return _pdf(html, "scan")


def _pdf(html: str, identifier: str) -> bytes:
    # A fixed identifier: the default one is random.
    pdf: bytes = HTML(string=html, base_url=str(TEMPLATES)).write_pdf(pdf_identifier=identifier.encode())
    return pdf
