"""The real python-doctr and PyTorch, without docTR's weights: `make test-doctr` makes an environment for it.

The detector's last layer is fitted here to the ink of one drawn page, so that its boxes show whether coordinates are
right. The recogniser has random weights and reads nonsense. How well docTR reads is not tested.
"""

import pickle
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document, sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.doctr import Detection, DocTr, Recognition
from ocr_pipeline.ocr.doctr_weights import WEIGHTS, weights_file, weights_url
from ocr_pipeline.ocr.stage import OcrResult, OcrTask, read_documents
from ocr_pipeline.schemas import OcrPage
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import encoded, image_bytes, text_image, text_pdf

pytestmark = [
    pytest.mark.doctr,
    pytest.mark.skipif(find_spec("doctr") is None, reason="python-doctr is not installed: run make test-doctr"),
]

WIDTH, HEIGHT = 500, 180
PAGE = text_image(["Invoice 4711", "TOTAL EUR 12.50"], size=30, width=WIDTH)
INK = np.asarray(PAGE.convert("L")) < 128


@dataclass(frozen=True)
class Weights:
    detection: Path
    recognition: Path

    def engine(self, **options: Any) -> DocTr:
        options = {"detection_weights": self.detection, "recognition_weights": self.recognition} | options
        return DocTr(**{"device": "cpu", **options})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Files for the default pair: a detector fitted to INK, a random recogniser."""
    import torch
    from doctr.models import detection, recognition

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    files = Weights(folder / "detection.pt", folder / "recognition.pt")
    detector = detection.db_mobilenet_v3_large(pretrained=False, pretrained_backbone=False)
    fit_to_ink(detector, np.asarray(PAGE), INK)
    torch.save(detector.state_dict(), files.detection)
    recogniser = recognition.crnn_mobilenet_v3_small(pretrained=False, pretrained_backbone=False)
    torch.save(recogniser.state_dict(), files.recognition)
    return files


def fit_to_ink(detector: Any, image: npt.NDArray[np.uint8], ink: npt.NDArray[np.bool_]) -> None:
    """Least squares for the last layer, so that the detector is above its threshold where there is ink, roughly."""
    import cv2
    import torch
    from doctr.models import detection_predictor

    (inputs,) = detection_predictor(detector, pretrained=False).pre_processor([image])
    side = inputs.shape[-1]
    scale = side / image.shape[1]
    top = (side - round(image.shape[0] * scale)) // 2
    wanted = torch.zeros(side, side)
    blots = cv2.dilate(ink.astype(np.float32), np.ones((9, 9), np.uint8))  # words, not strokes
    rows = torch.from_numpy(blots)[None, None]
    resized = torch.nn.functional.interpolate(rows, size=(round(image.shape[0] * scale), side))[0, 0]
    wanted[top : top + resized.shape[0]] = resized

    for module in detector.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # statistics of this one page
            module.reset_running_stats()
    detector.train()
    with torch.no_grad():
        detector.prob_head(detector.fpn(list(detector.feat_extractor(inputs).values())))
        detector.eval()
        features = detector.prob_head[:-1](detector.fpn(list(detector.feat_extractor(inputs).values())))[0]
        columns = torch.cat([features.flatten(1).T, torch.ones(features[0].numel(), 1)], 1).double()
        normal = columns.T @ columns + 1e-6 * len(columns) * torch.eye(columns.shape[1])
        last = detector.prob_head[-1]  # two rows and two columns of output for each of its input
        for i, j in np.ndindex(2, 2):
            solution = torch.linalg.solve(normal, columns.T @ wanted[i::2, j::2].flatten().double())
            last.weight[:, 0, i, j] = solution[:-1]
        last.bias.zero_()
        threshold = last(features).flatten().sort(descending=True).values[int(wanted.sum())]
        last.weight.mul_(20)
        last.bias.fill_(float(-20 * threshold - 0.8))  # the detector's own threshold is a logit of -0.85


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


def test_an_empty_page_has_no_words(engine: DocTr) -> None:
    assert [page.words for page in read(engine, image_bytes(200, 100))] == [[]]


def test_the_same_page_gives_the_same_words_from_a_pickled_engine_too(engine: DocTr, page: OcrPage) -> None:
    content = pickle.dumps(engine)
    assert len(content) < 2000
    assert "_predictor" in engine.__dict__
    again = pickle.loads(content)
    assert "_predictor" not in again.__dict__
    assert again.fingerprint() == engine.fingerprint()
    for reader in (engine, again):
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
    results = read_documents(engine, tasks, ResultStore(folder / "results"), Limits(), processes)
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
    again = stage(weights.engine(), tmp_path, {name: files[name] for name in ("page.png", "two.pdf")})
    assert {result.cached for result in again.values()} == {True}


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
        f"The weights {bad} do not fit docTR's db_mobilenet_v3_large: the file is damaged"
    )
    assert "\n" not in str(error.value)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """docTR's cache in an empty folder, and a proxy that refuses every connection, for worker processes too."""
    monkeypatch.setenv("DOCTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{taken.getsockname()[1]}")
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
def test_a_file_of_the_users_own_survives(weights: Weights, tmp_path: Path) -> None:
    own = weights_file("db_mobilenet_v3_large")
    own.parent.mkdir(parents=True)
    own.write_bytes(weights.detection.read_bytes())
    with pytest.raises(ConfigurationError, match=r"does not hold the weights that docTR published"):
        stage(DocTr(device="cpu"), tmp_path, {"page.png": encoded(PAGE, "PNG")})
    assert own.read_bytes() == weights.detection.read_bytes()


def test_the_list_of_weights_is_the_one_of_this_doctr() -> None:
    from doctr.models import detection, recognition
    from doctr.models.detection.zoo import ARCHS as DETECTION
    from doctr.models.recognition.zoo import ARCHS as RECOGNITION

    assert set(get_args(Detection)) == set(DETECTION)
    assert set(get_args(Recognition)) == set(RECOGNITION)
    for architecture in WEIGHTS:
        build = getattr(detection, architecture, None) or getattr(recognition, architecture)
        module = __import__(build.__module__, fromlist=["default_cfgs"])
        assert module.default_cfgs[architecture]["url"] == weights_url(architecture)


def test_a_gpu_that_is_not_there_is_one_sentence(weights: Weights) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("PyTorch sees a GPU here")
    assert weights.engine(device="auto").max_processes is None
    with pytest.raises(ConfigurationError, match=r"^docTR cannot use the GPU: PyTorch sees none"):
        _ = weights.engine(device="cuda").max_processes
