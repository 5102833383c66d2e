"""Finding and decoding codes on pages, with zxing-cpp.

Whether a code can be read depends on the size of its modules in pixels, so a page is looked at up to three times: as it is
(PDF pages rendered at `SCAN_DPI`); enlarged or rendered at `CLOSE_DPI` around codes that were found but not decoded; and, a
small picture without any matrix code, as a whole, sharpened and at twice its size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.pages import Page, grey_image
from ocr_pipeline.schemas import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

SCAN_DPI = 300
CLOSE_DPI = 600
MAX_CODES = 32
"""Codes of one page that are used, in the order of the decoder. A page of labels is not an invoice."""
SMALL_PAGE = 2_500_000
"""Pixels. On a larger picture, a code that is worth printing is large enough."""
_ENLARGE = 3
_BLUR = 1.0
"""Pixels (sigma), about that of a scan at 100 dpi; subtracted to sharpen it."""
_MARGIN = 0.25
"""Around a code that could not be decoded, as a share of its size."""
_MIN_DIGITS = 8
"""Characters of a bar code without a check digit; shorter ones are found in table rules and hatching."""
_UNCHECKED = ("ITF", "Code 39", "Codabar")
_FORMATS = ("QRCode", "DataMatrix", "PDF417", "Aztec", "Code128", "EANUPC", "ITF", "Code39", "Code93", "DataBar")
_SMALL = ("QRCode", "Code128")
"""What receipts and invoices in small pictures have. All formats would take four times as long."""
_MATRIX = ("QR Code", "Micro QR Code", "rMQR Code", "Data Matrix", "PDF417", "Aztec")


@dataclass(frozen=True)
class Code:
    """A decoded code. `payload` is exact, without character set conversion; `angle` in degrees, as zxing-cpp gives it."""

    page: int
    box: Box
    symbology: str
    payload: bytes
    is_gs1: bool
    angle: int

    @property
    def is_linear(self) -> bool:
        return not self.symbology.startswith(_MATRIX)


def scan(page: Page) -> list[Code]:
    """All codes of a page. Raises DocumentError if the page cannot be decoded or rendered."""
    return scan_image(grey_image(page, SCAN_DPI), page)


def scan_image(grey: "Grey", page: Page) -> list[Code]:
    """All codes of a page from its grey pixels; `page` is rendered again where a code needs a closer look."""
    import cv2

    found = _decode(grey)
    codes = [
        code
        for code in (_code(symbol, page.number, grey.shape) for symbol in found if symbol.valid)
        if _is_plausible(code)
    ]
    failed = [_box(symbol, grey.shape) for symbol in found if not symbol.valid and _is_matrix(symbol)]
    failed = [box for box in failed if not any(_overlap(box, code.box) for code in codes)]
    if failed:
        codes += _look_closer(grey, page, failed[:4])
    if grey.size <= SMALL_PAGE and all(code.is_linear for code in codes):
        sharp = cv2.addWeighted(grey, 2, cv2.GaussianBlur(grey, (0, 0), _BLUR), -1, 0)
        larger = cv2.resize(sharp, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        codes += [_code(symbol, page.number, larger.shape) for symbol in _decode(larger, _SMALL) if symbol.valid]
    return [code for code in _distinct(codes) if _is_plausible(code)][:MAX_CODES]


def _decode(grey: Any, formats: Sequence[str] = _FORMATS) -> list[Any]:
    import zxingcpp

    wanted: Any = [getattr(zxingcpp.BarcodeFormat, name) for name in formats]
    return list(zxingcpp.read_barcodes(grey, formats=wanted, return_errors=True))


def _look_closer(grey: "Grey", page: Page, boxes: Sequence[Box]) -> Iterator[Code]:
    """Decode the surroundings of codes that failed: rendered anew if the page is a drawing, else enlarged."""
    import cv2

    close = grey_image(page, CLOSE_DPI)
    is_sharper = close.shape[1] > grey.shape[1]
    source = close if is_sharper else grey
    height, width = source.shape
    for left, top, right, bottom in boxes:
        across, down = (right - left) * _MARGIN, (bottom - top) * _MARGIN
        x, y = max(0, int((left - across) * width)), max(0, int((top - down) * height))
        part = source[y : int((bottom + down) * height) + 1, x : int((right + across) * width) + 1]
        if part.size == 0 or part.size > SMALL_PAGE:
            continue
        factor = 1 if is_sharper else _ENLARGE
        enlarged = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        for symbol in _decode(enlarged):
            if symbol.valid:
                yield _code(symbol, page.number, source.shape, scale=factor, offset=(x, y))


def _code(
    symbol: Any, page: int, shape: tuple[int, ...], *, scale: float = 1, offset: tuple[int, int] = (0, 0)
) -> Code:
    import zxingcpp

    return Code(
        page=page,
        box=_box(symbol, shape, scale=scale, offset=offset),
        symbology=str(symbol.format),
        payload=bytes(symbol.bytes),
        is_gs1=symbol.content_type == zxingcpp.ContentType.GS1,
        angle=int(symbol.orientation),
    )


def _box(symbol: Any, shape: tuple[int, ...], *, scale: float = 1, offset: tuple[int, int] = (0, 0)) -> Box:
    """The box around the four corners of a symbol, relative to a page of `shape` (height, width) in pixels."""
    place = symbol.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    xs = [min(1.0, max(0.0, (corner.x / scale + offset[0]) / shape[1])) for corner in corners]
    ys = [min(1.0, max(0.0, (corner.y / scale + offset[1]) / shape[0])) for corner in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def _is_matrix(symbol: Any) -> bool:
    return str(symbol.format).startswith(_MATRIX)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _distinct(codes: Sequence[Code]) -> Iterator[Code]:
    """Codes that are there twice because two looks found them count once."""
    kept: list[Code] = []
    for code in codes:
        if not any(code.payload == other.payload and _overlap(code.box, other.box) for other in kept):
            kept.append(code)
            yield code


def _is_plausible(code: Code) -> bool:
    return bool(code.payload) and not (code.symbology.startswith(_UNCHECKED) and len(code.payload) < _MIN_DIGITS)
