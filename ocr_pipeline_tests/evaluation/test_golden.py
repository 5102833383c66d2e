"""Scores of the bundled documents: recorded predictions of `rapidocr+rules` compared with the current labels.

`demo_predictions.json` is a record, so that the numbers depend on the scoring and the labels alone. If a change of the
scoring changes a number, `SCORING_VERSION` must be raised.
"""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from ocr_pipeline.evaluation.ranking.leaderboard import leaderboard
from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary
from ocr_pipeline.evaluation.scoring.fields import FieldScore
from ocr_pipeline.evaluation.scoring.line_items import StoredList, list_counts
from ocr_pipeline.evaluation.scoring.stage import StoredScore, score_backend
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline_tests.evaluation.cubes import score_columns

BACKEND = "rapidocr+rules"
DEMO = Path(__file__).parents[2] / "data" / "demo"

FIELDS = """
field             n    correct wrong spurious missing both_empty strict f1   lenient
all_fields        118  98      11    0        9      32         85.5   86.3 90.7
document_type     10   7       2     0        1      0          73.7   73.7 73.7
supplier_name     10   9       1     0        0      0          90.0   90.0 100.0
supplier_address  10   4       5     0        1      0          42.1   42.1 52.6
supplier_tax_id   9    8       1     0        0      1          77.8   88.9 100.0
receiver_name     5    3       0     0        2      5          75.0   75.0 75.0
receiver_tax_id   1    0       0     0        1      9          0.0    0.0  0.0
invoice_id        10   9       0     0        1      0          94.7   94.7 94.7
invoice_date      10   10      0     0        0      0          100.0  100.0 100.0
due_date          4    3       0     0        1      6          85.7   85.7 85.7
purchase_order    4    2       1     0        1      6          57.1   57.1 85.7
currency          10   10      0     0        0      0          100.0  100.0 100.0
net_amount        10   10      0     0        0      0          100.0  100.0 100.0
total_tax_amount  10   10      0     0        0      0          100.0  100.0 100.0
total_amount      10   9       1     0        0      0          90.0   90.0 100.0
amount_due        5    4       0     0        1      5          88.9   88.9 88.9
line_items        89   53      30    1        6      0          49.7   61.3 77.5
line_items.cells  334  280     27    2        27     4          84.0   87.1 91.8
tax_lines         13   13      0     0        0      0          100.0  100.0 100.0
tax_lines.cells   39   39      0     0        0      0          100.0  100.0 100.0
"""


@cache
def evaluated() -> tuple[list[FieldScore], dict[str, FieldSummary]]:
    record = json.loads((Path(__file__).parent / "demo_predictions.json").read_text("utf-8"))
    labels = {name: Label.model_validate_json((DEMO / f"{name[5:]}.json").read_text("utf-8")) for name in record}
    predictions = {name: Extraction(invoice=Invoice.model_validate(entry["invoice"])) for name, entry in record.items()}
    printed = {name: entry["printed_dates"] for name, entry in record.items()}
    documents = score_backend(BACKEND, labels, predictions, dict.fromkeys(record, "demo"), printed_dates=printed)
    scores = [
        StoredScore(
            document.document_id, "demo", BACKEND, **{name: getattr(score, name) for name in StoredScore._fields[3:]}
        )
        for document in documents
        for score in document.fields
    ]
    lists = [
        StoredList(document.document_id, "demo", BACKEND, name, list_counts(rows))
        for document in documents
        for name, rows in document.lists.items()
    ]
    runs = [ExtractionRun(name, "demo", BACKEND, failed=False, seconds=None, cost=0) for name in record]
    now = datetime(2026, 11, 28, tzinfo=UTC)
    board = leaderboard(score_columns(scores), runs, lists=lists, evaluated_at=now)
    return [score for document in documents for score in document.fields], {row.field: row for row in board.fields}


@pytest.mark.parametrize("line", FIELDS.split("\n")[2:-1])
def test_fields_and_lists(line: str) -> None:
    name, *expected = line.split()
    row = evaluated()[1][name]
    counts = [row.n, row.correct, row.wrong, row.spurious, row.missing, row.both_empty]
    rates = [f"{100 * (rate or 0):.1f}" for rate in (row.f1_strict, row.f1, row.f1_lenient)]
    assert [*map(str, counts), *rates] == expected


def test_the_table_is_complete() -> None:
    assert list(evaluated()[1]) == [line.split()[0] for line in FIELDS.split("\n")[2:-1]]


def test_every_printed_date_reads_as_labelled() -> None:
    reads = {score.printed_reads for score in evaluated()[0] if score.printed}
    assert reads == {"correct"}


def test_where_the_levels_differ() -> None:
    """Checked by hand: a missing space, a misread digit, rounded cents, a name without its last full stop and accent."""
    differing = [score for score in evaluated()[0] if score.outcome_strict != score.outcome_lenient]
    assert {
        (score.truth, score.prediction, score.outcome_strict, score.outcome, score.outcome_lenient)
        for score in differing
        if score.field != "supplier_address"
    } == {
        ("GB 509 3617 44", "GB509361744", "wrong", "correct", "correct"),
        ("GB 347 1829 39", "G8347182939", "wrong", "wrong", "correct"),
        ("76.53", "76.55", "wrong", "wrong", "correct"),
        ("26-0342/KiTa Nord", "26-0342/KiTa", "wrong", "wrong", "correct"),
        (
            "Hostelería Los Olivares del Sur, S.L.",
            "Hosteleria Los Olivares del Sur, S.L",
            "wrong",
            "wrong",
            "correct",
        ),
    }
