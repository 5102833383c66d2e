"""Which words of a text layer a reader sees: the page is drawn with and without its text, and the pictures compared.

This finds every way of hiding text with one mechanism: invisible ink, the colour of the background, something drawn over
it, a clip, a layer that is switched off. Words on top of each other are told apart by leaving out the lower one alone.
"""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ocr_pipeline.documents.pdf_characters import Character, PageText
from ocr_pipeline.documents.pdf_words import PdfWord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]
    """Shape (height, width, 3), RGB; a mask has shape (height, width), 0 and 1."""
    Sums = npt.NDArray[np.int32]
    """Sums of a mask over all rectangles from the top left corner: shape (height + 1, width + 1)."""

_LONGER_SIDE, _MAX_LONGER_SIDE = 1000, 3000
"""Longer side of the compared pictures in pixels: at least one pixel per point, within these limits."""
_CONTRAST = 16
"""Ink that changes no colour channel by more than this is not visible. Of 255."""
_STROKE = 40
"""Neighbouring pixels that differ by this much in brightness belong to the edge of a stroke."""
_VISIBLE = 0.5
"""A word is visible if this share of its characters is."""
_OVER_INK = 0.6
"""A hidden word lies on text of the picture if this share of its characters has strokes below."""
_COVERS = 0.5
"""Two words are on top of each other if they share this part of the smaller one."""
_MAX_STACK = 3
_MIN_POINTS, _MIN_SHARE = 2.4, 1 / 400
"""Text lower than this many points and than this share of the page's longer side cannot be read."""


class Visibility:
    """The comparison of one page. `text` and all words must be of this open `pypdfium2.PdfPage`."""

    def __init__(self, page: Any, text: PageText, unit: float) -> None:
        import cv2
        import pypdfium2.raw as pdfium

        longer = max(text.width, text.height)
        self._page, self._text = page, text
        self._scale = min(max(_LONGER_SIDE / longer, 1.0), _MAX_LONGER_SIDE / longer)
        self._min_height = min(_MIN_POINTS / unit, _MIN_SHARE * longer)
        self._objects = {_address(entry): entry for entry in page.get_objects([pdfium.FPDF_PAGEOBJ_TEXT])}
        self._order = {address: number for number, address in enumerate(self._objects)}
        self._full = self._draw()
        self._bare = self._draw_without(self._objects)
        drawn = self._changed(self._bare)
        self._drawn = _sums(drawn)
        strokes = _strokes(self._bare)
        self._strokes = _sums(strokes)
        without, with_text = cv2.countNonZero(strokes), cv2.countNonZero(cv2.bitwise_and(_strokes(self._full), drawn))
        self.unexplained = without / max(without + with_text, 1)

    def split(self, words: Sequence[PdfWord]) -> tuple[list[PdfWord], list[PdfWord], list[PdfWord]]:
        """The words that are visible, those that are not, and those of the latter that lie on text of the picture."""
        readable = {id(word) for word in words if self._readable(word)}
        seen = [word for word in words if id(word) in readable and self._share(word, self._drawn) >= _VISIBLE]
        covered = self._covered(seen)
        visible = {id(word) for word in seen} - covered
        hidden = [word for word in words if id(word) not in visible]
        over_ink = [word for word in hidden if id(word) in readable and self._share(word, self._strokes) >= _OVER_INK]
        return [word for word in words if id(word) in visible], hidden, over_ink

    def _readable(self, word: PdfWord) -> bool:
        x0, y0, x1, y1 = word.box
        on_page = x1 > 0 and y1 > 0 and x0 < self._text.width and y0 < self._text.height
        return on_page and min(y1 - y0, max(x1 - x0, y1 - y0)) >= self._min_height

    def _covered(self, words: Sequence[PdfWord]) -> set[int]:
        """Words below others that are not visible by themselves; at most `_MAX_STACK` words lie on top of each other."""
        depth: dict[int, int] = {}
        for lower, _ in self._stacked(words):
            depth[id(lower)] = depth.get(id(lower), 0) + 1
        covered = set()
        for level in range(1, _MAX_STACK + 1):
            below = [word for word in words if depth.get(id(word)) == level]
            if not below:
                continue
            sources = {character.source for word in below for character in word.characters}
            changed = _sums(self._changed(self._draw_without(sources)))
            covered |= {id(word) for word in below if self._share(word, changed) < _VISIBLE}
        return covered

    def _stacked(self, words: Sequence[PdfWord]) -> list[tuple[PdfWord, PdfWord]]:
        """Pairs (lower, upper) of different words on top of each other."""
        ordered = sorted(words, key=lambda word: word.box[1])
        boxes = [word.box for word in ordered]
        pairs = []
        for index, word in enumerate(ordered):
            x0, y0, x1, y1 = boxes[index]
            for other_index in range(index + 1, len(ordered)):
                u0, v0, u1, v1 = boxes[other_index]
                if v0 >= y1:
                    break
                common = max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
                smaller = min((x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0))
                other = ordered[other_index]
                if common > _COVERS * smaller and word.text != other.text:
                    lower, upper = sorted((word, other), key=lambda each: self._order.get(each.characters[0].source, 0))
                    if lower.characters[0].source != upper.characters[0].source:
                        pairs.append((lower, upper))
        return pairs

    def _share(self, word: PdfWord, sums: "Sums") -> float:
        """The share of the word's characters, as far as they are on the page, that have pixels of a mask."""
        width = self._text.width
        on_page = [c for c in word.characters if c.x0 + c.x1 > 0 and c.x0 + c.x1 < 2 * width]
        hits = sum(self._count(character, sums) > 0 for character in on_page)
        return hits / max(len(on_page), 1)

    def _count(self, character: Character, sums: "Sums") -> int:
        """Pixels of a mask, given by its sums, in the middle of a character's box: lines above and below stay out."""
        margin = 0.1 * (character.y1 - character.y0)
        rows, columns = sums.shape
        x0, x1 = (_within(value * self._scale, columns - 1) for value in (character.x0, character.x1))
        y0, y1 = (_within(value * self._scale, rows - 1) for value in (character.y0 + margin, character.y1 - margin))
        x1, y1 = max(x1, min(x0 + 1, columns - 1)), max(y1, min(y0 + 1, rows - 1))
        return int(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])

    def _draw(self) -> "Picture":
        import numpy as np

        bitmap = self._page.render(scale=self._scale, rev_byteorder=True, may_draw_forms=False)
        displayed = bitmap.to_numpy()[:, :, :3]
        return np.ascontiguousarray(np.rot90(displayed, -self._text.rotation // 90))

    def _draw_without(self, sources: Any) -> "Picture":
        import pypdfium2.raw as pdfium

        left_out = [self._objects[source] for source in sources if source in self._objects]
        for entry in left_out:
            pdfium.FPDFPageObj_SetIsActive(entry, False)
        try:
            return self._draw()
        finally:
            for entry in left_out:
                pdfium.FPDFPageObj_SetIsActive(entry, True)

    def _changed(self, other: "Picture") -> "Picture":
        """A mask of the pixels that differ visibly from the complete picture."""
        import cv2

        red, green, blue = cv2.split(cv2.absdiff(self._full, other))
        changed = cv2.threshold(cv2.max(cv2.max(red, green), blue), _CONTRAST, 1, cv2.THRESH_BINARY)[1]
        return cast("Picture", changed)


def _address(entry: Any) -> int:
    return ctypes.cast(entry.raw, ctypes.c_void_p).value or 0


def _strokes(picture: "Picture") -> "Picture":
    """A mask of the places where brightness changes along a row: letters are full of them, rules and areas have few."""
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    strokes = cv2.threshold(cv2.absdiff(grey[:, 1:], grey[:, :-1]), _STROKE, 1, cv2.THRESH_BINARY)[1]
    return cast("Picture", cv2.copyMakeBorder(strokes, 0, 0, 1, 0, cv2.BORDER_CONSTANT, value=0))


def _sums(mask: "Picture") -> "Sums":
    import cv2

    return cast("Sums", cv2.integral(mask))


def _within(value: float, limit: int) -> int:
    return int(min(max(value, 0), limit))
