import os
import pickle
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr import base, rapidocr
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.rapidocr_words import words_of_line
from ocr_pipeline.ocr.scripts import readable_share
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


@pytest.mark.slow
@pytest.mark.parametrize("rotate", [False, True], ids=["receipt", "strip"])
def test_very_long_pages_are_read_to_the_end(rotate: bool) -> None:
    """Every line once, although tiles overlap; in a strip, lines are longer than a tile."""
    if rotate:
        words = [f"N{number:03}" for number in range(100, 160)]
        image = Image.new("RGB", (6600, 160), "white")
        ImageDraw.Draw(image).text((20, 20), " ".join(words[:30]), "black", ImageFont.load_default(40))
        ImageDraw.Draw(image).text((20, 90), " ".join(words[30:]), "black", ImageFont.load_default(40))
    else:
        words = [f"Item{number:03}" for number in range(100, 230)]
        image = text_image(words, size=18, width=300)
    (page,) = RapidOcr().read(open_document(encoded(image, "PNG"), Limits()))
    assert "".join(word.text for word in page.words) == "".join(words)


def test_a_local_model_file_is_used(tmp_path: Path) -> None:
    packaged = Path(find_spec("rapidocr").origin).parent / "models" / "PP-OCRv6_rec_small.onnx"  # type: ignore[union-attr, arg-type]
    local = tmp_path / "cyrillic.onnx"
    local.write_bytes(packaged.read_bytes())
    engine = RapidOcr(recognition_model=local)
    assert engine.unavailable() is None
    assert engine.fingerprint() != RapidOcr().fingerprint()
    (page,) = engine.read(open_document(encoded(text_image(LINES, size=30, width=500), "PNG"), Limits()))
    assert [word.text for word in page.words] == " ".join(LINES).split()
    before = engine.fingerprint()
    local.write_bytes(b"another model with character" * 100)
    os.utime(local, (1, 1))
    assert engine.fingerprint() != before


@pytest.mark.parametrize(
    ("options", "content", "problem"),
    [
        (
            {"recognition_model": "thai.onnx"},
            None,
            "thai.onnx of the option recognition_model does not exist",
        ),
        (
            {"detection_model": "det.onnx"},
            None,
            "det.onnx of the option detection_model does not exist; it finds the lines",
        ),
        ({"recognition_model": "thai.onnx"}, b"x" * 10, "is no ONNX model: it has only 10 bytes"),
        ({"recognition_model": "thai.onnx"}, b"x" * 2000, "contains no list of its characters: set recognition_keys"),
        ({"recognition_keys": "keys.txt"}, b"a", "recognition_keys needs recognition_model"),
    ],
)
def test_a_missing_model_file_is_explained(
    tmp_path: Path, options: dict[str, str], content: bytes | None, problem: str
) -> None:
    paths = {name: tmp_path / file for name, file in options.items()}
    if content is not None:
        for path in paths.values():
            path.write_bytes(content)
    engine = RapidOcr(**paths)
    assert re.search(problem, engine.unavailable() or "")
    with pytest.raises(ConfigurationError, match=problem):
        engine.read(open_document(image_bytes(200, 100), Limits()))


CYRILLIC = ["ООО Ромашка", "Счет-фактура от 05.03.2025", "Покупатель: Иванов", "Сумма без НДС", "Итого к оплате"]


def test_a_script_that_cannot_be_read_is_said_and_lowers_confidence(engine: RapidOcr, page: OcrPage) -> None:
    image = Image.new("RGB", (800, 500), "white")
    font = ImageFont.truetype("DejaVuSans.ttf", 34) if _has_font() else None
    if font is None:
        pytest.skip("no font with Cyrillic letters")
    for row, line in enumerate(CYRILLIC):
        ImageDraw.Draw(image).text((30, 30 + 90 * row), line, "black", font)
    (unread,) = engine.read(open_document(encoded(image, "PNG"), Limits()))
    assert "script that the packaged model" in unread.warnings[0]
    assert all(word.confidence is not None and word.confidence < 0.6 for word in unread.words)
    assert page.warnings == []


def _has_font() -> bool:
    try:
        ImageFont.truetype("DejaVuSans.ttf", 10)
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "score", "width", "read"),
    [
        ("Rechnung 4711", 0.98, 300, 1.0),
        ("Rechnung 4711", 0.6, 300, 0.0),
        ("4711", 0.98, 300, 0.0),  # on a line of this length, most letters are missing
        ("Ce-aκτya", 0.9, 160, 0.0),
        ("Τιμολόγιο", 0.95, 200, 1.0),
        ("请款单总额", 0.95, 200, 1.0),
        ("", 0.0, 200, 0.0),
    ],
)
def test_readable_share(text: str, score: float, width: int, read: float) -> None:
    assert readable_share([text], [score], [(30, width)]) == read
