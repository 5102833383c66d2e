"""The `doctr` engine: docTR's detection and recognition models on PyTorch. Needs the extra `doctr`; see docs/backends.md."""

import hashlib
import os
import time
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.installing import extra_command
from ocr_pipeline.ocr.base import OcrEngine, rendering
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

PACKAGES = ("python-doctr", "torch", "torchvision")

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
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: the GPU if PyTorch finds one.")

    def fingerprint(self) -> dict[str, Any]:
        return {
            "engine": "doctr",
            "revision": 3,
            **{package: _version(package) for package in PACKAGES},
            **rendering(),
            **self.model_dump(),
            "detection_weights": _identity(self.detection, self.detection_weights),
            "recognition_weights": _identity(self.recognition, self.recognition_weights),
        }

    def unavailable(self) -> str | None:
        for package in PACKAGES:
            if _version(package) is None:
                return f"the package {package} is not installed: {extra_command('doctr')}"
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
        torch, _ = _import_packages()
        if torch.cuda.is_available():
            return "cuda"
        if self.device == "cuda":
            raise ConfigurationError(
                "docTR cannot use a GPU: PyTorch finds none; set the option device to cpu or auto."
            )
        return "cpu"

    @cached_property
    def _predictor(self) -> Any:
        detection_weights = self.detection_weights or published_weights(self.detection)
        recognition_weights = self.recognition_weights or published_weights(self.recognition)
        torch, models = _import_packages()
        import cv2

        torch.set_num_threads(self.threads)
        cv2.setNumThreads(self.threads)
        if self.threads == 1:
            os.environ["DOCTR_MULTIPROCESSING_DISABLE"] = "TRUE"  # otherwise a thread pool per batch of words
        detector = _load(getattr(models.detection, self.detection), detection_weights)
        if isinstance(detector, models.detection.FAST):
            detector = models.detection.fast.reparameterize(detector)  # as docTR does with models it loads itself
        return models.ocr_predictor(
            detector,
            _load(getattr(models.recognition, self.recognition), recognition_weights),
            assume_straight_pages=self.assume_straight_pages,
            disable_page_orientation=True,
            disable_crop_orientation=True,
        ).to(self._device)

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        kept = {key: value for key, value in state["__dict__"].items() if key not in ("_predictor", "_device")}
        return {**state, "__dict__": kept}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _identity(architecture: str, local: Path | None) -> str | None:
    """Identifies weights: the published file name, which contains a hash, or the hash of a local file."""
    if local is None:
        return weights_file(architecture).name
    try:
        with local.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _import_packages() -> tuple[Any, Any]:
    """`torch` and `doctr.models`. They can be installed and still fail to import: mismatched torchvision, missing libGL."""
    try:
        import torch
        from doctr import models
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigurationError(f"docTR cannot be imported: {reason.rstrip('.')}.") from None
    return torch, models


def _load(architecture: Any, path: Path) -> Any:
    """A model with the weights of a file. Downloads nothing, not even the backbone."""
    model = architecture(pretrained=False, pretrained_backbone=False)
    try:
        model.from_pretrained(str(path))
    except Exception as error:  # noqa: BLE001 - PyTorch and pickle raise arbitrary exceptions for foreign files
        raise ConfigurationError(
            f"The weights {path} do not fit docTR's {architecture.__name__}: the file is corrupt or belongs to another "
            f"architecture or vocabulary ({type(error).__name__})."
        ) from None
    return model


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
