"""Codes on pages: found, decoded and placed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, grey_image, open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.codes.extractor import CodesExtractor
from ocr_pipeline.extraction.codes.scanning import Code, scan
from ocr_pipeline.extraction.codes.turned import turned_bars
from ocr_pipeline.schemas import Extraction, Invoice
from ocr_pipeline_tests.extraction.codes.pages import page as draw
from ocr_pipeline_tests.extraction.codes.pages import pdf, png, symbol
from ocr_pipeline_tests.extraction.codes.samples import SAMPLES, Sample

EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
BY_NAME = {sample.name: sample for sample in SAMPLES}
DEMO = Path(__file__).resolve().parents[3] / "data" / "demo"
Grey = np.ndarray[Any, np.dtype[np.uint8]]


def opened(content: bytes) -> Document:
    return open_document(content, Limits())


def codes(grey: Grey) -> list[Code]:
    return scan(opened(png(grey)).pages[0])


def extracted(*contents: bytes) -> Extraction:
    """The extraction of one document; of several pictures, they are the pages."""
    documents = [opened(content) for content in contents]
    pages = [replace(document.pages[0], number=number) for number, document in enumerate(documents, 1)]  # type: ignore[type-var]
    document = Document("0" * 64, 1, "image/png", pages, b"")
    return CodesExtractor().extract(ExtractionInput(document_id="d", open=lambda: document, text=None))


def sheet(sample: Sample, **drawing: Any) -> bytes:
    return png(draw(sample.payload, sample.symbology, is_gs1=sample.is_gs1, **drawing))


@EACH
def test_from_the_page_to_the_values(sample: Sample) -> None:
    found = extracted(sheet(sample, dpi=200))
    assert found.invoice.model_copy(update={"tax_lines": []}) == Invoice.model_validate(sample.values)
    (code,) = found.codes
    assert code.page == 1
    assert sample.details.items() <= code.values.items()
    for name in sample.values:
        evidence = found.evidence[name]
        assert (evidence.box, evidence.words) == (code.box, [])
        assert evidence.method.startswith("code: ")


@pytest.mark.slow
@EACH
@pytest.mark.parametrize(
    ("dpi", "angle"),
    [(100, 0), (100, 7), (100, 30), (100, 90), (150, 7), (150, 30), (150, 180), (300, 0), (300, 30), (300, 270)],
    ids=lambda value: f"{value}",
)
def test_resolutions_and_turns_on_paper(sample: Sample, dpi: int, angle: int) -> None:
    found = codes(draw(sample.payload, sample.symbology, is_gs1=sample.is_gs1, dpi=dpi, angle=angle, texture=True))
    assert [code.payload for code in found] == [sample.payload]


BAR_CODES = [sample for sample in SAMPLES if sample.symbology == "Code128"]


@pytest.mark.parametrize("angle", [-75, -30, 10, 45, 110])
@pytest.mark.parametrize("sample", BAR_CODES, ids=lambda sample: sample.name)
def test_a_bar_code_that_no_row_crosses(sample: Sample, angle: int) -> None:
    drawn = draw(sample.payload, sample.symbology, is_gs1=sample.is_gs1, dpi=150, angle=angle)
    (bars,) = turned_bars(drawn)
    assert bars.centre == pytest.approx((drawn.shape[1] / 2, drawn.shape[0] / 2), abs=12)
    assert (bars.angle + angle + 90) % 180 == pytest.approx(90, abs=3)
    assert bars.width > 3 * bars.height
    (code,) = codes(drawn)
    assert code.payload == sample.payload
    left, top, right, bottom = code.box
    assert (left + right, top + bottom) == pytest.approx((1, 1), abs=0.03)


@pytest.mark.parametrize("name", ["olive-oil-invoice-skewed-scan.jpg", "tapas-bar-crumpled-stained.jpg"])
def test_text_is_no_bar_code(name: str) -> None:
    page = opened((DEMO / name).read_bytes()).pages[0]
    assert len(list(turned_bars(grey_image(page, 300)))) <= 1
    assert scan(page) == []


def test_bars_too_fine_to_be_read_are_no_short_bar_code() -> None:
    sample = BY_NAME["gs1-payment-slip"]
    found = codes(draw(sample.payload, "Code128", is_gs1=True, dpi=100, angle=45, module_mm=0.22))
    assert {code.payload for code in found} <= {sample.payload}


def test_the_box_of_a_code() -> None:
    grey = np.full((1000, 800), 255, np.uint8)
    drawn = np.kron(symbol(BY_NAME["bulgaria"].payload), np.ones((4, 4), np.uint8))
    grey[600 : 600 + drawn.shape[0], 100 : 100 + drawn.shape[1]] = drawn
    (code,) = codes(grey)
    quiet = 16
    expected = (
        (100 + quiet) / 800, (600 + quiet) / 1000, (100 + drawn.shape[1] - quiet) / 800, (600 + drawn.shape[0] - quiet) / 1000,
    )  # fmt: skip
    assert code.box == pytest.approx(expected, abs=0.006)
    assert not code.is_linear


@pytest.mark.parametrize("module", [1.4, 0.75, 0.4], ids=lambda points: f"{points}pt")
@pytest.mark.parametrize("rotate", [0, 270])
def test_small_codes_of_a_pdf(module: float, rotate: int) -> None:
    sample = BY_NAME["bulgaria"]
    (code,) = scan(opened(pdf(sample.payload, module_points=module, rotate=rotate)).pages[0])
    assert code.payload == sample.payload
    left, top, right, bottom = code.box
    assert ((left + right) / 2 < 0.5, (top + bottom) / 2 > 0.5) == ((True, True) if rotate == 0 else (False, True))


def test_a_small_code_in_a_small_picture() -> None:
    sample = BY_NAME["bulgaria"]
    found = codes(draw(sample.payload, dpi=82))  # modules of 1.6 pixels
    assert [code.payload for code in found] == [sample.payload]


def test_a_code_that_is_first_taken_for_another() -> None:
    """Its modules look like a short bar code at this resolution, and its corners like a smaller code."""
    sample = BY_NAME["e-fatura"]
    assert [code.payload for code in codes(draw(sample.payload, dpi=200, module_mm=0.33))] == [sample.payload]


def test_a_code_is_there_once_whoever_found_it() -> None:
    grey = draw(BY_NAME["bulgaria"].payload, dpi=150)
    assert len(codes(np.hstack([grey, grey]))) == 2  # printed twice
    assert len(codes(grey)) == 1


@pytest.mark.parametrize(
    "change", [lambda grey: 255 - grey, lambda grey: grey[:, ::-1].copy()], ids=["inverted", "mirrored"]
)
def test_unusual_printing(change: Callable[[Grey], Grey]) -> None:
    sample = BY_NAME["bulgaria"]
    assert [code.payload for code in codes(change(draw(sample.payload, dpi=150)))] == [sample.payload]


def test_a_torn_code_gives_nothing() -> None:
    grey = draw(BY_NAME["swiss-qr-bill"].payload, dpi=150)
    middle = grey.shape[0] // 2
    grey[middle - 30 : middle + 70, : grey.shape[1] // 2 + 60] = 255
    with pytest.raises(DocumentError) as error:
        extracted(png(grey))
    assert error.value.reason == "no_code"


@pytest.mark.parametrize(
    "grey", [np.full((60, 60), 255, np.uint8), np.zeros((3, 2000), np.uint8)], ids=["white", "strip"]
)
def test_a_page_without_a_code(grey: Grey) -> None:
    with pytest.raises(DocumentError) as error:
        extracted(png(grey))
    assert (error.value.reason, str(error.value)) == ("no_code", "No QR or bar code was found on the pages.")


def test_a_code_that_says_nothing_about_the_document() -> None:
    found = extracted(png(draw(b"https://example.org/menu", dpi=150)))
    assert found.invoice == Invoice()
    assert [(code.symbology, code.format, code.text, code.values) for code in found.codes] == [
        ("QR Code", None, "https://example.org/menu", {})
    ]


def test_a_receipt_and_its_payment_code() -> None:
    """The fiscal code describes the document; the payment code adds what is due."""
    giro = b"BCD\n002\n1\nSCT\n\nAnother Name\nDE75512108001245126199\nEUR12.30"
    found = extracted(sheet(BY_NAME["portugal"]), png(draw(giro, dpi=150)))
    assert (found.invoice.supplier_name, str(found.invoice.total_amount), str(found.invoice.amount_due)) == (
        "Another Name", "0.80", "12.30",
    )  # fmt: skip
    assert [found.evidence[name].page for name in ("total_amount", "amount_due")] == [1, 2]


def test_instalments_leave_the_amount_empty() -> None:
    first = BY_NAME["swiss-qr-bill-combined"].payload
    found = extracted(*(png(draw(payload, dpi=150)) for payload in (first, first.replace(b"199.95", b"50.00"))))
    assert found.invoice.amount_due is None
    assert found.invoice.supplier_name == "Robert Schneider AG"
    assert [(entry.value, entry.chosen) for entry in found.candidates if entry.field == "amount_due"] == [
        ("199.95", False), ("50.00", False),
    ]  # fmt: skip


def test_spellings_of_one_tax_number_agree() -> None:
    nfe = sheet(BY_NAME["verifactu"])
    other = png(draw(BY_NAME["verifactu"].payload.replace(b"nif=89890001K", b"nif=ES89890001K"), dpi=150))
    assert extracted(nfe, other).invoice.supplier_tax_id == "89890001K"


def test_tax_lines_have_evidence() -> None:
    found = extracted(sheet(BY_NAME["e-fatura"]))
    assert [(str(line.rate), str(line.net_amount), str(line.amount)) for line in found.invoice.tax_lines] == [
        ("10", "500.00", "50.00"), ("20", "1000.00", "200.00"),
    ]  # fmt: skip
    assert found.evidence["tax_lines.1.amount"].text == "200.00"


def test_the_fingerprint_names_the_decoder() -> None:
    assert {"zxing-cpp", "pypdfium2", "version"} <= CodesExtractor().fingerprint().keys()
