import os
import sys
from pathlib import Path

import pytest

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.stage import ingest, ingest_label
from ocr_pipeline_tests.files import add_label, image_bytes, text_pdf

CONTENTS = {
    "empty": (b"", "empty_file"),
    "text": (b"Dear customer", "unsupported_type"),
    "truncated": (image_bytes(30, 30, format="JPEG")[:200], "unreadable"),
    "no-pages": (text_pdf([]), "no_pages"),
    "long": (text_pdf([[]] * 5), "too_many_pages"),
    "wide": (image_bytes(2000, 1), "too_large"),
    "heavy": (image_bytes() + b"\0" * 20_000, "too_large"),
}


def source(path: Path, label: Path | None = None) -> SourceFile:
    return SourceFile("a", "documents", path, label)


@pytest.mark.parametrize(("content", "reason"), CONTENTS.values(), ids=CONTENTS)
def test_a_corrupt_document_has_a_reason_and_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    document, failure = ingest(source(path), Limits(max_pages=4, max_page_pixels=1500, max_bytes=20_000))
    assert document is None
    assert failure is not None
    assert failure.reason == reason
    assert failure.message.endswith(".")
    assert "\n" not in failure.message


def test_a_document_with_a_wrong_suffix_is_opened_by_content(tmp_path: Path) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(image_bytes(format="PNG"))
    document, failure = ingest(source(path), Limits())
    assert failure is None
    assert document is not None
    assert document.media_type == "image/png"


def test_a_missing_file(tmp_path: Path) -> None:
    _, failure = ingest(source(tmp_path / "none.png"), Limits())
    assert failure is not None
    assert failure.reason == "missing_file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(image_bytes())
    path.chmod(0)
    _, failure = ingest(source(path), Limits())
    assert failure is not None
    assert (failure.reason, failure.message) == ("unreadable", "The file cannot be read: Permission denied.")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse file names that are not UTF-8")
def test_a_file_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    path.write_bytes(image_bytes())
    document, failure = ingest(source(path), Limits())
    assert failure is None
    assert document is not None


def test_labels(tmp_path: Path) -> None:
    document = tmp_path / "a.png"
    assert ingest_label(source(document)) == (None, None, None)
    label, sha256, failure = ingest_label(source(document, add_label(document, total_amount="1.00")))
    assert label is not None
    assert label.labelled_fields == ["total_amount"]
    assert sha256
    assert failure is None
    (tmp_path / "b.json").write_text("{}")
    label, sha256, failure = ingest_label(source(document, tmp_path / "b.json"))
    assert (label, sha256) == (None, None)
    assert failure is not None
    assert failure.reason == "invalid_label"
