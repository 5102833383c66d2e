"""Finding and decoding codes on pages, with zxing-cpp.

Whether a code can be read depends on the size of its modules in pixels and, for bar codes, on their angle, so a page is
looked at up to four times: as it is (PDF pages rendered at `SCAN_DPI`); enlarged or rendered at `CLOSE_DPI` around codes that
were found but not decoded; turned upright where there seems to be a turned bar code; and, a small picture without any matrix
code, as a whole, sharpened and at twice its size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.pages import Page, grey_image
from ocr_pipeline.extraction.codes.turned import TurnedBars, turned_bars
from ocr_pipeline.schemas import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]
    Matrix = npt.NDArray[np.floating[Any] | np.integer[Any]]
    """2 x 3, from the pixels of a part (x, y, 1) to those of the page."""

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
_MAX_CLOSER = 4
"""Places of a page that are looked at closer, of each kind."""
_MIN_SHARE = 0.7
"""Of the width of bars that a code in them has. A shorter one is a chance pattern in a code that cannot be read."""
_MIN_DIGITS = 8
"""Characters of a bar code without a check digit; shorter ones are found in table rules and hatching."""
_UNCHECKED = ("ITF", "Code 39", "Codabar")
_FORMATS = ("QRCode", "DataMatrix", "PDF417", "Aztec", "Code128", "EANUPC", "ITF", "Code39", "Code93", "DataBar")
_LINEAR = ("Code128", "EANUPC", "ITF", "Code39", "Code93", "DataBar")
_SMALL = ("QRCode",)
"""What receipts and invoices in small pictures have, beside bar codes, which are found by their edges. All formats would
take four times as long."""
_MATRIX = ("QR Code", "Micro QR Code", "rMQR Code", "Data Matrix", "PDF417", "Aztec")


@dataclass(frozen=True)
class Code:
    """A decoded code. `payload` is exact, without character set conversion."""

    page: int
    box: Box
    symbology: str
    payload: bytes
    is_gs1: bool

    @property
    def is_linear(self) -> bool:
        return not self.symbology.startswith(_MATRIX)


def scan(page: Page) -> list[Code]:
    """All codes of a page. Raises DocumentError if the page cannot be decoded or rendered."""
    return scan_image(grey_image(page, SCAN_DPI), page)


def scan_image(grey: "Grey", page: Page) -> list[Code]:
    """All codes of a page from its grey pixels; `page` is rendered again where a code needs a closer look."""
    found = _decode(grey)
    codes = [_code(symbol, page.number, grey.shape) for symbol in found if symbol.valid]
    codes = [code for code in codes if _is_plausible(code)]
    failed = [_box(symbol, grey.shape) for symbol in found if not symbol.valid and _is_matrix(symbol)]
    failed = [box for box in failed if not any(_overlap(box, code.box) for code in codes)]
    if failed:
        codes += _look_closer(grey, page, failed[:_MAX_CLOSER])
    for bars in islice(turned_bars(grey), _MAX_CLOSER):
        if not any(_contains(code.box, bars.centre, grey.shape) for code in codes):
            codes += _turn_upright(grey, page.number, bars)
    if grey.size <= SMALL_PAGE and all(code.is_linear for code in codes):
        codes += _enlarge(grey, page.number)
    return [code for code in _distinct(codes) if _is_plausible(code)][:MAX_CODES]


def _decode(grey: Any, formats: Sequence[str] = _FORMATS) -> list[Any]:
    import zxingcpp

    wanted: Any = [getattr(zxingcpp.BarcodeFormat, name) for name in formats]
    return list(zxingcpp.read_barcodes(grey, formats=wanted, return_errors=True))


def _sharpened(grey: Any, blur: float) -> Any:
    """The picture without a blur of this sigma, in pixels."""
    import cv2

    return cv2.addWeighted(grey, 2, cv2.GaussianBlur(grey, (0, 0), blur), -1, 0)


def _look_closer(grey: "Grey", page: Page, boxes: Sequence[Box]) -> Iterator[Code]:
    """Decode the surroundings of codes that failed: rendered anew if the page is a drawing, else enlarged."""
    import cv2
    import numpy as np

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
        back = np.array([[1 / factor, 0, x], [0, 1 / factor, y]])
        for symbol in _decode(enlarged):
            if symbol.valid:
                yield _code(symbol, page.number, source.shape, back)


def _enlarge(grey: "Grey", page: int) -> Iterator[Code]:
    """Decode a small picture as a whole, sharpened and at twice its size."""
    import cv2

    larger = cv2.resize(_sharpened(grey, _BLUR), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for symbol in _decode(larger, _SMALL):
        if symbol.valid:
            yield _code(symbol, page, larger.shape)


def _turn_upright(grey: "Grey", page: int, bars: TurnedBars) -> Iterator[Code]:
    """Decode what looks like a turned bar code, turned upright and enlarged."""
    import cv2
    import numpy as np

    factor = min(_ENLARGE, SMALL_PAGE / (bars.width * bars.height * (1 + 2 * _MARGIN) ** 2))
    size = tuple(round(side * (1 + 2 * _MARGIN) * factor) for side in (bars.width, bars.height))
    turn = cv2.getRotationMatrix2D(bars.centre, bars.angle, factor)
    turn[:, 2] = turn[:, 2] + np.array(size) / 2 - bars.centre
    upright = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_CUBIC, borderValue=(255,))
    for symbol in _decode(_sharpened(upright, _BLUR * factor), _LINEAR):
        corners = symbol.position
        if symbol.valid and abs(corners.top_right.x - corners.top_left.x) > _MIN_SHARE * bars.width * factor:
            yield _code(symbol, page, grey.shape, cv2.invertAffineTransform(turn))


def _code(symbol: Any, page: int, shape: tuple[int, ...], back: "Matrix | None" = None) -> Code:
    import zxingcpp

    return Code(
        page=page,
        box=_box(symbol, shape, back),
        symbology=str(symbol.format),
        payload=bytes(symbol.bytes),
        is_gs1=symbol.content_type == zxingcpp.ContentType.GS1,
    )


def _box(symbol: Any, shape: tuple[int, ...], back: "Matrix | None" = None) -> Box:
    """The box around the four corners of a symbol, relative to a page of `shape` (height, width) in pixels."""
    place = symbol.position
    corners = [
        (corner.x, corner.y) for corner in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    ]
    if back is not None:
        corners = [(float(back[0] @ (x, y, 1)), float(back[1] @ (x, y, 1))) for x, y in corners]
    xs = [min(1.0, max(0.0, x / shape[1])) for x, _ in corners]
    ys = [min(1.0, max(0.0, y / shape[0])) for _, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def _contains(box: Box, point: tuple[float, float], shape: tuple[int, ...]) -> bool:
    x, y = point[0] / shape[1], point[1] / shape[0]
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


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
