"""What the readers of single tables return, and what deleting, copying and writing the database again leaves."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.evaluation.diagnosis.truth import SourceComparison
from ocr_pipeline.evaluation.ranking.history import Evaluation
from ocr_pipeline.evaluation.ranking.slices import Slice
from ocr_pipeline.models.types import CallFacts, Usage
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Size, Warehouse
from ocr_pipeline.warehouse.export import export_tables, load_frame, write_parquet
from ocr_pipeline.warehouse.forgetting import Traces, delete_documents, model_calls_of, scrub_sqlite, texts_of
from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline.warehouse.tables import (
    calls,
    current,
    diagnosis,
    history,
    inputs,
    ranking,
    sources,
    states,
    truth,
    warned,
)
from ocr_pipeline.warehouse.tables.common import described, where_equal
from ocr_pipeline.warehouse.tables.current import ScoreStates, Scoring
from ocr_pipeline.warehouse.tables.ranking import BoardRow

DAY = datetime(2024, 5, 1)
_DEFAULTS: dict[str, Any] = {
    "VARCHAR": "x", "TIMESTAMP": "2024-05-01", "INTEGER": 1, "BIGINT": 1, "DOUBLE": 1.0, "BOOLEAN": True, "VARCHAR[]": [],
}  # fmt: skip


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "w.duckdb")


def fill(warehouse: Warehouse, **rows_of: list[dict[str, Any]]) -> None:
    """Replace tables by rows of which only some columns matter."""
    warehouse.replace_all({"documents": []})
    needed: dict[str, dict[str, Any]] = {table: {} for table in rows_of}
    for column in warehouse.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT is_nullable"
    ):
        if column["table_name"] in needed:
            needed[column["table_name"]][column["column_name"]] = _DEFAULTS.get(column["data_type"], {})
    warehouse.replace_all({table: [{**needed[table], **row} for row in rows] for table, rows in rows_of.items()})


def names_of(warehouse: Warehouse, table: str, column: str = "document_id") -> list[str]:
    return [row[column] for row in warehouse.rows(f"SELECT {column} FROM {table} ORDER BY ALL")]


def test_descriptions_are_those_of_the_columns() -> None:
    assert described(calls.CallRow)["from_store"] == "Whether an earlier run or another cell paid for it."
    assert all(isinstance(text, str) and text.endswith(".") for text in described(calls.CallRow).values())


def test_the_size_of_the_database(warehouse: Warehouse) -> None:
    fill(warehouse, documents=[{"document_id": "a"}])
    size = warehouse.size()
    assert (size, hash(size)) == (Size(**asdict(size)), hash(Size(**asdict(size))))


def test_a_snapshot_does_not_change_while_it_is_read(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as nothing:
        assert nothing.rows("FROM documents") == []
    fill(warehouse, documents=[{"document_id": "a"}])
    with warehouse.snapshot() as reader:
        assert [row["document_id"] for row in reader.rows("FROM documents")] == ["a"]


@pytest.mark.parametrize(
    ("filters", "prefix", "condition"),
    [({}, "", "true"), ({"a": "1"}, "", "a = ?"), ({"a": "1", "b": "2"}, "x.", "x.a = ? AND x.b = ?")],
)
def test_conditions(filters: dict[str, str], prefix: str, condition: str) -> None:
    assert where_equal(filters, prefix) == (condition, list(filters.values()))


def test_calls_with_and_without_usage(warehouse: Warehouse) -> None:
    usage = Usage.model_validate({"input": 5, "cached": 1, "output": 7, "thoughts": 3})
    facts = CallFacts(
        call_key="k", purpose="extract", provider="p", model="m", model_version=None, finish="complete", seconds=1, attempts=1,
        asked_at=datetime(2024, 5, 1, tzinfo=UTC), batch=False, from_store=False, usage=usage, cost_usd=0.5,
    )  # fmt: skip
    new = tables.empty(["model_calls"])
    later = facts.model_copy(update={"usage": None, "asked_at": datetime(2024, 5, 2, tzinfo=UTC)})
    calls.add_calls(new, {"document_id": "a", "backend": "b"}, [facts, later])
    warehouse.replace_all(new)
    rows = warehouse.rows("FROM model_calls ORDER BY position")
    names = ("input_tokens", "cached_tokens", "output_tokens", "thought_tokens", "position")
    assert [[row[name] for name in names] for row in rows] == [[5, 1, 7, 3, 0], [None, None, None, None, 1]]
    assert calls.last_calls(warehouse) == [calls.LastCall("b", datetime(2024, 5, 2))]


def test_current_and_stale_scores(warehouse: Warehouse) -> None:
    scoring = Scoring(["b", "c"], "rules")
    same = {"result_key": "k", "extractor_fingerprint": "x", "engine_fingerprint": "e"}
    score = {
        **same, "dataset": "demo", "label_sha256": "l", "rules": "rules", "scoring_version": scoring.version, "field": "f",
    }  # fmt: skip
    fill(
        warehouse,
        documents=[{"document_id": name, "dataset": "demo", "reason": None} for name in "12"],
        labels=[{"document_id": name, "dataset": "demo", "label_sha256": "l"} for name in "12"],
        extractions=[{"document_id": name, "backend": backend, **same} for name in "12" for backend in "bc"],
        field_scores=[
            {**score, "document_id": "1", "backend": "b", "scored_at": DAY},
            {**score, "document_id": "2", "backend": "b", "scored_at": DAY + timedelta(1), "label_sha256": "old"},
            {**score, "document_id": "1", "backend": "c", "scored_at": DAY, "rules": "others"},
        ],
    )
    known = current.states(warehouse, scoring)
    assert {key: (counts.current, counts.stale) for key, counts in known.counts.items()} == {
        ("demo", "b"): (1, 1),
        ("demo", "c"): (0, 1),
    }
    assert (known.is_current("demo", "b"), known.is_current("demo", "c"), known.is_current("demo", "b", "c")) == (
        True, False, False,
    )  # fmt: skip
    assert known.is_current("demo")
    assert known.is_current("other")
    assert known.is_current("demo", "b", computed_at=DAY + timedelta(1))
    assert not known.is_current("demo", "b", computed_at=DAY)
    assert known.notice() == (
        "2 of 3 scores are stale (comparison rules, labels changed since); refresh with `ocr-pipeline run`."
    )
    assert known.notice("other") is None
    assert known.notice("other", outdated=True) == (
        "Scored since: these figures are stale; refresh with `ocr-pipeline run`."
    )
    assert ScoreStates({}).is_current("demo", "b")


def test_attributions_of_current_scores(warehouse: Warehouse) -> None:
    scoring = Scoring(["b"], "rules")
    same = {"result_key": "k", "extractor_fingerprint": "x", "engine_fingerprint": "e"}
    value = {"backend": "b", "field": "total_amount", "outcome": "wrong", "truth": "1.00", "prediction": "2.00"}
    score = {**value, **same, "dataset": "demo", "label_sha256": "l", "rules": "rules", "kind": "money"}
    fill(
        warehouse,
        documents=[{"document_id": name, "dataset": "demo", "reason": None} for name in "123"],
        labels=[{"document_id": name, "dataset": "demo", "label_sha256": "l"} for name in "123"],
        extractions=[{"document_id": name, "backend": "b", **same} for name in "123"],
        field_scores=[
            {**score, "document_id": name, "scoring_version": scoring.version, "scored_at": DAY} for name in "123"
        ],
        ground_truth=[{"document_id": "1", "field": "currency", "value": "EUR"}],
        confidences=[{"document_id": "2", "backend": "b", "field": "total_amount", "confidence": 0.25}],
        attributions=[
            {**value, "document_id": "1", "dataset": "demo", "attribution": "ocr"},
            {**value, "document_id": "2", "dataset": "demo", "attribution": "selection"},
            {**value, "document_id": "3", "dataset": "demo", "attribution": "ocr", "prediction": "an earlier one"},
        ],
    )

    def found(*arguments: Any) -> list[str]:
        return [row.document_id for row in diagnosis.current_attributions(warehouse, scoring, *arguments)]

    assert found({}) == found({"dataset": "demo"}) == found({}, ["1", "2", "3"]) == ["1", "2"]
    assert found({"attribution": "ocr"}) == found({}, ["1", "3"]) == ["1"]
    assert found({}, []) == found({"attribution": "ocr"}, ["2"]) == found({"field": "currency"}) == []
    rows = diagnosis.current_attributions(warehouse, scoring, {})
    assert [(row.kind, row.currency, row.confidence) for row in rows] == [("money", "EUR", None), ("money", None, 0.25)]


def test_slices_are_replaced(warehouse: Warehouse) -> None:
    def made(dataset: str, dimension: str, value: str) -> Slice:
        return Slice(
            dataset=dataset, backend="b", dimension=dimension, slice=value, documents=2, n=3, correct=1, predicted=2,
            f1=0.4, f1_low=None, f1_high=None,
        )  # fmt: skip

    rows = [made("shop", "language", "de"), made("demo", "language", "fr"), made("demo", "pages", "1")]
    for _ in range(2):
        ranking.replace_slices(warehouse, rows)
    assert [vars(row) for row in ranking.slices(warehouse, "language", None)] == [vars(rows[1]), vars(rows[0])]
    assert [vars(row) for row in ranking.slices(warehouse, "language", "shop")] == [vars(rows[0])]
    assert ranking.slices(warehouse, "currency", None) == []


def test_an_evaluation_is_loaded_as_it_was_written(warehouse: Warehouse) -> None:
    common: dict[str, Any] = {"fingerprints": ("f",), "label_version": "v", "scoring_version": 1, "rules": "r"}
    made = [
        Evaluation(
            dataset="demo",
            backend=backend,
            documents=documents,
            label_sha256=("s",) * len(documents),
            outcomes={"currency": letters, "total_amount": letters},
            **common,
        )
        for backend, documents, letters in (("b", ("d1", "d2"), "cw"), ("c", ("d3",), "m"))
    ]
    rows = history.append_evaluations(warehouse, made, "r")
    ids = [next(row.evaluation_id for row in rows if row.backend == backend) for backend in "bc"]
    assert [history.evaluation(warehouse, evaluation_id) for evaluation_id in ids] == made
    history.pin(warehouse, history.every_evaluation(warehouse))
    assert history.pinned(warehouse) == [("demo", "b", ""), ("demo", "c", "")]
    history.unpin(warehouse, [("demo", "b", "")])
    assert history.pinned(warehouse) == [("demo", "c", "")]


def test_inputs_change_with_every_table_that_an_evaluation_is_made_from(warehouse: Warehouse) -> None:
    fill(warehouse)
    seen = [inputs.evaluation_inputs(warehouse)]
    for table in ("documents", "labels", "ocr_text", "extractions", "duplicates", "evaluation_baselines"):
        fill(warehouse, **{table: [dict[str, Any]()]})
        seen.append(inputs.evaluation_inputs(warehouse))
    assert len(set(seen)) == 7


def test_shares_of_sources_have_the_largest_first() -> None:
    board = object.__new__(BoardRow)
    object.__setattr__(board, "read_from", {"page": 1, "xml": 2, "code": 0})
    assert (board.sources, board.reads_more_than_pages) == ("xml 67 %, page 33 %", True)
    for read_from in (None, {"page": 3}):
        object.__setattr__(board, "read_from", read_from)
        assert not board.reads_more_than_pages


@pytest.fixture
def extracted(warehouse: Warehouse) -> Warehouse:
    """Three documents, of which the file of the last one was deleted."""
    value = {"field": "supplier_name", "others": {}}
    fill(
        warehouse,
        documents=[
            {"document_id": "a", "dataset": "demo", "reason": None},
            {"document_id": "b", "dataset": "shop", "reason": "unreadable"},
            {"document_id": "gone", "dataset": "shop", "reason": "missing_file"},
        ],
        extracted_fields=[
            {**value, "document_id": "a", "backend": "x", "read_from": "page", "value": "Müller & Söhne"},
            {**value, "document_id": "a", "backend": "x", "field": "currency", "read_from": "xml", "value": "EUR"},
            {**value, "document_id": "b", "backend": "x", "read_from": None, "value": "Others Ltd"},
            {**value, "document_id": "gone", "backend": "x", "read_from": "page", "value": "Others Ltd"},
            {**value, "document_id": "a", "backend": "y", "read_from": "code", "value": "Lidl"},
        ],
        extractions=[
            {"document_id": "a", "backend": "x", "warnings": ["sum", "date"]},
            {"document_id": "a", "backend": "y", "warnings": ["sum"]},
            {"document_id": "gone", "backend": "x", "warnings": ["sum"]},
        ],
        ground_truth=[{"document_id": "a", "value": "12345678.00"}, {"document_id": "b", "value": "Bäckerei 12"}],
        model_calls=[{"document_id": name, "call_key": f"key-{name}"} for name in ("a", "b")],
    )
    return warehouse


def test_what_values_were_read_from(extracted: Warehouse) -> None:
    assert sources.values_read_from(extracted, ["x"]) == {("demo", "x"): {"page": 1, "xml": 1}}
    assert sources.sources_of_cells(extracted) == [
        ("a", "x", ["page", "xml"]),
        ("a", "y", ["code"]),
        ("gone", "x", ["page"]),
    ]
    values = sources.sourced_values(extracted, ["x"])
    assert {name: sorted(of["x"]) for name, of in values.items()} == {
        "a": ["currency", "supplier_name"],
        "b": ["supplier_name"],
    }
    assert (values["a"]["x"]["currency"].value, values["a"]["x"]["currency"].read_from) == ("EUR", "xml")


def test_warnings_by_document(extracted: Warehouse) -> None:
    assert warned.warnings(extracted, ["x", "y"]) == {"a": {"sum": ["x", "y"], "date": ["x"]}}
    assert warned.warnings(extracted, ["y"]) == {"a": {"sum": ["y"]}}


def test_states_change_with_the_columns_that_count(extracted: Warehouse) -> None:
    def state(*, without: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> dict[str, str]:
        return states.document_states(extracted, ["documents", "extractions"], without=without, whole=whole)

    before = {how: state(without=("dataset", "warnings"), whole=how) for how in [(), ("documents",)]}
    assert {name: len(text.split()) for name, text in before[()].items()} == {"a": 2, "b": 1, "gone": 2}
    with extracted.connect(read_only=False) as connection:
        connection.execute("UPDATE documents SET dataset = 'new' WHERE document_id = 'a'")
        connection.execute("UPDATE extractions SET warnings = []")
    assert state(without=("dataset", "warnings")) == before[()]
    changed = state(without=("dataset", "warnings"), whole=("documents",))
    assert {name for name in changed if changed[name] != before[("documents",)][name]} == {"a"}


def test_contradictions_of_sources(warehouse: Warehouse) -> None:
    compared = [
        SourceComparison(
            document_id="a",
            field="total_amount",
            page="1.00",
            code=None,
            xml="2.00",
            agrees=False,
            readings={"x": "1.00"},
            backends=["y"],
        ),
        SourceComparison(
            document_id="b",
            field="total_amount",
            page="1.00",
            code="1.00",
            xml=None,
            agrees=True,
            readings={"x": "1.00"},
            backends=["y"],
        ),
    ]
    for _ in range(2):
        rows = truth.agreement_rows(compared, {"a": "demo", "b": "demo"}, "r")
        warehouse.replace_all({"truth_agreement": rows})
    assert len(warehouse.rows("FROM truth_agreement")) == 2
    [row] = truth.contradictions(warehouse)
    assert (row.document_id, row.page, row.xml, row.sentence) == ("a", "1.00", "2.00", compared[0].sentence)


# ---- forgetting ----------------------------------------------------------------------------------------------------


def test_texts_that_only_forgotten_documents_have(extracted: Warehouse) -> None:
    assert texts_of(extracted, ["a"]) == ["Müller & Söhne"], "no numbers, nothing short"
    assert texts_of(extracted, ["b"]) == ["Bäckerei 12"], "not what another document says, too"
    assert texts_of(extracted, ["b", "gone"]) == ["Bäckerei 12", "Others Ltd"]
    assert model_calls_of(extracted, ["a", "gone"]) == {"key-a"}


def test_rows_of_forgotten_documents_are_deleted_from_every_table(extracted: Warehouse) -> None:
    with extracted.connect(read_only=False) as connection:
        connection.execute(
            "INSERT INTO page_similarities VALUES ('s1', 's2', 0.5), ('s3', 's1', 0.5), ('s3', 's4', 0.5)"
        )
        connection.execute("INSERT INTO evaluation_documents VALUES ('set', ['a', 'b'], ['l', 'l'])")
    assert delete_documents(extracted, ["a"], ["s1"]) == 8
    for table in ("documents", "extracted_fields", "extractions", "ground_truth", "model_calls"):
        assert "a" not in names_of(extracted, table)
        assert names_of(extracted, table), "the others are kept"
    assert extracted.rows("SELECT sha256_a FROM page_similarities") == [{"sha256_a": "s3"}]
    assert extracted.rows("SELECT document_ids FROM evaluation_documents") == [{"document_ids": ["forgotten", "b"]}]
    delete_documents(extracted, ["b"], keep_history=True)
    assert extracted.rows("SELECT document_ids FROM evaluation_documents") == [{"document_ids": ["forgotten", "b"]}]


def test_groups_are_forgotten_with_the_document_that_they_are_named_after(warehouse: Warehouse) -> None:
    fill(warehouse, duplicates=[{"document_id": "b", "group_id": "a"}, {"document_id": "c", "group_id": "c"}])
    delete_documents(warehouse, ["a"])
    assert names_of(warehouse, "duplicates") == ["c"]


def test_a_database_written_again_holds_nothing_of_what_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "it's here" / "w.duckdb"
    warehouse = Warehouse(path)
    fill(warehouse, documents=[{"document_id": "a", "path": "SecretCanary" * 50}, {"document_id": "b"}])
    with warehouse.connect(read_only=False) as connection:
        connection.execute("CHECKPOINT")
    assert b"SecretCanary" in path.read_bytes()
    delete_documents(warehouse, ["a"])
    for left_by_a_kill in (False, True):
        if left_by_a_kill:
            path.with_name(f".{path.name}.rewritten").write_bytes(b"half a file")
        warehouse.compact()
        assert names_of(warehouse, "documents") == ["b"]
        assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert b"SecretCanary" not in path.read_bytes()


def test_a_file_of_dagster_keeps_nothing_that_names_the_document(tmp_path: Path) -> None:
    """Rows of events are deleted; elsewhere, the text is replaced."""
    path, traces = tmp_path / "it's.db", Traces(["shop-1"], ["SecretCanary"])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE event_logs (id INTEGER PRIMARY KEY, event TEXT, dump BLOB);
            CREATE TABLE runs (id INTEGER PRIMARY KEY, body TEXT, tags TEXT, number INTEGER);
            INSERT INTO event_logs VALUES (1, 'shop-1 was read', x'00'), (2, 'shop-12 was read', NULL);
            INSERT INTO runs VALUES (7, 'SecretCanary, shop-1', 'demo', 5), (8, 'shop-2', 'demo', NULL);
        """)
    assert scrub_sqlite(path, traces) == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, event FROM event_logs").fetchall() == [(2, "shop-12 was read")]
        assert connection.execute("SELECT * FROM runs").fetchall() == [
            (7, "forgotten, forgotten", "demo", 5),
            (8, "shop-2", "demo", None),
        ]
    assert b"SecretCanary" not in path.read_bytes(), "written anew"
    assert scrub_sqlite(path, traces) == 0
    path.write_bytes(b"SQLite format 3 but no more than that" * 99)
    with pytest.raises(WarehouseError, match=r"it's\.db is in use or damaged .*: stop `ocr-pipeline dev` and all runs"):
        scrub_sqlite(path, traces)


def test_traces_are_found_in_json_within_json() -> None:
    pattern = Traces(["shop-1", "shop-12"], ['Bäcker "Süß"']).pattern()
    once = json.dumps({"name": 'Bäcker "Süß"'})
    for text in (
        'Bäcker "Süß"',
        once,
        json.dumps({"x": once}),
        json.dumps({"name": 'Bäcker "Süß"'}, ensure_ascii=False),
    ):
        assert "cker" not in pattern.sub("", text)
    assert pattern.sub("-", "shop-1 shop-12 shop-123 my-shop-1") == "- - shop-123 my-shop-1"
    assert pattern.sub("", '[Bäcker "Süß"]') == "[]", "and nothing beside them"


# ---- export --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_are_exported_with_their_numbers_of_rows(extracted: Warehouse, tmp_path: Path, form: Any) -> None:
    counts = export_tables(extracted, tmp_path / "out", form, ["documents", "labels", "extracted_fields"])
    assert counts == {"documents": 3, "labels": 0, "extracted_fields": 5}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{name}.{form}" for name in counts)


def test_a_parquet_file_has_the_types_and_no_text_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    write_parquet(
        path, [{"document_id": "a", "total": "1.50"}, {"document_id": "b", "total": None}], {"total": "DOUBLE"}
    )
    with duckdb.connect() as connection:
        found = connection.execute("FROM read_parquet(?) ORDER BY 1", [str(path)]).fetchall()
    assert found == [("a", 1.5), ("b", None)]
    write_parquet(path, [], {})
    with duckdb.connect() as connection:
        assert connection.execute("FROM read_parquet(?)", [str(path)]).fetchall() == []


def test_a_table_as_a_data_frame(extracted: Warehouse, tmp_path: Path) -> None:
    assert list(load_frame(extracted, "documents")["document_id"]) == ["a", "b", "gone"]
    assert load_frame(Warehouse(tmp_path / "none.duckdb"), "documents").empty
    for unknown in ("document", "duckdb_tables()", '"'):
        with pytest.raises(ConfigurationError, match=r"^There is no table .*; known are acceptances, "):
            load_frame(extracted, unknown)
        with pytest.raises(ConfigurationError, match=r"^There is no table "):
            export_tables(extracted, tmp_path / "out", "csv", [unknown])


def test_without_names_every_table_is_exported(extracted: Warehouse, tmp_path: Path) -> None:
    counts = export_tables(extracted, tmp_path, "csv")
    assert counts.keys() == table_columns().keys()
    assert {table for table, number in counts.items() if number} == {
        "documents", "extracted_fields", "extractions", "ground_truth", "model_calls", "schema_version",
    }  # fmt: skip
