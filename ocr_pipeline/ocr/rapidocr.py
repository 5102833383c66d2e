"""The `rapidocr` engine: PP-OCRv6 small on ONNX Runtime, weights inside the wheel.

Why it is the default, and why these settings: docs/decisions/0003-default-ocr-engine.md.
"""

import time
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Page
from ocr_pipeline.ocr.base import rendering
from ocr_pipeline.schemas import Box, OcrPage, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class RapidOcr(BaseModel):
    """Detects lines and recognises them. One thread per engine: processes scale better than threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detection_side: int = Field(default=960, ge=320, description="Longer side of the detector's input in pixels.")

    def fingerprint(self) -> dict[str, Any]:
        return {
            "engine": "rapidocr",
            "rapidocr": version("rapidocr"),
            "onnxruntime": version("onnxruntime"),
            "revision": 1,
            **rendering(),
            **self.model_dump(),
        }

    def unavailable(self) -> str | None:
        for package in ("rapidocr", "onnxruntime"):
            try:
                version(package)
            except PackageNotFoundError:
                return f"the package {package} is not installed"
        return None

    def read(self, pages: Sequence[Page]) -> list[OcrPage]:
        return [self._read_page(page) for page in pages]

    def _read_page(self, page: Page) -> OcrPage:
        engine = self._engine  # loading the models is not part of the page's seconds
        started = time.perf_counter()
        image = page.image()
        found = engine(image[:, :, ::-1], return_word_box=True)  # RapidOCR expects BGR
        words = _words(found, page.number, image)
        seconds = time.perf_counter() - started
        return OcrPage(page=page.number, width=page.width, height=page.height, words=words, seconds=seconds)

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.use_cls": False,  # receipts are upright; the classifier costs time and flips short lines
                "Global.log_level": "error",
                "Det.limit_type": "max",
                "Det.limit_side_len": self.detection_side,
                "Rec.rec_img_shape": [3, 48, 32],  # the smallest width: batches are not padded, half the CPU
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            }
        )

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_engine"}
        return state


def _words(found: Any, page: int, image: "npt.NDArray[np.uint8]") -> list[Word]:
    """Words in RapidOCR's order: lines from top to bottom, words from left to right."""
    if not found.txts:  # then word_results holds one empty entry all the same
        return []
    height, width = image.shape[:2]
    return [
        Word(
            text=unicodedata.normalize("NFKC", text),  # the model writes full-width brackets and commas
            box=_relative_box([corner for _, _, corners in cells for corner in corners], width, height),
            confidence=round(float(sum(score for _, score, _ in cells) / len(cells)), 4),
            page=page,
            line=number,
        )
        for number, (line, cells_of_line) in enumerate(zip(found.txts, found.word_results, strict=True))
        for text, cells in words_of_line(line, cells_of_line)
    ]


Cell = tuple[str, float, Any]
"""(text, confidence, four corners in pixels) of a piece of a line."""


def words_of_line(line: str, cells: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    """Split a line at its spaces and give each word the cells that it was recognised from.

    RapidOCR's own split is by word for ASCII, but by character, without the spaces, as soon as a line holds one character
    of another script (a full-width bracket, an umlaut). The line's text keeps the spaces, so it decides.
    """
    words = []
    rest = list(cells)
    for text in line.split():
        taken: list[Cell] = []
        while rest and sum(len(cell[0]) for cell in taken) < len(text):
            taken.append(rest.pop(0))
        words.append((text, taken or list(cells)))
    return words


def _relative_box(corners: Sequence[Any], width: int, height: int) -> Box:
    xs = [min(1.0, max(0.0, float(x) / width)) for x, _ in corners]
    ys = [min(1.0, max(0.0, float(y) / height)) for _, y in corners]
    return round(min(xs), 5), round(min(ys), 5), round(max(xs), 5), round(max(ys), 5)
