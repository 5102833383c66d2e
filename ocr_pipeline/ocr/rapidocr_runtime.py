"""Loads RapidOCR with its networks on ONNX Runtime or OpenVINO, and the last layer of the recogniser computed apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_pipeline.ocr.onnx_parts import OnnxModel
from ocr_pipeline.ocr.rapidocr_openvino import Precision, openvino_network
from ocr_pipeline.ocr.rapidocr_recogniser import OutputLayer, UnpaddedLines, as_input, onnx_session, usual_classes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Corners = list[list[int]]
    """Four times (x, y) in pixels."""

_STEP, _FEW_WIDTHS = 8, 32
"""Widths of lines are multiples of so many pixels: a step of the network; OpenVINO prepares kernels for each width."""


def load_engine(files: Mapping[str, Path | None], precision_of_openvino: Precision | None) -> Any:
    """A RapidOCR with its detector and recogniser loaded. `files`: model files by RapidOCR's option, None for the packaged."""
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.return_word_box": True,
            "Det.limit_type": "max",
            "Det.limit_side_len": 100_000,  # pages are reduced here by averaging; RapidOCR would skip pixels
            "Rec.rec_img_shape": [3, 48, 32],  # the minimum width: no padding of batches, half the CPU time
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,  # else memory is requested and cleared for each tensor
            **{option: str(path) for option, path in files.items() if path},
        }
    )
    engine.cal_rec_boxes.order_points = _in_order
    detector = engine._load_det_model()
    if precision_of_openvino:
        detector.session = openvino_network(_model_file(engine, "Det").read_bytes(), precision_of_openvino)
    detector.get_preprocess = lambda: _detector_input
    layer = _load_recogniser(engine, precision_of_openvino)
    if precision_of_openvino:
        engine.text_rec.rec_batch_num = 1
    engine.text_rec = UnpaddedLines(engine.text_rec, _FEW_WIDTHS if precision_of_openvino else _STEP, layer)
    return engine


def _detector_input(picture: "npt.NDArray[np.uint8]") -> "npt.NDArray[np.float32] | None":
    """The picture, shape (height, width, 3), as the network gets it: sides are multiples of 32. None if it is too small."""
    import cv2

    height, width = (round(side / 32) * 32 for side in picture.shape[:2])
    if not height or not width:
        return None
    resized: Any = picture if (height, width) == picture.shape[:2] else cv2.resize(picture, (width, height))
    return as_input([resized])


def _in_order(corners: "Corners") -> "Corners":
    """The corners of a word from the top left clockwise, as RapidOCR orders them, but without its work where they are so."""
    from rapidocr.cal_rec_boxes import CalRecBoxes

    (left, top), (right, upper), (other_right, lower), (other_left, bottom) = corners
    middle = (left + right + other_right + other_left) / 4
    if max(left, other_left) < middle < min(right, other_right) and top < bottom and upper < lower:
        return corners
    ordered: Corners = CalRecBoxes.order_points(corners)
    return ordered


def _load_recogniser(engine: Any, precision_of_openvino: Precision | None) -> OutputLayer | None:
    """Load the recogniser without its last layer, which is returned; a model that ends differently is loaded as a whole."""
    from omegaconf import OmegaConf

    content = _model_file(engine, "Rec").read_bytes()
    try:
        layer = OutputLayer(OnnxModel(content))
    except ValueError:
        recogniser = engine._load_rec_model()
        if precision_of_openvino:
            recogniser.session = openvino_network(content, precision_of_openvino)
        return None
    session = onnx_session(layer.network)
    engine.cfg.Rec = OmegaConf.create({**engine.cfg.Rec, "session": session}, flags={"allow_objects": True})
    recogniser = engine._load_rec_model()
    if precision_of_openvino:
        recogniser.session = openvino_network(layer.network, precision_of_openvino)
    decoder = recogniser.postprocess_op
    if not engine.cfg.Rec.model_path:  # how sure it can be was measured with the packaged model
        layer.prefer(usual_classes(decoder.character))

    def decode(steps: Any, with_words: bool, **widths: Any) -> Any:
        return decoder.decode(*steps, with_words, **widths, remove_duplicate=True)

    recogniser.postprocess_op = decode
    return layer


def _model_file(engine: Any, network: str) -> Path:
    """The ONNX file of a network of RapidOCR, `Det` or `Rec`: the configured one or that of the package."""
    from rapidocr.inference_engine.base import FileInfo, InferSession

    settings = engine.cfg[network]
    if settings.model_path:
        return Path(settings.model_path)
    kinds = (settings[name] for name in ("engine_type", "ocr_version", "task_type", "lang_type", "model_type"))
    return Path(engine.cfg.Global.model_root_dir) / Path(InferSession.get_model_url(FileInfo(*kinds))["model_dir"]).name
