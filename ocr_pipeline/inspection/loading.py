"""Loads the cases of documents from the warehouse: about two dozen queries per 50 documents, for any number of backends."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from ocr_pipeline.document_fields import in_display_order
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, MarkedPlace, Place
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables import diagnosis, places, scores
from ocr_pipeline.warehouse.tables.calls import CallRow
from ocr_pipeline.warehouse.tables.common import DocumentTableRow, of_documents
from ocr_pipeline.warehouse.tables.confidence import ConfidenceRow
from ocr_pipeline.warehouse.tables.current import Scoring, states
from ocr_pipeline.warehouse.tables.diagnosis import LabelIssueRow
from ocr_pipeline.warehouse.tables.documents import DocumentRow, DuplicateRow, PageRow
from ocr_pipeline.warehouse.tables.evidence import CandidateRow, EvidenceRow, LogprobRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.extractions import ExtractedCellRow, ExtractedItemRow, ExtractedTaxRow, FieldValueRow
from ocr_pipeline.warehouse.tables.labels import ItemRow, LabelRow, TaxRow, TruthCellRow, TruthRow
from ocr_pipeline.warehouse.tables.places import PlaceRow
from ocr_pipeline.warehouse.tables.scale import ScaleSuspectRow
from ocr_pipeline.warehouse.tables.scores import CaseScore, ListCellRow
from ocr_pipeline.warehouse.tables.values import kinds_of_shape
from ocr_pipeline.warehouse.tables.words import OcrCell, OcrPageRow, OcrWordRow

BATCH = 50
"""Documents whose words are in memory at once."""

T = TypeVar("T")
C = TypeVar("C", bound=TruthCellRow)
R = TypeVar("R", bound=DocumentTableRow)


def load_cases(
    reader: Reader, scoring: Scoring, document_ids: Sequence[str], *, words: bool = True
) -> Iterator[DocumentCases]:
    """The cases of these documents, in their order; documents that are not in the database are left out.

    Args:
        reader: a snapshot, so that all tables are of one state.
        scoring: which scores are current; its backends are shown, in their order.
        words: also load the words of the engines and the candidates, which are most of the volume.
    """
    return cases_of(reader, scoring, document_ids, states(reader, scoring).notice(), words=words)


def cases_of(
    reader: Reader, scoring: Scoring, document_ids: Sequence[str], notice: str | None, *, words: bool = True
) -> Iterator[DocumentCases]:
    """As `load_cases`, from a snapshot that may hold the rows of these documents alone.

    Args:
        notice: what is to be said about the scores of all documents.
    """
    for start in range(0, len(document_ids), BATCH):
        batch = list(document_ids[start : start + BATCH])
        tables = _Tables(reader, scoring, batch, words=words)
        for document_id in batch:
            if document_id in tables.documents:
                yield tables.document(document_id, notice)


def load_case(reader: Reader, scoring: Scoring, document_id: str, *, words: bool = True) -> DocumentCases:
    """The cases of one document, as `load_cases` gives them.

    Raises:
        ConfigurationError: it is not in the database.
    """
    found = next(load_cases(reader, scoring, [document_id], words=words), None)
    if found is None:
        raise ConfigurationError(
            f"There is no document {document_id!r} in the database: `ocr-pipeline documents` lists what there is."
        )
    return found


class _Tables:
    """The rows of a batch of documents."""

    def __init__(self, reader: Reader, scoring: Scoring, ids: Sequence[str], *, words: bool) -> None:
        def load(row_type: Callable[..., R], table: str, order: str = "") -> Mapping[str, Sequence[R]]:
            return of_documents(reader, row_type, table, ids, order)

        self.scoring = scoring
        self.documents = load(DocumentRow, "documents")
        self.pages = load(PageRow, "pages", "page")
        self.labels = load(LabelRow, "labels")
        self.truth = load(TruthRow, "ground_truth")
        self.truth_items = load(ItemRow, "ground_truth_line_items", "position")
        self.truth_taxes = load(TaxRow, "ground_truth_tax_lines", "position")
        self.truth_rows = load(TruthCellRow, "ground_truth_rows", "list, position")
        self.issues = load(LabelIssueRow, "label_issues", "field")
        self.duplicates = load(DuplicateRow, "duplicates")
        self.suspects = load(ScaleSuspectRow, "scale_suspects", "backend, field")
        self.ocr = load(OcrCell, "ocr_text", "engine")
        self.ocr_pages = load(OcrPageRow, "ocr_pages", "engine, page")
        self.words = load(OcrWordRow, "ocr_words", "engine, word") if words else {}
        self.extractions = load(ExtractionCell, "extractions")
        self.values = load(FieldValueRow, "extracted_fields")
        self.items = load(ExtractedItemRow, "extracted_line_items", "position")
        self.taxes = load(ExtractedTaxRow, "extracted_tax_lines", "position")
        self.rows = load(ExtractedCellRow, "extracted_rows", "list, position")
        self.evidence = load(EvidenceRow, "evidence")
        self.candidates = load(CandidateRow, "candidates", "backend, field, rank") if words else {}
        self.logprobs = load(LogprobRow, "value_logprobs")
        self.calls = load(CallRow, "model_calls", "position")
        self.cells = load(ListCellRow, "line_item_cells", "list, truth_position, prediction_position, column_name")
        self.confidences = load(ConfidenceRow, "confidences")
        self.scores = _grouped(scores.of_documents(reader, scoring, ids), lambda row: row.document_id)
        self.marked = _grouped(places.of_documents(reader, scoring, ids), lambda row: row.document_id)
        attributions = diagnosis.current_attributions(reader, scoring, {}, ids)
        self.attributions = _grouped(attributions, lambda row: row.document_id)

    def document(self, key: str, notice: str | None) -> DocumentCases:
        pages = _grouped(self.ocr_pages.get(key, ()), lambda row: row.engine)
        words = _grouped(self.words.get(key, ()), lambda row: row.engine)
        extractions = {row.backend: row for row in self.extractions.get(key, ())}
        truth = {row.field: row for row in self.truth.get(key, ())}
        return DocumentCases(
            document=self.documents[key][0],
            pages=tuple(self.pages.get(key, ())),
            label=next(iter(self.labels.get(key, ())), None),
            truth=truth,
            truth_lists={
                "line_items": self.truth_items.get(key, ()),
                "tax_lines": self.truth_taxes.get(key, ()),
                **_by_list(self.truth_rows.get(key, ())),
            },
            readings={
                row.engine: EngineReading(
                    engine=row.engine,
                    row=row,
                    pages=tuple(pages.get(row.engine, ())),
                    words=tuple(words.get(row.engine, ())),
                )
                for row in self.ocr.get(key, ())
            },
            cases={
                backend: self._case(extractions[backend], truth)
                for backend in self.scoring.backends
                if backend in extractions
            },
            issues=tuple(self.issues.get(key, ())),
            duplicate=next(iter(self.duplicates.get(key, ())), None),
            notice=notice,
            suspects=tuple(row for row in self.suspects.get(key, ()) if self._is_current(row)),
        )

    def _is_current(self, suspect: ScaleSuspectRow) -> bool:
        """Whether the backend still gives this value."""
        values = self.values.get(suspect.document_id, ())
        given = {(row.backend, row.field): row.value for row in values}
        return given.get((suspect.backend, suspect.field)) == suspect.value

    def _case(self, extraction: ExtractionCell, truth: Mapping[str, TruthRow]) -> Case:
        key, backend = extraction.document_id, extraction.backend

        def own(rows: Mapping[str, Sequence[R]]) -> list[R]:
            return [row for row in rows.get(key, ()) if getattr(row, "backend") == backend]  # noqa: B009

        evidence = own(self.evidence)
        marked = _marked(own(self.marked))
        stale = sum(row.stale for row in own(self.scores))
        scored = [] if stale else own(self.scores)
        rows = _FieldRows(
            truth=truth,
            values={row.field: row for row in own(self.values)},
            scores={row.field: row for row in scored},
            attributions={} if stale else {row.field: row for row in own(self.attributions)},
            confidences={} if stale else {row.field: row for row in own(self.confidences)},
            evidence={row.field: row for row in evidence},
            logprobs={row.field: row for row in own(self.logprobs)},
            candidates=_grouped(own(self.candidates), lambda row: row.field),
            marked=marked,
        )
        return Case(
            document_id=key,
            backend=backend,
            extraction=extraction,
            fields=tuple(rows.field(name) for name in in_display_order(rows.names, kinds_of_shape(extraction.shape))),
            cells=() if stale else tuple(own(self.cells)),
            lists={
                "line_items": own(self.items),
                "tax_lines": own(self.taxes),
                **_by_list(own(self.rows)),
            },
            marked=marked,
            places={row.field: place for row in evidence if "." in row.field and (place := _place(row))},
            calls=tuple(own(self.calls)),
            stale_scores=stale,
        )


@dataclass(frozen=True, kw_only=True)
class _FieldRows:
    """The rows of one backend by field."""

    truth: Mapping[str, TruthRow]
    values: Mapping[str, FieldValueRow]
    scores: Mapping[str, CaseScore]
    attributions: Mapping[str, AttributionRow]
    confidences: Mapping[str, ConfidenceRow]
    evidence: Mapping[str, EvidenceRow]
    logprobs: Mapping[str, LogprobRow]
    candidates: Mapping[str, Sequence[CandidateRow]]
    marked: Mapping[str, MarkedPlace]

    @property
    def names(self) -> Iterator[str]:
        """Fields that there is anything about."""
        yield from (name for rows in (self.truth, self.values, self.scores) for name in rows)

    def field(self, name: str) -> FieldCase:
        truth, value, score = self.truth.get(name), self.values.get(name), self.scores.get(name)
        attribution, evidence = self.attributions.get(name), self.evidence.get(name)
        confidence, logprob = self.confidences.get(name), self.logprobs.get(name)
        return FieldCase(
            field=name,
            value=value.value if value else None,
            read_from=value.read_from if value else None,
            others=(value.others if value else None) or {},
            labelled=truth is not None,
            truth=truth.value if truth else None,
            outcome=score.outcome if score else None,
            outcome_strict=score.outcome_strict if score else None,
            outcome_lenient=score.outcome_lenient if score else None,
            attribution=attribution.attribution if attribution else None,
            reason=attribution.reason if attribution else None,
            confidence=confidence.confidence if confidence else None,
            calibration=confidence.calibration if confidence else None,
            logprob=logprob.logprob if logprob else None,
            evidence=_place(evidence) if evidence else None,
            method=evidence.method if evidence else None,
            score=evidence.score if evidence else None,
            correction=evidence.correction if evidence else None,
            label_place=_label_place(attribution) if attribution else None,
            marked=self.marked.get(name),
            candidates=tuple(self.candidates.get(name, ())),
        )


def _place(row: EvidenceRow) -> Place:
    return Place(page=row.page, box=(row.x0, row.y0, row.x1, row.y1), text=row.text, words=tuple(row.words))


def _label_place(row: AttributionRow) -> Place | None:
    if row.page is None or row.x0 is None or row.y0 is None or row.x1 is None or row.y1 is None:
        return None
    return Place(page=row.page, box=(row.x0, row.y0, row.x1, row.y1))


def _marked(rows: Sequence[PlaceRow]) -> dict[str, MarkedPlace]:
    """The places on the label by path, of scores that are current."""
    return {
        row.field: MarkedPlace(
            outcome=row.outcome,
            iou=row.iou,
            place=None if row.label_page is None else Place(page=row.label_page, box=row.label_box),
        )
        for row in rows
        if not row.stale
    }


def _by_list(rows: Sequence[C]) -> dict[str, list[C]]:
    return _grouped(rows, lambda row: row.list)


def _grouped(rows: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    return {name: list(group) for name, group in groupby(sorted(rows, key=key), key)}
