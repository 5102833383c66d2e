"""One-page PDFs from a content stream, for tests of what a reader sees."""

import zlib
from io import BytesIO

from PIL import Image

from ocr_pipeline_tests.files import pdf_of


def shown(x: float, y: float, text: str, size: float = 12, *, font: str = "F1", setup: str = "") -> str:
    """Operators that show a text at a place; `setup` runs before it, inside the same graphics state."""
    escaped = text.replace("(", r"\(").replace(")", r"\)")
    return f"q {setup} BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET Q"


def drawn_pdf(
    content: str,
    *,
    media_box: tuple[float, float, float, float] = (0, 0, 400, 300),
    page: str = "",
    catalog: str = "",
    resources: str = "",
    fonts: str = "",
    more: tuple[str, ...] = (),
) -> bytes:
    """A page of 400 x 300 points with the fonts F1 (Helvetica) and F2 (Helvetica-Bold).

    `page`, `catalog`, `resources` and `fonts` are further entries of those dictionaries; `more` are objects from number 7 on.
    """
    box = " ".join(map(str, media_box))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] {page} /Contents 4 0 R "
        f"/Resources << /Font << /F1 5 0 R /F2 6 0 R {fonts} >> {resources} >> >>",
        f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        *more,
    ]
    return pdf_of(objects)


def image_object(image: Image.Image) -> str:
    """An image XObject, with JPEG data in hexadecimal so that the object is plain text."""
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=90)
    data = buffer.getvalue().hex() + ">"
    return (
        f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} /ColorSpace /DeviceRGB "
        f"/BitsPerComponent 8 /Filter [/ASCIIHexDecode /DCTDecode] /Length {len(data)} >>\nstream\n{data}\nendstream"
    )


def shifted_font(number: int, by: int) -> tuple[str, str, str]:
    """A Helvetica whose ToUnicode table names other characters than the drawn ones: each letter and digit shifted.

    Gives the entry for `fonts` (name F3) and the objects with the numbers `number` and `number` + 1.
    """
    ranges = [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]
    lines = []
    for low, high in ranges:
        count = high - low + 1
        for code in range(low, high + 1):
            lines.append(f"<{code:02X}> <{low + (code - low + by) % count:04X}>")
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Other def /CMapType 2 def "
        "1 begincodespacerange <00> <FF> endcodespacerange "
        f"{len(lines)} beginbfchar {' '.join(lines)} endbfchar endcmap end end"
    )
    font = (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode {number + 1} 0 R >>"
    )
    return f"/F3 {number} 0 R", font, f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream"


def with_object_stream(content: bytes, name: str) -> bytes:
    """A file that names something only inside a compressed object stream, as most writers store dictionaries."""
    data = zlib.compress(name.encode())
    stream = f"99 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {len(data)} >>\nstream\n".encode()
    return content + stream + data + b"\nendstream\nendobj\n"
