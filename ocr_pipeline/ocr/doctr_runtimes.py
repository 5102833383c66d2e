"""docTR's models on PyTorch (python-doctr) or on ONNX Runtime (OnnxTR): the packages, and predictors with loaded weights.

Both packages give the same output, pages > blocks > lines > words. The file of the weights of one runtime is of no use to the
other; docTR's `export_model_to_onnx` makes one from the other.
"""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.installing import extra_command

Runtime = Literal["torch", "onnx"]

PACKAGES: dict[Runtime, tuple[str, ...]] = {
    "torch": ("python-doctr", "torch", "torchvision"),
    "onnx": ("onnxtr", "onnxruntime"),
}
LIBRARIES: dict[Runtime, str] = {"torch": "PyTorch", "onnx": "ONNX Runtime"}
_EXTRAS: dict[Runtime, str] = {"torch": "doctr", "onnx": "doctr-onnx"}

_MAX_MARKS = 3
"""Classes of a recogniser besides the letters of its alphabet: blank, begin, end, padding."""


def installed(package: str) -> str | None:
    """The version of a package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def default_runtime() -> Runtime:
    """PyTorch, unless only OnnxTR is installed."""
    return "onnx" if installed("python-doctr") is None and installed("onnxtr") is not None else "torch"


def missing_package(runtime: Runtime) -> str | None:
    """Which package is missing, and the command that installs it."""
    for package in PACKAGES[runtime]:
        if installed(package) is None:
            return f"the package {package} is not installed: {extra_command(_EXTRAS[runtime])}"
    return None


def finds_gpu(runtime: Runtime) -> bool:
    if runtime == "torch":
        torch, _ = _import_torch()
        return bool(torch.cuda.is_available())
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def predictor(
    runtime: Runtime,
    detection: tuple[str, Path],
    recognition: tuple[str, Path],
    straight: bool,
    threads: int,
    device: str,
) -> Any:
    """A predictor for whole pages. `detection`, `recognition`: architecture and file of weights. Downloads nothing.

    Raises:
        ConfigurationError: a package cannot be imported, or weights do not fit their architecture.
    """
    if threads == 1:  # otherwise a thread pool per batch of words
        os.environ["DOCTR_MULTIPROCESSING_DISABLE"] = os.environ["ONNXTR_MULTIPROCESSING_DISABLE"] = "TRUE"
    make = _on_torch if runtime == "torch" else _on_onnx
    made = make(detection, recognition, straight, threads, device)
    import cv2

    cv2.setNumThreads(threads)
    return made


def _on_torch(
    detection: tuple[str, Path], recognition: tuple[str, Path], straight: bool, threads: int, device: str
) -> Any:
    torch, models = _import_torch()
    torch.set_num_threads(threads)
    detector = _torch_model(models.detection, *detection)
    if isinstance(detector, models.detection.FAST):
        detector = models.detection.fast.reparameterize(detector)  # as docTR does with models it loads itself
    return models.ocr_predictor(
        detector,
        _torch_model(models.recognition, *recognition),
        assume_straight_pages=straight,
        disable_page_orientation=True,
        disable_crop_orientation=True,
    ).to(device)


def _on_onnx(
    detection: tuple[str, Path], recognition: tuple[str, Path], straight: bool, threads: int, device: str
) -> Any:
    try:
        import onnxruntime
        from onnxtr import models
    except (ImportError, OSError, RuntimeError) as error:
        raise _not_importable("OnnxTR", error) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = ["CUDAExecutionProvider"] if device == "cuda" else []
    config = models.EngineConfig([*providers, "CPUExecutionProvider"], options)
    return models.ocr_predictor(
        _onnx_model(models.detection, *detection, config),
        _onnx_model(models.recognition, *recognition, config),
        assume_straight_pages=straight,
        disable_page_orientation=True,
        disable_crop_orientation=True,
    )


def _import_torch() -> tuple[Any, Any]:
    """`torch` and `doctr.models`. They can be installed and still fail to import: mismatched torchvision, missing libGL."""
    try:
        import torch
        from doctr import models
    except (ImportError, OSError, RuntimeError) as error:
        raise _not_importable("docTR", error) from None
    return torch, models


def _not_importable(name: str, error: Exception) -> ConfigurationError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigurationError(f"{name} cannot be imported: {reason.rstrip('.')}.")


def _torch_model(zoo: Any, architecture: str, path: Path) -> Any:
    """A model with the weights of a file. Downloads nothing, not even the backbone."""
    model = getattr(zoo, architecture)(pretrained=False, pretrained_backbone=False)
    try:
        model.from_pretrained(str(path))
    except Exception as error:  # noqa: BLE001 - PyTorch and pickle raise arbitrary exceptions for foreign files
        raise _not_fitting(architecture, path, type(error).__name__) from None
    return model


def _onnx_model(zoo: Any, architecture: str, path: Path, config: Any) -> Any:
    """A model of a file. ONNX files are complete graphs: the one of another architecture would load, so the size of the input
    is compared, and that of the alphabet."""
    try:
        model = getattr(zoo, architecture)(str(path), engine_cfg=config)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a type of its own per kind of fault
        raise _not_fitting(architecture, path, type(error).__name__) from None
    expected, found = tuple(model.cfg["input_shape"][1:]), tuple(model.runtime_inputs.shape[-2:])
    if any(isinstance(side, int) and side != wanted for side, wanted in zip(found, expected, strict=True)):
        raise _not_fitting(architecture, path, f"its input is {found[0]} × {found[1]} pixels")
    letters, classes = len(getattr(model, "vocab", "")), model.runtime.get_outputs()[0].shape[-1]
    if letters and isinstance(classes, int) and not letters < classes <= letters + _MAX_MARKS:
        raise _not_fitting(architecture, path, f"it tells {classes} characters apart")
    return model


def _not_fitting(architecture: str, path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The weights {path} do not fit docTR's {architecture}: the file is corrupt or belongs to another architecture, "
        f"vocabulary or runtime ({reason})."
    )
