"""The tables `leaderboard`, `leaderboard_fields` and `leaderboard_slices`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.common import NewRow, described
from ocr_pipeline.warehouse.tables.places import summary_rows

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.ranking.leaderboard import LeaderboardRow
    from ocr_pipeline.evaluation.ranking.places import EvidenceSummary
    from ocr_pipeline.evaluation.ranking.slices import Slice
    from ocr_pipeline.evaluation.ranking.summaries import FieldSummary


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """A row of `leaderboard`."""

    dataset: str
    backend: str
    status: Annotated[str, "ok, or not_run: then the message says why, and there is no score."]
    message: Annotated[str | None, "Why the backend was not run."]
    documents: Annotated[int | None, "Documents that were run, labelled or not, failed ones included."]
    failures: Annotated[int | None, "Documents without a result; they count as missing in every field."]
    labelled_documents: Annotated[
        int | None, "Documents that were run and whose label has a value: the n of whole_document_accuracy."
    ]
    missing_documents: Annotated[
        int | None, "Labelled documents that were not run, or not scored since; they are in no score."
    ]
    accurate_documents: Annotated[
        int | None, "Of these, documents in which every labelled field is correct or rightly empty."
    ]
    whole_document_accuracy: Annotated[float | None, "accurate_documents / labelled_documents, with a Wilson interval."]
    whole_document_accuracy_low: Annotated[float | None, "Lower end of its 95 % interval."]
    whole_document_accuracy_high: Annotated[float | None, "Upper end of its 95 % interval."]
    seconds_per_document: Annotated[
        float | None, "Seconds of engine and extractor together, mean of the documents whose time is known."
    ]
    seconds_median: Annotated[float | None, "Their median, with a bootstrap interval."]
    seconds_median_low: Annotated[float | None, "Lower end of its 95 % interval."]
    seconds_median_high: Annotated[float | None, "Upper end of its 95 % interval."]
    cost_per_document: Annotated[float | None, "Cost in USD, mean; NULL if the cost of any document is unknown."]
    cost_median: Annotated[float | None, "Their median, with a bootstrap interval."]
    cost_median_low: Annotated[float | None, "Lower end of its 95 % interval."]
    cost_median_high: Annotated[float | None, "Upper end of its 95 % interval."]
    fingerprints: Annotated[
        list[str] | None, "engine/extractor fingerprints; more than one: it changed between documents."
    ]
    label_version: str | None
    scoring_version: int | None
    run_id: str | None
    evaluated_at: datetime
    reported: Annotated[bool | None, "Whether seconds and cost are as reported by the maker of imported predictions."]
    rules: str | None
    macro_f1: Annotated[
        float | None, "Mean F1 of the fields with a labelled value, each counting the same, however rare it is."
    ]
    macro_f1_low: Annotated[
        float | None, "Lower end of its 95 % interval (bootstrap over documents; NULL with fewer than 5)."
    ]
    macro_f1_high: Annotated[float | None, "Upper end of its 95 % interval."]
    straight_through_documents: Annotated[
        int | None, "Documents that did not fail and have every labelled field right."
    ]
    straight_through_rate: Annotated[
        float | None, "Their share of the labelled documents that were run, with a Wilson interval."
    ]
    straight_through_low: Annotated[float | None, "Lower end of its 95 % interval."]
    straight_through_high: Annotated[float | None, "Upper end of its 95 % interval."]
    pareto: Annotated[bool | None, "Whether no other backend is better in F1, cost and seconds at once."]
    read_from: Annotated[
        dict[str, int] | None, "Number of values by what they were read from: page, code, xml; NULL: not known."
    ]

    @property
    def reads_more_than_pages(self) -> bool:
        """Whether values were read from codes or XML."""
        return self.read_from is not None and set(self.read_from) != {"page"}

    @property
    def sources(self) -> str:
        """The shares of `read_from`: `xml 62 %, page 38 %`; empty if not known."""
        counts = self.read_from or {}
        total = sum(counts.values())
        shares = sorted(counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{source} {100 * count / total:.0f} %" for source, count in shares if count)


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """A row of `leaderboard_fields`."""

    dataset: str
    backend: str
    field: Annotated[
        str, "Field; all_fields: all values together; line_items, tax_lines: rows; with .cells: their cells."
    ]
    documents: int
    n: int
    correct: int
    wrong: int
    spurious: int
    missing: int
    both_empty: int
    precision: Annotated[float | None, "correct / (correct + wrong + spurious), 0..1."]
    precision_low: Annotated[
        float | None, "Lower end of its 95 % interval (Wilson; bootstrap for all fields together)."
    ]
    precision_high: Annotated[float | None, "Upper end of its 95 % interval."]
    recall: Annotated[float | None, "correct / n, 0..1."]
    recall_low: Annotated[float | None, "Lower end of its 95 % interval."]
    recall_high: Annotated[float | None, "Upper end of its 95 % interval."]
    f1: float | None
    f1_low: float | None
    f1_high: float | None
    within_0_01: Annotated[
        float | None, "Money: share of n that is off by at most 0.01; missing values are in n, here and below."
    ]
    within_0_05: Annotated[float | None, "Money: share of n that is off by at most 0.05."]
    within_1_percent: Annotated[float | None, "Money: share of n that is off by at most 1 %."]
    anls: Annotated[float | None, "Names, addresses, text: mean ANLS over n, 0..1."]
    anls_match: Annotated[float | None, "Names, addresses, text: share of n with an ANLS of at least 0.8."]
    f1_strict: Annotated[float | None, "F1 by the strict rules, while f1 is by the normalised ones."]
    f1_lenient: Annotated[float | None, "F1 by the lenient rules."]
    printed_date: Annotated[float | None, "Share of known printed dates that say the labelled date by themselves."]
    printed_unreadable: Annotated[int | None, "Printed dates that are not a date by themselves."]
    metrics: Annotated[dict[str, float] | None, "The project's own metrics by name, mean over n; NULL: none."]


@dataclass(frozen=True, kw_only=True)
class SliceRow:
    """A row of `leaderboard_slices`."""

    dataset: str
    backend: str
    dimension: Annotated[str, "document_type, language, currency, confidence, pages, dataset or split."]
    slice: Annotated[str, "Value of the dimension."]
    documents: int
    n: int
    correct: int
    predicted: Annotated[int, "Extracted values."]
    f1: float | None
    f1_low: float | None
    f1_high: float | None


def replace_leaderboard(
    warehouse: Warehouse,
    rows: "Sequence[LeaderboardRow]",
    fields: "Sequence[FieldSummary]",
    run_id: str,
    evidence: "Sequence[EvidenceSummary]" = (),
) -> None:
    """Replace `leaderboard`, `leaderboard_fields` and `leaderboard_evidence`."""
    boards = [{**leaderboard_columns(row), "run_id": run_id} for row in rows]
    warehouse.replace_all(
        {
            "leaderboard": boards,
            "leaderboard_fields": [vars(field) for field in fields],
            "leaderboard_evidence": summary_rows(evidence),
        }
    )


def leaderboard_columns(row: "LeaderboardRow") -> NewRow:
    """The columns of `leaderboard`: the parts of a row side by side."""
    parts = {name: value for name, value in vars(row).items() if name not in ("summary", "standing")}
    return {**_columns(row.summary), **_columns(row.standing), **parts}


def _columns(part: object) -> NewRow:
    return vars(part) if part else {}


def replace_slices(warehouse: Warehouse, rows: "Sequence[Slice]") -> None:
    """Replace `leaderboard_slices`."""
    warehouse.replace_all({"leaderboard_slices": [vars(row) for row in rows]})


def leaderboard(reader: Reader, dataset: str | None = None) -> list[BoardRow]:
    """The rows of `leaderboard`: of a data set, those that ran come last."""
    return reader.select(
        BoardRow,
        "FROM leaderboard WHERE ? IS NULL OR dataset = ? ORDER BY dataset, status, backend",
        [dataset, dataset],
    )


def leaderboard_fields(reader: Reader, dataset: str | None = None) -> list[FieldRow]:
    """The rows of `leaderboard_fields` in their order."""
    return reader.select(
        FieldRow, "FROM leaderboard_fields WHERE ? IS NULL OR dataset = ? ORDER BY rowid", [dataset, dataset]
    )


def best_backend(reader: Reader, dataset: str, document_id: str, backend: str | None = None) -> str | None:
    """The backend with the best F1 on the data set, of those with a result for the document; None: none has."""
    rows = reader.rows(
        """
        SELECT e.backend FROM extractions e LEFT JOIN leaderboard_fields f
            ON f.backend = e.backend AND f.field = 'all_fields' AND f.dataset = ?
        WHERE e.document_id = ? AND e.status = 'ok' AND (? IS NULL OR e.backend = ?) ORDER BY f.f1 DESC NULLS LAST LIMIT 1
        """,
        [dataset, document_id, backend, backend],
    )
    return str(rows[0]["backend"]) if rows else None


class FailureRate(NamedTuple):
    """How many documents a backend failed on."""

    dataset: str
    backend: str
    documents: int
    failures: int
    share: float


def failure_rates(reader: Reader) -> list[FailureRate]:
    """The failures of every backend that was run."""
    return reader.select(
        FailureRate,
        """
        SELECT dataset, backend, documents, failures, failures / documents AS share
        FROM leaderboard WHERE status = 'ok' AND documents > 0 ORDER BY dataset, backend
        """,
    )


class Expense(NamedTuple):
    """Cost in USD and seconds per document; None: unknown."""

    dataset: str
    backend: str
    cost_per_document: float | None
    seconds_per_document: float | None


def costs_and_seconds(reader: Reader) -> list[Expense]:
    """Cost and time of every backend that was run."""
    return reader.select(
        Expense,
        "SELECT dataset, backend, cost_per_document, seconds_per_document FROM leaderboard WHERE status = 'ok' ORDER BY ALL",
    )


def scored_backends(reader: Reader) -> set[tuple[str, str]]:
    """(backend, data set) of every score on the leaderboard."""
    rows = reader.rows("SELECT backend, dataset FROM leaderboard WHERE status = 'ok'")
    return {(row["backend"], row["dataset"]) for row in rows}


def slices(reader: Reader, dimension: str, dataset: str | None) -> list[SliceRow]:
    """The rows of one dimension of `leaderboard_slices`."""
    return reader.select(
        SliceRow,
        """
        FROM leaderboard_slices WHERE dimension = $dimension AND ($dataset IS NULL OR dataset = $dataset)
        ORDER BY dataset, slice, backend
        """,
        {"dimension": dimension, "dataset": dataset},
    )


COLUMNS = {
    "leaderboard": described(BoardRow),
    "leaderboard_fields": described(FieldRow),
    "leaderboard_slices": described(SliceRow),
}
