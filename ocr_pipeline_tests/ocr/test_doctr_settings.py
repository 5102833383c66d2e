"""What the `doctr` engine says about itself, without loading or even having docTR."""

import hashlib
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import ocr_pipeline
from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.components import fingerprint_of
from ocr_pipeline.installing import extra_command
from ocr_pipeline.ocr import doctr_runtimes
from ocr_pipeline.ocr.base import rendering
from ocr_pipeline.ocr.doctr import Detection, DocTr, Recognition
from ocr_pipeline.ocr.doctr_weights import ONNX_WEIGHTS, WEIGHTS
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.files import write_backends


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The packages that seem to be installed: a test takes some away."""
    versions = {"python-doctr": "1.1.0", "torch": "2.14.1", "torchvision": "0.29.1"}

    def version(package: str) -> str:
        if package not in versions:
            raise PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(doctr_runtimes, "version", version)
    return versions


@pytest.mark.parametrize("package", ["python-doctr", "torch", "torchvision"])
def test_a_missing_package_is_one_sentence(installed: dict[str, str], package: str) -> None:
    assert DocTr().unavailable() is None
    del installed[package]
    assert DocTr().unavailable() == f"the package {package} is not installed: {extra_command('doctr')}"
    assert DocTr().fingerprint()[package] is None


def test_without_pytorch_the_default_is_onnx_runtime(installed: dict[str, str]) -> None:
    both = {"onnxtr": "0.9.0", "onnxruntime": "1.32.0"}
    installed |= both
    assert (DocTr().runs_on, DocTr().variant) == ("torch", "on PyTorch")
    for package in ("python-doctr", "torch", "torchvision"):
        del installed[package]
    engine = DocTr()
    assert (engine.runs_on, engine.variant, engine.unavailable()) == ("onnx", "on ONNX Runtime", None)
    fingerprint = engine.fingerprint()
    assert fingerprint == DocTr(runtime="onnx").fingerprint()
    assert fingerprint.items() >= {"runtime": "onnx", **both}.items()
    assert fingerprint["detection_weights"] == "db_mobilenet_v3_large-4987e7bd.onnx"
    assert "torch" not in fingerprint
    missing = DocTr(runtime="torch").unavailable()
    assert missing == f"the package python-doctr is not installed: {extra_command('doctr')}"
    del installed["onnxtr"]
    assert DocTr(runtime="onnx").unavailable() == f"the package onnxtr is not installed: {extra_command('doctr-onnx')}"
    assert DocTr().runs_on == "torch"


def test_results_of_before_there_was_a_choice_stay_valid(installed: dict[str, str]) -> None:
    """The fingerprint of docTR on PyTorch, as 541d48e made it."""
    assert DocTr(runtime="torch").fingerprint() == DocTr().fingerprint()
    assert DocTr().fingerprint() == {
        "engine": "doctr",
        "revision": 3,
        "python-doctr": "1.1.0",
        "torch": "2.14.1",
        "torchvision": "0.29.1",
        **rendering(),
        "detection": "db_mobilenet_v3_large",
        "recognition": "crnn_mobilenet_v3_small",
        "assume_straight_pages": True,
        "threads": 1,
        "device": "auto",
        "detection_weights": "db_mobilenet_v3_large-21748dd0.pt",
        "recognition_weights": "crnn_mobilenet_v3_small_pt-3b919a02.pt",
    }


def test_a_missing_local_file_is_one_sentence(installed: dict[str, str], tmp_path: Path) -> None:
    engine = DocTr(recognition_weights=tmp_path / "rec.pt")
    assert engine.unavailable() == f"the weights file {tmp_path / 'rec.pt'} does not exist"
    assert engine.fingerprint()["recognition_weights"] is None
    (tmp_path / "rec.pt").touch()
    assert engine.unavailable() is None


def test_every_architecture_has_weights() -> None:
    assert set(get_args(Detection)) | set(get_args(Recognition)) == set(WEIGHTS) == set(ONNX_WEIGHTS)


def test_the_fingerprint_names_the_weights(installed: dict[str, str], tmp_path: Path) -> None:
    local = tmp_path / "det.pt"
    local.write_bytes(b"one")
    engine = DocTr(detection_weights=local)
    result = engine.fingerprint()
    assert result["detection_weights"] == hashlib.sha256(b"one").hexdigest()
    assert result["recognition_weights"] == "crnn_mobilenet_v3_small_pt-3b919a02.pt"
    assert (result["python-doctr"], result["torch"]) == ("1.1.0", "2.14.1")
    assert json.loads(json.dumps(result)) == result
    moved = local.rename(tmp_path / "moved.pt")
    assert DocTr(detection_weights=moved).fingerprint() == result  # where it lies changes nothing
    moved.write_bytes(b"two")
    assert DocTr(detection_weights=moved).fingerprint() != result


def test_everything_that_changes_results_changes_the_fingerprint(installed: dict[str, str]) -> None:
    engines = [
        DocTr(),
        DocTr(detection="fast_base"),
        DocTr(recognition="parseq"),
        DocTr(assume_straight_pages=False),
        DocTr(device="cpu"),
        DocTr(threads=2),
    ]
    fingerprints = {fingerprint_of(engine) for engine in engines}
    installed["torch"] = "2.15.0"
    fingerprints.add(fingerprint_of(DocTr()))
    assert len(fingerprints) == 7


@pytest.mark.parametrize(
    "options",
    [
        {"detection": "parseq"},
        {"recognition": "fast_base"},
        {"threads": 0},
        {"runtime": "tensorrt"},
        {"device": "tpu"},
        {"weights": "x.pt"},
    ],
)
def test_invalid_options_are_rejected(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DocTr.model_validate(options)


def test_paths_are_absolute_or_of_the_home_or_project_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_backends(
        tmp_path,
        {
            "engines": {"doctr": {"options": {"detection_weights": "weights/det.pt", "recognition_weights": "~/r.pt"}}},
            "backends": {"doctr+rules": {"engine": "doctr", "extractor": "rules"}},
        },
    )
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HOME", "/home/somebody")
    engine = load_backends(Project(tmp_path)).engines["doctr"].component
    assert isinstance(engine, DocTr)
    assert engine.detection_weights == tmp_path / "weights" / "det.pt"
    assert engine.recognition_weights == Path("/home/somebody/r.pt")


def test_one_process_on_a_gpu_and_no_limit_on_a_cpu() -> None:
    assert DocTr(device="cpu").max_processes is None


def test_settings_are_known_without_loading_pytorch(tmp_path: Path) -> None:
    code = (
        "import sys; from ocr_pipeline.ocr.doctr import DocTr; e = DocTr(); e.fingerprint(); e.unavailable();"
        "assert not {'torch', 'doctr', 'onnxtr', 'onnxruntime', 'cv2'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(ocr_pipeline.__file__).parents[1]), "HOME": str(tmp_path)},
        timeout=60,
    )
