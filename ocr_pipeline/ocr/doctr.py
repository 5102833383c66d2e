"""The `doctr` engine: docTR's detection and recognition models, on PyTorch or ONNX Runtime. Needs the extra `doctr` or
`doctr-onnx`; see docs/backends.md."""

import hashlib
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.doctr_runtimes import (
    LIBRARIES,
    PACKAGES,
    Runtime,
    default_runtime,
    finds_gpu,
    installed,
    missing_package,
    predictor,
)
from ocr_pipeline.ocr.doctr_weights import published_weights, weights_file
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.regions import Region, needed_rotation, runs_sideways, tiles
from ocr_pipeline.ocr.tiling import read_tiles
from ocr_pipeline.project import find_project
from ocr_pipeline.schemas import Box, OcrPage, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]
    """Shape (height, width, 3), RGB."""

    Boxes = npt.NDArray[np.float32]
    """Shape (words, 4 corners, 2), pixels; clockwise from the top left."""

Detection = Literal[
    "db_mobilenet_v3_large",
    "db_resnet34",
    "db_resnet50",
    "fast_base",
    "fast_small",
    "fast_tiny",
    "linknet_resnet18",
    "linknet_resnet34",
    "linknet_resnet50",
]
Recognition = Literal[
    "crnn_mobilenet_v3_large",
    "crnn_mobilenet_v3_small",
    "crnn_vgg16_bn",
    "master",
    "parseq",
    "sar_resnet31",
    "viptr_tiny",
    "vitstr_base",
    "vitstr_small",
]

_MAX_VOTES = 12
"""Number of the longest words that are recognised both ways up. Short words are often ambiguous."""


def _in_project(path: Path) -> Path:
    """Resolve a configured path: absolute, with `~`, or relative to the project folder."""
    path = path.expanduser()
    return path if path.is_absolute() else find_project().root / path


_INPUT_SIDE = 1024
"""Pixels to which docTR's detectors reduce a page."""

WeightsFile = Annotated[Path, AfterValidator(_in_project)]


class DocTr(BaseModel, OcrEngine):
    """Detects and recognises words, one page at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "doctr"

    runtime: Runtime | None = Field(
        default=None, description="PyTorch or ONNX Runtime (default: python-doctr if installed, else OnnxTR)."
    )
    detection: Detection = "db_mobilenet_v3_large"
    recognition: Recognition = "crnn_mobilenet_v3_small"
    detection_weights: WeightsFile | None = Field(
        default=None, description="A local file instead of docTR's published weights."
    )
    recognition_weights: WeightsFile | None = Field(
        default=None, description="A local file instead of docTR's published weights."
    )
    assume_straight_pages: bool = Field(
        default=True, description="False: words may be rotated by up to 45 degrees; slower."
    )
    threads: int = Field(default=1, ge=1, description="CPU threads per worker process; there is one process per core.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: the GPU if there is one.")

    @property
    def runs_on(self) -> Runtime:
        return self.runtime or default_runtime()

    def fingerprint(self) -> dict[str, Any]:
        runtime = self.runs_on
        return {
            "engine": "doctr",
            "revision": 3,
            **({} if runtime == "torch" else {"runtime": runtime}),  # results of before there was a choice stay valid
            **{package: installed(package) for package in PACKAGES[runtime]},
            **rendering(),
            **self.model_dump(exclude={"runtime"}),
            "detection_weights": _identity(self.detection, self.detection_weights, runtime),
            "recognition_weights": _identity(self.recognition, self.recognition_weights, runtime),
        }

    @property
    def variant(self) -> str:
        return f"on {LIBRARIES[self.runs_on]}"

    def unavailable(self) -> str | None:
        if missing := missing_package(self.runs_on):
            return missing
        for path in (self.detection_weights, self.recognition_weights):
            if path is not None and not path.is_file():
                return f"the weights file {path} does not exist"
        return None

    @property
    def max_processes(self) -> int | None:
        """1 on a GPU: each process would hold its own models and context in GPU memory."""
        return 1 if self._device == "cuda" else None

    @property
    def gpus(self) -> float:  # with `auto`, deployment.yaml says whether the nodes have one
        return 1.0 if self.device == "cuda" else 0.0

    def read(self, document: Document) -> list[OcrPage]:
        return [self._read_page(page) for page in document.pages]

    def _read_page(self, page: Page) -> OcrPage:
        predictor = self._predictor  # model loading does not count as page time
        started = time.perf_counter()
        image: Image = page.image()
        if len(regions := tiles(image.shape[1], image.shape[0], _INPUT_SIDE)) > 1:
            return self._read_long_page(page, image, regions, started)
        (output,) = predictor([image]).pages
        if sideways := runs_sideways(_boxes(output, image)):
            image = _rotated(image, 1)
            (output,) = predictor([image]).pages
        if upside_down := self._is_upside_down(_boxes(output, image), image):
            image = _rotated(image, 2)
            (output,) = predictor([image]).pages
        height, width = image.shape[:2]
        words = arrange(_words(output, page.number), height / width)
        seconds = time.perf_counter() - started
        return OcrPage(
            page=page.number,
            width=width,
            height=height,
            rotation=needed_rotation(sideways, upside_down),
            words=words,
            seconds=seconds,
        )

    def _read_long_page(self, page: Page, image: "Image", regions: Sequence[Region], started: float) -> OcrPage:
        """A page that would be illegible in one piece, in overlapping tiles; it counts as upright."""

        def read(part: "Image") -> list[Word]:
            (output,) = self._predictor([part]).pages
            return _words(output, page.number)

        height, width = image.shape[:2]
        words = arrange(read_tiles(image, regions, read), height / width)
        seconds = time.perf_counter() - started
        return OcrPage(page=page.number, width=width, height=height, rotation=0, words=words, seconds=seconds)

    def _is_upside_down(self, boxes: "Boxes", image: "Image") -> bool:
        """Whether recognition of the longest words is more confident when they are rotated by 180 degrees.

        docTR has separate models for this, but they need two more weight files that upright pages do not require.
        """
        import numpy as np

        lengths = np.linalg.norm(boxes[:, 0] - boxes[:, 2], axis=1)
        longest = boxes[np.argsort(-lengths)[:_MAX_VOTES]].astype(int)
        crops = [image[y0 : y1 + 1, x0 : x1 + 1] for (x0, y0), _, (x1, y1), _ in longest if x0 < x1 and y0 < y1]
        recognised = self._predictor.reco_predictor([*crops, *(_rotated(crop, 2) for crop in crops)])
        confidences = [confidence if text.strip() else 0.0 for text, confidence in recognised]
        return sum(confidences[len(crops) :]) > sum(confidences[: len(crops)])

    @cached_property
    def _device(self) -> str:
        if self.device == "cpu":
            return "cpu"
        if finds_gpu(self.runs_on):
            return "cuda"
        if self.device == "cuda":
            raise ConfigurationError(
                f"docTR cannot use a GPU: {LIBRARIES[self.runs_on]} finds none; set the option device to cpu or auto."
            )
        return "cpu"

    @cached_property
    def _predictor(self) -> Any:
        runtime = self.runs_on
        detection_weights = self.detection_weights or published_weights(self.detection, runtime)
        recognition_weights = self.recognition_weights or published_weights(self.recognition, runtime)
        return predictor(
            runtime,
            (self.detection, detection_weights),
            (self.recognition, recognition_weights),
            self.assume_straight_pages,
            self.threads,
            self._device,
        )

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        kept = {key: value for key, value in state["__dict__"].items() if key not in ("_predictor", "_device")}
        return {**state, "__dict__": kept}


def _identity(architecture: str, local: Path | None, runtime: Runtime) -> str | None:
    """Identifies weights: the published file name, which contains a hash, or the hash of a local file."""
    if local is None:
        return weights_file(architecture, runtime).name
    try:
        with local.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _rotated(image: "Image", quarters: int) -> "Image":
    """The image rotated anticlockwise by quarters of a turn."""
    import numpy as np

    return np.ascontiguousarray(np.rot90(image, quarters))


def _boxes(output: Any, image: "Image") -> "Boxes":
    """The boxes of all detected words, including those without recognised text."""
    import numpy as np

    words = (word for block in output.blocks for line in block.lines for word in line.words)
    boxes = np.array([_enclosing_box(word.geometry) for word in words], np.float32).reshape(-1, 4)
    height, width = image.shape[:2]
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) * np.array([width, height], np.float32)


def _words(output: Any, page: int) -> list[Word]:
    """The words with text, numbered by docTR's lines."""
    lines = [line for block in output.blocks for line in block.lines]
    return [
        Word(
            text=word.value,
            box=_enclosing_box(word.geometry),
            confidence=round(float(word.confidence), 4),
            page=page,
            line=number,
        )
        for number, line in enumerate(lines)
        for word in line.words
        if word.value.strip()  # detected, but nothing recognised
    ]


def _enclosing_box(points: Sequence[tuple[float, float]]) -> Box:
    """The box enclosing two or four corners, relative to the page."""
    xs = [min(1.0, max(0.0, float(x))) for x, _ in points]
    ys = [min(1.0, max(0.0, float(y))) for _, y in points]
    return round(min(xs), 5), round(min(ys), 5), round(max(xs), 5), round(max(ys), 5)
