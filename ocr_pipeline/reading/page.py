"""Document pages, as in the report, for files that are in no project."""

from collections.abc import Sequence
from pathlib import Path

from ocr_pipeline.document_fields import as_text
from ocr_pipeline.documents.identifiers import earlier_id
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place, unscored_cells
from ocr_pipeline.reading.read import ReadFile
from ocr_pipeline.report.documents import document_page, rotations
from ocr_pipeline.report.pages import write_images
from ocr_pipeline.report.site import Pages, write_assets
from ocr_pipeline.schemas import Evidence, Extraction
from ocr_pipeline.warehouse.connection import utc_now
from ocr_pipeline.warehouse.tables.documents import DocumentRow, PageRow
from ocr_pipeline.warehouse.tables.evidence import CandidateRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.values import shape_columns
from ocr_pipeline.warehouse.tables.words import OcrCell, OcrPageRow, OcrWordRow

DATASET = "read without a project"
SIDES = ("x0", "y0", "x1", "y1")


def write_pages(results: Sequence[ReadFile], folder: Path, limits: Limits) -> Path:
    """Write a page for each file that was read, with neighbours; returns the first."""
    for name in ("assets", "documents", "images"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_assets(folder)
    pages = Pages(folder, None)
    shown = [result for result in results if result.extraction]
    ids = [f"{number:03}-{earlier_id((Path(result.file.name).name,))}" for number, result in enumerate(shown, 1)]
    for number, (key, result) in enumerate(zip(ids, shown, strict=True)):
        cases = _cases(key, result)
        images: set[str] = set()
        if result.document and result.file.path:
            turned, drawn = rotations(cases), result.document.is_drawn
            images = write_images(
                result.file.path, result.document.sha256, turned, folder / "images", limits, drawn=drawn
            )
        pages.write(
            f"documents/{key}.html",
            "document.html.j2",
            view=document_page(cases, images),
            calls={},
            previous=ids[number - 1] if number else None,
            next=ids[number + 1] if number + 1 < len(ids) else None,
            standalone=True,
        )
    return folder / "documents" / f"{ids[0]}.html"


def _cases(key: str, result: ReadFile) -> DocumentCases:
    document, extraction = result.document, result.extraction
    assert document is not None
    assert extraction is not None
    now = utc_now()
    row = DocumentRow(
        document_id=key,
        dataset=DATASET,
        path=result.file.name,
        media_type=document.media_type,
        size_bytes=document.size,
        sha256=document.sha256,
        perceptual_hash=None,
        pages=len(document.pages),
        transcript_sha256=None,
        status="ok",
        reason=None,
        message=None,
        run_id=None,
        updated_at=now,
    )
    pages = tuple(
        PageRow(document_id=key, page=page.number, width_px=page.width, height_px=page.height, dpi=page.dpi)
        for page in document.pages
    )
    reading = _reading(key, result)
    return DocumentCases(
        document=row,
        pages=pages,
        label=None,
        truth={},
        truth_lists={},
        readings={reading.engine: reading} if reading else {},
        cases={result.backend.name: _case(key, result, extraction)},
        issues=(),
        duplicate=None,
        notice=None,
    )


def _reading(key: str, result: ReadFile) -> EngineReading | None:
    engine, text = result.backend.engine, result.text
    if engine is None or text is None:
        return None
    cell = OcrCell(
        document_id=key,
        engine=engine.name,
        status="ok",
        reason=None,
        message=None,
        pages=len(text.pages),
        words=sum(len(page.words) for page in text.pages),
        mean_confidence=None,
        seconds=text.seconds,
        fingerprint=engine.fingerprint,
        result_key=None,
        run_id=None,
        updated_at=utc_now(),
    )
    pages = tuple(
        OcrPageRow(
            document_id=key,
            engine=engine.name,
            page=page.page,
            width_px=page.width,
            height_px=page.height,
            words=len(page.words),
            mean_confidence=None,
            seconds=page.seconds,
            rotation=page.rotation,
        )
        for page in text.pages
    )
    words = tuple(
        OcrWordRow(
            document_id=key,
            engine=engine.name,
            page=word.page,
            word=index,
            line=word.line,
            text=word.text,
            **dict(zip(SIDES, word.box, strict=True)),
            confidence=word.confidence,
        )
        for index, word in enumerate(text.words())
    )
    return EngineReading(engine=engine.name, row=cell, pages=pages, words=words)


def _case(key: str, result: ReadFile, extraction: Extraction) -> Case:
    backend = result.backend
    cell = ExtractionCell(
        document_id=key,
        backend=backend.name,
        engine=backend.engine_name,
        extractor=backend.extractor_type,
        status="ok",
        reason=None,
        message=None,
        seconds=result.outcome.seconds,
        ocr_seconds=result.text.seconds if result.text else None,
        cost_usd=result.outcome.cost_usd,
        engine_fingerprint=backend.engine.fingerprint if backend.engine else None,
        extractor_fingerprint=backend.fingerprint,
        result_key=None,
        run_id=None,
        updated_at=utc_now(),
        extractor_settings=None,
        reported=None,
        reported_model=None,
        reported_model_version=None,
        warnings=extraction.warnings,
        **shape_columns(extraction.invoice),
    )
    fields = tuple(_field(key, name, result, extraction) for name in result.schema.field_kinds)
    return Case(
        document_id=key,
        backend=backend.name,
        extraction=cell,
        fields=tuple(field for field in fields if field.value is not None),
        cells=unscored_cells(
            key,
            DATASET,
            backend.name,
            {name: getattr(extraction.invoice, name) for name in result.schema.list_kinds},
            result.schema.list_kinds,
        ),
        lists={},
        places={path: _place(evidence) for path, evidence in extraction.evidence.items()},
    )


def _field(key: str, name: str, result: ReadFile, extraction: Extraction) -> FieldCase:
    value, evidence = getattr(extraction.invoice, name), extraction.evidence.get(name)
    candidates = [row for row in extraction.candidates if row.field == name]
    return FieldCase(
        field=name,
        value=None if value is None else as_text(value),
        read_from=extraction.read_from.get(name, "page"),
        others={str(source): text for source, text in extraction.others.get(name, {}).items()},
        labelled=False,
        truth=None,
        outcome=None,
        confidence=result.confidence(name),
        calibration="shipped",
        evidence=_place(evidence) if evidence else None,
        method=evidence.method if evidence else None,
        score=evidence.score if evidence else None,
        correction=evidence.correction if evidence else None,
        candidates=tuple(
            CandidateRow(
                document_id=key,
                backend=result.backend.name,
                rank=rank,
                **row.model_dump(exclude={"box"}),
                x0=row.box[0],
                y0=row.box[1],
                x1=row.box[2],
                y1=row.box[3],
            )
            for rank, row in enumerate(candidates)
        ),
    )


def _place(evidence: Evidence) -> Place:
    return Place(page=evidence.page, box=evidence.box, text=evidence.text, words=tuple(evidence.words))
