"""The characters of a PDF page with boxes on the upright page, fonts and text objects, as PDFium reports them."""

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ocr_pipeline.schemas import Box, Rotation

HYPHEN_AT_LINE_END = (0x02, 0xFFFE)
"""What PDFium reports for a hyphen at the end of a line after a letter; it drops the line break after it."""


class Character(NamedTuple):
    """A character, or a space between words. Coordinates in points on the upright page, from the top left."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    source: int
    """Address of the PDFium text object that draws it; 0 for characters that PDFium adds."""
    font: int
    turn: int | None
    """Quarter turns clockwise of the text direction on the upright page; None if oblique."""
    ends_line: bool = False


class PageText(NamedTuple):
    """All characters of a page, in PDFium's order. `width` and `height` are those of the upright page, in points."""

    characters: list[Character]
    rotation: Rotation
    width: float
    height: float
    unmapped: float


Point = tuple[float, float]


@dataclass(frozen=True)
class _TextObject:
    font: int
    direction: Point


def page_text(page: Any, textpage: Any) -> PageText:
    """The characters of an open `pypdfium2.PdfPage`."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    to_display = _to_display(page, width, height)
    rectangle = pdfium.FS_RECTF()
    objects: dict[int, _TextObject] = {}
    raw = []
    unmapped = drawn = 0
    for index in range(pdfium.FPDFText_CountChars(textpage)):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        source = ctypes.cast(pdfium.FPDFText_GetTextObject(textpage, index), ctypes.c_void_p).value or 0
        if source and source not in objects:
            objects[source] = _text_object(textpage, index, to_display, len(objects))
        pdfium.FPDFText_GetLooseCharBox(textpage, index, rectangle)
        box = (rectangle.left, rectangle.top, rectangle.right, rectangle.bottom)
        if source:
            drawn += 1
            unmapped += code in (0, 0xFFFD) or pdfium.FPDFText_HasUnicodeMapError(textpage, index) == 1
        raw.append((code, source, box))
    quarters = {source: _quarter_turns(known.direction) for source, known in objects.items()}
    rotation = _rotation(quarters[source] for _, source, _ in raw if source)
    upright = _upright(rotation, width, height)
    characters = []
    for code, source, (left, top, right, bottom) in raw:
        (ax, ay), (bx, by) = upright(to_display(left, top)), upright(to_display(right, bottom))
        known = objects.get(source)
        quarter = quarters.get(source, 0)
        turn = None if quarter is None else (quarter + rotation // 90) % 4
        text, ends_line = _text(code)
        box = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
        characters.append(Character(text, *box, source, known.font if known else 0, turn, ends_line))
    if rotation in (90, 270):
        width, height = height, width
    return PageText(characters, rotation, width, height, unmapped / max(drawn, 1))


def upright_box(page: Any, text: PageText, box: Box) -> Box:
    """A rectangle in PDF coordinates (left, bottom, right, top) as a box in points on the upright page."""
    to_display = _to_display(page, *page.get_size())
    upright = _upright(text.rotation, *page.get_size())
    (ax, ay), (bx, by) = upright(to_display(box[0], box[3])), upright(to_display(box[2], box[1]))
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def _text(code: int) -> tuple[str, bool]:
    """The character, a space for everything that is no part of a word, and whether a line ends here."""
    if code in HYPHEN_AT_LINE_END:
        return "-", True
    if not code or 0xD800 <= code <= 0xDFFF:  # PDFium reports a character outside the BMP as two UTF-16 surrogates
        return " ", False
    character = chr(code)
    if character in "\r\n":
        return " ", character == "\n"
    return (" ", False) if character.isspace() or not character.isprintable() else (character, False)


def _text_object(textpage: Any, index: int, to_display: Callable[[float, float], Point], number: int) -> _TextObject:
    import pypdfium2.raw as pdfium

    found = pdfium.FPDFText_GetTextObject(textpage, index)
    font = ctypes.cast(pdfium.FPDFTextObj_GetFont(found), ctypes.c_void_p).value or -number
    clockwise = max(0.0, pdfium.FPDFText_GetCharAngle(textpage, index))  # -1: unknown
    (ox, oy), (dx, dy) = to_display(0, 0), to_display(math.cos(clockwise), -math.sin(clockwise))
    return _TextObject(font, (dx - ox, dy - oy))


def _to_display(page: Any, width: float, height: float) -> Callable[[float, float], Point]:
    """A function from PDF coordinates to points on the page as displayed; PDFium applies rotation and crop box.

    PDFium rounds to device pixels; large distances on a large virtual device keep the error far below 1/1000 point.
    """
    import pypdfium2.raw as pdfium

    size, far = 1_000_000, 1000.0
    x, y = ctypes.c_int(), ctypes.c_int()

    def displayed(px: float, py: float) -> Point:
        pdfium.FPDF_PageToDevice(page, 0, 0, size, size, 0, px, py, x, y)
        return x.value / size * width, y.value / size * height

    (ox, oy), (ax, ay), (bx, by) = displayed(0, 0), displayed(far, 0), displayed(0, far)
    xx, xy, yx, yy = (ax - ox) / far, (ay - oy) / far, (bx - ox) / far, (by - oy) / far
    return lambda px, py: (ox + xx * px + yx * py, oy + xy * px + yy * py)


def _rotation(quarters: Iterable[int | None]) -> Rotation:
    """Degrees clockwise that make most of the text upright, given the quarter turns of each character."""
    votes = Counter(turns for turns in quarters if turns is not None)
    needed: tuple[Rotation, ...] = (0, 270, 180, 90)
    return needed[votes.most_common(1)[0][0] if votes else 0]


def _quarter_turns(direction: Point) -> int | None:
    """Quarter turns clockwise of a direction on the displayed page (y downwards); None if oblique."""
    turns = math.atan2(direction[1], direction[0]) / (math.pi / 2)
    return round(turns) % 4 if abs(turns - round(turns)) < 0.15 else None


def _upright(rotation: Rotation, width: float, height: float) -> Callable[[Point], Point]:
    """A function from points on the displayed page to points on the page turned clockwise by `rotation`."""
    turned: dict[int, Callable[[Point], Point]] = {
        0: lambda point: point,
        90: lambda point: (height - point[1], point[0]),
        180: lambda point: (width - point[0], height - point[1]),
        270: lambda point: (point[1], width - point[0]),
    }
    return turned[rotation]
