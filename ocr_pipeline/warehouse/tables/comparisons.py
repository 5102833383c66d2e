"""The tables `comparisons` and `rule_sensitivity`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from ocr_pipeline.warehouse.changes import Replacement, Update
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import described

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.ranking.pairwise import Comparison
    from ocr_pipeline.evaluation.ranking.sensitivity import RuleSensitivity


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """A row of `comparisons`."""

    dataset: str
    field: Annotated[str, "Field, or all_fields."]
    rules: Annotated[str, "headline, or the name of stricter or more lenient rules."]
    backend_a: Annotated[str, "Backend A: the first by name."]
    backend_b: Annotated[str, "Backend B."]
    documents: Annotated[int, "Documents that both ran on and whose label mentions the field, failed ones included."]
    n: Annotated[int, "Labelled values on these documents."]
    f1_a: Annotated[float | None, "F1 of A on these documents."]
    f1_b: Annotated[float | None, "F1 of B on these documents."]
    difference: Annotated[float | None, "F1 of A minus F1 of B."]
    difference_low: Annotated[
        float | None, "Lower end of its 95 % interval: bootstrap over documents, the same draws for both."
    ]
    difference_high: Annotated[float | None, "Upper end of its 95 % interval."]
    disagree: Annotated[int, "Documents in which one has a value right that the other has not."]
    a_better: Annotated[
        int, "Documents in which A has more values right; of a single field, documents that only A has right."
    ]
    b_better: Annotated[int, "Documents in which B has more values right."]
    test: Annotated[
        str,
        "Single field: mcnemar, exact. All fields: randomization of F1, as fields of a document are not independent.",
    ]
    p: Annotated[float, "p value of the test, not corrected."]
    p_holm: Annotated[float, "p value, corrected (Holm) over all pairs of the data set on this field."]
    p_fields: Annotated[float, "p value, corrected (Holm) over the fields of this pair; all_fields: one test, as p."]
    run_id: str | None
    evaluated_at: datetime


@dataclass(frozen=True, kw_only=True)
class SensitivityRow:
    """A row of `rule_sensitivity`."""

    dataset: str
    field: Annotated[str, "Field, or all_fields."]
    rules: Annotated[str, "Name of the rules."]
    best: Annotated[str | None, "Backend that wins most of its pairs; NULL if it does not even beat the next one."]
    second: Annotated[str, "Second best backend."]
    difference: Annotated[float, "F1 of the best minus F1 of the second, on the documents that both ran on."]
    p_holm: Annotated[float, "Its p value, corrected (Holm) over all pairs on this field."]
    significant: Annotated[bool, "Whether the difference is significant."]
    winner_changes: Annotated[bool, "Whether the headline rules have another winner."]
    significance_changes: Annotated[bool, "Whether the headline rules differ in significance."]


def replace_comparisons(
    warehouse: Warehouse,
    comparisons: "Sequence[Comparison]",
    sensitivity: "Sequence[RuleSensitivity]",
    run_id: str,
    more: Sequence[Replacement] = (),
) -> None:
    """Replace `comparisons` and `rule_sensitivity`. `more`: other rows to replace with them."""
    stamp = {"run_id": run_id, "evaluated_at": utc_now()}
    new_rows = {
        "comparisons": [{**vars(row), **stamp} for row in comparisons],
        "rule_sensitivity": [vars(row) for row in sensitivity],
    }
    warehouse.replace_all(new_rows, more)


def confirm(warehouse: Warehouse, run_id: str) -> None:
    """All rows are what this run would have made."""
    datasets = [row["dataset"] for row in warehouse.rows("SELECT DISTINCT dataset FROM comparisons")]
    stamp = {"run_id": run_id, "evaluated_at": utc_now()}
    if datasets:
        warehouse.replace_together([Update("comparisons", ("dataset",), {"dataset": datasets}, stamp)])


def comparisons(
    reader: Reader,
    backend_a: str | None,
    backend_b: str | None,
    *,
    dataset: str | None = None,
    field: str | None = None,
) -> list[ComparisonRow]:
    """The rows of `comparisons` in their order: of one pair, with `backend_a` as A, or of all (None, None)."""
    rows = reader.select(
        ComparisonRow,
        """
        FROM comparisons
        WHERE ($a IS NULL OR (backend_a, backend_b) IN (($a, $b), ($b, $a)))
            AND ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field)
        ORDER BY rowid
        """,
        {"a": backend_a, "b": backend_b, "dataset": dataset, "field": field},
    )
    return [_swapped(row) if backend_a is not None and row.backend_a != backend_a else row for row in rows]


def _swapped(row: ComparisonRow) -> ComparisonRow:
    from ocr_pipeline.evaluation.ranking.pairwise import Comparison

    comparison = Comparison(**{name: getattr(row, name) for name in Comparison.__dataclass_fields__})
    return replace(row, **vars(comparison.swapped()))


def rule_sensitivity(reader: Reader, dataset: str | None, field: str | None) -> list[SensitivityRow]:
    """The rows of `rule_sensitivity` in their order."""
    return reader.select(
        SensitivityRow,
        """
        FROM rule_sensitivity
        WHERE ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field) ORDER BY rowid
        """,
        {"dataset": dataset, "field": field},
    )


COLUMNS = {
    "comparisons": described(ComparisonRow),
    "rule_sensitivity": described(SensitivityRow),
}
