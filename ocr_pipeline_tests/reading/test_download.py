"""URLs, over real sockets: what is fetched, and what is refused."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.reading.download import without_password
from ocr_pipeline.reading.files import NamedFile
from ocr_pipeline.reading.named import named_files

CONTENT = b"%PDF-1.7 stand-in"
LIMITS = Limits(max_bytes=1000)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        port = self.server.server_port
        targets = {
            "/moved": "/invoice.pdf",
            "/elsewhere": f"http://localhost:{port}/invoice.pdf",
            "/port": "http://127.0.0.1:9/invoice.pdf",
            "/file": "file:///etc/hostname",
            "/loop": "/loop",
        }
        self.server.asked.append(self.path)
        if self.path in targets:
            self.send_response(302)
            self.send_header("Location", targets[self.path])
            self.end_headers()
        elif self.path == "/large":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 2000)
        elif self.path.startswith("/invoice.pdf"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    asked: list[str]


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def fetched(server: _Server, tmp_path: Path) -> "Fetch":
    return Fetch(f"http://127.0.0.1:{server.server_port}", tmp_path)


class Fetch:
    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder

    def __call__(self, path: str) -> NamedFile:
        [file] = named_files([path if "://" in path else self.base + path], LIMITS, self.folder)
        return file


@pytest.mark.parametrize("path", ["/invoice.pdf", "/moved", "/invoice.pdf?signature=SECRET"])
def test_a_file_is_fetched(fetched: Fetch, path: str) -> None:
    file = fetched(path)
    assert file.path is not None
    assert file.path.read_bytes() == CONTENT
    assert "SECRET" not in file.name


@pytest.mark.parametrize(
    ("path", "reason", "words"),
    [
        ("/elsewhere", "unreadable", "redirects to another host (localhost)"),
        ("/port", "unreadable", "redirects to another host"),
        ("/file", "unreadable", "status 302"),
        ("/loop", "unreadable", "status 302"),
        ("/large", "too_large", "more than 1,000 bytes"),
        ("/nothing", "unreadable", "status 404"),
        ("http://user:SECRET@127.0.0.1:1/x", "unreadable", "not supported"),
        ("http://127.0.0.1:1/x", "unreadable", "refused"),
        ("nofs://bucket/x", "unreadable", "nofs:// is not a file system"),
        ("zip://a.pdf::http://127.0.0.1:1/a.zip", "unreadable", "download the file first"),
        ("file:///no/such/file.pdf", "missing_file", "no such file"),
    ],
)
def test_what_is_refused_says_why(fetched: Fetch, path: str, reason: str, words: str) -> None:
    file = fetched(path)
    assert file.path is None
    assert file.failure is not None
    assert file.failure.reason == reason
    assert words in file.failure.message
    assert "SECRET" not in file.failure.message + file.name


def test_another_host_is_never_asked(fetched: Fetch, server: _Server) -> None:
    server.asked.clear()
    fetched("/elsewhere")
    assert server.asked == ["/elsewhere"]


def test_a_folder_of_a_file_system(fetched: Fetch, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "a.pdf").write_bytes(CONTENT)
    (folder / "large.pdf").write_bytes(b"x" * 2000)
    (folder / "a.json").write_text("{}")
    first, large = named_files([f"file://{tmp_path}/in"], LIMITS, tmp_path)
    assert first.path is not None
    assert first.path.read_bytes() == CONTENT
    assert first.name.endswith("in/deep/a.pdf")
    assert large.failure is not None
    assert large.failure.reason == "too_large"


def test_urls_are_shown_without_secrets() -> None:
    assert without_password("s3://key:secret@bucket/a.pdf") == "s3://bucket/a.pdf"
    assert without_password("https://host/a.pdf?token=secret") == "https://host/a.pdf"
    assert without_password("github://owner:repository@main/a.pdf") == "github://main/a.pdf"
