"""What makes RapidOCR faster leaves out no character; what depends on the processor is an option, named in the fingerprint."""

import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ocr_pipeline.backends.engine import Engine
from ocr_pipeline.components import fingerprint_of
from ocr_pipeline.documents.limits import Limits, TimeLimits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr import rapidocr_openvino, rapidocr_runtime
from ocr_pipeline.ocr.auto import Auto
from ocr_pipeline.ocr.onnx_parts import OnnxModel
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.rapidocr_recogniser import OutputLayer, as_input, onnx_session, usual_classes
from ocr_pipeline.processes.budget import Budget
from ocr_pipeline_tests.files import text_image


@pytest.fixture(scope="module")
def content() -> bytes:
    import rapidocr

    return (Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_rec_small.onnx").read_bytes()


def lines(count: int, width: int) -> Any:
    """Lines of drawn text as the recogniser gets them: shape (count, 3, 48, width)."""
    pictures = [np.asarray(text_image([f"Total {number}.50"], size=24, width=width))[:48] for number in range(count)]
    return np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1


@pytest.mark.parametrize(
    ("count", "width"), [(1, 200), (3, 333), (6, 344)]
)  # the last one: 258 steps, more than one part
def test_the_last_layer_apart_gives_the_same_bits(content: bytes, count: int, width: int) -> None:
    whole, layer = onnx_session(content), OutputLayer(OnnxModel(content))
    images = lines(count, width)
    probabilities = whole.run(None, {"x": images})[0]
    expected = probabilities.argmax(axis=2)
    ((characters, emitted),) = layer(onnx_session(layer.network).run(None, {"x": images}))
    assert (characters == expected).all()
    first = np.ones_like(expected, bool)
    first[:, 1:] = expected[:, 1:] != expected[:, :-1]
    places = (expected != 0) & first
    assert places.any()
    assert (emitted[places] == probabilities.max(axis=2)[places]).all()


@pytest.fixture(scope="module")
def layers(content: bytes) -> tuple[OutputLayer, OutputLayer, list[str], Any]:
    """The last layer of all characters, the one that prefers usual ones, the characters, and their weights."""
    model = OnnxModel(content)
    every, preferring, end = OutputLayer(model), OutputLayer(model), model.output_layer()
    assert end
    session = onnx_session(content)
    characters = ["", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    preferring.prefer(usual_classes(characters))
    logits = onnx_session(model.part(end.features, end.logits))
    zero_and_one = np.concatenate([np.zeros((1, 120)), np.eye(120)]).astype(np.float32)[None]
    bias, *rows = logits.run(None, {end.features: zero_and_one})[0][0]
    return every, preferring, characters, np.stack(rows) - bias


def test_usual_characters_are_latin_letters_digits_and_signs(layers: Any) -> None:
    characters = layers[2]
    usual = {characters[number] for number in usual_classes(characters)}
    assert set("AZaz09 ÄßéŁ€£$₹.,:;%&/-–()（￥ΦΩα") <= usual
    assert not usual & set("口日一合ヤ①")
    assert len(usual) < 850 < 18_000 < len(characters)


@pytest.mark.parametrize("foreign", ["", "口", "合", "一", "ヤ", "①"])
def test_no_character_is_left_out_where_few_are_computed(
    monkeypatch: pytest.MonkeyPatch, layers: Any, foreign: str
) -> None:
    every, preferring, characters, weights = layers
    features = onnx_session(every.network).run(None, {"x": lines(3, 344)})
    if foreign:
        direction = weights[:, characters.index(foreign)]
        features[0][1, 7:9] = direction * np.linalg.norm(features[0], axis=2).mean() / np.linalg.norm(direction)
    ((expected, probable),) = every(features)
    computed: list[int] = []
    of_all = preferring._logits

    def counted(rows: Any) -> Any:
        computed.append(rows.shape[1])
        return of_all(rows)

    monkeypatch.setattr(preferring, "_logits", counted)
    ((found, emitted),) = preferring(features)
    assert (found == expected).all()
    assert bool(foreign) == (characters.index(foreign) in found if foreign else False)
    assert np.abs(emitted - probable)[expected != 0].max() < 0.08
    whole_line = features[0].shape[1] if foreign else 0
    assert whole_line <= sum(computed) < whole_line + expected.size / 3


def test_pictures_become_numbers_from_minus_one_to_one() -> None:
    pictures = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3) * 2
    assert as_input(list(pictures)) == pytest.approx(pictures.transpose(0, 3, 1, 2) / 127.5 - 1, abs=1e-6)


@pytest.mark.parametrize("damage", [b"", b"no model", b"\x0a\xff"])
def test_what_is_no_onnx_model_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match=r"protobuf|one graph"):
        OnnxModel(damage)


def test_a_model_that_ends_differently_has_no_such_layer() -> None:
    import rapidocr

    detector = OnnxModel((Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_det_small.onnx").read_bytes())
    assert detector.output_layer() is None
    with pytest.raises(ValueError, match="softmax"):
        OutputLayer(detector)


def test_the_default_does_not_name_its_runtime_and_openvino_is_named() -> None:
    default = RapidOcr().fingerprint()
    assert set(default) == {
        *("engine", "rapidocr", "onnxruntime", "revision", "reading_order", "pypdfium2", "pdf_render_dpi"),
        "detection_side",
    }
    assert default["revision"] == 5
    assert RapidOcr(runtime="onnxruntime").fingerprint() == default == RapidOcr(precision="f32").fingerprint()
    others = [RapidOcr(precision="bf16"), RapidOcr(runtime="openvino"), Auto(precision="bf16")]
    assert [engine.fingerprint()["precision"] for engine in others] == ["bf16", "f32", "bf16"]
    assert RapidOcr(runtime="openvino", precision="bf16").fingerprint() == others[0].fingerprint()


@pytest.mark.parametrize("revision", [2, 3, 4])
def test_results_that_an_earlier_version_stored_stay_current(revision: int) -> None:
    engine = Engine("rapidocr", RapidOcr(), TimeLimits(Budget(60, 60), 60))
    earlier = fingerprint_of(RapidOcr(), {"revision": revision})
    assert engine.current(earlier) == earlier != engine.fingerprint
    smaller = Engine("rapidocr", RapidOcr(detection_side=640), TimeLimits(Budget(60, 60), 60))
    assert smaller.current(earlier) == smaller.fingerprint


def test_the_text_of_a_line_does_not_depend_on_its_neighbours() -> None:
    texts = ["Total 12.50", "Invoice 4711", "SUBTOTAL EXCLUDING TAX AND SERVICE 1,204.35", "12.50", "Cafe"]
    crops = [
        np.asarray(text_image([text], size=30, width=60 + 17 * len(text)))[20:70, :, ::-1].copy() for text in texts
    ]
    engine = RapidOcr()
    together = engine.recognised(crops)
    assert [text for text, _ in together] == texts
    assert together == [engine.recognised([crop])[0] for crop in crops]


def test_the_lines_of_an_upright_page_are_cut_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RapidOcr()
    path = sorted((Path(__file__).parents[2] / "data" / "demo").glob("*.jpg"))[0]
    document = open_document(path.read_bytes(), Limits())
    cut_out = engine._engine.crop_text_regions
    counts = []

    def counted(image: Any, boxes: Any) -> Any:
        counts.append(len(boxes))
        return cut_out(image, boxes)

    monkeypatch.setattr(engine._engine, "crop_text_regions", counted)
    assert engine.read_page(document.pages[0]).words
    assert len(counts) == 1
    assert counts[0] > 12


@pytest.mark.parametrize(("agreed", "asked"), [(7, 7), (0, 7), (6, 12), (3, 12)])
@pytest.mark.parametrize("label", ["180", "0"])
def test_lines_that_cannot_turn_the_vote_on_the_way_up_are_not_asked(
    monkeypatch: pytest.MonkeyPatch, agreed: int, asked: int, label: str
) -> None:
    votes = [(label, 0.99)] * agreed + [("0" if label == "180" else "180", 0.99)] * (7 - agreed) + [(label, 0.8)] * 5
    boxes = np.array([[(0, 40 * n), (300 - n, 40 * n), (300 - n, 40 * n + 30), (0, 40 * n + 30)] for n in range(20)])
    engine = RapidOcr()
    seen: list[Any] = []

    def classified(crops: Any) -> Any:
        results = votes[len(seen) : len(seen) + len(crops)]
        seen.extend(crops)
        return crops, SimpleNamespace(cls_res=results)

    monkeypatch.setattr(engine._engine, "cls_and_rotate", classified)
    crops = [np.full((30, 300 - number, 3), number, np.uint8) for number in range(20)]
    rotation = engine._rotation(boxes[::-1].astype(np.float32), crops[::-1])
    total = sum(score if name == "180" else -score for name, score in votes)
    assert rotation == (180 if total > 0 else 0)
    assert len(seen) == asked
    assert [int(crop[0, 0, 0]) for crop in seen] == list(range(asked))  # the longest lines


def test_corners_of_words_are_ordered_as_by_rapidocr() -> None:
    from rapidocr.cal_rec_boxes import CalRecBoxes

    drawn = np.random.default_rng(1)
    spread = [[0, 0], [9, 0], [9, 4], [0, 4]]
    for number in range(400):
        corners = (np.array(spread) + drawn.integers(-number // 60, number // 60 + 1, (4, 2))).tolist()
        assert rapidocr_runtime._in_order(corners) == CalRecBoxes.order_points(corners), corners


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cafe-receipt-two-tax-rates.png", "*.jpg", "*.pdf"])
def test_pages_have_the_words_of_rapidocrs_own_session(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = sorted((Path(__file__).parents[2] / "data" / "demo").glob(name))[0]
    document = open_document(path.read_bytes(), Limits())
    (words, *_) = [page.words for page in RapidOcr().read(document)]
    assert words
    confidences = [word.confidence for word in words]
    monkeypatch.setattr(
        rapidocr_runtime, "_load_recogniser", lambda engine, precision: engine._load_rec_model() and None
    )
    expected = RapidOcr().read(document)[0].words
    assert [(word.text, word.box) for word in words] == [(word.text, word.box) for word in expected]
    assert confidences == pytest.approx([word.confidence for word in expected], abs=0.02)


def test_doctor_says_what_computes() -> None:
    assert [RapidOcr().variant, RapidOcr(precision="bf16").variant] == ["on ONNX Runtime, f32", "on OpenVINO, bf16"]


def test_bf16_on_onnx_runtime_is_refused() -> None:
    with pytest.raises(ValidationError, match="precision: bf16 needs runtime: openvino"):
        RapidOcr(runtime="onnxruntime", precision="bf16")


@pytest.mark.parametrize("options", [{"precision": "bf16"}, {"runtime": "openvino"}])
def test_without_openvino_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(rapidocr_openvino, "version", version)
    engine = RapidOcr(**options)
    problem = engine.unavailable()
    assert problem is not None
    assert re.search(r"needs the package openvino, which is not installed: .*install .*openvino", problem)
    assert engine.fingerprint()["openvino"] == "missing"
    with pytest.raises(ConfigurationError, match="openvino"):
        _ = engine._engine
    assert RapidOcr().unavailable() is None


def test_bf16_needs_a_processor_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapidocr_openvino, "version", lambda package: "1")
    monkeypatch.setattr(rapidocr_openvino, "_capabilities", lambda: ("FP32",))
    assert "lacks; use precision: f32" in str(RapidOcr(precision="bf16").unavailable())
    assert RapidOcr(runtime="openvino").unavailable() is None
