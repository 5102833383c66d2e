"""The `rapidocr` engine: PP-OCRv6 small on ONNX Runtime, weights inside the wheel.

docs/decisions/0003-default-ocr-engine.md explains the choice of the engine and its settings.
"""

import math
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.letter_size import needed_scale
from ocr_pipeline.ocr.rapidocr_models import ModelFile, identities, problem_of
from ocr_pipeline.ocr.rapidocr_openvino import Precision, openvino_identity, openvino_problem
from ocr_pipeline.ocr.rapidocr_words import words_of_page
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.regions import (
    MIN_SHORTER_SIDE,
    Region,
    merged,
    needed_rotation,
    printed_part,
    runs_sideways,
    text_region,
    tiles,
)
from ocr_pipeline.ocr.scripts import doubted, readable_share, unread_warning
from ocr_pipeline.schemas import OcrPage, Rotation, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]
    """Shape (height, width, 3), BGR."""

_MAX_VOTES = 12
"""Number of the longest lines that vote on the orientation of the page. Short lines are often misclassified."""

_FIRST_VOTES = 7
"""Where these agree, the others are not asked."""

_MAX_VOTE_ASPECT = 16
"""Lines vote with their beginning of this aspect ratio: the classifier squeezes a line into a small picture."""


class RapidOcr(BaseModel, OcrEngine):
    """Detects and recognises lines. Uses one thread: processes scale better than threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "rapidocr"
    former: ClassVar[Sequence[Mapping[str, object]]] = tuple({"revision": number} for number in (4, 3, 2))
    """4 did not cut the blank ends of lines. 3 and 2 padded lines and gave blank margins to the detector; 2 did not divide
    long pages. On others they are as accurate (docs/decisions/0026-ocr-speed.md)."""

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
            "revision": 5,
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
        crops = self._engine.crop_text_regions(image, lines.boxes) if lines else []
        rotation = self._rotation(lines.boxes, crops) if lines else 0
        if rotation:
            image = np.ascontiguousarray(np.rot90(image, -rotation // 90))
            lines = self._lines(image)
            crops = self._engine.crop_text_regions(image, lines.boxes) if lines else []
        height, width = image.shape[:2]
        words: list[Word] = []
        warnings = []
        if lines:
            words, readable = self._words(image, lines.boxes, crops, page.number)
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
        return self._words(image, boxes, self._engine.crop_text_regions(image, boxes), page)

    def _words(
        self, image: "Image", boxes: "npt.NDArray[np.float32]", crops: "Sequence[Image]", page: int
    ) -> tuple[list[Word], float]:
        """As `words_of_lines`. `crops`: the pictures of the lines."""
        from rapidocr.ch_ppocr_cls import TextClsOutput
        from rapidocr.ch_ppocr_det import TextDetOutput

        engine = self._engine
        crops, boxes = engine.text_rec.without_blank_ends(crops, boxes)
        recognised = engine.recognize_txt(crops)
        readable = readable_share(recognised.txts, recognised.scores, [crop.shape[:2] for crop in crops])
        lines = TextDetOutput(image, boxes, [1.0] * len(boxes))
        unscaled = {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}}
        output = engine.build_final_output(image, lines, TextClsOutput(), recognised, crops, unscaled)
        height, width = image.shape[:2]
        return words_of_page(output, page, width, height), readable

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
        picture = _reduced(image, page)
        scale = needed_scale(picture, MIN_SHORTER_SIDE)
        if scale < 1:
            page = replace(page, side=math.ceil(page.side * scale))
            picture = _reduced(picture, Region(0, 0, picture.shape[1], picture.shape[0], page.side))
        lines = self._detect(picture, page)
        region = text_region(lines.boxes, page) if lines else None
        return (self._detect(_reduced(image, region), region) if region else None) or lines

    def _detect(self, picture: "Image", region: Region) -> Any:
        """RapidOCR's lines on the picture of a region, with boxes in pixels of the page."""
        from rapidocr.utils.process_img import apply_vertical_padding

        if (printed := printed_part(picture)) is None:
            return None
        x0, y0, x1, y1 = printed
        engine = self._engine
        padded, changes = apply_vertical_padding(
            picture[y0:y1, x0:x1], {}, engine.width_height_ratio, engine.min_height
        )
        lines = engine.text_det(padded)
        if lines.boxes is None:
            return None
        padding = changes["padding_1"]  # added to very flat pages
        boxes = lines.boxes - (padding["left"] - x0, padding["top"] - y0)
        across, down = (region.x1 - region.x0) / picture.shape[1], (region.y1 - region.y0) / picture.shape[0]
        boxes = boxes * (across, down) + (region.x0, region.y0)
        lines.boxes = boxes.astype("float32")
        return lines

    def _rotation(self, boxes: "npt.NDArray[np.float32]", crops: "Sequence[Image]") -> Rotation:
        """The rotation needed, from the direction of the lines and a vote of the longest ones on their orientation."""
        import numpy as np

        lengths = np.linalg.norm(boxes[:, 0] - boxes[:, 2], axis=1)
        longest = [crops[number][:, : _MAX_VOTE_ASPECT * len(crops[number])] for number in np.argsort(-lengths)]
        votes = 0.0
        for voters in (longest[:_FIRST_VOTES], longest[_FIRST_VOTES:_MAX_VOTES]):
            if voters and abs(votes) <= len(voters):  # else they can't turn the vote: a score is at most 1
                _, result = self._engine.cls_and_rotate(voters)
                votes += sum(score if label == "180" else -score for label, score in result.cls_res)
        return needed_rotation(runs_sideways(boxes), votes > 0)

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


def _reduced(image: "Image", region: Region) -> "Image":
    """A part of the page image at the size for the detector."""
    import cv2

    part: Any = image[region.y0 : region.y1, region.x0 : region.x1]
    scale = region.side / max(part.shape[:2])
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    reduced: Image = part
    return reduced
