"""The download of docTR's weights, over real sockets and from several processes. Needs no docTR."""

import hashlib
import multiprocessing
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr import doctr_weights
from ocr_pipeline.ocr.doctr_weights import fetch, published_weights, weights_file


def archive(text: str) -> bytes:
    """A ZIP archive, as PyTorch writes weights."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", text)
    return buffer.getvalue()


GOOD = archive("good " * 50_000)
OTHER = archive("a model of the user's own")
NAME = f"db_test-{hashlib.sha256(GOOD).hexdigest()[:8]}.pt"


class Server(ThreadingHTTPServer):
    """Serves GOOD in the way that the first part of the path asks for, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.over = threading.Event()

    def url(self, way: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{way}/{NAME}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        way = self.path.split("/")[1]
        if way == "missing":
            self.send_error(404)
        elif way == "silent":
            self.server.over.wait()
        elif way == "garbage":
            self.wfile.write(b"no HTTP at all\r\n\r\n")
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(GOOD)))
            self.end_headers()
            if way == "dripping":
                while not self.server.over.wait(0.05):
                    self.wfile.write(b".")
                return
            self.wfile.write({"good": GOOD, "cut": GOOD[:70_000], "altered": b"x" * len(GOOD)}[way])

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models" / NAME


@pytest.fixture
def refused() -> Iterator[str]:
    """An address that refuses connections: the port is taken, and nobody listens."""
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{occupied.getsockname()[1]}"


def files(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if file.suffix != ".lock")


@pytest.mark.parametrize("before", [None, b"", b"PK", GOOD[:70_000]])
def test_weights_are_downloaded_once_and_leftovers_replaced(server: Server, path: Path, before: bytes | None) -> None:
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(before)
    fetch(server.url("good"), path)
    fetch(server.url("good"), path)
    assert path.read_bytes() == GOOD
    assert files(path) == [NAME]
    assert len(server.requests) == 1


@pytest.mark.parametrize("before", [None, b"", GOOD[:70_000]])
@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("missing", "HTTP 404"),
        ("cut", "the downloaded file has another hash"),
        ("altered", "the downloaded file has another hash"),
        ("garbage", "no valid reply: BadStatusLine"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(
    server: Server, path: Path, way: str, cause: str, before: bytes | None
) -> None:
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(before)
    with pytest.raises(ConfigurationError) as error:
        fetch(server.url(way), path)
    assert str(error.value) == (
        f"The docTR weights could not be downloaded ({cause}): put {server.url(way)} at {path}, "
        "or set local files in the options detection_weights and recognition_weights."
    )
    assert error.value.__suppress_context__
    assert files(path) == []


@pytest.mark.parametrize(
    ("way", "limit", "cause"),
    [("silent", "STALL_SECONDS", "timed out"), ("dripping", "DOWNLOAD_SECONDS", "not complete after 0.2 seconds")],
)
def test_downloads_time_out(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch, way: str, limit: str, cause: str
) -> None:
    monkeypatch.setattr(doctr_weights, limit, 0.2)
    with pytest.raises(ConfigurationError, match=cause):
        fetch(server.url(way), path)
    assert files(path) == []


def test_a_refused_connection_is_one_sentence(refused: str, path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Connection refused"):
        fetch(f"{refused}/{NAME}", path)
    assert files(path) == []


def test_complete_weights_need_no_network_and_no_writable_folder(refused: str, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(GOOD)
    fetch(f"{refused}/{NAME}", path)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [OTHER, b"\x80\x02 an old pickle", b"<html>"])
def test_other_files_are_left_unchanged(server: Server, path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        fetch(server.url("good"), path)
    assert str(error.value) == (
        f"{path} is not the file published by docTR: delete it, or move it and set its path in the options."
    )
    assert path.read_bytes() == content
    assert server.requests == []


def test_of_onnx_files_only_empty_ones_are_replaced(server: Server, path: Path) -> None:
    path = path.with_suffix(".onnx")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    fetch(server.url("good"), path)
    assert path.read_bytes() == GOOD
    path.write_bytes(GOOD[:70_000])
    with pytest.raises(ConfigurationError, match="is not the file published by docTR"):
        fetch(server.url("good"), path)
    assert path.read_bytes() == GOOD[:70_000]


def test_a_folder_that_cannot_be_created_is_one_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"could not be downloaded \((Not a directory|File exists)\)"):
        fetch(server.url("good"), tmp_path / "cache" / "models" / NAME)


def test_of_several_processes_one_downloads(server: Server, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(fetch, server.url("good"), path) for _ in range(4)]:
            done.result(timeout=60)
    assert path.read_bytes() == GOOD
    assert len(server.requests) == 1


def test_of_several_processes_each_reports_the_failure(server: Server, path: Path) -> None:
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        for failed in [pool.submit(fetch, server.url("cut"), path) for _ in range(3)]:
            assert isinstance(failed.exception(timeout=60), ConfigurationError)
    assert files(path) == []


def test_weights_are_stored_in_the_cache_of_doctr(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCTR_CACHE_DIR", str(tmp_path))
    assert weights_file("parseq") == tmp_path / "models" / "parseq-56125471.pt"
    monkeypatch.setenv("ONNXTR_CACHE_DIR", str(tmp_path / "onnx"))
    assert weights_file("parseq", "onnx") == tmp_path / "onnx" / "models" / "parseq-00b40714.onnx"
    monkeypatch.delenv("DOCTR_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_file("parseq") == tmp_path / ".cache" / "doctr" / "models" / "parseq-56125471.pt"


def test_an_unreachable_server_is_one_sentence(refused: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCTR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("https_proxy", refused)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigurationError) as error:
        published_weights("db_mobilenet_v3_large")
    assert str(error.value) == (
        "The docTR weights could not be downloaded (Connection refused): put "
        "https://doctr-static.mindee.com/models?id=v0.8.1/db_mobilenet_v3_large-21748dd0.pt&src=0 at "
        f"{tmp_path / 'models' / 'db_mobilenet_v3_large-21748dd0.pt'}, "
        "or set local files in the options detection_weights and recognition_weights."
    )
