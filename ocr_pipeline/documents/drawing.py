"""Text on sheets of paper: lines are measured, wrapped and broken over pages, and drawn with the font of this package."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1240, 1754
"""A4 at 150 dpi, in pixels."""
MARGIN = 90
_SPACING = 1.35
"""Height of a line, in font sizes."""
_BLACK, _GREY = (0, 0, 0), (110, 110, 110)
_MAX_LINES = 40
"""Lines of one text. The rest is cut off."""


@dataclass(frozen=True)
class Line:
    """One line of text at (x, y), its upper left corner in pixels. `path`: the field whose value it shows."""

    x: int
    y: int
    width: int
    size: int
    text: str
    path: str | None = None
    grey: bool = False

    @property
    def box(self) -> Box:
        """Relative to the page."""
        bottom = self.y + self.size * _SPACING
        return (self.x / WIDTH, self.y / HEIGHT, min(1.0, (self.x + self.width) / WIDTH), min(1.0, bottom / HEIGHT))


@dataclass(frozen=True)
class Cell:
    """A text in a column that begins at `x` and has `width` pixels; `right`: aligned to its right edge."""

    x: int
    width: int
    text: str
    path: str | None = None
    right: bool = False
    grey: bool = False


class Sheets:
    """Pages that are filled from top to bottom. `named`: whether the lines that are written keep the path of their field."""

    named = True

    def __init__(self, max_pages: int) -> None:
        self.pages: list[list[Line]] = [[]]
        self._max_pages = max_pages
        self._y = MARGIN

    def space(self, pixels: int) -> None:
        self._y += pixels

    def row(self, cells: Sequence[Cell], size: int = 20) -> None:
        """Write cells side by side, each wrapped within its width.

        Raises:
            DocumentError: it takes more pages than the limit.
        """
        wrapped = [list(_wrapped(cell.text, cell.width, size)) for cell in cells]
        height = round(size * _SPACING)
        for index in range(max(map(len, wrapped), default=0)):
            if self._y + height > HEIGHT - MARGIN:
                self.new_page()
            for cell, lines in zip(cells, wrapped, strict=True):
                if index < len(lines):
                    self.pages[-1].append(_line(cell, lines[index], self._y, size, self.named))
            self._y += height

    def new_page(self) -> None:
        """Go on at the top of another page. Raises DocumentError if there are too many."""
        if len(self.pages) >= self._max_pages:
            raise DocumentError("too_many_pages", f"The XML fills more than {self._max_pages:,} pages, the limit.")
        self.pages.append([])
        self._y = MARGIN


def drawn(lines: Sequence[Line]) -> "npt.NDArray[np.uint8]":
    """A white page with these lines: array of shape (height, width, 3), RGB."""
    import numpy as np
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    for line in lines:
        pen.text((line.x, line.y), line.text, _GREY if line.grey else _BLACK, _font(line.size))
    return np.array(image)


def _line(cell: Cell, text: str, y: int, size: int, is_named: bool) -> Line:
    width = _width(text, size)
    x = cell.x + cell.width - width if cell.right else cell.x
    return Line(x, y, width, size, text, cell.path if is_named else None, cell.grey)


def _wrapped(text: str, width: int, size: int) -> Iterator[str]:
    """The lines of a text, broken at blanks, and within words that are too long for a line."""
    line = ""
    count = 0
    for word in text.split():
        wider = f"{line} {word}" if line else word
        if _width(wider, size) <= width:
            line = wider
            continue
        if line:
            yield line
            count += 1
        while _width(word, size) > width and count < _MAX_LINES:
            length = max(1, int(len(word) * width / _width(word, size)))
            while length > 1 and _width(word[:length], size) > width:
                length -= 1
            yield word[:length]
            count += 1
            word = word[length:]
        line = word
        if count >= _MAX_LINES:
            return
    if line:
        yield line


def _width(text: str, size: int) -> int:
    return round(_font(size).getlength(text))


@lru_cache(maxsize=8)
def _font(size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    # The simple layout, which every build of Pillow has: the same pages everywhere.
    font = (files("ocr_pipeline.documents") / "fonts" / "DejaVuSans.ttf").read_bytes()
    return ImageFont.truetype(BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
