"""What was read of each document, in one row, with or without a label."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import chain
from statistics import fmean
from typing import Literal

from ocr_pipeline.evaluation.diagnosis.agreement import Consensus, Suggestion, same_value, suggest
from ocr_pipeline.evaluation.diagnosis.label_sums import TOLERANCE
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.diagnosis import ConsensusRow

SHOWN = ("supplier_name", "invoice_date", "total_amount", "currency")
"""Fields of a summary: what people look for first on an invoice. Of another document, the first ones of its schema."""

Sums = Literal["agree", "differ", "unknown"]


@dataclass(frozen=True, kw_only=True)
class DocumentSummary:
    """One document. Values are those of most backends; None: most found none."""

    document_id: str
    dataset: str
    labelled: bool
    pages: int | None
    error: str | None
    """Why the document cannot be opened."""
    values: Mapping[str, str | None]
    sums: Sums
    """Whether net amount and tax add up to the total; unknown: one of them is missing."""
    backends: int
    agreement: float | None
    """Share of the pairs of backends that agree, mean of all fields; None: fewer than two backends."""
    confidence: float | None
    """The lowest confidence among the shown values; None: no backend gives any."""
    disputed: tuple[str, ...]
    """Fields on which backends disagree, the most disputed first."""


def document_summaries(reader: Reader, dataset: str | None = None) -> list[DocumentSummary]:
    """Summaries of all documents whose file exists, by data set and id. `dataset`: only this data set."""
    by_document: dict[str, list[ConsensusRow]] = {}
    for row in tables.diagnosis.consensus(reader):
        by_document.setdefault(row.document_id, []).append(row)
    labels = tables.labels.labels(reader)
    own = _first_fields(reader)
    confidences = tables.confidence.predictions_by_value(reader, {*SHOWN, *chain(*own.values())})
    documents = sorted(tables.documents.documents(reader).values(), key=lambda row: (row.dataset, row.document_id))
    return [
        _summary(
            by_document.get(row.document_id, []),
            confidences,
            shown=own.get(row.schema_name or "", SHOWN),
            document_id=row.document_id,
            dataset=row.dataset,
            labelled=row.document_id in labels and labels[row.document_id].valid,
            pages=row.pages,
            error=row.message if row.failed else None,
        )
        for row in documents
        if not row.file_deleted and dataset in (None, row.dataset)
    ]


def _first_fields(reader: Reader) -> dict[str, Sequence[str]]:
    """The first fields of the schemas that documents were read by, by schema."""
    return {model.NAME: list(model.KINDS)[: len(SHOWN)] for model in tables.values.models(reader)}


def _summary(
    rows: list[ConsensusRow],
    confidences: Mapping[tuple[str, str], list[tuple[str, float]]],
    *,
    shown: Sequence[str],
    document_id: str,
    dataset: str,
    labelled: bool,
    pages: int | None,
    error: str | None,
) -> DocumentSummary:
    values = {row.field: row.value for row in rows}
    surest = []
    for field in shown:
        wanted = same_value(field, values.get(field))
        known = [
            confidence
            for prediction, confidence in confidences.get((document_id, field), ())
            if wanted is not None and same_value(field, prediction) == wanted
        ]
        surest += [max(known)] if known else []
    backends = max((row.backends for row in rows), default=0)
    disputed = sorted((row for row in rows if row.agreement < 1), key=lambda row: row.agreement)
    return DocumentSummary(
        document_id=document_id,
        dataset=dataset,
        labelled=labelled,
        pages=pages,
        error=error,
        values={field: values.get(field) for field in shown},
        sums=check_sums(values),
        backends=backends,
        agreement=fmean(row.agreement for row in rows) if rows and backends > 1 else None,
        confidence=min(surest, default=None),
        disputed=tuple(row.field for row in disputed),
    )


def check_sums(values: Mapping[str, str | None]) -> Sums:
    """Whether net amount and tax add up to the total, within the tolerance of cash rounding."""
    net, tax, total = (values.get(name) for name in ("net_amount", "total_tax_amount", "total_amount"))
    if net is None or tax is None or total is None:
        return "unknown"
    return "agree" if abs(Decimal(net) + Decimal(tax) - Decimal(total)) <= TOLERANCE else "differ"


def suggestions(
    reader: Reader, dataset: str | None = None, labelled: Collection[str] | None = None
) -> list[Suggestion]:
    """Unlabelled documents, that whose label would teach most first; see `agreement.suggest`.

    Args:
        labelled: the documents that have a label; None: as stored.
    """
    if labelled is None:
        labelled = {key for key, row in tables.labels.labels(reader).items() if row.valid}
    names = [field.name for field in fields(Consensus)]
    entries: Iterable[ConsensusRow] = tables.diagnosis.consensus(reader)
    return suggest(
        (
            Consensus(**{name: getattr(row, name) for name in names})
            for row in entries
            if dataset in (None, row.dataset)
        ),
        tables.confidence.confidences_by_value(reader),
        tables.documents.groups(reader),
        labelled,
    )
