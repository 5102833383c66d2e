"""The `rapidocr` engine: PP-OCRv6 small on ONNX Runtime, weights inside the wheel.

docs/decisions/0003-default-ocr-engine.md explains the choice of the engine and its settings.
"""

import time
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.regions import Region, needed_rotation, runs_sideways, text_region, whole_page
from ocr_pipeline.schemas import Box, OcrPage, Rotation, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]
    """Shape (height, width, 3), BGR."""

_MAX_VOTES = 12
"""Number of the longest lines that vote on the orientation of the page. Short lines are often misclassified."""


class RapidOcr(BaseModel, OcrEngine):
    """Detects and recognises lines. Uses one thread: processes scale better than threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "rapidocr"

    detection_side: int = Field(
        default=960, ge=320, description="Longer side of the page in the first detection, in pixels."
    )

    def fingerprint(self) -> dict[str, Any]:
        return {
            "engine": "rapidocr",
            "rapidocr": version("rapidocr"),
            "onnxruntime": version("onnxruntime"),
            "revision": 2,
            "reading_order": READING_ORDER,
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

    def read(self, document: Document) -> list[OcrPage]:
        return [self._read_page(page) for page in document.pages]

    def _read_page(self, page: Page) -> OcrPage:
        import numpy as np

        engine = self._engine  # model loading does not count as page time
        started = time.perf_counter()
        image: Image = np.ascontiguousarray(page.image()[:, :, ::-1])
        lines = self._lines(image)
        rotation = self._rotation(image, lines) if lines else 0
        if rotation:
            image = np.ascontiguousarray(np.rot90(image, -rotation // 90))
            lines = self._lines(image)
        height, width = image.shape[:2]
        words: list[Word] = []
        if lines:
            crops = engine.crop_text_regions(image, lines.boxes)
            recognised = engine.recognize_txt(crops)
            nothing, unscaled = _nothing_classified(), {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}}
            output = engine.build_final_output(image, lines, nothing, recognised, crops, unscaled)
            words = arrange(_words(output, page.number, width, height), height / width)
        seconds = time.perf_counter() - started
        return OcrPage(page=page.number, width=width, height=height, rotation=rotation, words=words, seconds=seconds)

    def _lines(self, image: "Image") -> Any:
        """RapidOCR's detected lines with boxes in pixels of the page; None if there are none."""
        height, width = image.shape[:2]
        page = whole_page(width, height, self.detection_side)
        lines = self._detect(image, page)
        region = text_region(lines.boxes, page) if lines else None
        return (self._detect(image, region) if region else None) or lines

    def _detect(self, image: "Image", region: Region) -> Any:
        import cv2
        from rapidocr.main import RapidOCRError

        part: Any = image[region.y0 : region.y1, region.x0 : region.x1]
        height, width = part.shape[:2]
        scale = region.side / max(height, width)
        if scale < 1:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        changes: dict[str, Any] = {}
        try:
            _, lines = self._engine.detect_and_crop(part, changes)
        except RapidOCRError:  # nothing detected
            return None
        padding = changes["padding_1"]  # added to very flat pages
        boxes = lines.boxes - (padding["left"], padding["top"])
        boxes = boxes * (width / part.shape[1], height / part.shape[0]) + (region.x0, region.y0)
        lines.boxes = boxes.astype("float32")
        return lines

    def _rotation(self, image: "Image", lines: Any) -> Rotation:
        """The rotation needed, from the direction of the lines and a vote of the longest ones on their orientation."""
        import numpy as np

        lengths = np.linalg.norm(lines.boxes[:, 0] - lines.boxes[:, 2], axis=1)
        longest = lines.boxes[np.argsort(-lengths)[:_MAX_VOTES]]
        _, votes = self._engine.cls_and_rotate(self._engine.crop_text_regions(image, longest))
        upside_down = sum(score if label == "180" else -score for label, score in votes.cls_res) > 0
        return needed_rotation(runs_sideways(lines.boxes), upside_down)

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.return_word_box": True,
                "Det.limit_type": "max",
                "Det.limit_side_len": 100_000,  # pages are reduced here by averaging; RapidOCR would skip pixels
                "Rec.rec_img_shape": [3, 48, 32],  # the minimum width: no padding of batches, half the CPU time
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            }
        )

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_engine"}
        return state


def _nothing_classified() -> Any:
    from rapidocr.ch_ppocr_cls import TextClsOutput

    return TextClsOutput()


def _words(output: Any, page: int, width: int, height: int) -> list[Word]:
    """The words of all lines above RapidOCR's confidence threshold."""
    if not output.txts:  # word_results still has one empty entry then
        return []
    return [
        Word(
            text=unicodedata.normalize("NFKC", text),  # the model outputs full-width brackets and commas
            box=_relative_box([corner for _, _, corners in cells for corner in corners], width, height),
            confidence=round(float(sum(score for _, score, _ in cells) / len(cells)), 4),
            page=page,
            line=number,
        )
        for number, (line, cells_of_line) in enumerate(zip(output.txts, output.word_results, strict=True))
        for text, cells in words_of_line(line, cells_of_line)
    ]


Cell = tuple[str, float, Any]
"""(text, confidence, four corners in pixels) of a part of a line."""


def words_of_line(line: str, cells: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    """Split a line at its spaces and assign to each word the cells it was recognised from.

    RapidOCR splits ASCII lines by word, but lines with any other character (a full-width bracket, an umlaut) by character and
    without the spaces. The text of the line keeps the spaces, so words are split by it.
    """
    words = []
    rest = list(cells)
    for text in line.split():
        own: list[Cell] = []
        while rest and sum(len(cell[0]) for cell in own) < len(text):
            own.append(rest.pop(0))
        words.append((text, own or list(cells)))
    return words


def _relative_box(corners: Sequence[Any], width: int, height: int) -> Box:
    xs = [min(1.0, max(0.0, float(x) / width)) for x, _ in corners]
    ys = [min(1.0, max(0.0, float(y) / height)) for _, y in corners]
    return round(min(xs), 5), round(min(ys), 5), round(max(xs), 5), round(max(ys), 5)
