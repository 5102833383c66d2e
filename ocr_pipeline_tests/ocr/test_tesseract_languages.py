"""Language data of Tesseract are chosen from script and words; missing ones are explained."""

import shutil

import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.ocr.tesseract import Tesseract
from ocr_pipeline.ocr.tesseract_languages import for_script, for_words, script_of, unread
from ocr_pipeline_tests.files import encoded, text_image

ENGLISH = ("eng",)
INSTALLED = ("eng", "osd", "deu", "rus", "ukr", "jpn", "script/Thai")
GERMAN = ["Rechnung", "Nummer", "4711", "vom", "1.", "März", "der", "Betrag", "für", "die", "Menge"]


@pytest.mark.parametrize(
    ("script", "languages", "missing"),
    [
        (None, ("eng",), None),
        ("Latin", ("eng",), None),
        ("Cyrillic", ("rus", "ukr", "eng"), None),
        ("Thai", ("script/Thai", "eng"), None),
        ("Hangul", ("eng",), "tesseract-ocr-kor"),
        ("Han", ("eng",), "tesseract-ocr-chi-sim"),
    ],
)
def test_data_for_a_script(script: str | None, languages: tuple[str, ...], missing: str | None) -> None:
    choice = for_script(script, INSTALLED, ENGLISH)
    assert choice.languages == languages
    assert (choice.warning is None) == (missing is None)
    assert (missing or "") in (choice.warning or "")


@pytest.mark.parametrize(
    ("words", "languages", "missing"),
    [
        (GERMAN, ("deu", "eng"), None),
        (["Invoice", "number", "4711", "of", "the", "order", "total"], ("eng",), None),
        (["Faktura", "numer", "z", "dnia", "kwota", "razem", "nabywca"], ("eng",), "tesseract-ocr-pol"),
        (["4711", "12.50"], ("eng",), None),
    ],
)
def test_data_for_the_words_of_a_first_reading(
    words: list[str], languages: tuple[str, ...], missing: str | None
) -> None:
    choice = for_words(words, INSTALLED, ENGLISH)
    assert choice.languages == languages
    assert (choice.warning is None) == (missing is None)
    assert (missing or "") in (choice.warning or "")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Счет-фактура 4711 EUR", "Cyrillic"),
        ("ใบเสร็จรับเงิน", "Thai"),
        ("請求書 ご請求金額", "Japanese"),
        ("请款单 总额", "Han"),
        ("فاتورة ضريبية", "Arabic"),
        ("Rechnung", None),
        ("12.50", None),
    ],
)
def test_script_of_a_text_layer(text: str, script: str | None) -> None:
    assert script_of(text.split()) == script


def test_letters_taken_for_others_are_said() -> None:
    assert unread(GERMAN, ENGLISH) is None
    assert "read it with eng" in (unread(["Cuet", "cpaxrypa", "Toxynarens", "Cymma", "Wroro", "onnare"], ENGLISH) or "")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed here")
def test_auto_reads_english_and_says_what_it_cannot_read() -> None:
    engine = Tesseract(languages="auto")
    assert engine.unavailable() is None
    assert engine.fingerprint() != Tesseract().fingerprint()
    lines = [f"Item number {number} of the invoice total {number}4.50" for number in range(1, 9)]
    (page,) = engine.read(open_document(encoded(text_image(lines, size=30, width=900), "PNG"), Limits()))
    assert [word.text for word in page.words] == " ".join(lines).split()
    assert page.warnings == []
    try:
        font = ImageFont.truetype("DejaVuSans.ttf", 34)
    except OSError:
        pytest.skip("no font with Cyrillic letters")
    image = Image.new("RGB", (900, 1000), "white")
    russian = ["ООО Ромашка", "Счет-фактура от 05.03.2025", "Покупатель Иванов", "Сумма без НДС", "Итого к оплате"] * 2
    for row, line in enumerate(russian):
        ImageDraw.Draw(image).text((30, 30 + 90 * row), line, "black", font)
    (unreadable,) = engine.read(open_document(encoded(image, "PNG"), Limits()))
    if "rus" not in engine._known:
        assert len(unreadable.warnings) == 1
        assert all((word.confidence or 0) <= 0.5 for word in unreadable.words)
