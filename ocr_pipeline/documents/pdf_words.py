"""Words and lines of a PDF page from its characters.

PDFium inserts spaces and line breaks, but loses the break after a hyphen and mixes up lines on pages with very small units.
Words therefore also end where the next character stands elsewhere, and pieces side by side are one line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ocr_pipeline.documents.pdf_characters import Character, PageText
from ocr_pipeline.schemas import Box

_OTHER_LINE = 0.5
"""A character belongs to another line if its centre is off by this share of the smaller height."""
_APART = 0.7
"""A word ends before a gap of this many character heights, with or without a space in the file."""
_SAME_LINE = 0.35
"""Pieces are on one line if their centres differ by less than this share of the smaller height."""
_RAISED, _SMALLER = 0.12, 0.8
"""Digits that are this much smaller and off the middle (raised cents) are a word of their own."""


@dataclass
class PdfWord:
    """A word in points on the upright page."""

    characters: list[Character]
    line: int

    @property
    def text(self) -> str:
        return "".join(character.text for character in self.characters)

    @cached_property
    def box(self) -> Box:
        return (
            min(character.x0 for character in self.characters),
            min(character.y0 for character in self.characters),
            max(character.x1 for character in self.characters),
            max(character.y1 for character in self.characters),
        )


@dataclass
class _Piece:
    """Words that PDFium gives one after the other on one line. `complete`: PDFium ends the line after them."""

    words: list[PdfWord]
    complete: bool
    x0: float = field(init=False)
    x1: float = field(init=False)
    y: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        boxes = [word.box for word in self.words]
        self.x0, self.x1 = min(box[0] for box in boxes), max(box[2] for box in boxes)
        self.y = sum(box[1] + box[3] for box in boxes) / (2 * len(boxes))
        self.height = sorted(box[3] - box[1] for box in boxes)[len(boxes) // 2]

    @property
    def level(self) -> bool:
        return self.words[0].characters[0].turn in (0, 2)


def words_of(text: PageText) -> list[PdfWord]:
    """The words of a page. Lines are numbered from 0 without gaps, in PDFium's order."""
    pieces = [_Piece(words, complete) for words, complete in _pieces(text.characters)]
    lines = _joined(pieces)
    words = []
    for number, line in enumerate(lines):
        for word in line:
            word.line = number
            words.append(word)
    return words


def _pieces(characters: Sequence[Character]) -> Iterator[tuple[list[PdfWord], bool]]:
    piece: list[PdfWord] = []
    letters: list[Character] = []
    for character in characters:
        if character.text == " ":
            if letters:
                piece.append(PdfWord(letters, 0))
                letters = []
        else:
            before = letters[-1] if letters else piece[-1].characters[-1] if piece else None
            elsewhere = before is not None and _elsewhere(before, character)
            if letters and (elsewhere or _raised(letters[-1], character) or _gap(letters[-1], character) > _APART):
                piece.append(PdfWord(letters, 0))
                letters = []
            if elsewhere:
                yield piece, False
                piece = []
            letters.append(character)
        if character.ends_line:
            if letters:
                piece.append(PdfWord(letters, 0))
                letters = []
            if piece:
                yield piece, True
            piece = []
    if letters:
        piece.append(PdfWord(letters, 0))
    if piece:
        yield piece, True


def _elsewhere(before: Character, character: Character) -> bool:
    """Whether a character starts another line."""
    if before.turn != character.turn:
        return True
    if before.turn is None:
        return False
    (_, _, a0, a1), (_, _, b0, b1) = _along(before), _along(character)
    height = min(a1 - a0, b1 - b0)
    return height > 0 and abs((a0 + a1) - (b0 + b1)) / 2 > _OTHER_LINE * height


def _raised(before: Character, character: Character) -> bool:
    if not (before.text.isdigit() and character.text.isdigit()) or before.turn is None:
        return False
    (_, _, a0, a1), (_, _, b0, b1) = _along(before), _along(character)
    larger = max(a1 - a0, b1 - b0)
    return min(a1 - a0, b1 - b0) < _SMALLER * larger and abs((a0 + a1) - (b0 + b1)) / 2 > _RAISED * larger


def _gap(before: Character, character: Character) -> float:
    """Distance along the line, in character heights; in either direction, as Arabic runs to the left."""
    if before.turn is None:
        return 0.0
    (a0, a1, top, bottom), (b0, b1, _, _) = _along(before), _along(character)
    return max(b0 - a1, a0 - b1) / (bottom - top) if bottom > top else 0.0


def _along(character: Character) -> tuple[float, float, float, float]:
    """The box as (start, end, top, bottom) of its line, whichever way it runs."""
    if character.turn in (1, 3):
        return character.y0, character.y1, character.x0, character.x1
    return character.x0, character.x1, character.y0, character.y1


def _joined(pieces: list[_Piece]) -> list[list[PdfWord]]:
    """Lines: pieces that stand side by side on one level, without a wide gap, are one line.

    Where PDFium itself starts a line between two pieces in a row, it stays: extracted values and stored replies of models
    depend on it.
    """
    root = list(range(len(pieces)))

    def find(index: int) -> int:
        while root[index] != index:
            index = root[index]
        return index

    by_level = sorted((piece.y, index) for index, piece in enumerate(pieces) if piece.level)
    for position, (y, index) in enumerate(by_level):
        piece = pieces[index]
        for other_y, other_index in by_level[position + 1 :]:
            if other_y - y > _SAME_LINE * piece.height:
                break
            first, second = sorted((index, other_index))
            if second == first + 1 and pieces[first].complete:
                continue
            other = pieces[other_index]
            height = min(piece.height, other.height)
            gap = max(other.x0 - piece.x1, piece.x0 - other.x1)
            if other_y - y < _SAME_LINE * height and -_SAME_LINE * height < gap < _APART * height:
                first, second = sorted((find(index), find(other_index)))
                root[second] = first
    lines: dict[int, list[int]] = {}
    for index in range(len(pieces)):
        lines.setdefault(find(index), []).append(index)
    return [
        [word for index in sorted(members, key=lambda index: pieces[index].x0) for word in pieces[index].words]
        for members in lines.values()
    ]
