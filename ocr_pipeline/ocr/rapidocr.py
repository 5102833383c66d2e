"""The `rapidocr` engine: PP-OCRv6 small on ONNX Runtime, weights inside the wheel.

docs/decisions/0003-default-ocr-engine.md explains the choice of the engine and its settings.
"""

import time
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.rapidocr_models import ModelFile, identities, problem_of
from ocr_pipeline.ocr.rapidocr_openvino import Precision, openvino_identity, openvino_problem
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.regions import Region, merged, needed_rotation, printed_part, runs_sideways, text_region, tiles
from ocr_pipeline.ocr.scripts import doubted, readable_share, unread_warning
from ocr_pipeline.schemas import Box, OcrPage, Rotation, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]
    """Shape (height, width, 3), BGR."""

_MAX_VOTES = 12
"""Number of the longest lines that vote on the orientation of the page. Short lines are often misclassified."""

_MAX_VOTE_ASPECT = 16
"""Lines vote with their beginning of this aspect ratio: the classifier squeezes a line into a small picture."""


class RapidOcr(BaseModel, OcrEngine):
    """Detects and recognises lines. Uses one thread: processes scale better than threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "rapidocr"
    former: ClassVar[Sequence[Mapping[str, object]]] = ({"revision": 3}, {"revision": 2})
    """They padded lines and gave blank margins to the detector; 2 did not divide long pages. On others they are as accurate
    (docs/decisions/0026-ocr-speed.md)."""

    detection_side: int = Field(
        default=960, ge=320, description="Longer side of the page in the first detection, in pixels."
    )
    detection_model: ModelFile | None = Field(default=None, description="An ONNX file instead of the packaged model.")
    recognition_model: ModelFile | None = Field(
        default=None, description="An ONNX file for another script instead of the packaged model."
    )
    recognition_keys: ModelFile | None = Field(
        default=None, description="The characters of `recognition_model`, one per line, unless the model contains them."
    )

    runtime: Literal["onnxruntime", "openvino"] | None = Field(
        default=None, description="What computes the networks; default: onnxruntime, with bf16 openvino (an extra)."
    )
    precision: Literal["f32", "bf16"] = Field(
        default="f32",
        description="bf16 takes half the time on processors that have it, and reads some lines differently.",
    )

    @model_validator(mode="after")
    def _computable(self) -> Self:
        if self.precision == "bf16" and self.runtime == "onnxruntime":
            raise ValueError("precision: bf16 needs runtime: openvino; onnxruntime computes in f32")
        return self

    @property
    def _precision_of_openvino(self) -> Precision | None:
        return self.precision if self.runtime == "openvino" or self.precision == "bf16" else None

    @property
    def variant(self) -> str:
        return f"on {'OpenVINO' if self._precision_of_openvino else 'ONNX Runtime'}, {self.precision}"

    def fingerprint(self) -> dict[str, Any]:
        return {
            "engine": self.id,
            "rapidocr": version("rapidocr"),
            "onnxruntime": version("onnxruntime"),
            "revision": 4,
            "reading_order": READING_ORDER,
            **rendering(),
            "detection_side": self.detection_side,
            **identities(self._files),
            **openvino_identity(self._precision_of_openvino),
        }

    def unavailable(self) -> str | None:
        for package in ("rapidocr", "onnxruntime"):
            try:
                version(package)
            except PackageNotFoundError:
                return f"the package {package} is not installed"
        return problem_of(self._files) or openvino_problem(self._precision_of_openvino)

    def read(self, document: Document) -> list[OcrPage]:
        return [self.read_page(page) for page in document.pages]

    def read_page(self, page: Page) -> OcrPage:
        """Recognise one page. Raises DocumentError."""
        import cv2
        import numpy as np

        _ = self._engine  # model loading does not count as page time
        started = time.perf_counter()
        image: Image = np.asarray(cv2.cvtColor(page.image(), cv2.COLOR_RGB2BGR), np.uint8)
        lines = self._lines(image)
        rotation = self._rotation(image, lines) if lines else 0
        if rotation:
            image = np.ascontiguousarray(np.rot90(image, -rotation // 90))
            lines = self._lines(image)
        height, width = image.shape[:2]
        words: list[Word] = []
        warnings = []
        if lines:
            words, readable = self.words_of_lines(image, lines.boxes, page.number)
            words = arrange(words, height / width)
            if warning := unread_warning(readable, has_own_model=self.recognition_model is not None):
                warnings.append(warning)
                words = doubted(words, readable)
        return OcrPage(
            page=page.number,
            width=width,
            height=height,
            rotation=rotation,
            words=words,
            seconds=time.perf_counter() - started,
            warnings=warnings,
        )

    def words_of_lines(self, image: "Image", boxes: "npt.NDArray[np.float32]", page: int) -> tuple[list[Word], float]:
        """The words of these lines, in their order, and the share of the text that could be read.

        `boxes`: as from `line_boxes`. A line without legible text has no words.
        """
        from rapidocr.ch_ppocr_cls import TextClsOutput
        from rapidocr.ch_ppocr_det import TextDetOutput

        engine = self._engine
        crops = engine.crop_text_regions(image, boxes)
        recognised = engine.recognize_txt(crops)
        readable = readable_share(recognised.txts, recognised.scores, [crop.shape[:2] for crop in crops])
        lines = TextDetOutput(image, boxes, [1.0] * len(boxes))
        unscaled = {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}}
        output = engine.build_final_output(image, lines, TextClsOutput(), recognised, crops, unscaled)
        height, width = image.shape[:2]
        return _words(output, page, width, height), readable

    def line_boxes(self, image: "Image") -> "npt.NDArray[np.float32] | None":
        """The detected lines of an upright page: shape (lines, 4 corners, 2), in pixels; None without any."""
        lines = self._lines(image)
        return lines.boxes if lines else None

    def recognised(self, crops: Sequence["Image"]) -> list[tuple[str, float]]:
        """The text of each crop of a line or word, and its confidence, 0..1."""
        output = self._engine.recognize_txt(list(crops)) if crops else None
        if output is None or output.txts is None:
            return [("", 0.0) for _ in crops]
        texts = (unicodedata.normalize("NFKC", text) for text in output.txts)
        return list(zip(texts, map(float, output.scores), strict=True))

    def _lines(self, image: "Image") -> Any:
        """RapidOCR's detected lines with boxes in pixels of the page; None if there are none."""
        height, width = image.shape[:2]
        regions = tiles(width, height, self.detection_side)
        results = [lines for lines in (self._lines_of(image, region) for region in regions) if lines]
        if len(results) < 2:
            return results[0] if results else None
        lines = results[0]
        lines.boxes = merged([result.boxes for result in results])
        lines.scores = [1.0] * len(lines.boxes)
        return lines

    def _lines_of(self, image: "Image", page: Region) -> Any:
        """The lines of a page or tile, detected a second time where they are small."""
        lines = self._detect(image, page)
        region = text_region(lines.boxes, page) if lines else None
        return (self._detect(image, region) if region else None) or lines

    def _detect(self, image: "Image", region: Region) -> Any:
        import cv2
        from rapidocr.utils.process_img import apply_vertical_padding

        part: Any = image[region.y0 : region.y1, region.x0 : region.x1]
        height, width = part.shape[:2]
        scale = region.side / max(height, width)
        if scale < 1:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if (printed := printed_part(part)) is None:
            return None
        x0, y0, x1, y1 = printed
        engine = self._engine
        padded, changes = apply_vertical_padding(part[y0:y1, x0:x1], {}, engine.width_height_ratio, engine.min_height)
        lines = engine.text_det(padded)
        if lines.boxes is None:
            return None
        padding = changes["padding_1"]  # added to very flat pages
        boxes = lines.boxes - (padding["left"] - x0, padding["top"] - y0)
        boxes = boxes * (width / part.shape[1], height / part.shape[0]) + (region.x0, region.y0)
        lines.boxes = boxes.astype("float32")
        return lines

    def _rotation(self, image: "Image", lines: Any) -> Rotation:
        """The rotation needed, from the direction of the lines and a vote of the longest ones on their orientation."""
        import numpy as np

        lengths = np.linalg.norm(lines.boxes[:, 0] - lines.boxes[:, 2], axis=1)
        longest = lines.boxes[np.argsort(-lengths)[:_MAX_VOTES]]
        crops = [crop[:, : _MAX_VOTE_ASPECT * crop.shape[0]] for crop in self._engine.crop_text_regions(image, longest)]
        _, votes = self._engine.cls_and_rotate(crops)
        upside_down = sum(score if label == "180" else -score for label, score in votes.cls_res) > 0
        return needed_rotation(runs_sideways(lines.boxes), upside_down)

    @property
    def _files(self) -> dict[str, Path | None]:
        """The configured files by RapidOCR's name of the option."""
        return {
            "Det.model_path": self.detection_model,
            "Rec.model_path": self.recognition_model,
            "Rec.rec_keys_path": self.recognition_keys,
        }

    @cached_property
    def _engine(self) -> Any:
        from ocr_pipeline.ocr.rapidocr_runtime import load_engine

        if problem := self.unavailable():
            raise ConfigurationError(f"rapidocr: {problem}.")
        return load_engine(self._files, self._precision_of_openvino)

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_engine"}
        return state


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
