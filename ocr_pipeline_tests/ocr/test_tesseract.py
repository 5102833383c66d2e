"""The Tesseract of the system, for real; what it says where it is not installed, always."""

import pickle
import shutil
from pathlib import Path

import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr import tesseract_installation
from ocr_pipeline.ocr.tesseract import Tesseract
from ocr_pipeline.schemas import OcrPage
from ocr_pipeline_tests.files import encoded, text_image

LINES = [f"Item number {number} costs EUR {number}4.50" for number in range(1, 9)]
WORDS = " ".join(LINES).split()

installed = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed here")


def read(turned: int = 0, engine: Tesseract | None = None) -> OcrPage:
    """A drawn page of eight lines, turned clockwise by so many degrees."""
    image = text_image(LINES, size=30, width=900).rotate(-turned, expand=True)
    (page,) = (engine or Tesseract()).read(open_document(encoded(image, "PNG"), Limits()))
    return page


@installed
def test_words_with_lines_boxes_and_confidences() -> None:
    page = read()
    assert [word.text for word in page.words] == WORDS
    assert [word.line for word in page.words] == [line for line in range(8) for _ in range(6)]
    assert all(0.5 < (word.confidence or 0) <= 1 for word in page.words)
    tops = [word.box[1] * page.height for word in page.words[::6]]
    assert tops == pytest.approx([30 + 60 * line + 8 for line in range(8)], abs=6)
    assert all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in (word.box for word in page.words))


@installed
@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_rotated_page_is_turned_upright(turned: int) -> None:
    page = read(turned)
    assert page.rotation == 360 - turned
    assert (page.width, page.height) == (900, 540)
    assert [word.text for word in page.words] == WORDS


@installed
def test_a_very_long_receipt_is_read_in_tiles() -> None:
    """Reduced to 2,000 pixels it would be 100 pixels wide."""
    lines = [f"Article {number} EUR {number}.50" for number in range(100, 190)]
    image = text_image(lines, size=24, width=320)
    assert image.height > 4000
    (page,) = Tesseract().read(open_document(encoded(image, "PNG"), Limits()))
    assert (page.width, page.height, page.rotation) == (320, image.height, 0)
    found = [word.text for word in page.words]
    assert len(found) == len(set(zip(found, (word.line for word in page.words), strict=True))), "no line is read twice"
    share = sum(line in " ".join(found) for line in lines) / len(lines)
    assert share > 0.9
    tops = [word.box[1] for word in page.words if word.text == "Article"]
    assert tops == sorted(tops)


@installed
def test_a_timeout_of_a_page_fails_its_document() -> None:
    with pytest.raises(DocumentError, match="page 1"):
        read(engine=Tesseract(seconds_per_page=0.001))


@installed
def test_everything_that_changes_results_changes_the_fingerprint() -> None:
    normal = Tesseract().fingerprint()
    assert normal["tesseract"]
    assert Tesseract(segmentation=4).fingerprint() != normal
    assert Tesseract(longest_side=1000).fingerprint() != normal
    assert Tesseract(seconds_per_page=5).fingerprint() == normal
    assert pickle.loads(pickle.dumps(Tesseract())).fingerprint() == normal


@installed
def test_missing_language_data_is_one_sentence() -> None:
    assert Tesseract().unavailable() is None
    problem = Tesseract(languages=("eng", "xyz")).unavailable()
    assert problem == "tesseract has no language data 'xyz' (Debian: apt install tesseract-ocr-xyz)"


def test_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "tesseract is not installed" in (Tesseract().unavailable() or "")
    assert Tesseract().fingerprint()["tesseract"] is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\nexec sleep 60\n", "tesseract --version` does not answer within 0.2 s"),
        ("no program", "tesseract cannot be started: Exec format error"),
    ],
)
def test_one_that_hangs_or_cannot_be_started_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(tesseract_installation, "MAX_ANSWER_SECONDS", 0.2)
    (tmp_path / "tesseract").write_text(script)
    (tmp_path / "tesseract").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    engine = Tesseract()
    assert said in (engine.unavailable() or "")
    assert engine.fingerprint()["tesseract"] is None
