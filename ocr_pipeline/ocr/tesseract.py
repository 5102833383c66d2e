"""The `tesseract` engine: the Tesseract that is installed on the system, through pytesseract.

Three times as fast as RapidOCR and clearly worse on receipts: docs/decisions/0003.
"""

import os
import re
import shutil
import subprocess
import time
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.schemas import OcrPage, Rotation, Word

if TYPE_CHECKING:
    from PIL.Image import Image

_DOUBTFUL = 0.6
"""Below this mean confidence a page may be turned: Tesseract reads letters into anything."""
_SURE_OF_TURN = 1.0
"""Tesseract's own confidence in the orientation; below it, it guesses."""


class Tesseract(BaseModel, OcrEngine):
    """Reads with the `tesseract` command. Each worker process runs one at a time, with one thread."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "tesseract"

    languages: tuple[str, ...] = Field(default=("eng",), min_length=1, description="Of Tesseract's data: eng, deu.")
    segmentation: int = Field(default=6, ge=3, le=13, description="Page segmentation mode; 6: one block of text.")
    longest_side: int = Field(default=2000, ge=320, description="Larger pages are reduced to it; pixels.")
    seconds_per_page: float = Field(default=120, gt=0, description="A page that takes longer fails the document.")

    def fingerprint(self) -> dict[str, Any]:
        found = self._installation
        return {
            "engine": "tesseract",
            "revision": 1,
            "reading_order": READING_ORDER,
            "tesseract": found.version if found else None,
            "data": found.data_sha256(self.languages) if found else None,
            "pytesseract": version("pytesseract"),
            **rendering(),
            **self.model_dump(exclude={"seconds_per_page"}, mode="json"),
        }

    def unavailable(self) -> str | None:
        found = self._installation
        if found is None:
            return (
                "tesseract is not installed; install it with the system's packages (Debian: apt install tesseract-ocr)"
            )
        missing = [name for name in self.languages if name not in found.languages]
        if missing:
            return f"tesseract has no data for {missing[0]!r} (Debian: apt install tesseract-ocr-{missing[0]})"
        return None

    def read(self, document: Document) -> list[OcrPage]:
        os.environ["OMP_THREAD_LIMIT"] = "1"  # of the worker process, for the commands it starts
        return [self._read_page(page) for page in document.pages]

    def _read_page(self, page: Page) -> OcrPage:
        from PIL import Image

        started = time.perf_counter()
        image = Image.fromarray(page.image()).convert("L")
        full_size = image.size
        image.thumbnail((self.longest_side, self.longest_side))
        words = self._words(image, page.number)
        rotation: Rotation = 0
        if _confidence(words) < _DOUBTFUL and (rotation := self._needed_turn(image)):
            image = image.rotate(-rotation, expand=True)
            words = self._words(image, page.number)
        width, height = full_size if rotation in (0, 180) else full_size[::-1]
        seconds = time.perf_counter() - started
        return OcrPage(
            page=page.number,
            width=width,
            height=height,
            rotation=rotation,
            words=arrange(words, height / width),
            seconds=seconds,
        )

    def _words(self, image: "Image", page: int) -> list[Word]:
        import pytesseract

        image.format = "PPM"  # what pytesseract hands over; its default, PNG, would be compressed first
        try:
            data = pytesseract.image_to_data(
                image,
                lang="+".join(self.languages),
                config=f"--psm {self.segmentation}",
                timeout=self.seconds_per_page,
                output_type=pytesseract.Output.DICT,
            )
        except RuntimeError as error:  # a time-out, or Tesseract's own failure
            raise DocumentError("ocr_failed", f"Tesseract failed on page {page}: {_reason(error)}.") from None
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

    def _needed_turn(self, image: "Image") -> Rotation:
        """Degrees clockwise that make the page upright, where Tesseract is sure of it."""
        import pytesseract

        try:
            found = pytesseract.image_to_osd(image, timeout=self.seconds_per_page, output_type=pytesseract.Output.DICT)
        except RuntimeError:  # too few letters to tell, or no data for it
            return 0
        turn: Rotation = found["rotate"]
        return turn if found["orientation_conf"] >= _SURE_OF_TURN else 0

    @cached_property
    def _installation(self) -> "_Installation | None":
        return _installation()

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_installation"}
        return state


class _Installation(BaseModel):
    """What is installed: the version, the folder of the language data, and the languages in it."""

    version: str
    folder: Path
    languages: tuple[str, ...]

    def data_sha256(self, languages: tuple[str, ...]) -> str:
        """Of the data of these languages: the fast and the accurate data of one version have one name."""
        digest = sha256()
        for path in (self.folder / f"{name}.traineddata" for name in languages):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()[:16]


def _installation() -> _Installation | None:
    command = shutil.which("tesseract")
    if command is None:
        return None
    first, *_ = _output(command, "--version").splitlines() or [""]
    listed = _output(command, "--list-langs").splitlines()
    folder = re.search(r'"(.+)"', listed[0] if listed else "")
    return _Installation(
        version=first.removeprefix("tesseract "),
        folder=Path(folder[1] if folder else ""),
        languages=tuple(line.strip() for line in listed[1:]),
    )


def _output(command: str, option: str) -> str:
    done = subprocess.run([command, option], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    return done.stdout or done.stderr  # version 3 answers on the other channel


def _confidence(words: list[Word]) -> float:
    """Mean confidence of the letters; 0 where there are none."""
    letters = sum(len(word.text) for word in words)
    return sum((word.confidence or 0) * len(word.text) for word in words) / letters if letters else 0.0


def _reason(error: RuntimeError) -> str:
    return "it took too long" if "timeout" in str(error).lower() else type(error).__name__
