"""A small project as a run leaves it, made in a second without one: documents, words with their boxes, and what two backends
extracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.documents.stage import IngestedDocument
from ocr_pipeline.evaluation.diagnosis.agreement import consensus
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.ocr.stage import OcrOutcome
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Box, Evidence, Extraction, Invoice, OcrPage, OcrText, Rotation, Word
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.files import PLUGINS, add_file, text_pdf, write_backends

ENGINE = "pdf-text"
BACKENDS = ("pdf-text+rules", "second")
INVOICE: list[tuple[float, float, str]] = [
    (20, 180, "Harbour Tools Ltd"),
    (20, 160, "7 Quay Street, Leith"),
    (20, 140, "Invoice 4711"),
    (20, 125, "Date 05/03/2026"),
    (20, 90, "Net 100.00"),
    (20, 75, "VAT 20% 20.00"),
    (20, 60, "Total GBP 120.00"),
    (20, 45, "Cash 150.00"),
]
READ = {
    "supplier_name": "Harbour Tools Ltd",
    "invoice_id": "4711",
    "invoice_date": "2026-03-05",
    "currency": "GBP",
    "net_amount": "100.00",
    "total_amount": "120.00",
}
SECOND = {**READ, "total_amount": "150.00"}

Values = Mapping[str, object]


@dataclass
class Shop:
    """The project and what was put into it."""

    project: Project
    warehouse: Warehouse

    def label_file(self, name: str) -> Path:
        return self.project.data / "documents" / f"shop/{name}.json"


def empty_shop(root: Path) -> Shop:
    """A project without documents."""
    (root / "data" / "documents").mkdir(parents=True)
    write_backends(
        root,
        {
            "engines": {ENGINE: None},
            "backends": {
                BACKENDS[0]: {"engine": ENGINE, "extractor": "rules"},
                BACKENDS[1]: {"extractor": f"{PLUGINS}:PageWidth"},
            },
        },
    )
    project = Project(root)
    return Shop(project, Warehouse(project.database))


def make_shop(root: Path) -> Shop:
    """Three documents: `shop-a` and `shop-b` (two pages, of which the second has a hostile word) are read, `shop-c` is not."""
    shop = empty_shop(root)
    project = shop.project
    markup = [(20.0, 100.0, "<img src=x onerror=hacked=1>"), (20.0, 80.0, "<b>bold</b>")]
    add_file(project, "shop/a.pdf", text_pdf([INVOICE]))
    add_file(project, "shop/b.pdf", text_pdf([INVOICE, markup]))
    add_file(project, "shop/c.pdf", text_pdf([INVOICE[:3]]))
    rows = [{"description": "<i>Drill</i>", "quantity": "1", "amount": "100.00"}]
    read(shop, "shop-a", [READ, SECOND])
    read(shop, "shop-b", [{**READ, "supplier_name": "<script>hacked=1</script>"}, READ], line_items=rows)
    return shop


def read(
    shop: Shop,
    document_id: str,
    values: Sequence[Values],
    *,
    line_items: Sequence[Values] = (),
    rotation: Rotation = 0,
) -> None:
    """Store a document as ingested and read: `values` by backend, `line_items` of the first.

    Args:
        rotation: by which the engine turned the pages.
    """
    source = next(found for found in find_documents(shop.project.data) if found.document_id == document_id)
    document = open_document(source.path.read_bytes(), Limits(), source.pages)
    text = OcrText(
        pages=[
            OcrPage(
                page=page.number,
                width=page.width,
                height=page.height,
                rotation=rotation,
                words=page.text_layer() or [],
                seconds=0.1,
            )
            for page in document.pages
        ]
    )
    extractions = [
        Extraction(
            invoice=Invoice.model_validate({**of_backend, "line_items": list(line_items) if number == 0 else []}),
            evidence={name: found for name, value in of_backend.items() if (found := _place(text, str(value)))},
        )
        for number, of_backend in enumerate(values)
    ]
    store(shop, document_id, text, extractions)


def store(shop: Shop, document_id: str, text: OcrText, extractions: Sequence[Extraction]) -> None:
    """Store a document with what was recognised and what each backend extracted."""
    source = next(found for found in find_documents(shop.project.data) if found.document_id == document_id)
    document = open_document(source.path.read_bytes(), Limits(), source.pages)
    ingested = IngestedDocument(**vars(document), perceptual_hash="dct1-" + "0" * 64)
    new = tables.empty(["documents", "pages", *tables.words.OCR_TABLES, *tables.extractions.EXTRACTION_TABLES])
    tables.documents.add_document(new, source, shop.project.relative(source.path), run_id="r", document=ingested)
    tables.words.add_ocr(new, document_id, ENGINE, OcrOutcome(text=text), fingerprint="f", result_key=None, run_id="r")
    for backend, extraction in zip(BACKENDS, extractions, strict=False):
        tables.extractions.add_extraction(
            new,
            document_id,
            backend,
            ExtractionOutcome(extraction=extraction),
            engine=ENGINE,
            extractor="rules",
            ocr_seconds=0.1,
            engine_fingerprint="f",
            extractor_fingerprint="f",
            result_key=None,
            run_id="r",
        )
    shop.warehouse.replace(["document_id"], [(document_id,)], new)
    _agree(shop, source.dataset)


def doubt(shop: Shop, document_id: str, field: str, label: str | None, value: str | None) -> None:
    """Store a label issue; `labels` and scores are not needed for it."""
    issue = LabelIssue(
        document_id=document_id,
        field=field,
        label=label,
        value=value,
        kinds=("agreement",),
        reason="2 backends agree on another value",
        backends=BACKENDS,
        independent=True,
        score=1.0,
    )
    rows = tables.diagnosis.label_issue_rows([issue], {document_id: "shop"}, "r")
    shop.warehouse.replace_all({"label_issues": rows})


def _agree(shop: Shop, dataset: str) -> None:
    with shop.warehouse.snapshot() as snapshot:
        values = tables.extractions.extracted_values(snapshot, BACKENDS)
    entries = [entry for key, of_document in values.items() for entry in consensus(key, of_document)]
    rows = tables.diagnosis.consensus_rows(entries, dict.fromkeys(values, dataset), set(), "r")
    shop.warehouse.replace_all({"consensus": rows})


def _place(text: OcrText, value: str) -> Evidence | None:
    words = list(text.words())
    found = [(number, word) for number, word in enumerate(words) if word.text in value.split()]
    if not found:
        return None
    box = _around([word for _, word in found])
    page = found[0][1].page
    return Evidence(page=page, text=value, box=box, words=[number for number, _ in found], method="test", score=0.9)


def _around(words: Sequence[Word]) -> Box:
    boxes = [word.box for word in words]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
