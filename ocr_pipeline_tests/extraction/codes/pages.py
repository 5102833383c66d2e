"""Pages with a code, drawn as a printer and a scanner would: modules in millimetres, resolution, rotation, paper, blur."""

import io
import zlib
from typing import Any

import cv2
import numpy as np
import zxingcpp
from PIL import Image

PAGE_MM = {"QRCode": 90, "Code128": 130}
"""Side of the square page."""
MODULE_MM = {"QRCode": 0.5, "Code128": 0.33}
_FINE = 12
"""Pixels per module of the drawing that is scanned."""


def symbol(payload: bytes, symbology: str = "QRCode", *, is_gs1: bool = False) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A code at one pixel per module, black on white, with its quiet zone. GS1 payloads have their separators."""
    content: bytes | str = payload
    if symbology == "Code128":
        content = payload.decode("ascii")
    kwargs: dict[str, Any] = {}
    if is_gs1:
        content, kwargs = _with_brackets(payload), {"gs1": True}
    barcode = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, symbology), **kwargs)
    return np.array(zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=True))


def _with_brackets(payload: bytes) -> str:
    """The elements of the samples as the encoder wants them: `(415)5410000000014(8020)4000012345`."""
    text, elements = payload.decode("ascii").strip("\x1d"), ""
    while text:
        size = {"0": 2, "1": 2, "4": 3, "8": 4, "3": 4}[text[0]]
        end = {"415": 16, "12": 8, "01": 16}.get(text[:size], len(text.split("\x1d")[0]))
        elements += f"({text[:size]}){text[size:end]}"
        text = text[end:].lstrip("\x1d")
    return elements


def page(
    payload: bytes,
    symbology: str = "QRCode",
    *,
    is_gs1: bool = False,
    dpi: int = 300,
    angle: float = 0,
    texture: bool = False,
    module_mm: float | None = None,
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A grey page with the code turned by `angle` degrees. `texture` adds paper, blur and noise, the same ones each time."""
    drawn = symbol(payload, symbology, is_gs1=is_gs1)
    module = (module_mm or MODULE_MM[symbology]) / 25.4 * dpi
    width = height = int(PAGE_MM[symbology] / 25.4 * dpi)
    large = np.kron(drawn, np.ones((_FINE, _FINE), np.uint8))
    over = 2 if dpi >= 200 else 3  # supersampling: a scanner averages over each of its pixels
    size = (max(1, round(drawn.shape[1] * module * over)), max(1, round(drawn.shape[0] * module * over)))
    small = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1)
    turn[:, 2] += (width * over / 2 - size[0] / 2, height * over / 2 - size[1] / 2)
    sheet = cv2.warpAffine(small, turn, (width * over, height * over), borderValue=(255,))
    grey = cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if texture:
        grey = _on_paper(grey, zlib.crc32(payload))
    return np.clip(grey, 0, 255).astype(np.uint8)


def _on_paper(grey: Any, seed: int) -> Any:
    """Uneven light, fibres, soft edges and the noise of a cheap scanner."""
    noise = np.random.default_rng(seed)
    height, width = grey.shape
    light = cv2.resize(noise.normal(0, 9, (5, 5)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    fibres = cv2.GaussianBlur(noise.normal(0, 16, (height, width)).astype(np.float32), (0, 0), 1.5)
    return cv2.GaussianBlur(grey, (0, 0), 0.7) * 0.78 + 32 + light + fibres + noise.normal(0, 5, grey.shape)


def png(grey: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def pdf(payload: bytes, *, module_points: float, rotate: int = 0) -> bytes:
    """A PDF page of 300 x 400 points with a QR code drawn as vector modules in its lower left corner."""
    import pypdfium2

    drawn = symbol(payload)
    document = pypdfium2.PdfDocument.new()
    sheet = document.new_page(300, 400)
    raw = pypdfium2.raw
    for row, col in zip(*np.nonzero(drawn == 0), strict=True):
        x, y = 20 + col * module_points, 20 + (drawn.shape[0] - 1 - row) * module_points
        rect = raw.FPDFPageObj_CreateNewRect(x, y, module_points, module_points)
        raw.FPDFPageObj_SetFillColor(rect, 0, 0, 0, 255)
        raw.FPDFPath_SetDrawMode(rect, raw.FPDF_FILLMODE_WINDING, 0)
        raw.FPDFPage_InsertObject(sheet, rect)
    sheet.set_rotation(rotate)
    sheet.gen_content()
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
