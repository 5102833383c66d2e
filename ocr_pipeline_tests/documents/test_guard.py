"""What the guard limits, what it leaves as it was, and what becomes of a document that exceeds a limit."""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.guard import _DECODERS, Guard, _opened, limited, remote
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_unchanged, sha256_of
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.processes.budget import Budget, WorkerDied
from ocr_pipeline.processes.worker import Isolated, Worker
from ocr_pipeline_tests.documents import guarded
from ocr_pipeline_tests.documents.guarded import MEGABYTE, document_of, memory_limit, seconds_left
from ocr_pipeline_tests.documents.hostile import pdf_with_nested_forms
from ocr_pipeline_tests.files import image_bytes, pdf_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory")


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    worker = Worker()
    try:
        return worker.call(Isolated(function), arguments, Budget())
    finally:
        worker.close()


def test_decoders_are_loaded_before_memory_is_limited_and_the_limit_ends_with_the_call() -> None:
    states = in_new_process(guarded.states_around_a_call)
    assert states["loaded before"] == []
    assert not states["numpy"]
    assert states["loaded"] == sorted(_DECODERS)
    assert states["left"] == pytest.approx(300 * MEGABYTE, abs=20 * MEGABYTE)
    assert states["limit before"] == states["limit after"]


def test_a_limited_page_has_its_memory_and_time_while_it_is_decoded_and_no_limit_afterwards() -> None:
    states = in_new_process(guarded.states_around_a_page)
    assert states["loaded"] == sorted(_DECODERS)
    assert states["handlers"] == 1
    assert states["left"] == pytest.approx(Limits().max_memory_bytes, abs=20 * MEGABYTE)
    assert 8 < states["seconds"] <= 9.1
    assert states["seconds after"] == 0
    assert states["limit before"] == states["limit after"]


def test_a_limited_page_that_exceeds_its_memory_fails_and_one_that_exceeds_its_time_ends_the_process() -> None:
    with pytest.raises(DocumentError, match=r"limits\.max_memory_bytes") as failure:
        in_new_process(guarded.draw, guarded.allocate, Limits(max_memory_bytes=100 * MEGABYTE))
    assert failure.value.reason == "too_large"
    with pytest.raises(WorkerDied) as end:
        in_new_process(guarded.draw, guarded.busy, Limits(max_seconds=0.1))
    assert end.value.exit_code == -signal.SIGPROF


@pytest.mark.parametrize("method", ["image", "text_layer", "compared_text"])
def test_all_of_a_page_is_limited(method: str) -> None:
    page = limited(document_of(seconds_left), Limits(max_seconds=9)).pages[0]
    assert 8 < getattr(page, method)() <= 9.1


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_memory_is_limited_on_linux_only(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    before = memory_limit()
    document = limited(document_of(memory_limit), Limits())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", platform)
        assert document.pages[0].image() == before
    assert memory_limit() == before


@pytest.mark.parametrize(
    ("function", "seconds", "reason", "message"),
    [(guarded.busy, 0.1, "too_large", r"limits\.max_seconds"), (guarded.crash, 100, "unreadable", "crashed")],
)
def test_a_call_that_does_not_return_is_an_error_of_the_document(
    function: Callable[[], None], seconds: float, reason: str, message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as failure:
        Guard(function, Limits(max_seconds=seconds))()
    assert failure.value.reason == reason


def test_warnings_of_decoders_are_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert in_new_process(guarded.warn_in_a_call) == "read"  # one that writes where `capfd` reads
    assert capfd.readouterr().err == ""


def numbered_pdf(pages: int, name: str) -> bytes:
    """Each page has its number as text."""
    kids = " ".join(f"{number} 0 R" for number in range(4, 4 + 2 * pages, 2))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(1, pages + 1):
        text = f"BT /F 12 Tf 20 50 Td ({name}{number}) Tj ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {100 + number} 100] /Contents {3 + 2 * number} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>",
            f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        ]
    return pdf_of(objects)


def opened(path: Path, content: bytes) -> Document:
    path.write_bytes(content)
    return open_unchanged(path, sha256_of(content), Limits())


def test_each_remote_page_is_the_page_of_the_file(tmp_path: Path) -> None:
    limits = Limits()
    document = opened(tmp_path / "a.pdf", numbered_pdf(3, "page"))
    distant = remote(document, limits)
    for page, other in zip(document.pages, distant.pages, strict=True):
        assert (other.number, other.width, other.height, other.dpi) == (page.number, page.width, page.height, page.dpi)
        assert [word.text for word in other.text_layer() or []] == [f"page{page.number}"]
        assert other.image().shape == page.image().shape
        seen = other.compared_text()
        assert seen
        assert [word.text for word in seen.words] == [f"page{page.number}"]


def test_a_worker_keeps_the_document_that_it_has_opened_last(tmp_path: Path) -> None:
    limits = Limits()
    first, second = (opened(tmp_path / name, numbered_pdf(1, name)) for name in "ab")
    assert first.path
    assert second.path
    kept = _opened(first.path, first.sha256, limits, None)
    assert _opened(first.path, first.sha256, limits, None) is kept
    assert _opened(second.path, second.sha256, limits, None).sha256 == second.sha256
    assert _opened(first.path, first.sha256, limits, None) is not kept


@pytest.mark.parametrize(
    ("limits", "reason", "message"),
    [
        (Limits(max_seconds=0.3), "too_slow", r"limits\.max_seconds"),
        (Limits(max_memory_bytes=1), "unreadable", "crashed"),
    ],
)
def test_a_remote_page_that_cannot_be_drawn_is_an_error_of_the_document(
    tmp_path: Path, limits: Limits, reason: str, message: str
) -> None:
    document = remote(opened(tmp_path / "slow.pdf", pdf_with_nested_forms()), limits)
    with pytest.raises(DocumentError, match=message) as failure:
        document.pages[0].image()
    assert failure.value.reason == reason


@pytest.mark.parametrize("page_of", [limited, remote])
def test_pages_are_values(tmp_path: Path, page_of: Callable[[Document, Limits], Document]) -> None:
    page = page_of(opened(tmp_path / "a.png", image_bytes()), Limits()).pages[0]
    with pytest.raises(FrozenInstanceError):
        page.limits = Limits(max_seconds=1000)  # type: ignore[attr-defined]


def test_a_limit_of_the_whole_run_stays() -> None:
    """`ulimit -d` of 700 MB, below the 800 MB that a document may use: pages are decoded within it."""
    program = (
        "from ocr_pipeline.documents.guard import _limit_memory, _set_memory_limit; import resource; "
        "before = _limit_memory(800_000_000); print(resource.getrlimit(resource.RLIMIT_DATA)); "
        "_set_memory_limit(before); print(resource.getrlimit(resource.RLIMIT_DATA))"
    )
    most = 700 * MEGABYTE
    done = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"({most}, {most})\n" * 2, done.stderr
