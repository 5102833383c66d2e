"""The `tesseract` engine: the system's Tesseract installation, called through pytesseract.

Three times as fast as RapidOCR, but clearly worse on receipts: docs/decisions/0003.
"""

import os
import time
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.regions import Region, tiles
from ocr_pipeline.ocr.scripts import doubted
from ocr_pipeline.ocr.tesseract_installation import Installation, find_installation
from ocr_pipeline.ocr.tesseract_languages import Choice, for_script, for_words, script_of, unread
from ocr_pipeline.ocr.tiling import read_tiles
from ocr_pipeline.schemas import OcrPage, Rotation, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

_MIN_CONFIDENCE = 0.6
"""Below this mean confidence the page may be rotated: Tesseract recognises letters in anything."""
_MIN_ORIENTATION_CONFIDENCE = 1.0
"""Below this orientation confidence Tesseract is guessing."""
_MIN_SCRIPT_CONFIDENCE = 0.3
_UNREAD = 0.5
"""The confidence of words is multiplied by this where language data are missing: letters are taken for similar ones."""


class Tesseract(BaseModel, OcrEngine):
    """Runs the `tesseract` command. Each worker process runs one command at a time, with one thread."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "tesseract"

    languages: Literal["auto"] | Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default=("eng",), description="Codes of installed language data (eng, deu); auto: chosen for each page."
    )
    segmentation: int = Field(default=6, ge=3, le=13, description="Page segmentation mode; 6: one block of text.")
    longest_side: int = Field(default=2000, ge=320, description="Larger pages are reduced to this size in pixels.")
    seconds_per_page: float = Field(
        default=120, gt=0, description="Timeout per page; a page that exceeds it fails the document."
    )

    def fingerprint(self) -> dict[str, Any]:
        installation = self._installation
        return {
            "engine": "tesseract",
            "revision": 2,
            "reading_order": READING_ORDER,
            "tesseract": installation.version if installation else None,
            "data": installation.data_sha256(self._data(installation)) if installation else None,
            "pytesseract": version("pytesseract"),
            **rendering(),
            **self.model_dump(exclude={"seconds_per_page"}, mode="json"),
            **({"language_choice": 1} if self.languages == "auto" else {}),
        }

    def _data(self, installation: "Installation") -> tuple[str, ...]:
        """The language data that can take part in a reading."""
        if self.languages != "auto":
            return self.languages
        return tuple(name for name in installation.languages if name != "osd")

    def unavailable(self) -> str | None:
        installation = self._installation
        if installation is None:
            return str(self._found)
        if self.languages == "auto":
            return (
                None
                if self._data(installation)
                else "tesseract has no language data (Debian: apt install tesseract-ocr-eng)"
            )
        missing = [name for name in self.languages if name not in installation.languages]
        if missing:
            return f"tesseract has no language data {missing[0]!r} (Debian: apt install tesseract-ocr-{missing[0]})"
        return None

    def read(self, document: Document) -> list[OcrPage]:
        os.environ["OMP_THREAD_LIMIT"] = "1"  # in the worker process, for the commands it starts
        return [self._read_page(page) for page in document.pages]

    def _read_page(self, page: Page) -> OcrPage:
        from PIL import Image

        started = time.perf_counter()
        full = Image.fromarray(page.image()).convert("L")
        full_size = full.size
        image = full.copy()
        image.thumbnail((self.longest_side, self.longest_side))
        if len(regions := tiles(*full.size, self.longest_side)) > 1:
            return self._read_long_page(page, full, image, regions, started)
        choice = self._first_choice(page, image)
        words = self._words(image, page.number, choice.languages)
        rotation: Rotation = 0
        if _confidence(words) < _MIN_CONFIDENCE and (rotation := self._rotation(image)):
            image = image.rotate(-rotation, expand=True)
            words = self._words(image, page.number, choice.languages)
        texts = [word.text for word in words]
        if self.languages == "auto" and not choice.warning and choice.languages == self._default:
            choice = for_words(texts, self._known, self._default)
            if choice.languages != self._default:
                words = self._words(image, page.number, choice.languages)
        warning = choice.warning or unread(texts, choice.languages)
        width, height = full_size if rotation in (0, 180) else full_size[::-1]
        return OcrPage(
            page=page.number,
            width=width,
            height=height,
            rotation=rotation,
            words=arrange(doubted(words, _UNREAD) if warning else words, height / width),
            seconds=time.perf_counter() - started,
            warnings=[warning] if warning else [],
        )

    def _read_long_page(
        self, page: Page, full: "Image", reduced: "Image", regions: Sequence[Region], started: float
    ) -> OcrPage:
        """A page that would be illegible in one piece, in overlapping tiles; it counts as upright."""
        import numpy as np
        from PIL import Image

        choice = self._first_choice(page, reduced)

        def read(part: "npt.NDArray[np.uint8]") -> list[Word]:
            tile = Image.fromarray(part)
            tile.thumbnail((self.longest_side, self.longest_side))
            return self._words(tile, page.number, choice.languages)

        words = read_tiles(np.asarray(full), regions, read)
        width, height = full.size
        warning = choice.warning or unread([word.text for word in words], choice.languages)
        return OcrPage(
            page=page.number,
            width=width,
            height=height,
            rotation=0,
            words=arrange(doubted(words, _UNREAD) if warning else words, height / width),
            seconds=time.perf_counter() - started,
            warnings=[warning] if warning else [],
        )

    def _first_choice(self, page: Page, image: "Image") -> Choice:
        """By the script of the text layer, however poor it is, or else of the picture."""
        if self.languages != "auto":
            return Choice(self.languages)
        layer = page.compared_text()
        written = script_of([word.text for word in (*layer.words, *layer.hidden)]) if layer else None
        return for_script(written or self._script(image), self._known, self._default)

    @property
    def _known(self) -> tuple[str, ...]:
        return self._installation.languages if self._installation else ()

    @property
    def _default(self) -> tuple[str, ...]:
        """English if its data are installed, else the first data that are."""
        return ("eng",) if "eng" in self._known else tuple(name for name in self._known if name != "osd")[:1]

    def _script(self, image: "Image") -> str | None:
        """The script that Tesseract detects, other than Latin."""
        osd = self._orientation_and_script(image)
        return str(osd["script"]) if osd and osd["script_conf"] >= _MIN_SCRIPT_CONFIDENCE else None

    def _words(self, image: "Image", page: int, languages: tuple[str, ...]) -> list[Word]:
        import pytesseract

        image.format = "PPM"  # format of pytesseract's temporary file; the default, PNG, would be compressed
        try:
            data = pytesseract.image_to_data(
                image,
                lang="+".join(languages),
                config=f"--psm {self.segmentation}",
                timeout=self.seconds_per_page,
                output_type=pytesseract.Output.DICT,
            )
        except RuntimeError as error:  # timeout or failure of Tesseract
            reason = _reason(error, self.seconds_per_page)
            raise DocumentError("ocr_failed", f"Tesseract failed on page {page}: {reason}.") from None
        width, height = image.size
        lines: dict[tuple[int, int, int], int] = {}
        words = []
        for i, text in enumerate(data["text"]):
            if float(data["conf"][i]) < 0 or not text.strip():
                continue
            left, top = data["left"][i], data["top"][i]
            words.append(
                Word(
                    text=text.strip(),
                    box=(
                        left / width,
                        top / height,
                        min(1.0, (left + data["width"][i]) / width),
                        min(1.0, (top + data["height"][i]) / height),
                    ),
                    confidence=float(data["conf"][i]) / 100,
                    page=page,
                    line=lines.setdefault((data["block_num"][i], data["par_num"][i], data["line_num"][i]), len(lines)),
                )
            )
        return words

    def _rotation(self, image: "Image") -> Rotation:
        """Degrees clockwise that make the page upright; 0 if Tesseract is not confident."""
        osd = self._orientation_and_script(image)
        if osd is None or osd["orientation_conf"] < _MIN_ORIENTATION_CONFIDENCE:
            return 0
        rotation: Rotation = osd["rotate"]
        return rotation

    def _orientation_and_script(self, image: "Image") -> dict[str, Any] | None:
        import pytesseract

        try:
            osd: dict[str, Any] = pytesseract.image_to_osd(
                image, timeout=self.seconds_per_page, output_type=pytesseract.Output.DICT
            )
        except RuntimeError:  # too few letters, or no data for orientation and script
            return None
        return osd

    @cached_property
    def _found(self) -> Installation | str:
        return find_installation()

    @property
    def _installation(self) -> Installation | None:
        return self._found if isinstance(self._found, Installation) else None

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_found"}
        return state


def _confidence(words: list[Word]) -> float:
    """Mean confidence weighted by letters; 0 without words."""
    letters = sum(len(word.text) for word in words)
    return sum((word.confidence or 0) * len(word.text) for word in words) / letters if letters else 0.0


def _reason(error: RuntimeError, seconds: float) -> str:
    if "timeout" in str(error).lower():
        return f"timeout after {seconds:g} s (option seconds_per_page)"
    return type(error).__name__
