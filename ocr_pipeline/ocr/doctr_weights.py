"""Downloads the published weights of docTR's models, for PyTorch or ONNX Runtime.

They are stored in the cache of docTR or OnnxTR under their names. The downloaders of these are not used: they open the file
before they contact the server, so a failure leaves an empty file, and truncate existing files with other content. Here a file
gets its final name only when it is complete and its hash matches.
"""

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.doctr_runtimes import Runtime

WEIGHTS: Mapping[str, str] = {
    "db_mobilenet_v3_large": "v0.8.1/db_mobilenet_v3_large-21748dd0.pt",
    "db_resnet34": "v0.7.0/db_resnet34-cb6aed9e.pt",
    "db_resnet50": "v0.7.0/db_resnet50-79bd7d70.pt",
    "fast_base": "v0.8.1/fast_base-688a8b34.pt",
    "fast_small": "v0.8.1/fast_small-10952cc1.pt",
    "fast_tiny": "v0.8.1/fast_tiny-1acac421.pt",
    "linknet_resnet18": "v0.7.0/linknet_resnet18-e47a14dc.pt",
    "linknet_resnet34": "v0.7.0/linknet_resnet34-9ca2df3e.pt",
    "linknet_resnet50": "v0.7.0/linknet_resnet50-6cf565c1.pt",
    "crnn_mobilenet_v3_large": "v0.3.1/crnn_mobilenet_v3_large_pt-f5259ec2.pt",
    "crnn_mobilenet_v3_small": "v0.3.1/crnn_mobilenet_v3_small_pt-3b919a02.pt",
    "crnn_vgg16_bn": "v0.12.0/crnn_vgg16_bn-0417f351.pt",
    "master": "v0.7.0/master-fde31e4a.pt",
    "parseq": "v0.7.0/parseq-56125471.pt",
    "sar_resnet31": "v0.7.0/sar_resnet31-9a1deedf.pt",
    "viptr_tiny": "v0.11.0/viptr_tiny-1cb2515e.pt",
    "vitstr_base": "v0.7.0/vitstr_base-50b21df2.pt",
    "vitstr_small": "v0.7.0/vitstr_small-fcd12655.pt",
}
"""Architecture: release and file of python-doctr 1.1.0. File names end in the first digits of their SHA-256."""

ONNX_WEIGHTS: Mapping[str, str] = {
    "db_mobilenet_v3_large": "v0.2.0/db_mobilenet_v3_large-4987e7bd.onnx",
    "db_resnet34": "v0.0.1/db_resnet34-b4873198.onnx",
    "db_resnet50": "v0.0.1/db_resnet50-69ba0015.onnx",
    "fast_base": "v0.0.1/rep_fast_base-1b89ebf9.onnx",
    "fast_small": "v0.0.1/rep_fast_small-10428b70.onnx",
    "fast_tiny": "v0.0.1/rep_fast_tiny-28867779.onnx",
    "linknet_resnet18": "v0.0.1/linknet_resnet18-e0e0b9dc.onnx",
    "linknet_resnet34": "v0.0.1/linknet_resnet34-93e39a39.onnx",
    "linknet_resnet50": "v0.0.1/linknet_resnet50-15d8c4ec.onnx",
    "crnn_mobilenet_v3_large": "v0.0.1/crnn_mobilenet_v3_large-d42e8185.onnx",
    "crnn_mobilenet_v3_small": "v0.0.1/crnn_mobilenet_v3_small-bded4d49.onnx",
    "crnn_vgg16_bn": "v0.7.1/crnn_vgg16_bn-743599aa.onnx",
    "master": "v0.0.1/master-b1287fcd.onnx",
    "parseq": "v0.0.1/parseq-00b40714.onnx",
    "sar_resnet31": "v0.0.1/sar_resnet31-395f8005.onnx",
    "viptr_tiny": "v0.6.3/viptr_tiny-499b8015.onnx",
    "vitstr_base": "v0.0.1/vitstr_base-ff62f5be.onnx",
    "vitstr_small": "v0.0.1/vitstr_small-3ff9c500.onnx",
}
"""Architecture: release and file of onnxtr 0.9.0."""

STALL_SECONDS = 30
"""Timeout for a server that sends nothing."""

DOWNLOAD_SECONDS = 900
"""Timeout for one file; the largest has about 100 MB."""


def weights_url(architecture: str, runtime: Runtime = "torch") -> str:
    """The URL of the published weights of an architecture."""
    if runtime == "onnx":
        return f"https://github.com/felixdittrich92/OnnxTR/releases/download/{ONNX_WEIGHTS[architecture]}"
    return f"https://doctr-static.mindee.com/models?id={WEIGHTS[architecture]}&src=0"


def weights_file(architecture: str, runtime: Runtime = "torch") -> Path:
    """The path of the weights of an architecture in the cache of docTR or OnnxTR, downloaded or not."""
    name, published = ("doctr", WEIGHTS) if runtime == "torch" else ("onnxtr", ONNX_WEIGHTS)
    cache = os.environ.get(f"{name.upper()}_CACHE_DIR") or Path.home() / ".cache" / name
    return Path(cache, "models", Path(published[architecture]).name)


def published_weights(architecture: str, runtime: Runtime = "torch") -> Path:
    """The published weights of an architecture, downloaded if necessary.

    Raises:
        ConfigurationError: the download failed.
    """
    path = weights_file(architecture, runtime)
    fetch(weights_url(architecture, runtime), path)
    return path


def fetch(url: str, path: Path) -> None:
    """Download `path`, whose name ends in `-<first digits of its SHA-256>` and a suffix, unless it exists with that hash.

    One process downloads while others wait. An empty or truncated file of an interrupted download is deleted; any other file
    is left unchanged.

    Raises:
        ConfigurationError: one sentence with the cause and what to do; no incomplete file remains.
    """
    from filelock import FileLock, Timeout

    sha256 = path.stem.rpartition("-")[2]
    try:
        if _has_hash(path, sha256):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=DOWNLOAD_SECONDS + 2 * STALL_SECONDS):
            if not _has_hash(path, sha256):  # otherwise another process was faster
                _remove_leftover(path)
                _download(url, path, sha256)
    except Timeout:
        raise _failed(url, path, "another process holds the download") from None
    except urllib.error.HTTPError as error:
        raise _failed(url, path, f"HTTP {error.code}") from None
    except urllib.error.URLError as error:
        raise _failed(url, path, getattr(error.reason, "strerror", None) or str(error.reason)) from None
    except http.client.HTTPException as error:
        raise _failed(url, path, f"no valid reply: {type(error).__name__}") from None
    except OSError as error:
        raise _failed(url, path, error.strerror or str(error) or type(error).__name__) from None


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest().startswith(sha256)
    except FileNotFoundError:
        return False


def _remove_leftover(path: Path) -> None:
    """Delete the remains of a failed download, nothing else: PyTorch's files are ZIP archives, invalid if truncated. Of ONNX
    files, which have no end to look for, only empty ones."""
    if not path.exists():
        return
    with path.open("rb") as file:
        begin = file.read(4)
    is_torch = path.suffix == ".pt" and b"PK\x03\x04".startswith(begin) and not zipfile.is_zipfile(path)
    if begin and not is_torch:
        raise ConfigurationError(
            f"{path} is not the file published by docTR: delete it, or move it and set its path in the options."
        )
    path.unlink()


def _download(url: str, path: Path, sha256: str) -> None:
    """Raises OSError or HTTPException; `path` then does not exist."""
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    opener = urllib.request.build_opener()
    opener.addheaders = [("User-Agent", "mindee/doctr")]  # as docTR itself does
    part = path.with_suffix(".part")
    try:
        with opener.open(url, timeout=STALL_SECONDS) as reply, part.open("wb") as file:
            while chunk := reply.read1(1 << 16):  # waits for at most one packet, so the deadline is checked in between
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {DOWNLOAD_SECONDS} seconds")
        if not _has_hash(part, sha256):
            raise OSError("the downloaded file has another hash")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _failed(url: str, path: Path, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"The docTR weights could not be downloaded ({cause}): put {url} at {path}, "
        "or set local files in the options detection_weights and recognition_weights."
    )
