"""A PDF of 44 kB within all limits that keeps stages busy: 150 pages that share one content stream of 660 amounts."""

from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import pdf_of, text_pdf

PAGES, AMOUNTS = 150, 660


def busy_pdf() -> bytes:
    texts = " ".join(
        f"1 0 0 1 {20 + 55 * (number % 10)} {800 - 12 * (number // 10)} Tm ({number}.{number % 100:02}) Tj"
        for number in range(AMOUNTS)
    )
    drawing = f"BT /F1 8 Tf {texts} ET"
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents 4 0 R >>"
    )
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {PAGES} /Kids [{' '.join(f'{5 + index} 0 R' for index in range(PAGES))}] >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
            *[page] * PAGES,
        ]
    )


def busy_text() -> OcrText:
    """Its words."""
    return OcrText(
        pages=[
            OcrPage(
                page=page,
                width=1654,
                height=2339,
                seconds=0,
                words=[
                    Word(
                        text=f"{number}.{number % 100:02}",
                        box=(
                            0.03 + 0.09 * (number % 10),
                            0.05 + 0.014 * (number // 10),
                            0.09 + 0.09 * (number % 10),
                            0.06 + 0.014 * (number // 10),
                        ),
                        confidence=None,
                        page=page,
                        line=number // 10,
                    )
                    for number in range(AMOUNTS)
                ],
            )
            for page in range(1, PAGES + 1)
        ]
    )


def test_its_budget_ends_and_the_next_document_is_read(tmp_path: Path) -> None:
    limits = Limits(max_ocr_seconds_per_page=0.005, max_extraction_seconds=0.2, wall_factor=1000)
    store, tasks = ResultStore(tmp_path / "results"), []
    for name, content, pages in (
        ("busy", busy_pdf(), PAGES),
        ("next", text_pdf([[(20, 150, "Total EUR 12.00")]]), 200),
    ):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(content)
        tasks.append(OcrTask(name, path, sha256_of(content), pages=pages))
    texts = {
        result.document_id: result.outcome
        for result in read_documents(PdfText(), tasks, store, limits, LocalWorkers(1))
    }
    assert texts["busy"].failure is not None
    assert texts["busy"].failure.reason == "too_slow"
    words = texts["next"].text
    assert words is not None

    extractions = [
        ExtractionTask("busy", tasks[0].path, tasks[0].sha256, busy_text(), input_key="busy"),
        ExtractionTask("next", tasks[1].path, tasks[1].sha256, words, input_key="next"),
    ]
    rules = Limits(max_extraction_seconds=0.2, wall_factor=1000)
    busy, _ = extract_documents(RulesExtractor(), extractions, store, rules)
    assert busy.outcome.failure is not None
    assert busy.outcome.failure.reason == "too_slow"
    [after] = extract_documents(RulesExtractor(), extractions[1:], store, Limits(wall_factor=1000))
    assert after.outcome.extraction is not None
    assert after.outcome.extraction.invoice.total_amount == 12
