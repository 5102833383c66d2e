import pickle
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.ocr import base, rapidocr
from ocr_pipeline.ocr.rapidocr import RapidOcr, words_of_line
from ocr_pipeline.schemas import OcrPage
from ocr_pipeline_tests.files import encoded, image_bytes, text_image

LINES = ["Invoice 4711", "TOTAL EUR 12.50"]


@pytest.fixture(scope="module")
def engine() -> RapidOcr:
    return RapidOcr(detection_side=480)


@pytest.fixture(scope="module")
def page(engine: RapidOcr) -> OcrPage:
    """What the engine reads on a drawn page of two lines."""
    content = encoded(text_image(LINES, size=30, width=500), "PNG")
    (page,) = engine.read(open_document(content, Limits()))
    return page


def test_words_in_reading_order_with_their_lines(page: OcrPage) -> None:
    assert [(word.text, word.line) for word in page.words] == [
        ("Invoice", 0),
        ("4711", 0),
        ("TOTAL", 1),
        ("EUR", 1),
        ("12.50", 1),
    ]
    assert {word.page for word in page.words} == {1}
    assert (page.page, page.width, page.height) == (1, 500, 180)
    assert page.seconds > 0
    for word in page.words:
        assert word.confidence is not None
        assert 0.8 < word.confidence <= 1


def test_boxes_lie_on_the_ink(page: OcrPage) -> None:
    ink = np.asarray(text_image(LINES, size=30, width=500).convert("L")) < 128
    total = ink.sum()
    for word in page.words:
        x0, y0, x1, y1 = word.box
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        rows, columns = slice(int(y0 * 180), int(y1 * 180) + 1), slice(int(x0 * 500) - 4, int(x1 * 500) + 5)
        inside = ink[rows, columns]
        assert inside.sum() > 50, word
        assert np.ptp(np.nonzero(inside.any(axis=0))[0]) > 0.7 * inside.shape[1], word
        ink[rows, columns] = False
    assert ink.sum() < 0.02 * total  # hardly anything is outside the boxes


def test_an_empty_page_has_no_words(engine: RapidOcr) -> None:
    document = open_document(image_bytes(200, 100), Limits())
    pages = engine.read(replace(document, pages=[*document.pages] * 2))
    assert [page.words for page in pages] == [[], []]


def test_it_is_pickled_without_the_loaded_models(engine: RapidOcr, page: OcrPage) -> None:
    assert "_engine" in engine.__dict__  # the fixture has loaded them
    content = pickle.dumps(engine)
    assert len(content) < 1000
    repeated = pickle.loads(content)
    assert repeated == engine
    assert repeated.fingerprint() == engine.fingerprint()
    assert "_engine" not in repeated.__dict__
    assert "_engine" in engine.__dict__


def test_everything_that_changes_results_changes_the_fingerprint() -> None:
    assert RapidOcr().fingerprint() == RapidOcr(detection_side=960).fingerprint()
    assert RapidOcr().fingerprint() != RapidOcr(detection_side=640).fingerprint()
    assert {"rapidocr", "onnxruntime", "detection_side"} <= set(RapidOcr().fingerprint())


def test_invalid_options_are_rejected() -> None:
    with pytest.raises(ValidationError):
        RapidOcr(detection_side=10)
    with pytest.raises(ValidationError):
        RapidOcr.model_validate({"detection": 960})


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RapidOcr().unavailable() is None

    def version(package: str) -> str:
        if package == "onnxruntime":
            raise PackageNotFoundError(package)
        return "1"

    monkeypatch.setattr(rapidocr, "version", version)
    assert RapidOcr().unavailable() == "the package onnxruntime is not installed"


def cells(*texts: str) -> list[tuple[str, float, Any]]:
    return [(text, 0.9, index) for index, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("line", "pieces", "expected"),
    [
        ("Total 12.50", ["Total", "12.50"], [("Total", [0]), ("12.50", [1])]),
        ("Büro 5", ["B", "ü", "r", "o", "5"], [("Büro", [0, 1, 2, 3]), ("5", [4])]),  # split by character, no spaces
        ("Total:12", ["Total", ":", "12"], [("Total:12", [0, 1, 2])]),
        ("one", ["one"], [("one", [0])]),
        ("a  b", ["a", "b"], [("a", [0]), ("b", [1])]),
        ("a b c", ["a", "b"], [("a", [0]), ("b", [1]), ("c", [0, 1])]),  # a piece is missing: the box of the whole line
        ("one two", ["onetwo"], [("one", [0]), ("two", [0])]),  # not split: both have the box of the line
        ("", [], []),
        (" ", ["x"], []),
    ],
)
def test_words_of_line(line: str, pieces: Sequence[str], expected: list[tuple[str, list[int]]]) -> None:
    result = words_of_line(line, cells(*pieces))
    assert [(text, [index for _, _, index in own]) for text, own in result] == expected


@pytest.mark.parametrize(("name", "value"), [("version", lambda package: f"{package} 0"), ("PDF_RENDER_DPI", 300)])
def test_a_changed_rendering_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    before = RapidOcr().fingerprint()
    monkeypatch.setattr(base, name, value)
    assert RapidOcr().fingerprint() != before


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_rotated_page_is_turned_upright(engine: RapidOcr, page: OcrPage, turned: int) -> None:
    """`turned`: degrees clockwise by which the scan is wrong."""
    content = encoded(text_image(LINES, size=30, width=500).rotate(-turned, expand=True), "PNG")
    (result,) = engine.read(open_document(content, Limits()))
    assert result.rotation == 360 - turned
    assert (result.width, result.height) == (page.width, page.height)
    assert [word.text for word in result.words] == [word.text for word in page.words]
    for word, upright in zip(result.words, page.words, strict=True):
        assert word.box == pytest.approx(upright.box, abs=0.02)


def test_a_small_receipt_on_a_large_scan_keeps_its_print() -> None:
    receipt = text_image([*LINES, "VAT 19 % 2.00", "03.11.2026 10:15"], size=22, width=300)
    scan = Image.new("RGB", (2480, 3508), "#333")
    scan.paste(receipt, (1900, 60))
    (result,) = RapidOcr(detection_side=320).read(open_document(encoded(scan, "PNG"), Limits()))
    assert " ".join(word.text for word in result.words) == "Invoice 4711 TOTAL EUR 12.50 VAT 19 % 2.00 03.11.2026 10:15"
    first = result.words[0].box
    assert 1900 < first[0] * 2480 < 1950
    assert 60 < first[1] * 3508 < 110
