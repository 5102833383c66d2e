"""A document is due for an asset if anything that the asset reads of it changed, and only then."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from ocr_pipeline.warehouse.changes import Replacement, Update
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables import findings, review
from ocr_pipeline.warehouse.tables.due import Due, due, replace_due, sums, with_copies

AT = datetime(2026, 11, 29)
PARTS = ("document", "labels", "copies", "group", "words", "results", "scores", "label_issues", "scale_suspects")
STAMP = {"run_id": "r", "updated_at": AT}
FOUND = {"run_id": "r", "found_at": AT, "dataset": "s"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Two documents that are copies of each other, and a third one."""
    made = Warehouse(tmp_path / "warehouse.duckdb")
    ids = ("a", "b", "c")
    made.replace_all(
        {
            "documents": [
                {"document_id": key, "dataset": "s", "path": key, "status": "ok", "schema_state": None, **STAMP}
                for key in ids
            ],
            "labels": [
                {"document_id": key, "dataset": "s", "status": "ok", "label_sha256": "1", **STAMP} for key in ids
            ],
            "duplicates": [{"document_id": key, "group_id": "a", **STAMP} for key in ("a", "b")],
            "ocr_text": [
                {"document_id": key, "engine": "e", "status": "ok", "fingerprint": "f", "result_key": "k", **STAMP}
                for key in ids
            ],
            "extractions": [
                {
                    "document_id": key,
                    "backend": "x",
                    "extractor": "y",
                    "status": "ok",
                    "extractor_fingerprint": "f",
                    "reported": False,
                    **STAMP,
                }
                for key in ids
            ],
            "scored_cells": [{"document_id": key, "backend": "x", "content": "1"} for key in ids],
            "label_issues": [
                {"document_id": key, "field": "f", "kinds": ["page"], "reason": "r", "independent": True, **FOUND}
                | {"backends": [], "score": 1.0}
                for key in ids
            ],
            "scale_suspects": [
                {"document_id": key, "backend": "x", "field": "f", "value": "1", "text": "1", "printed": "10", **FOUND}
                | {"is_open": False, "engine": "e"}
                for key in ids
            ],
        }
    )
    return made


def looked_at(warehouse: Warehouse, parts: tuple[str, ...] = PARTS) -> None:
    with warehouse.snapshot() as snapshot:
        found = due(snapshot, "asset", "made by", parts)
    replace_due(warehouse, found, {})


def documents_due(warehouse: Warehouse, made_by: str = "made by", parts: tuple[str, ...] = PARTS) -> list[str]:
    with warehouse.snapshot() as snapshot:
        found = due(snapshot, "asset", made_by, parts)
    assert found.gone == []
    return found.documents


def test_every_document_is_due_once(warehouse: Warehouse) -> None:
    assert documents_due(warehouse) == ["a", "b", "c"]
    looked_at(warehouse)
    assert documents_due(warehouse) == []
    with warehouse.snapshot() as snapshot:
        assert due(snapshot, "another asset", "made by", PARTS).documents == ["a", "b", "c"]


CHANGES = {
    "dataset": ("document", "UPDATE documents SET dataset = 't' WHERE document_id = 'c'"),
    "schema": ("document", "UPDATE documents SET schema_state = 'x' WHERE document_id = 'c'"),
    "label": ("labels", "UPDATE labels SET label_sha256 = '2' WHERE document_id = 'c'"),
    "label of the same content": ("labels", "UPDATE labels SET run_id = 's' WHERE document_id = 'c'"),
    "label removed": ("labels", "UPDATE labels SET status = 'none' WHERE document_id = 'c'"),
    "words": ("words", "UPDATE ocr_text SET result_key = '2' WHERE document_id = 'c'"),
    "words again": ("words", "UPDATE ocr_text SET updated_at = '2027-01-01' WHERE document_id = 'c'"),
    "another engine": (
        "words",
        "INSERT INTO ocr_text SELECT * REPLACE ('z' AS engine) FROM ocr_text WHERE document_id = 'c'",
    ),
    "result": ("results", "UPDATE extractions SET run_id = 's' WHERE document_id = 'c'"),
    "failure": ("results", "UPDATE extractions SET status = 'failed' WHERE document_id = 'c'"),
    "result removed": ("results", "DELETE FROM extractions WHERE document_id = 'c'"),
    "extractor": ("results", "UPDATE extractions SET extractor_fingerprint = 'g' WHERE document_id = 'c'"),
    "score": ("scores", "UPDATE scored_cells SET content = '2' WHERE document_id = 'c'"),
    "score removed": ("scores", "DELETE FROM scored_cells WHERE document_id = 'c'"),
    "reason of an issue": ("label_issues", "UPDATE label_issues SET reason = 's' WHERE document_id = 'c'"),
    "kind of an issue": ("label_issues", "UPDATE label_issues SET kinds = ['typo'] WHERE document_id = 'c'"),
    "proposed value": ("label_issues", "UPDATE label_issues SET value = 's' WHERE document_id = 'c'"),
    "proof of an issue": ("label_issues", "UPDATE label_issues SET independent = false WHERE document_id = 'c'"),
    "suspect": ("scale_suspects", "DELETE FROM scale_suspects WHERE document_id = 'c'"),
    "group": (
        "group",
        "INSERT INTO duplicates SELECT * REPLACE ('c' AS document_id) FROM duplicates WHERE document_id = 'a'",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_document_is_due_alone_and_only_for_who_reads_it(warehouse: Warehouse, name: str) -> None:
    part, sql = CHANGES[name]
    looked_at(warehouse, (part,))
    with warehouse.connect(read_only=False) as connection:
        connection.execute(sql)
    assert documents_due(warehouse, parts=(part,)) == ["c"]
    looked_at(warehouse, (part,))
    assert documents_due(warehouse, parts=(part,)) == []


def test_a_changed_label_makes_copies_due(warehouse: Warehouse) -> None:
    looked_at(warehouse)
    with warehouse.connect(read_only=False) as connection:
        connection.execute("UPDATE labels SET label_sha256 = '2' WHERE document_id = 'b'")
    assert documents_due(warehouse) == ["a", "b"]
    with warehouse.snapshot() as snapshot:
        assert sorted(with_copies(snapshot, ["b", "c"])) == ["a", "b", "c"]
        assert with_copies(snapshot, ["c"]) == ["c"]


def test_everything_is_due_if_backends_or_rules_changed(warehouse: Warehouse) -> None:
    looked_at(warehouse)
    assert documents_due(warehouse, made_by="other rules") == ["a", "b", "c"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE documents SET status = 'failed', reason = 'missing_file' WHERE document_id = 'c'",
        "UPDATE documents SET status = 'split' WHERE document_id = 'c'",
        "DELETE FROM documents WHERE document_id = 'c'",
    ],
)
def test_rows_of_a_document_that_is_gone_are_removed(warehouse: Warehouse, sql: str) -> None:
    looked_at(warehouse)
    with warehouse.connect(read_only=False) as connection:
        connection.execute(sql)
    with warehouse.snapshot() as snapshot:
        found = due(snapshot, "asset", "made by", PARTS)
    assert (found.documents, found.gone) == ([], ["c"])
    replace_due(warehouse, found, {"label_issues": []})
    assert {row["document_id"] for row in warehouse.rows("FROM label_issues")} == {"a", "b"}
    with warehouse.snapshot() as snapshot:
        assert list(due(snapshot, "asset", "made by", PARTS).parts()) == []


def test_rows_and_what_they_were_made_from_are_written_together_or_not_at_all(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as snapshot:
        found = due(snapshot, "asset", "made by", PARTS)
    with pytest.raises(ValueError, match="no column"):
        replace_due(warehouse, found, {}, more=[Replacement(("document_id",), [("a",)], {"labels": [{"nonsense": 1}]})])
    assert documents_due(warehouse) == ["a", "b", "c"]


def test_what_an_asset_keeps_is_summed_up(warehouse: Warehouse) -> None:
    found = Due(asset="asset", contents={"a": "1", "b": "1"}, gone=[])
    replace_due(warehouse, found, {}, {"a": {"checked": 2}, "b": {"checked": 3}})
    with warehouse.snapshot() as snapshot:
        assert sums(snapshot, "asset", ("checked", "unknown")) == {"checked": 5, "unknown": 0}
        assert sums(snapshot, "another asset", ("checked",)) == {"checked": 0}


def test_columns_of_some_rows_are_set(warehouse: Warehouse) -> None:
    columns: dict[str, Sequence[object]] = {"document_id": ["a", "c", "nobody"], "value": ["2.50", None, "1.00"]}
    warehouse.replace_together(
        [Update("label_issues", ("document_id", "field"), columns, {"field": "f", "run_id": "s"})]
    )
    rows = warehouse.rows("SELECT document_id, value, run_id, kinds FROM label_issues ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        ("a", "2.50", "s", ["page"]),
        ("b", None, "r", ["page"]),
        ("c", None, "s", ["page"]),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE documents SET dataset = 't' WHERE document_id = 'c'",
        "UPDATE documents SET schema_state = 'x' WHERE document_id = 'c'",
        "UPDATE documents SET reason = 'missing_file' WHERE document_id = 'c'",
        "UPDATE labels SET label_sha256 = '2' WHERE document_id = 'c'",
        "UPDATE labels SET status = 'invalid' WHERE document_id = 'c'",
        "UPDATE ocr_text SET result_key = '2' WHERE document_id = 'c'",
        "UPDATE ocr_text SET result_key = NULL WHERE document_id = 'c'",
        "UPDATE extractions SET country = 'DE' WHERE document_id = 'c'",
        "UPDATE extractions SET message = 'failed' WHERE document_id = 'c'",
        "DELETE FROM extractions WHERE document_id = 'c'",
        "DELETE FROM duplicates WHERE document_id = 'b'",
    ],
)
def test_reviews_are_made_again_if_what_they_read_changed(warehouse: Warehouse, sql: str) -> None:
    before = review.inputs(warehouse)
    assert review.inputs(warehouse) == before
    with warehouse.connect(read_only=False) as connection:
        connection.execute(sql)
    assert review.inputs(warehouse) != before


def test_a_review_is_kept_for_the_same_inputs_alone(warehouse: Warehouse) -> None:
    warehouse.replace_all({}, [findings.keep("review", "", "1", "[1]")])
    assert findings.kept(warehouse, "review", "", "1") == "[1]"
    assert findings.kept(warehouse, "review", "", "2") is None
    warehouse.replace_all({}, [findings.keep("review", "", "2", "[2]")])
    assert (findings.kept(warehouse, "review", "", "1"), findings.kept(warehouse, "review", "", "2")) == (None, "[2]")


@pytest.mark.parametrize(
    ("ids", "gone", "parts"),
    [
        ("abcde", "xy", [("ab", "xy"), ("cd", ""), ("e", "")]),
        ("ab", "", [("ab", "")]),
        ("", "x", [("", "x")]),
        ("", "", []),
    ],
)
def test_what_is_due_in_parts(
    ids: str, gone: str, parts: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr_pipeline.warehouse.tables.due.AT_A_TIME", 2)
    every = Due(asset="consensus", contents={key: key.upper() for key in ids}, gone=list(gone))
    found = list(every.parts())
    assert [("".join(part.contents), "".join(part.gone)) for part in found] == parts
    assert {part.asset for part in found} <= {"consensus"}
    assert {key: content for part in found for key, content in part.contents.items()} == every.contents
