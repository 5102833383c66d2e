import pytest
from PIL import Image

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr import base
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline_tests.files import encoded, image_bytes, text_pdf


def test_words_of_every_page() -> None:
    content = text_pdf([[(30, 100, "Total 5")], [], [(30, 20, "Page three")]], media_box=(0, 0, 360, 180))
    pages = PdfText().read(open_document(content, Limits()))
    assert [(page.page, page.width, page.height) for page in pages] == [(1, 1000, 500), (2, 1000, 500), (3, 1000, 500)]
    assert [[(word.text, word.page, word.line) for word in page.words] for page in pages] == [
        [("Total", 1, 0), ("5", 1, 0)],
        [],
        [("Page", 3, 0), ("three", 3, 0)],
    ]
    x0, y0, x1, y1 = pages[0].words[0].box
    assert 30 / 360 - 0.01 < x0 < x1 < 70 / 360  # 12 point Helvetica: the word is some 27 points wide
    assert 1 - 115 / 180 < y0 < y1 < 1 - 95 / 180


@pytest.mark.parametrize("content", [image_bytes(), encoded(Image.new("RGB", (72, 72)), "PDF"), text_pdf([[], []])])
def test_a_document_without_a_text_layer_fails(content: bytes) -> None:
    with pytest.raises(DocumentError, match="use an OCR engine") as error:
        PdfText().read(open_document(content, Limits()))
    assert error.value.reason == "no_text_layer"


def test_the_engine_is_always_available() -> None:
    assert PdfText().unavailable() is None
    assert PdfText().fingerprint() == PdfText().fingerprint()


@pytest.mark.parametrize(("name", "value"), [("version", lambda package: f"{package} 0"), ("PDF_RENDER_DPI", 300)])
def test_a_changed_rendering_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    before = PdfText().fingerprint()
    monkeypatch.setattr(base, name, value)
    assert PdfText().fingerprint() != before
