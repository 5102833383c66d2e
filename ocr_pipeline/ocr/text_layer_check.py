"""Whether the text layer of a page can be trusted: its words are compared with the picture of the page.

Most text layers are. Cheap facts raise a doubt: much of the picture is not drawn by the words (a scan, letters as paths), or
the words are no text (a wrong table of characters). Only then are lines detected and a few words recognised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ocr_pipeline.documents.pages import Page
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.ocr.plausible_text import is_plausible
from ocr_pipeline.schemas import Rotation, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]
    """Shape (height, width, 3), BGR."""

_MAX_UNEXPLAINED = 0.35
"""Above this share of strokes that the words do not draw, the page may be a scan. Born-digital pages have up to 0.2."""
_MAX_UNMAPPED = 0.1
_MIN_COVERED, _COMPLETE = 0.4, 0.85
"""Words that cover less than this share of the detected lines, by length, are a stamp on a scan; above the second they are all
that the picture shows."""
_LINE_COVERED = 0.5
_MAX_NUMBERS, _MAX_WORDS = 24, 8
"""How many words with and without digits are recognised."""
_SURE, _SURE_AROUND = 0.9, 0.85
"""Only words that are recognised with this confidence can contradict the text layer; less where neighbours are cut."""
_SIMILAR = 0.6
"""Letters of a word that agree, 0..1; OCR is not perfect on words either."""
_MIN_AGREEMENT = 0.7
"""The share of words without digits that must agree."""
_MARGINS = (0.05, 0.15)
"""Words are cut out with these margins, as shares of their height."""


_AROUND = 2.0
"""Boxes of OCR layers are often off by a letter: a number that stands this many heights to the left or right is right."""


class Recogniser(Protocol):
    """What the check needs of an OCR engine. Images are BGR; boxes in pixels, corners clockwise from the top left."""

    def line_boxes(self, image: "Image") -> "npt.NDArray[np.float32] | None": ...
    def recognised(self, crops: "Sequence[Image]") -> list[tuple[str, float]]: ...


@dataclass(frozen=True)
class CheckedText:
    """The words of a page that its picture confirms; none with the reason why the text layer is not used."""

    words: list[Word]
    distrusted: str | None = None
    warnings: tuple[str, ...] = ()
    missing: "npt.NDArray[np.float32] | None" = None
    """Lines of the picture that the text layer lacks: shape (lines, 4 corners, 2), pixels of the upright page."""


def checked_words(page: Page, layer: TextLayer, recogniser: Recogniser) -> CheckedText:
    """The words of a text layer that a reader sees. `recogniser` is only used where there is a doubt."""
    is_scan = layer.unexplained > _MAX_UNEXPLAINED
    doubtful = implausible_words(layer)
    warnings = _hidden_warning(layer)
    if not is_scan and not doubtful and layer.unmapped <= _MAX_UNMAPPED:
        return CheckedText(layer.words, warnings=warnings)
    image = upright_image(page, layer.rotation)
    words, missing = layer.words, None
    if is_scan:
        words = _with_ocr_layer(layer)
        covered, missing = _coverage(words, recogniser.line_boxes(image), image.shape[1], image.shape[0])
        if covered < _MIN_COVERED:
            return CheckedText([], f"its words are only {covered:.0%} of the text in the picture")
        doubtful = [*doubtful, *words[len(layer.words) :]]
        warnings = (
            ()
            if missing is None or covered >= _COMPLETE
            else (f"Only {covered:.0%} of the text in the picture is in the text layer.",)
        )
    problem = _contradiction(doubtful or words, image, recogniser)
    return CheckedText([], problem) if problem else CheckedText(words, warnings=warnings, missing=missing)


def implausible_words(layer: TextLayer) -> list[Word]:
    """The words in fonts whose words are no text of any language, if there are any."""
    by_font: dict[int, list[Word]] = {}
    for word, font in zip(layer.words, layer.fonts, strict=True):
        by_font.setdefault(font, []).append(word)
    suspects = [font for font, words in by_font.items() if not is_plausible([word.text for word in words])]
    return [word for font in suspects for word in by_font[font]]


def upright_image(page: Page, rotation: Rotation) -> "Image":
    """The picture of a page turned clockwise by `rotation`."""
    import numpy as np

    return np.ascontiguousarray(np.rot90(page.image()[:, :, ::-1], -rotation // 90))


def _hidden_warning(layer: TextLayer) -> tuple[str, ...]:
    """Words without digits are hidden for good reasons (names of images); numbers are worth a look."""
    count = len(layer.hidden)
    if not any(c.isdigit() for word in layer.hidden for c in word.text):
        return ()
    what = "1 word of the text layer is" if count == 1 else f"{count} words of the text layer are"
    return (f"{what} not visible on the page and not used.",)


def _with_ocr_layer(layer: TextLayer) -> list[Word]:
    """The visible words and those that lie invisibly on the picture; lines numbered through."""
    first = 1 + max((word.line for word in layer.words), default=-1)
    return [*layer.words, *(word.model_copy(update={"line": first + word.line}) for word in layer.over_ink)]


def _coverage(
    words: Sequence[Word], boxes: "npt.NDArray[np.float32] | None", width: int, height: int
) -> "tuple[float, npt.NDArray[np.float32] | None]":
    """The share of detected lines, by length, on which words of the text layer lie, and the lines that lack words."""
    if boxes is None:
        return 1.0, None
    placed = [(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in (word.box for word in words)]
    covered = total = 0.0
    missing = []
    for index, box in enumerate(boxes):
        (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
        on_line = sum(
            max(0.0, min(x1, u1) - max(x0, u0))
            for u0, v0, u1, v1 in placed
            if v0 < (y0 + y1) / 2 < v1 or y0 < (v0 + v1) / 2 < y1
        )
        total += x1 - x0
        covered += min(on_line, x1 - x0)
        if on_line < _LINE_COVERED * (x1 - x0):
            missing.append(index)
    return covered / total if total else 1.0, boxes[missing] if missing else None


def _contradiction(words: Sequence[Word], image: "Image", recogniser: Recogniser) -> str | None:
    """How the picture contradicts a sample of words; None if it does not, or if nothing can be read in it."""
    numbers = _sample([word for word in words if any(c.isdigit() for c in word.text)], _MAX_NUMBERS)
    others = _sample([word for word in words if sum(c.isalpha() for c in word.text) >= 3], _MAX_WORDS)
    crops = [_crop(word, image, margin) for word in (*numbers, *others) for margin in _MARGINS]
    read = recogniser.recognised(crops)
    readings = list(zip(read[::2], read[1::2], strict=True))
    for word, pair in zip(numbers, readings, strict=False):
        if seen := _other_number(word, pair, image, recogniser):
            return _says(word, seen)
    pairs = zip(others, readings[len(numbers) :], strict=True)
    sure = [(word, text) for word, ((text, score), _) in pairs if score >= _SURE and _is_comparable(word.text, text)]
    different = [(word, text) for word, text in sure if not _similar(word.text, text)]
    if len(sure) >= 2 and len(different) > (1 - _MIN_AGREEMENT) * len(sure):
        return _says(*different[0])
    return None


def _is_comparable(text: str, read: str) -> bool:
    """Whether a reading can contradict a word: it has about as many letters. Scripts that the engine does not know, such as
    Cyrillic, are read as a few marks or as look-alike Latin letters."""
    letters, seen = (sum(map(str.isalnum, each)) for each in (text, read))
    foreign = sum("\u0370" <= character <= "\u1fff" for character in text)
    return 2 * foreign <= letters and 2 * seen >= letters


def _other_number(
    word: Word, readings: Sequence[tuple[str, float]], image: "Image", recogniser: Recogniser
) -> str | None:
    """What the picture shows instead of a number; None if it shows the number in or around the place of the word."""
    digits = _digits(word.text)
    if any(digits in _digits(text) for text, _ in readings):
        return None
    ((around, score),) = recogniser.recognised([_crop(word, image, _MARGINS[0], _AROUND)])
    if score < _SURE_AROUND or len(_digits(around)) < len(digits) or digits in _digits(around):
        return None
    return readings[0][0] if _digits(readings[0][0]) else around


def _says(word: Word, text: str) -> str:
    return f"it says {word.text!r} where the picture shows {text!r}"


def _sample(words: Sequence[Word], count: int) -> list[Word]:
    """The longest words: they are the ones with something to compare. Amounts and dates are preferred to single digits."""
    return sorted(words, key=lambda word: -len(word.text))[:count]


def _crop(word: Word, image: "Image", margin: float, around: float | None = None) -> "Image":
    """The word with margins above and below, and the same or `around` beside it; as shares of its height."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = word.box[0] * width, word.box[1] * height, word.box[2] * width, word.box[3] * height
    extra = margin * (y1 - y0)
    beside = (margin if around is None else around) * (y1 - y0)
    left, right = max(0, round(x0 - beside)), min(width, max(round(x1 + beside), round(x0) + 4))
    top, bottom = max(0, round(y0 - extra)), min(height, max(round(y1 + extra), round(y0) + 4))
    return image[top:bottom, left:right]


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _similar(text: str, other: str) -> bool:
    from rapidfuzz.fuzz import ratio

    first, second = (("".join(c for c in each.casefold() if c.isalnum())) for each in (text, other))
    return ratio(first, second) >= 100 * _SIMILAR
