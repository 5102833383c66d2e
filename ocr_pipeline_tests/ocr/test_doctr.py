"""The real python-doctr and PyTorch, and OnnxTR, without docTR's weights: `make test-doctr` makes an environment for it.

The detector gets weights by hand that let it see red ink, so that its boxes show whether coordinates are right. The
recogniser reads a 0 whatever it sees, and is always equally sure. How well docTR reads is not tested.
"""

import pickle
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document, sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.doctr import Detection, DocTr, Recognition
from ocr_pipeline.ocr.doctr_weights import WEIGHTS, weights_file, weights_url
from ocr_pipeline.ocr.stage import OcrResult, OcrTask, read_documents
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.schemas import OcrPage
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import encoded, image_bytes, text_image, text_pdf

pytestmark = [
    pytest.mark.doctr,
    pytest.mark.skipif(find_spec("doctr") is None, reason="docTR's environment: make test-doctr"),
]

Image = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 500, 180
LETTERS = np.asarray(text_image(["Invoice 4711", "TOTAL EUR 12.50"], size=30, width=WIDTH))
PAGE = PIL.Image.fromarray(  # red ink on paper that has more blue to its right
    np.dstack(
        [
            np.full_like(LETTERS[..., 0], 255),
            LETTERS[..., 0],
            np.tile(np.linspace(0, 255, WIDTH, dtype=np.uint8), (HEIGHT, 1)),
        ]
    )
)
INK = LETTERS[..., 0] < 128


@dataclass(frozen=True)
class Weights:
    detection: Path
    recognition: Path

    def engine(self, **options: Any) -> DocTr:
        options = {"detection_weights": self.detection, "recognition_weights": self.recognition} | options
        return DocTr(**{"device": "cpu", **options})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Files for the default pair."""
    import torch
    from doctr.models import detection, recognition

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    files = Weights(folder / "detection.pt", folder / "recognition.pt")
    detector = detection.db_mobilenet_v3_large(pretrained=False, pretrained_backbone=False)
    let_it_see_red(detector)
    torch.save(detector.state_dict(), files.detection)
    recogniser = recognition.crnn_mobilenet_v3_small(pretrained=False, pretrained_backbone=False)
    with torch.no_grad():
        recogniser.linear.weight.zero_()
        recogniser.linear.bias.zero_()
        recogniser.linear.bias[0] = 3.0
    torch.save(recogniser.state_dict(), files.recognition)
    return files


def let_it_see_red(detector: Any) -> None:
    """One channel through all layers: how much more red than green there is, blurred so that letters become words."""
    import torch

    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            is_scale = parameter.ndim == 1 and name.endswith("weight")  # of a batch normalisation
            parameter.fill_(1.0 if is_scale else 0.0)
        layers = dict(detector.named_modules())
        layers["feat_extractor.0.0"].weight[0, 0] = 10 * 0.264 / 9  # docTR divides red by 0.264, and green by 0.2749
        layers["feat_extractor.0.0"].weight[0, 1] = -10 * 0.2749 / 9
        for name in ("feat_extractor.2.block.0.0", "feat_extractor.2.block.2.0", "fpn.in_branches.0.0"):
            layers[name].weight[0, 0] = 1.0
        for name in ("feat_extractor.2.block.1.0", "fpn.out_branches.0.0", "prob_head.0"):
            layers[name].weight[0, 0] = 1 / 9  # of each of 3 × 3 neighbours
        for name in ("prob_head.3", "prob_head.6"):
            layers[name].weight[0, 0] = 1.0
        layers["prob_head.6"].bias.fill_(-2.0)  # the detector's own threshold is a logit of -0.85
    detector.eval()


def read(engine: DocTr, content: bytes) -> list[OcrPage]:
    return engine.read(open_document(content, Limits()))


@pytest.fixture(scope="module")
def engine(weights: Weights) -> DocTr:
    return weights.engine()


@pytest.fixture(scope="module")
def page(engine: DocTr) -> OcrPage:
    (page,) = read(engine, encoded(PAGE, "PNG"))
    return page


def assert_well_formed(page: OcrPage) -> None:
    assert page.words
    assert page.seconds > 0
    lines = [word.line for word in page.words]
    assert lines == sorted(lines)
    for word in page.words:
        x0, y0, x1, y1 = word.box
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        assert word.text.strip()
        assert word.confidence is not None
        assert 0 <= word.confidence <= 1
        assert word.page == page.page


def assert_boxes_lie_on_the_ink(page: OcrPage, ink: npt.NDArray[np.bool_]) -> None:
    import cv2

    height, width = ink.shape
    near = cv2.dilate(ink.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    on_ink, left = 0, ink.copy()
    for word in page.words:
        x0, y0, x1, y1 = (round(side * length) for side, length in zip(word.box, [width, height] * 2, strict=True))
        on_ink += near[min(height - 1, (y0 + y1) // 2), min(width - 1, (x0 + x1) // 2)]
        left[y0 : y1 + 1, x0 : x1 + 1] = False
    assert on_ink > 0.8 * len(page.words)
    assert left.sum() < 0.2 * ink.sum()


def test_words_with_boxes_on_the_ink_in_lines_from_top_to_bottom(page: OcrPage) -> None:
    assert (page.page, page.width, page.height) == (1, WIDTH, HEIGHT)
    assert_well_formed(page)
    assert_boxes_lie_on_the_ink(page, INK)
    tops: dict[int, list[float]] = {}
    for word in page.words:
        tops.setdefault(word.line, []).append(word.box[1])
    assert list(tops) == list(range(len(tops)))
    assert len(tops) >= 2
    assert np.mean(tops[0]) < np.mean(tops[len(tops) - 1])


def test_boxes_around_words_at_an_angle(weights: Weights) -> None:
    (page,) = read(weights.engine(assume_straight_pages=False), encoded(PAGE, "PNG"))
    assert_well_formed(page)
    assert_boxes_lie_on_the_ink(page, INK)


@pytest.mark.parametrize(("quarters", "straight"), [(1, True), (2, True), (3, True), (3, False)])
def test_a_rotated_page_is_recognised_like_an_upright_one(weights: Weights, quarters: int, straight: bool) -> None:
    engine = weights.engine(assume_straight_pages=straight)
    engine._predictor.reco_predictor.forward = surer_of_upright_words
    (upright,) = read(engine, encoded(PAGE, "PNG"))
    assert (upright.rotation, upright.width, upright.height) == (0, WIDTH, HEIGHT)
    turned = PAGE.rotate(90 * quarters, expand=True)  # anticlockwise
    (actual,) = read(engine, encoded(turned, "PNG"))
    assert (actual.rotation, actual.width, actual.height) == (90 * quarters, WIDTH, HEIGHT)
    assert actual.words == upright.words
    assert_boxes_lie_on_the_ink(actual, INK)
    assert {word.text for word in actual.words} == {"upright"}


def surer_of_upright_words(crops: list[Image]) -> list[tuple[str, float]]:
    """In place of a trained recogniser: goes by the blue of the paper."""
    halves = [np.array_split(crop[..., 2].astype(float), 2, axis=1) for crop in crops]
    return [("upright", 0.6) if left.mean() < right.mean() else ("turned", 0.4) for left, right in halves]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Weights, Weights]:
    """The same seeded weights for PyTorch and exported to ONNX. The recogniser is random: its text depends on the pixels.

    The packages reduce crops by different libraries, so its confidences differ a little, and with another seed a character
    that is nearly as sure as the next one may, too."""
    import torch
    from doctr.models import detection, recognition
    from doctr.models.utils import export_model_to_onnx

    torch.manual_seed(24)
    folder = tmp_path_factory.mktemp("pairs")
    detector = detection.db_mobilenet_v3_large(pretrained=False, pretrained_backbone=False, exportable=True)
    let_it_see_red(detector)
    recogniser = recognition.crnn_mobilenet_v3_small(
        pretrained=False, pretrained_backbone=False, exportable=True
    ).eval()
    with torch.no_grad():
        for layer in recogniser.feat_extractor.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        recogniser.feat_extractor.train()  # statistics of real crops: with those of the start, all crops look the same
        recogniser.feat_extractor(crops_of_ink())
        recogniser.eval()
        recogniser.linear.weight.mul_(50)  # otherwise it is equally sure of all characters
        recogniser.linear.bias[3:-1] = -1000.0  # of three characters and the blank, few are near others
    files = []
    for suffix in ("pt", "onnx"):
        made = Weights(folder / f"detection.{suffix}", folder / f"recognition.{suffix}")
        for model, path, side in ((detector, made.detection, (1024, 1024)), (recogniser, made.recognition, (32, 128))):
            if suffix == "pt":
                torch.save(model.state_dict(), path)
            else:
                export_model_to_onnx(model, str(path.with_suffix("")), torch.rand(1, 3, *side))
        files.append(made)
    return files[0], files[1]


def crops_of_ink() -> Any:
    """Parts of the page as the recogniser gets them."""
    import torch

    parts = [LETTERS[top : top + 32, left : left + 128] for top in (30, 45, 90, 100) for left in range(0, 360, 60)]
    return (torch.tensor(np.stack(parts), dtype=torch.float32).permute(0, 3, 1, 2) / 255 - 0.69) / 0.3


@pytest.mark.parametrize("straight", [True, False])
def test_both_runtimes_recognise_the_same_words(pairs: tuple[Weights, Weights], straight: bool) -> None:
    on_torch, on_onnx = (
        read(weights.engine(runtime=runtime, assume_straight_pages=straight), encoded(PAGE, "PNG"))[0]
        for weights, runtime in zip(pairs, ("torch", "onnx"), strict=True)
    )
    assert_well_formed(on_onnx)
    assert on_onnx.rotation == on_torch.rotation
    assert [(word.text, word.line) for word in on_onnx.words] == [(word.text, word.line) for word in on_torch.words]
    assert len({word.text for word in on_onnx.words}) > 2
    for ours, theirs in zip(on_onnx.words, on_torch.words, strict=True):
        assert ours.box == pytest.approx(theirs.box, abs=0.002)
        assert ours.confidence == pytest.approx(theirs.confidence, abs=0.05)


def test_onnx_files_that_do_not_fit_are_one_sentence(pairs: tuple[Weights, Weights], tmp_path: Path) -> None:
    _, onnx = pairs
    (tmp_path / "cut.onnx").write_bytes(onnx.detection.read_bytes()[:100_000])
    for options in (
        {"detection_weights": onnx.recognition},
        {"detection_weights": tmp_path / "cut.onnx"},
        {"recognition_weights": pairs[0].recognition},
        {"recognition_weights": onnx.detection},
    ):
        (path,) = options.values()
        with pytest.raises(ConfigurationError) as error:
            read(onnx.engine(runtime="onnx", **options), encoded(PAGE, "PNG"))
        assert str(error.value).startswith(f"The weights {path} do not fit docTR's ")
        assert "\n" not in str(error.value)


def test_onnx_runtime_works_through_the_stage(pairs: tuple[Weights, Weights], tmp_path: Path) -> None:
    """In worker processes, with PyTorch left alone; another runtime is another result."""
    results = stage(pairs[1].engine(runtime="onnx"), tmp_path, {"page.png": encoded(PAGE, "PNG")})
    assert results["page.png"].outcome.text is not None
    retry = stage(pairs[0].engine(runtime="torch"), tmp_path, {"page.png": encoded(PAGE, "PNG")})
    assert not retry["page.png"].cached


def test_an_empty_page_has_no_words(engine: DocTr) -> None:
    assert [page.words for page in read(engine, image_bytes(200, 100))] == [[]]


def test_the_same_page_gives_the_same_words_from_a_pickled_engine_too(engine: DocTr, page: OcrPage) -> None:
    content = pickle.dumps(engine)
    assert len(content) < 2000
    assert "_predictor" in engine.__dict__
    retry = pickle.loads(content)
    assert "_predictor" not in retry.__dict__
    assert retry.fingerprint() == engine.fingerprint()
    for reader in (engine, retry):
        (repeated,) = read(reader, encoded(PAGE, "PNG"))
        assert repeated.words == page.words


def test_an_accurate_pair(tmp_path: Path) -> None:
    import torch
    from doctr.models import detection, recognition

    torch.manual_seed(0)
    files = Weights(tmp_path / "fast_base.pt", tmp_path / "parseq.pt")
    detector = detection.fast_base(pretrained=False, pretrained_backbone=False)
    torch.save(detector.state_dict(), files.detection)
    recogniser = recognition.parseq(pretrained=False, pretrained_backbone=False)
    torch.save(recogniser.state_dict(), files.recognition)
    (page,) = read(files.engine(detection="fast_base", recognition="parseq", threads=2), encoded(PAGE, "PNG"))
    assert page.width == WIDTH
    assert torch.get_num_threads() == 2


def stage(engine: DocTr, folder: Path, files: dict[str, bytes], processes: int = 2) -> dict[str, OcrResult]:
    """The OCR stage on these files."""
    tasks = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        tasks.append(OcrTask(name, folder / name, sha256_of(content)))
    results = read_documents(engine, tasks, ResultStore(folder / "results"), Limits(), LocalWorkers(processes))
    return {result.document_id: result for result in results}


def test_through_the_stage(weights: Weights, page: OcrPage, tmp_path: Path) -> None:
    files = {
        "page.png": encoded(PAGE, "PNG"),
        "two.pdf": text_pdf([[(20, 150, "Invoice 4711")], [(20, 150, "Total 12.50")]]),
        "broken.png": encoded(PAGE, "PNG")[:200],
    }
    results = stage(weights.engine(), tmp_path, files)
    text = results["page.png"].outcome.text
    assert text is not None
    assert text.pages[0].words == page.words
    pdf = results["two.pdf"].outcome.text
    assert pdf is not None
    assert [(page.page, page.width, page.height) for page in pdf.pages] == [(1, 834, 556), (2, 834, 556)]
    assert results["broken.png"].outcome.failure is not None
    retry = stage(weights.engine(), tmp_path, {name: files[name] for name in ("page.png", "two.pdf")})
    assert {result.cached for result in retry.values()} == {True}


@pytest.mark.parametrize("damage", ["swapped", "garbage", "empty", "cut"])
def test_weights_that_do_not_fit_are_one_sentence(weights: Weights, tmp_path: Path, damage: str) -> None:
    content = weights.detection.read_bytes()
    bad = tmp_path / "bad.pt"
    bad.write_bytes(
        {
            "swapped": weights.recognition.read_bytes(),
            "garbage": b"no weights at all",
            "empty": b"",
            "cut": content[:100_000],
        }[damage]
    )
    with pytest.raises(ConfigurationError) as error:
        read(weights.engine(detection_weights=bad), encoded(PAGE, "PNG"))
    assert str(error.value).startswith(
        f"The weights {bad} do not fit docTR's db_mobilenet_v3_large: the file is corrupt"
    )
    assert "\n" not in str(error.value)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """docTR's cache in an empty folder, and a proxy that refuses every connection, for worker processes too."""
    monkeypatch.setenv("DOCTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "")
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{occupied.getsockname()[1]}")
        yield


@pytest.mark.usefixtures("offline")
def test_offline_is_one_sentence_and_repairs_what_doctr_left(weights: Weights, tmp_path: Path) -> None:
    from doctr.utils.data import download_from_url

    left = weights_file("db_mobilenet_v3_large")
    with pytest.raises(OSError, match="refused"):
        download_from_url(weights_url("db_mobilenet_v3_large"), cache_subdir="models")
    assert left.read_bytes() == b""  # what docTR leaves behind
    cut = weights_file("crnn_mobilenet_v3_small")
    cut.write_bytes(weights.recognition.read_bytes()[:100_000])
    for engine in (DocTr(device="cpu"), weights.engine(recognition_weights=None)):
        with pytest.raises(
            ConfigurationError, match=r"^The docTR weights could not be downloaded \(Connection refused\)"
        ):
            stage(engine, tmp_path, {"page.png": encoded(PAGE, "PNG"), "other.png": image_bytes()})
    assert sorted(path.suffix for path in left.parent.iterdir()) == [".lock", ".lock"]


@pytest.mark.usefixtures("offline")
def test_other_files_are_not_deleted(weights: Weights, tmp_path: Path) -> None:
    own = weights_file("db_mobilenet_v3_large")
    own.parent.mkdir(parents=True)
    own.write_bytes(weights.detection.read_bytes())
    with pytest.raises(ConfigurationError, match=r"is not the file published by docTR"):
        stage(DocTr(device="cpu"), tmp_path, {"page.png": encoded(PAGE, "PNG")})
    assert own.read_bytes() == weights.detection.read_bytes()


def test_the_list_of_weights_is_the_one_of_this_doctr() -> None:
    from doctr.models import detection, recognition
    from doctr.models.detection.zoo import ARCHS as DETECTION
    from doctr.models.recognition.zoo import ARCHS as RECOGNITION
    from onnxtr import models as onnxtr_models

    assert set(get_args(Detection)) == set(DETECTION)
    assert set(get_args(Recognition)) == set(RECOGNITION)
    for architecture in WEIGHTS:
        onnx = getattr(onnxtr_models.detection, architecture, None) or getattr(onnxtr_models.recognition, architecture)
        url = __import__(onnx.__module__, fromlist=["default_cfgs"]).default_cfgs[architecture]["url"]
        assert url == weights_url(architecture, "onnx")
        build = getattr(detection, architecture, None) or getattr(recognition, architecture)
        module = __import__(build.__module__, fromlist=["default_cfgs"])
        assert module.default_cfgs[architecture]["url"] == weights_url(architecture)


def test_a_missing_gpu_is_one_sentence(weights: Weights) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("PyTorch sees a GPU here")
    assert weights.engine(device="auto").max_processes is None
    with pytest.raises(ConfigurationError, match=r"^docTR cannot use a GPU: PyTorch finds none"):
        _ = weights.engine(device="cuda").max_processes
