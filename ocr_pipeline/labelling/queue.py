"""In which order documents are labelled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.inspection.review import DRAWN, reviews
from ocr_pipeline.inspection.summaries import suggestions
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring

Order = Literal["suggested", "review"]
"""`suggested`: those first whose label teaches most. `review`: those that are not accepted without a look, and accepted ones
that are drawn for a check."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An unlabelled document in the queue; `doubt` is None if no backend has read it. `reason`: why a person should look at
    it, in the queue `review`."""

    document_id: str
    doubt: float | None
    unsure_fields: Sequence[str] = ()
    reason: str | None = None


def suggested(reader: Reader, sources: Mapping[str, SourceFile], dataset: str | None) -> list[Waiting]:
    """The unlabelled documents, that whose label teaches most first; then those that no backend has read."""
    labelled = _labelled(sources)
    ranked = suggestions(reader, dataset, labelled)
    known = {row.document_id for row in tables.diagnosis.consensus(reader)}
    waiting = [
        Waiting(document_id=row.document_id, doubt=row.score, unsure_fields=row.unsure_fields)
        for row in ranked
        if row.document_id in sources
    ]
    return waiting + [
        Waiting(document_id=key, doubt=None) for key in sources if key not in labelled and key not in known
    ]


def to_review(
    reader: Reader, scoring: Scoring, sources: Mapping[str, SourceFile], dataset: str | None
) -> list[Waiting]:
    """What `run` put into the table `review`, without what was labelled since."""
    labelled = _labelled(sources)
    return [
        Waiting(
            document_id=row.document_id,
            doubt=None if row.confidence is None else 1 - row.confidence,
            unsure_fields=row.fields,
            reason=row.sentence or DRAWN,
        )
        for of in reviews(reader, scoring, dataset).sets
        for row in of.waiting
        if row.document_id in sources and row.document_id not in labelled
    ]


def _labelled(sources: Mapping[str, SourceFile]) -> Collection[str]:
    return {key for key, source in sources.items() if source.label}
