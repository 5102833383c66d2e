"""Scores, evidence, codes and repeated answers: what is read back is what was written."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.evaluation.ranking.columns import NAMED, ScoreColumns
from ocr_pipeline.evaluation.scoring.places import Spot, score_places
from ocr_pipeline.evaluation.scoring.repeats import score_repeats
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES
from ocr_pipeline.evaluation.scoring.stage import StoredScore, score_backend
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.extraction.repeats import RepeatedAnswer
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.label_boxes import LabelBox
from ocr_pipeline.page_codes import PageCode
from ocr_pipeline.schemas import DocumentFailure, Evidence, Extraction, Invoice, Label
from ocr_pipeline.warehouse import known, tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.scores import NewScores
from ocr_pipeline.warehouse.tables.values import kinds_of_shape, shape_columns
from ocr_pipeline_tests.delivery_notes import VALUES, delivery_notes
from ocr_pipeline_tests.evaluation.cubes import score_columns

BOX = (0.1, 0.2, 0.3, 0.4)
LABEL = Label.model_validate(
    {
        "invoice": {
            "total_amount": "9.00",
            "due_date": None,
            "line_items": [{"description": "Tea", "amount": "5"}, {"description": "Rice", "amount": "4"}],
        },
        "boxes": {"total_amount": [{"page": 1, "box": BOX}], "line_items.0.amount": [{"page": 2, "box": BOX}]},
    }
)
FAILURE = DocumentFailure(reason="invalid_reply", message="No JSON.")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "w.duckdb")


def answer(evidence: dict[str, tuple[float, float, float, float]] | None = None, **invoice: Any) -> Extraction:
    found = {
        field: Evidence(page=1, text="x", box=box, words=[], method="m", score=1)
        for field, box in (evidence or {}).items()
    }
    return Extraction.model_validate({"invoice": invoice, "evidence": found})


def write(warehouse: Warehouse, outcomes: dict[str, ExtractionOutcome]) -> None:
    """Documents with the same label, and their cells of backend `b`."""
    rows = tables.empty((*tables.labels.LABEL_TABLES, *tables.extractions.EXTRACTION_TABLES, "documents"))
    for name, outcome in outcomes.items():
        tables.labels.add_label(rows, name, "demo", run_id="r", label=LABEL, label_sha256="l")
        tables.extractions.add_extraction(
            rows, name, "b", outcome, engine="e", extractor="x", ocr_seconds=None,
            engine_fingerprint="ef", extractor_fingerprint="xf", result_key="k", run_id="r",
        )  # fmt: skip
    now = date(2026, 1, 1).isoformat()
    rows["documents"] = [
        {"document_id": name, "dataset": "demo", "path": name, "status": "ok", "updated_at": now} for name in outcomes
    ]
    warehouse.replace(("document_id",), [(name,) for name in outcomes], rows)


def test_scores_of_all_tables(warehouse: Warehouse) -> None:
    first = answer(
        {"total_amount": BOX}, total_amount="9.00", line_items=[{"description": "Rice", "amount": "4"}, {"amount": "1"}]
    )
    second = answer(total_amount="8.00", due_date="2026-01-02")
    write(warehouse, {"d": ExtractionOutcome(extraction=first)})
    answers = {
        number: score_backend("b", {"d": LABEL}, {"d": of}, {"d": "demo"}) for number, of in ((1, first), (2, second))
    }
    [document] = answers[1]
    places = score_places(document, LABEL.boxes or {}, {"total_amount": Spot(1, BOX)})
    repeats = score_repeats(answers)
    origins = tables.scores.origins(warehouse, "b")
    assert {name: vars(origin) for name, origin in origins.items()} == {
        "d": {
            "dataset": "demo",
            "label_sha256": "l",
            "engine_fingerprint": "ef",
            "extractor_fingerprint": "xf",
            "result_key": "k",
        }
    }
    new = NewScores(backend="b", documents=[document], origins=origins, places=places, repeats=repeats)
    for _ in range(2):  # the second time replaces
        tables.scores.replace_scores(warehouse, [new], rules=DEFAULT_RULES, run_id="r")
    scoring = Scoring.by(["b"], DEFAULT_RULES)
    names = [name for name in StoredScore._fields if name not in ("document_id", "dataset", "backend")]
    assert sorted(tables.scores.current(warehouse, scoring)) == [
        StoredScore("d", "demo", "b", **{name: getattr(score, name) for name in names})
        for score in sorted(document.fields, key=lambda score: score.field)
    ]
    assert [
        (p.field, p.outcome, p.value_outcome, p.page_right) for p in tables.places.current_places(warehouse, scoring)
    ] == [
        ("line_items.0.amount", "no_box", "missing", None),
        ("total_amount", "found", "correct", True),
    ]
    rows = {row.field: row for row in tables.places.of_documents(warehouse, scoring, ["d", "other"])}
    assert (rows["total_amount"].label_box, rows["total_amount"].page, rows["total_amount"].stale) == (BOX, 1, False)
    assert (rows["line_items.0.amount"].label_page, rows["line_items.0.amount"].page) == (2, None)
    assert tables.places.of_documents(warehouse, scoring, ["other"]) == []
    assert tables.repeats.current_scores(warehouse, scoring) == repeats
    [items] = warehouse.rows("FROM line_item_scores")
    assert (items["rows_correct"], items["rows_missing"], items["rows_spurious"], items["cells_correct"]) == (
        1,
        1,
        1,
        2,
    )
    cells = warehouse.rows("FROM line_item_cells ORDER BY truth_position, prediction_position, column_name")
    columns = ("truth_position", "prediction_position", "row_outcome", "column_name", "truth", "prediction", "outcome")
    assert [tuple(cell[name] for name in columns) for cell in cells] == [
        (0, None, "missing", "amount", "5.00", None, "missing"),
        (0, None, "missing", "description", "Tea", None, "missing"),
        (1, 0, "correct", "amount", "4.00", "4.00", "correct"),
        (1, 0, "correct", "description", "Rice", "Rice", "correct"),
        (None, 1, "spurious", "amount", None, "1.00", "spurious"),
        (None, 1, "spurious", "description", None, None, "both_empty"),
    ]
    other = Scoring(["b"], "other rules")
    assert not tables.scores.current(warehouse, other)
    assert not tables.repeats.current_scores(warehouse, other)
    assert [row.stale for row in tables.places.of_documents(warehouse, other, ["d"])] == [True, True]
    assert Counts.of(score.outcome for score in document.fields) == Counts(correct=1, both_empty=1)


def test_scores_as_columns(warehouse: Warehouse, tmp_path: Path) -> None:
    """What is computed from columns is what the rows say, metrics and unknown values included."""
    write(
        warehouse,
        {"d": ExtractionOutcome(extraction=answer(total_amount="9.00")), "a": ExtractionOutcome(failure=FAILURE)},
    )
    origins = tables.scores.origins(warehouse, "b")
    answers: dict[str, Extraction | DocumentFailure] = {"d": answer(total_amount="9.00"), "a": FAILURE}
    documents = score_backend("b", {"a": LABEL, "d": LABEL}, answers, dict.fromkeys("ad", "demo"))
    measured = [[score._replace(metrics={"near": 0.5}) for score in document.fields] for document in documents[1:]]
    scored = [documents[0], documents[1]._replace(fields=measured[0])]
    new = NewScores(backend="b", documents=scored, origins=origins)
    tables.scores.replace_scores(warehouse, [new], rules=DEFAULT_RULES, run_id="r")
    scoring = Scoring.by(["other", "b"], DEFAULT_RULES)
    with warehouse.snapshot() as snapshot:
        found, rows = tables.score_columns.score_columns(snapshot, scoring), tables.scores.current(snapshot, scoring)
        levels = tables.score_columns.outcome_columns(snapshot, scoring, list(tables.scores.RULES))
    assert len(rows) == len(found) == len(levels) == 2 * len(documents[0].fields)
    expected = score_columns(rows)

    def texts(columns: ScoreColumns) -> list[tuple[object, ...]]:
        named = [[columns.names[name][number] for number in columns[name]] for name in NAMED]
        others = [columns[name].astype(str).tolist() for name in sorted(expected.columns) if name not in NAMED]
        return sorted(
            zip(*named, *others, [columns.metrics.get(row) for row in range(len(columns))], strict=True), key=str
        )

    assert texts(found) == texts(expected)
    assert levels["headline"].tolist() == found["outcome"].tolist()
    assert levels["strict"].tolist() == found["outcome_strict"].tolist()
    assert len(tables.score_columns.score_columns(warehouse, Scoring(["b"], "other rules"))) == 0
    assert len(tables.score_columns.score_columns(Warehouse(tmp_path / "none.duckdb"), scoring)) == 0


def test_repeated_answers(warehouse: Warehouse) -> None:
    second = answer(total_amount="8.00")
    repeats = [RepeatedAnswer(repeat=2, extraction=second), RepeatedAnswer(repeat=3, failure=FAILURE)]
    write(
        warehouse,
        {
            "a": ExtractionOutcome(extraction=answer(), repeats=repeats),
            "b": ExtractionOutcome(extraction=answer(), repeats=repeats[:1]),
            "c": ExtractionOutcome(failure=FAILURE),
        },
    )
    assert tables.repeats.answers(warehouse, "b") == {2: {"a": second, "b": second}, 3: {"a": FAILURE}}
    assert tables.repeats.answers(warehouse, "other") == {}
    write(warehouse, {"a": ExtractionOutcome(extraction=answer())})
    assert tables.repeats.answers(warehouse, "b") == {2: {"b": second}}


def test_codes_and_probabilities(warehouse: Warehouse) -> None:
    codes = [
        PageCode(page=2, box=BOX, symbology="QR Code", format="EPC", version="002", text="BCD", values={"iban": "DE1"}),
        PageCode(page=1, box=BOX, symbology="Code 128", format=None, text="42"),
    ]
    extraction = answer(total_amount="9").model_copy(update={"codes": codes, "logprobs": {"total_amount": -0.5}})
    write(warehouse, {"d": ExtractionOutcome(extraction=extraction)})
    rows = warehouse.rows("FROM codes ORDER BY position")
    columns = ("page", "symbology", "format", "version", "text", "content", "x0", "y0", "x1", "y1")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (2, "QR Code", "EPC", "002", "BCD", {"iban": "DE1"}, *BOX),
        (1, "Code 128", None, "", "42", {}, *BOX),
    ]
    assert tables.evidence.logprobs(warehouse, "b") == {("d", "total_amount"): -0.5}


def test_evidence_is_turned_back_to_the_page_of_the_file(warehouse: Warehouse) -> None:
    cases: dict[str, tuple[int, Any, Any]] = {
        "upright": (0, BOX, BOX),
        "turned clockwise by the engine": (90, BOX, (0.2, 0.7, 0.4, 0.9)),
        "upside down": (180, BOX, (0.7, 0.6, 0.9, 0.8)),
        "no width": (0, (0.1, 0.2, 0.1, 0.4), None),
        "no height": (0, (0.1, 0.2, 0.3, 0.2), None),
        "no box": (0, (0.0, 0.0, 0.0, 0.0), None),
    }
    write(
        warehouse,
        {
            name: ExtractionOutcome(extraction=answer({"total_amount": box}, total_amount="9"))
            for name, (_, box, _) in cases.items()
        },
    )
    page = {"page": 1, "width_px": 9, "height_px": 9, "words": 0, "seconds": 0.0}
    pages = [
        {**page, "document_id": name, "engine": engine, "rotation": degrees}
        for name, (rotation, _, _) in cases.items()
        for engine, degrees in (("e", rotation), ("another", 270))
    ]
    warehouse.replace_all({"ocr_pages": pages})
    spots = tables.places.spots(warehouse, "b")
    assert spots.keys() == cases.keys()
    for name, (_, _, expected) in cases.items():
        spot = spots[name]["total_amount"]
        assert (spot.page, spot.box and pytest.approx(spot.box)) == (1, expected), name
    assert tables.places.spots(warehouse, "other") == {}


def test_places_of_labels(warehouse: Warehouse) -> None:
    write(warehouse, {"d": ExtractionOutcome(extraction=answer())})
    assert tables.places.label_boxes(warehouse) == {
        "d": {"total_amount": [LabelBox(page=1, box=BOX)], "line_items.0.amount": [LabelBox(page=2, box=BOX)]}
    }


def test_kinds_follow_from_the_stored_shape(tmp_path: Path) -> None:
    notes = delivery_notes(tmp_path)
    invoice, note = Invoice(), notes.model.model_validate(VALUES)
    assert shape_columns(None) == shape_columns(invoice) == {"schema_name": None, "shape": None}
    assert kinds_of_shape(None) == Invoice.KINDS
    columns = shape_columns(note)
    assert columns["schema_name"] == "delivery_notes"
    assert kinds_of_shape(columns["shape"]) == notes.field_kinds


def test_a_file_is_known_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    known.remember_current(path)
    assert not known.is_known_current(path), "it does not exist"
    path.write_bytes(b"1")
    assert not known.is_known_current(path)
    known.remember_current(path)
    assert known.is_known_current(path)
    path.write_bytes(b"12")
    assert not known.is_known_current(path)
    path.unlink()
    assert not known.is_known_current(path)
