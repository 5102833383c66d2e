"""A page of text lines as an OCR engine would give them: boxes in pixels, slips, lines that it joins, cuts or leaves out."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ocr_pipeline.label_boxes import LabelBox, enclosing
from ocr_pipeline.schemas import OcrPage, OcrText, Word

SLIPS = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", "6": "G", "2": "Z", "Z": "2",
    "g": "q", "e": "c", "m": "rn", "n": "r", ".": ",", ",": ".", ":": ".", "D": "O", "E": "F", "U": "V", "V": "U", "H": "M",
}  # fmt: skip


@dataclass
class Line:
    """A piece of text, and where it stands (pixels, origin top left)."""

    text: str
    x: float
    y: float
    height: float

    @property
    def width(self) -> float:
        return 0.52 * self.height * max(len(self.text), 1)


Stretch = tuple[Line, float, float]
"""Part of a line: its left and right end in pixels."""


@dataclass
class Page:
    """Collects lines from top to bottom."""

    width: float
    height: float
    random: random.Random
    y: float = 20.0
    size: float = 20.0
    lines: list[Line] = field(default_factory=list)
    drawn: dict[str, list[list[Stretch]]] = field(default_factory=dict)
    """By field, the places at which its value was drawn."""
    value: tuple[str, str] | None = None
    """Field and text of the value that is being drawn."""
    slope: float = 0.0
    """By how much lines are lower on the right, once the page is read."""

    @contextmanager
    def drawing(self, name: str | None, text: str) -> Iterator[None]:
        """What is put meanwhile and has this text, or is a part of it, is one place of the value of a field."""
        if name:
            self.value = (name, text)
            self.drawn.setdefault(name, []).append([])
        yield
        self.value = None

    def boxes(self) -> dict[str, list[LabelBox]]:
        """The places of the values that were drawn, for a label; what stands beyond the edge of the page has none."""
        size = (self.width, self.bottom, self.width, self.bottom)
        places: dict[str, list[LabelBox]] = {}
        for name, drawn in self.drawn.items():
            for stretches in filter(None, drawn):
                tops = [line.y + self.slope * line.x for line, _, _ in stretches]
                box = enclosing(
                    (left, top, right, top + line.height)
                    for top, (line, left, right) in zip(tops, stretches, strict=True)
                )
                x0, y0, x1, y1 = (min(1.0, max(0.0, at / whole)) for at, whole in zip(box, size, strict=True))
                if x0 < x1 and y0 < y1:
                    places.setdefault(name, []).append(LabelBox(page=1, box=(x0, y0, x1, y1)))
        return places

    @property
    def bottom(self) -> float:
        """Height of the page: receipts are as long as what is on them."""
        return max([self.height, *(line.y + 2 * line.height for line in self.lines)])

    def put(self, text: str, x: float, *, y: float | None = None, size: float | None = None) -> None:
        """A piece of text at the height of now, or at another."""
        line = Line(text, x, self.y if y is None else y, size or self.size)
        self.lines.append(line)
        if self.value and (self.value[1] in text or (text.strip() and text in self.value[1])):
            name, wanted = self.value
            start = max(text.find(wanted), 0)
            step = line.width / max(len(text), 1)
            left, right = x + step * start, x + step * (start + min(len(wanted), len(text)))
            self.drawn[name][-1].append((line, left, right))

    def left(self, text: str, *, x: float = 20.0, size: float | None = None) -> None:
        """A line of its own."""
        self.put(text, x, size=size)
        self.feed(size)

    def centred(self, text: str, *, size: float | None = None) -> None:
        """A line of its own in the middle."""
        height = size or self.size
        self.put(text, max(5.0, (self.width - 0.52 * height * len(text)) / 2), size=height)
        self.feed(size)

    def pair(self, label: str, value: str, *, x: float = 20.0, to: float | None = None) -> None:
        """A label, and a value that ends at the right edge `to`."""
        right = (to or self.width - 20.0) - 0.52 * self.size * len(value)
        self.put(label, x)
        self.put(value, max(right, x + 0.52 * self.size * (len(label) + 1)))
        self.feed()

    def feed(self, size: float | None = None, lines: float = 1.0) -> None:
        self.y += lines * 1.3 * (size or self.size)

    def read(self, slips: float) -> OcrText:
        """What an engine reads that mistakes one character in 1/`slips`."""
        chance = self.random
        height = self.bottom
        slope = self.slope = chance.gauss(0, 0.004)
        kept = [line for line in self.lines if line.text.strip() and chance.random() > slips / 2]
        words, order = [], sorted(kept, key=lambda line: (round(line.y / 8), line.x))
        for number, line in enumerate(order):
            text = "".join(SLIPS[one] if one in SLIPS and chance.random() < slips else one for one in line.text)
            if chance.random() < 3 * slips:
                text = text.replace(" ", "", 1)
            y = line.y + slope * line.x + chance.gauss(0, 0.04 * line.height)
            step, x = line.width / max(len(text), 1), line.x + chance.gauss(0, 2)
            for word in text.split(" "):
                if word:
                    box = (
                        x / self.width, y / height, min(1.0, (x + step * len(word)) / self.width),
                        min(1.0, (y + line.height) / height),
                    )  # fmt: skip
                    left, top, right, bottom = (min(1.0, max(0.0, one)) for one in box)
                    if right > left and bottom > top:
                        sure = min(1.0, max(0.5, chance.gauss(0.95, 0.04)))
                        words.append(
                            Word(text=word, box=(left, top, right, bottom), confidence=sure, page=1, line=number)
                        )
                x += step * (len(word) + 1)
        page = OcrPage(page=1, width=round(self.width), height=round(height), words=words, seconds=0.0)
        return OcrText(pages=[page])
