"""The tables `leaderboard`, `leaderboard_fields`, `leaderboard_slices`, `comparisons` and `rule_sensitivity`."""

from collections.abc import Sequence

from ocr_pipeline.evaluation.ranking.leaderboard import LeaderboardRow
from ocr_pipeline.evaluation.ranking.pairwise import Comparison
from ocr_pipeline.evaluation.ranking.sensitivity import RuleSensitivity
from ocr_pipeline.evaluation.ranking.slices import Slice
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import Row

COLUMNS = {
    "leaderboard": {
        "status": "ok, or not_run: then the message says why, and there is no score.",
        "message": "Why the backend was not run.",
        "documents": "Documents that were run, labelled or not, failed ones included.",
        "failures": "Documents without a result; they count as missing in every field.",
        "labelled_documents": "Documents that were run and whose label has a value: the n of whole_document_accuracy.",
        "missing_documents": "Labelled documents that were not run, or not scored since; they are in no score.",
        "accurate_documents": "Of these, documents in which every labelled field is correct or rightly empty.",
        "whole_document_accuracy": "accurate_documents / labelled_documents, with a Wilson interval.",
        "whole_document_accuracy_low": "Lower end of its 95 % interval.",
        "whole_document_accuracy_high": "Upper end of its 95 % interval.",
        "seconds_per_document": "Seconds of engine and extractor together, mean of the documents whose time is known.",
        "seconds_median": "Their median, with a bootstrap interval.",
        "seconds_median_low": "Lower end of its 95 % interval.",
        "seconds_median_high": "Upper end of its 95 % interval.",
        "cost_per_document": "Cost in USD, mean; NULL if the cost of any document is unknown.",
        "cost_median": "Their median, with a bootstrap interval.",
        "cost_median_low": "Lower end of its 95 % interval.",
        "cost_median_high": "Upper end of its 95 % interval.",
        "fingerprints": "engine/extractor fingerprints; more than one: it changed between documents.",
        "reported": "Whether seconds and cost are as reported by the maker of imported predictions.",
        "macro_f1": "Mean F1 of the fields with a labelled value, each counting the same, however rare it is.",
        "macro_f1_low": "Lower end of its 95 % interval (bootstrap over documents; NULL with fewer than 5).",
        "macro_f1_high": "Upper end of its 95 % interval.",
        "straight_through_documents": "Documents that did not fail and have every labelled field right.",
        "straight_through_rate": "Their share of the labelled documents that were run, with a Wilson interval.",
        "straight_through_low": "Lower end of its 95 % interval.",
        "straight_through_high": "Upper end of its 95 % interval.",
        "pareto": "Whether no other backend is better in F1, cost and seconds at once.",
    },
    "leaderboard_fields": {
        "field": "Field; all_fields: all values together; line_items, tax_lines: rows; with .cells: their cells.",
        "precision": "correct / (correct + wrong + spurious), 0..1.",
        "precision_low": "Lower end of its 95 % interval (Wilson; bootstrap for all fields together).",
        "precision_high": "Upper end of its 95 % interval.",
        "recall": "correct / n, 0..1.",
        "recall_low": "Lower end of its 95 % interval.",
        "recall_high": "Upper end of its 95 % interval.",
        "within_0_01": "Money: share of n that is off by at most 0.01; missing values are in n, here and below.",
        "within_0_05": "Money: share of n that is off by at most 0.05.",
        "within_1_percent": "Money: share of n that is off by at most 1 %.",
        "anls": "Names, addresses, text: mean ANLS over n, 0..1.",
        "anls_match": "Names, addresses, text: share of n with an ANLS of at least 0.8.",
        "f1_strict": "F1 by the strict rules, while f1 is by the normalised ones.",
        "f1_lenient": "F1 by the lenient rules.",
        "printed_date": "Share of known printed dates that say the labelled date by themselves.",
        "printed_unreadable": "Printed dates that are not a date by themselves.",
        "metrics": "The project's own metrics by name, mean over n; NULL: none.",
    },
    "leaderboard_slices": {
        "dimension": "document_type, language, currency, confidence, pages, dataset or split.",
        "slice": "Value of the dimension.",
        "predicted": "Extracted values.",
    },
    "comparisons": {
        "field": "Field, or all_fields.",
        "rules": "headline, or the name of stricter or more lenient rules.",
        "backend_a": "Backend A: the first by name.",
        "backend_b": "Backend B.",
        "documents": "Documents that both ran on and whose label mentions the field, failed ones included.",
        "n": "Labelled values on these documents.",
        "f1_a": "F1 of A on these documents.",
        "f1_b": "F1 of B on these documents.",
        "difference": "F1 of A minus F1 of B.",
        "difference_low": "Lower end of its 95 % interval: bootstrap over documents, the same draws for both.",
        "difference_high": "Upper end of its 95 % interval.",
        "disagree": "Documents in which one has a value right that the other has not.",
        "a_better": "Documents in which A has more values right; of a single field, documents that only A has right.",
        "b_better": "Documents in which B has more values right.",
        "test": "Single field: mcnemar, exact. All fields: randomization of F1, as fields of a document are not independent.",
        "p": "p value of the test.",
        "p_holm": "p value, corrected (Holm) over all pairs and fields shown together.",
    },
    "rule_sensitivity": {
        "field": "Field, or all_fields.",
        "rules": "Name of the rules.",
        "best": "Backend that wins most of its pairs; NULL if it does not even beat the next one.",
        "second": "Second best backend.",
        "difference": "F1 of the best minus F1 of the second, on the documents that both ran on.",
        "p_holm": "Its p value, corrected (Holm).",
        "significant": "Whether the difference is significant.",
        "winner_changes": "Whether the headline rules have another winner.",
        "significance_changes": "Whether the headline rules differ in significance.",
    },
}


def failure_rates(reader: Reader) -> list[Row]:
    """dataset, backend, documents, failures, share of every backend that ran."""
    return reader.rows(
        """
        SELECT dataset, backend, documents, failures, failures / documents AS share
        FROM leaderboard WHERE status = 'ok' AND documents > 0 ORDER BY dataset, backend
        """
    )


def costs_and_seconds(reader: Reader) -> list[Row]:
    """dataset, backend, cost_per_document, seconds_per_document of every backend that ran; NULL: not known."""
    return reader.rows(
        "SELECT dataset, backend, cost_per_document, seconds_per_document FROM leaderboard WHERE status = 'ok' ORDER BY ALL"
    )


def scored_backends(reader: Reader) -> set[tuple[str, str]]:
    """(backend, data set) of every score on the leaderboard."""
    rows = reader.rows("SELECT backend, dataset FROM leaderboard WHERE status = 'ok'")
    return {(row["backend"], row["dataset"]) for row in rows}


def replace_leaderboard(
    warehouse: Warehouse, rows: Sequence[LeaderboardRow], fields: Sequence[FieldSummary], run_id: str
) -> None:
    """Replace `leaderboard` and `leaderboard_fields`."""
    boards = [{**leaderboard_columns(row), "run_id": run_id} for row in rows]
    warehouse.replace_all({"leaderboard": boards, "leaderboard_fields": [vars(field) for field in fields]})


def leaderboard_columns(row: LeaderboardRow) -> Row:
    """The columns of `leaderboard`: the parts of a row side by side."""
    parts = {name: value for name, value in vars(row).items() if name not in ("summary", "standing")}
    return {**_columns(row.summary), **_columns(row.standing), **parts}


def _columns(part: object) -> Row:
    return vars(part) if part else {}


def replace_slices(warehouse: Warehouse, rows: Sequence[Slice]) -> None:
    """Replace `leaderboard_slices`."""
    warehouse.replace_all({"leaderboard_slices": [vars(row) for row in rows]})


def replace_comparisons(
    warehouse: Warehouse, comparisons: Sequence[Comparison], sensitivity: Sequence[RuleSensitivity], run_id: str
) -> None:
    """Replace `comparisons` and `rule_sensitivity`."""
    stamp = {"run_id": run_id, "evaluated_at": utc_now()}
    warehouse.replace_all(
        {
            "comparisons": [{**vars(row), **stamp} for row in comparisons],
            "rule_sensitivity": [vars(row) for row in sensitivity],
        }
    )


def slices(reader: Reader, dimension: str, dataset: str | None) -> list[Row]:
    """The rows of one dimension of `leaderboard_slices`."""
    return reader.rows(
        """
        FROM leaderboard_slices WHERE dimension = $dimension AND ($dataset IS NULL OR dataset = $dataset)
        ORDER BY dataset, slice, backend
        """,
        {"dimension": dimension, "dataset": dataset},
    )


def compared(
    reader: Reader, backend_a: str | None, backend_b: str | None, dataset: str | None, field: str | None
) -> list[Row]:
    """dict[str, Row] of `comparisons` in their order: of one pair, with `backend_a` as A, or of all (None, None)."""
    rows = reader.rows(
        """
        FROM comparisons
        WHERE ($a IS NULL OR (backend_a, backend_b) IN (($a, $b), ($b, $a)))
            AND ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field)
        ORDER BY rowid
        """,
        {"a": backend_a, "b": backend_b, "dataset": dataset, "field": field},
    )
    return [_swapped(row) if backend_a is not None and row["backend_a"] != backend_a else row for row in rows]


def _swapped(row: Row) -> Row:
    values = {name: row[name] for name in Comparison.__dataclass_fields__}
    return {**row, **vars(Comparison(**values).swapped())}


def compared_names(reader: Reader) -> list[Row]:
    """dataset and backend of everything that is in a comparison."""
    return reader.rows(
        "SELECT DISTINCT dataset, unnest([backend_a, backend_b]) AS backend FROM comparisons ORDER BY ALL"
    )


def rule_sensitivity(reader: Reader, dataset: str | None, field: str | None) -> list[Row]:
    """The rows of `rule_sensitivity` in their order."""
    return reader.rows(
        """
        FROM rule_sensitivity
        WHERE ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field) ORDER BY rowid
        """,
        {"dataset": dataset, "field": field},
    )
