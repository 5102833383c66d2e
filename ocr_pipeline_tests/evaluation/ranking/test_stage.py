from dataclasses import replace

from ocr_pipeline.evaluation.ranking.leaderboard import LeaderboardRow
from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.evaluation.ranking.stage import digest_of, leaderboard_rows
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.warehouse.tables.ranking import leaderboard_columns
from ocr_pipeline_tests.evaluation.cubes import cube, score_columns

LABEL = Label(invoice=Invoice(invoice_id="1"))


def rows() -> dict[str, LeaderboardRow]:
    outcomes: dict[str, tuple[Outcome, Outcome]] = {"a": ("correct", "wrong"), "b": ("correct", "correct")}
    scores = [
        StoredScore(f"d{number:03}", "demo", backend, "total_amount", "money", "1.00", "1.00", outcome)
        for backend, of_backend in outcomes.items()
        for number, outcome in enumerate(of_backend)
    ]
    runs = [
        ExtractionRun(score.document_id, "demo", score.backend, False, 1.0, 0.0 if score.backend == "a" else None)
        for score in scores
    ]
    runs[0] = runs[0]._replace(failed=True)
    labels = {"d000": LABEL, "d001": LABEL, "d002": LABEL}
    board, fields = leaderboard_rows(
        score_columns(scores),
        [],
        runs,
        labels,
        dict.fromkeys(labels, "demo"),
        ["a", "b", "c", "d"],
        lambda dataset, backend: f"no key for {backend}" if backend == "d" else None,
    )
    assert [(row.backend, row.field, row.f1) for row in fields if row.field == "all_fields"] == [
        ("a", "all_fields", 0.5),
        ("b", "all_fields", 1.0),
    ]
    return {row.backend: row for row in board}


def test_every_backend_has_a_row() -> None:
    assert {name: (row.status, row.message, row.missing_documents) for name, row in rows().items()} == {
        "a": ("ok", None, 1),
        "b": ("ok", None, 1),
        "c": ("not_run", "not requested yet", 3),
        "d": ("not_run", "no key for d", 3),
    }


def test_standings_and_pareto_front_are_added() -> None:
    board = rows()
    assert [row.pareto for row in board.values()] == [None, True, None, None]
    assert [row.standing and row.standing.straight_through_documents for row in board.values()] == [0, 2, None, None]


def test_columns_of_the_table() -> None:
    board = {name: leaderboard_columns(row) for name, row in rows().items()}
    assert (board["b"]["macro_f1"], board["b"]["cost_per_document"], board["b"]["documents"]) == (1.0, None, 2)
    assert board["a"]["failures"] == 1
    assert (board["d"]["scoring_version"], board["d"]["dataset"]) == (SCORING_VERSION, "demo")
    assert not {"summary", "standing"} & set(board["a"])


def test_the_digest_of_outcomes_changes_with_each_of_them() -> None:
    outcomes = cube(["cc", "cw"], ["cc", "--"])
    every = [
        outcomes,
        cube(["cc", "cw"], ["cc", "c-"]),
        replace(outcomes, dataset="other"),
        replace(outcomes, documents=("a", "b")),
        replace(outcomes, backends=("a", "z")),
        replace(outcomes, fields=("total_amount", "supplier_name")),
    ]
    digests = [digest_of({"headline": [entry]}) for entry in every]
    digests += [digest_of({"strict": [outcomes]}), digest_of({"headline": [outcomes, outcomes]})]
    assert len(set(digests)) == len(digests)
    assert digest_of({"headline": [cube(["cc", "cw"], ["cc", "--"])]}) == digests[0]
