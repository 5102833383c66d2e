"""How a document was read: one `Case` per backend, with the chain from the page to the attribution."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.evaluation.diagnosis.truth import SourceComparison, SourcedValue, compare_sources, split_by_source
from ocr_pipeline.evaluation.scoring.comparators import canonical
from ocr_pipeline.evaluation.statistics.counts import RIGHT
from ocr_pipeline.schemas import LIST_KINDS, Box
from ocr_pipeline.warehouse.tables.calls import CallRow
from ocr_pipeline.warehouse.tables.diagnosis import LabelIssueRow
from ocr_pipeline.warehouse.tables.documents import DocumentRow, DuplicateRow, PageRow
from ocr_pipeline.warehouse.tables.evidence import CandidateRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.extractions import ExtractedCellRow, ExtractedItemRow, ExtractedTaxRow
from ocr_pipeline.warehouse.tables.labels import ItemRow, LabelRow, TaxRow, TruthCellRow, TruthRow
from ocr_pipeline.warehouse.tables.scale import ScaleSuspectRow
from ocr_pipeline.warehouse.tables.scores import ListCellRow
from ocr_pipeline.warehouse.tables.words import OcrCell, OcrPageRow, OcrWordRow


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place on a page. `box` is relative to the page (0..1: left, top, right, bottom) as the engine processed it, which
    may be rotated relative to the file: `EngineReading.rotations`. `words` are indices into the words of the engine."""

    page: int
    box: Box
    text: str | None = None
    words: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MarkedPlace:
    """Evidence against the place on the label. `outcome`: found, elsewhere, no_box or spurious. `place` is relative to the
    page as displayed in the file: of several, the closest to the evidence."""

    outcome: str
    iou: float | None
    place: Place | None


@dataclass(frozen=True, kw_only=True)
class FieldCase:
    """One field of one backend. `truth` is None if the field is not `labelled` or is labelled as not on the document.
    `outcome` is None if the field is not labelled or its score is stale.

    `evidence` is where the value was extracted, `label_place` where the labelled value (or what resembles it most) is.
    `read_from`: what the value was read from (page, code, xml), `others` what the other sources have for it.
    `method`, `score` and `correction` describe the evidence in the extractor's own terms. `calibration`: where the
    confidence is from (project or shipped).
    """

    field: str
    value: str | None
    read_from: str | None = None
    others: Mapping[str, str] = dataclasses.field(default_factory=dict)
    labelled: bool
    truth: str | None
    outcome: str | None
    outcome_strict: str | None = None
    outcome_lenient: str | None = None
    attribution: str | None = None
    reason: str | None = None
    confidence: float | None = None
    calibration: str | None = None
    logprob: float | None = None
    evidence: Place | None = None
    method: str | None = None
    score: float | None = None
    correction: str | None = None
    label_place: Place | None = None
    marked: MarkedPlace | None = None
    candidates: tuple[CandidateRow, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Wrong, missing or spurious."""
        return self.outcome is not None and self.outcome not in RIGHT


@dataclass(frozen=True, kw_only=True)
class Case:
    """How one backend read one document. `places`: evidence of list cells by path (`line_items.0.amount`). `marked`: their
    places on the label, by path in the label. `stale_scores`: how many scores are stale; then no outcome, attribution,
    confidence or list cell is given."""

    document_id: str
    backend: str
    extraction: ExtractionCell
    fields: tuple[FieldCase, ...]
    cells: tuple[ListCellRow, ...] = ()
    lists: Mapping[str, Sequence[ExtractedItemRow | ExtractedTaxRow | ExtractedCellRow]]
    places: Mapping[str, Place]
    marked: Mapping[str, MarkedPlace] = dataclasses.field(default_factory=dict)
    calls: tuple[CallRow, ...] = ()
    stale_scores: int = 0

    @property
    def failed(self) -> bool:
        return self.extraction.failed

    def field(self, name: str) -> FieldCase | None:
        """A field by name; None if it is neither extracted nor labelled."""
        return next((field for field in self.fields if field.field == name), None)


@dataclass(frozen=True, kw_only=True)
class EngineReading:
    """What an engine recognised."""

    engine: str
    row: OcrCell
    pages: tuple[OcrPageRow, ...]
    words: tuple[OcrWordRow, ...]

    @property
    def rotations(self) -> dict[int, int]:
        """By page, the degrees clockwise by which the file was rotated before recognition."""
        return {page.page: page.rotation or 0 for page in self.pages}


@dataclass(frozen=True, kw_only=True)
class DocumentCases:
    """A document, its label, and everything computed from it. `truth`: by labelled field. `notice`: what is stale.
    `suspects`: amounts that differ from what is printed by a power of ten."""

    document: DocumentRow
    pages: tuple[PageRow, ...]
    label: LabelRow | None
    truth: Mapping[str, TruthRow]
    truth_lists: Mapping[str, Sequence[ItemRow | TaxRow | TruthCellRow]]
    readings: Mapping[str, EngineReading]
    cases: Mapping[str, Case]
    issues: tuple[LabelIssueRow, ...]
    duplicate: DuplicateRow | None
    notice: str | None
    suspects: tuple[ScaleSuspectRow, ...] = ()

    @property
    def document_id(self) -> str:
        return self.document.document_id

    @property
    def warnings(self) -> Mapping[str, Sequence[str]]:
        """What the backends say about the whole document, with the backends that say it."""
        said: dict[str, list[str]] = {}
        for backend, case in self.cases.items():
            for warning in case.extraction.warnings or ():
                said.setdefault(warning, []).append(backend)
        for suspect in self.suspects:
            backends = said.setdefault(f"{suspect.sentence}.", [])
            backends += [suspect.backend] if suspect.backend not in backends else []
        for row in self.sources:
            if not row.agrees:
                said.setdefault(f"{row.sentence[0].upper()}{row.sentence[1:]}.", [*row.backends, *row.readings])
        return said

    @property
    def sources(self) -> Sequence[SourceComparison]:
        """The fields that at least two of page, codes and XML have a value for."""
        values = {
            backend: {
                field.field: SourcedValue(field.value, field.read_from, field.others)
                for field in case.fields
                if field.value is not None
            }
            for backend, case in self.cases.items()
        }
        extractors = {backend: case.extraction.extractor for backend, case in self.cases.items()}
        return tuple(compare_sources(self.document_id, *split_by_source(values, extractors)))

    @property
    def origins(self) -> Mapping[str, Sequence[str]]:
        """Where the document comes from, in one line, with the backends that judge so."""
        said: dict[str, list[str]] = {}
        for backend, case in self.cases.items():
            if case.extraction.origin:
                said.setdefault(case.extraction.origin, []).append(backend)
        return said


def unscored_cells(
    document_id: str,
    dataset: str,
    backend: str,
    lists: Mapping[str, Sequence[object]],
    kinds: Mapping[str, Mapping[str, str]] = LIST_KINDS,
) -> tuple[ListCellRow, ...]:
    """The cells of lists that no label was compared with: without outcomes. `lists`: rows by name of the list; `kinds`: their
    columns."""
    cells = (
        (name, position, column, kind, _text(getattr(row, column), kind))
        for name, columns in kinds.items()
        for position, row in enumerate(lists.get(name, ()))
        if not isinstance(row, ExtractedCellRow)
        for column, kind in columns.items()
    )
    own = (
        (row.list, row.position, row.column_name, "", row.value)
        for rows in lists.values()
        for row in rows
        if isinstance(row, ExtractedCellRow)
    )
    return tuple(
        ListCellRow(
            document_id=document_id,
            dataset=dataset,
            backend=backend,
            list=name,
            truth_position=None,
            prediction_position=position,
            row_outcome="",
            column_name=column,
            kind=kind,
            truth=None,
            prediction=value,
            outcome="",
            outcome_strict="",
            outcome_lenient="",
            anls=None,
        )
        for name, position, column, kind, value in (*cells, *own)
    )


def _text(value: object, kind: str) -> str | None:
    if isinstance(value, Decimal):
        return canonical(value) if kind == "money" else f"{value.normalize():f}"
    return None if value is None else str(value)
