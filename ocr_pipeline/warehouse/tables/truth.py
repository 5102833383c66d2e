"""The table `truth_agreement`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from ocr_pipeline.evaluation.diagnosis.truth import SourceComparison
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, described


@dataclass(frozen=True, kw_only=True)
class TruthAgreementRow:
    """A row of `truth_agreement`."""

    document_id: str
    dataset: str
    field: str
    page: Annotated[
        str | None, "What a backend read on the page that code or XML say, too; else what most backends read."
    ]
    code: Annotated[str | None, "What a QR or bar code says; NULL: nothing."]
    xml: Annotated[str | None, "What the e-invoice XML says; NULL: nothing."]
    agrees: Annotated[bool, "Whether all that have a value have the same."]
    readings: Annotated[Mapping[str, str], "What backends read on the page, by backend."]
    backends: Annotated[Sequence[str], "Backends that read code and XML."]
    sentence: Annotated[str, "Who says what."]
    run_id: str | None
    computed_at: datetime


def agreement_rows(compared: Iterable[SourceComparison], datasets: Mapping[str, str], run_id: str) -> list[NewRow]:
    """New rows of `truth_agreement`. `datasets`: by document."""
    stamp = {"run_id": run_id, "computed_at": utc_now()}
    return [{**vars(row), "dataset": datasets[row.document_id], "sentence": row.sentence, **stamp} for row in compared]


def contradictions(reader: Reader) -> list[TruthAgreementRow]:
    """Fields on which page, codes and XML do not agree."""
    return reader.select(TruthAgreementRow, "FROM truth_agreement WHERE NOT agrees ORDER BY document_id, field")


COLUMNS = {"truth_agreement": described(TruthAgreementRow)}
