"""What a page's text layer says, and what the picture of the page shows of it."""

from dataclasses import dataclass, replace

from ocr_pipeline.schemas import Rotation, Word


@dataclass(frozen=True)
class TextLayer:
    """The text layer of a page, compared with the picture that PDFium draws of the same page.

    `words` are drawn where a reader sees them; `hidden` are in the file but leave no trace in the picture: invisible, in the
    colour of the background, covered, clipped, or in a layer that is switched off. `over_ink` are those of `hidden` that
    lie on something else that looks like text, as the words of an OCR layer do on a scan. Boxes refer to the page turned
    clockwise by `rotation`, which makes most of the text upright.
    """

    words: list[Word]
    hidden: list[Word]
    over_ink: list[Word]
    fonts: list[int]
    """For each of `words`, a number of its font on this page."""
    rotation: Rotation
    unexplained: float
    """0..1: the share of the picture's fine vertical strokes, letters above all, that `words` do not draw."""
    unmapped: float
    """0..1: the share of characters for which the file names no Unicode value."""

    def on_page(self, number: int) -> "TextLayer":
        """The same as the text layer of another page number."""
        words, hidden, over_ink = (
            [word.model_copy(update={"page": number}) for word in group]
            for group in (self.words, self.hidden, self.over_ink)
        )
        return replace(self, words=words, hidden=hidden, over_ink=over_ink)
