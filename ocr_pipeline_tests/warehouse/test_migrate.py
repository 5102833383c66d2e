import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.evaluation.statistics.significance import holm
from ocr_pipeline.warehouse import migrate
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.local import LocalFile
from ocr_pipeline.warehouse.migrate import migrations, schema_version, table_columns
from ocr_pipeline.warehouse.tables import scored

NEWEST = migrations()[-1][0]
PAGE = {"document_id": "a", "page": 1, "width_px": 1, "height_px": 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


def version_of(path: Path) -> int:
    with duckdb.connect(path) as connection:
        return schema_version(connection)


def add_migration(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    more = [*migrations(), *((NEWEST + number, script) for number, script in enumerate(scripts, 1))]
    monkeypatch.setattr(migrate, "migrations", lambda: more)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [version for version, _ in migrations()] == list(range(1, NEWEST + 1))


@pytest.mark.parametrize("exists", [False, True], ids=["no file", "a database without tables"])
def test_a_new_database_has_every_table(path: Path, exists: bool) -> None:
    if exists:
        duckdb.connect(path).close()
        assert version_of(path) == 0
    warehouse = Warehouse(path)
    warehouse.replace_all({"pages": [PAGE]})
    assert version_of(path) == NEWEST
    found = warehouse.rows("SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'")
    assert {row["table_name"] for row in found} == set(table_columns())
    assert len(warehouse.rows("FROM schema_version")) == NEWEST


def test_table_columns_tell_names_and_types_in_order() -> None:
    assert table_columns()["pages"] == [
        ("document_id", "VARCHAR"),
        ("page", "INTEGER"),
        ("width_px", "INTEGER"),
        ("height_px", "INTEGER"),
        ("dpi", "DOUBLE"),
    ]


def test_an_older_database_is_brought_forward_and_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Warehouse(path).replace_all({"pages": [PAGE]})
    add_migration(
        monkeypatch,
        "ALTER TABLE pages ADD COLUMN colour VARCHAR; UPDATE pages SET colour = 'grey';",
        "CREATE TABLE extra (x INTEGER);",
    )
    warehouse = Warehouse(path)
    assert [(row["document_id"], row["colour"]) for row in warehouse.rows("FROM pages")] == [("a", "grey")]
    assert version_of(path) == NEWEST + 2
    warehouse.replace_all({"extra": [{"x": 1}], "pages": [{**PAGE, "colour": "red"}]})
    assert warehouse.rows("FROM extra") == [{"x": 1}]


def test_a_migration_that_fails_leaves_the_step_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Warehouse(path).replace_all({"pages": [PAGE]})
    with monkeypatch.context() as patch:
        add_migration(patch, "CREATE TABLE good (x INTEGER);", "CREATE TABLE half (x INTEGER); SELECT * FROM nothing;")
        with pytest.raises(WarehouseError, match=r"w\.duckdb failed: CatalogException"):
            Warehouse(path).rows("FROM pages")
    assert version_of(path) == NEWEST + 1
    with duckdb.connect(path) as connection:
        tables = {row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        assert "good" in tables
        assert "half" not in tables
    with monkeypatch.context() as patch:
        add_migration(patch, "CREATE TABLE good (x INTEGER);", "CREATE TABLE half (x INTEGER);")
        assert len(Warehouse(path).rows("FROM pages")) == 1
        assert version_of(path) == NEWEST + 2


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    Warehouse(path).replace_all({"pages": [PAGE]})
    with duckdb.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [NEWEST + 5])
    before = path.read_bytes()
    for use in (lambda: Warehouse(path).rows("FROM pages"), lambda: Warehouse(path).replace_all({"pages": []})):
        with pytest.raises(WarehouseError) as error:
            use()
        assert str(error.value) == (
            f"The database has schema version {NEWEST + 5}, this ocr_pipeline knows {NEWEST}: upgrade ocr_pipeline, "
            "or point it at another database."
        )
    assert path.read_bytes() == before


def test_a_current_database_is_only_read(path: Path) -> None:
    Warehouse(path).replace_all({"pages": [PAGE]})
    before = path.stat().st_mtime_ns
    assert len(Warehouse(path).rows("FROM pages")) == 1
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("how", ["renamed", "copied into it"])
def test_an_older_database_put_in_its_place_is_brought_forward(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    backup = path.with_name("backup.duckdb")
    Warehouse(backup).replace_all({"pages": [PAGE]})
    add_migration(monkeypatch, "ALTER TABLE pages ADD COLUMN colour VARCHAR;")
    Warehouse(path).replace_all({"pages": [PAGE, {**PAGE, "page": 2, "colour": "red"}]})
    assert len(Warehouse(path).rows("SELECT colour FROM pages")) == 2
    if how == "renamed":
        backup.rename(path)
    else:
        path.write_bytes(backup.read_bytes())
    assert Warehouse(path).rows("SELECT colour FROM pages") == [{"colour": None}]


def test_a_known_database_is_opened_once_for_a_query(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    attach = LocalFile._attach
    Warehouse(path).replace_all({"pages": [PAGE]})

    def counting(self: LocalFile, *arguments: Any) -> None:
        opened.append(self.path)
        attach(self, *arguments)

    monkeypatch.setattr(LocalFile, "_attach", counting)
    for _ in range(3):
        assert len(Warehouse(path).rows("FROM pages")) == 1
    assert len(opened) == 3
    Warehouse(path).replace_all({"pages": []})
    assert len(opened) == 4


def test_a_database_of_something_else_is_not_touched(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE documents (mine INTEGER)")
    with pytest.raises(WarehouseError, match="failed: CatalogException"):
        Warehouse(path).replace_all({"pages": [PAGE]})
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT table_name FROM information_schema.tables").fetchall() == [("documents",)]


def test_scores_of_an_older_version_are_made_again_or_removed(path: Path) -> None:
    """Those of labels that are gone by then, too: nothing else says that they are there."""
    with duckdb.connect(path) as connection:
        migrate.migrate(connection, 31)
        connection.execute(
            "INSERT INTO field_scores BY NAME SELECT 'gone' AS document_id, 's' AS dataset, 'b' AS backend,"
            " 'total_amount' AS field, 'money' AS kind, 'wrong' AS outcome, 'l' AS label_sha256,"
            " 'f' AS extractor_fingerprint, 3 AS scoring_version, now()::TIMESTAMP AS scored_at"
        )
    stored = scored.scored(Warehouse(path), ["b"])
    assert scored.changed({}, stored) == [("gone", "b")]


@pytest.fixture
def version_10(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database as release 0.1.0 left it: schema version 10, with the codes and names of that time."""
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: migrations()[:10])
        with duckdb.connect(path) as connection:
            migrate.migrate(connection)
            for number, (outcome, verdict) in enumerate(
                [("missed", "ocr_missed"), ("invented", "invented"), ("wrong", "label_suspect"), ("wrong", "selection")]
            ):
                connection.execute(
                    "INSERT INTO field_scores BY NAME SELECT $1 AS document_id, 's' AS dataset, 'b' AS backend,"
                    " 'total_amount' AS field, 'money' AS kind, $2 AS outcome, $2 AS outcome_strict,"
                    " 'correct' AS outcome_lenient, 'l' AS label_sha256, 'f' AS extractor_fingerprint,"
                    " 1 AS scoring_version, now()::TIMESTAMP AS scored_at",
                    [f"d{number}", outcome],
                )
                connection.execute(
                    "INSERT INTO verdicts BY NAME SELECT $1 AS document_id, 's' AS dataset, 'b' AS backend,"
                    " 'total_amount' AS field, $2 AS outcome, $3 AS verdict, 'Why.' AS reason, 'c' AS content,"
                    " now()::TIMESTAMP AS judged_at",
                    [f"d{number}", outcome, verdict],
                )
            connection.execute(
                "INSERT INTO line_item_cells BY NAME SELECT 'd0' AS document_id, 's' AS dataset, 'b' AS backend,"
                " 'line_items' AS list, 'missed' AS row_outcome, 'amount' AS column_name, 'money' AS kind,"
                " 'missed' AS outcome, 'missed' AS outcome_strict, 'missed' AS outcome_lenient"
            )
            connection.execute(
                "INSERT INTO leaderboard_fields BY NAME SELECT 's' AS dataset, 'b' AS backend, 'all_fields' AS field,"
                " 4 AS documents, 4 AS n, 0 AS correct, 2 AS wrong, 1 AS invented, 1 AS missed, 0 AS both_empty"
            )
            connection.execute(
                "INSERT INTO label_suspects BY NAME SELECT 'd2' AS document_id, 's' AS dataset, 'total_amount' AS field,"
                " ['agreement'] AS kinds, 'Why.' AS reason, ['b'] AS backends, true AS independent, 1.0 AS score,"
                " now()::TIMESTAMP AS found_at"
            )
    assert version_of(path) == 10
    return path


def test_the_terms_of_version_10_become_the_new_ones(version_10: Path) -> None:
    warehouse = Warehouse(version_10)
    assert [
        tuple(row.values())
        for row in warehouse.rows(
            "SELECT s.outcome, s.outcome_strict, s.outcome_lenient, a.outcome AS of_attribution, a.attribution"
            " FROM field_scores s JOIN attributions a USING (document_id) ORDER BY document_id"
        )
    ] == [
        ("missing", "missing", "correct", "missing", "ocr_missing"),
        ("spurious", "spurious", "correct", "spurious", "spurious"),
        ("wrong", "wrong", "correct", "wrong", "label_issue"),
        ("wrong", "wrong", "correct", "wrong", "selection"),
    ]
    [cell] = warehouse.rows("FROM line_item_cells")
    assert [cell[name] for name in cell if "outcome" in name] == ["missing"] * 4
    [row] = warehouse.rows("FROM leaderboard_fields")
    assert (row["spurious"], row["missing"]) == (1, 1)
    assert [row["document_id"] for row in warehouse.rows("FROM label_issues")] == ["d2"]


def test_old_table_names_answer_with_old_columns_and_codes(version_10: Path) -> None:
    before = {}
    with duckdb.connect(version_10) as connection:
        for name in ("verdicts", "label_suspects"):
            found = connection.execute(f"FROM {name} ORDER BY document_id")
            columns = ", ".join(f'"{column[0]}"' for column in found.description or ())
            before[name, columns] = found.fetchall()
    warehouse = Warehouse(version_10)
    for (name, columns), rows in before.items():
        now = warehouse.rows(f"SELECT {columns} FROM {name} ORDER BY document_id")
        assert [tuple(row.values()) for row in now] == rows


def test_old_comparisons_are_corrected_within_their_families() -> None:
    with duckdb.connect(":memory:") as connection:
        for version, script in migrations():
            if version == 19:
                break
            connection.execute(script)
        numbers = random.Random(1)
        keys = [(f, a, b) for f in ("all_fields", "date", "total") for a, b in ("ab", "ac", "bc")]
        p = {key: numbers.choice([0.01, 0.02, 0.4, 1.0]) for key in keys}
        for field, a, b in keys:
            connection.execute(
                "INSERT INTO comparisons (dataset, field, rules, backend_a, backend_b, documents, n, disagree, a_better,"
                " b_better, test, p, p_holm, evaluated_at) VALUES ('d', ?, 'headline', ?, ?, 9, 9, 1, 1, 0, 't', ?, 1, now())",
                [field, a, b, p[field, a, b]],
            )
        connection.execute(script)
        found = connection.execute("SELECT field, backend_a, backend_b, p_holm, p_fields FROM comparisons").fetchall()
    for field, a, b, p_holm, p_fields in found:
        pairs = [key for key in keys if key[0] == field]
        fields = [key for key in keys if key[1:] == (a, b) and (key[0] == "all_fields") == (field == "all_fields")]
        assert p_holm == pytest.approx(holm([p[key] for key in pairs])[pairs.index((field, a, b))])
        assert p_fields == pytest.approx(holm([p[key] for key in fields])[fields.index((field, a, b))])


def test_values_of_an_earlier_version_were_read_from_the_page_or_from_codes() -> None:
    with duckdb.connect(":memory:") as connection:
        for version, script in migrations():
            if version == 21:
                break
            connection.execute(script)
        for backend, extractor in (("a", "rules"), ("b", "codes"), ("c", "external")):
            connection.execute(
                "INSERT INTO extractions (document_id, backend, extractor, status, extractor_fingerprint, updated_at)"
                " VALUES ('d', ?, ?, 'ok', '-', now())",
                [backend, extractor],
            )
            connection.execute("INSERT INTO extracted_fields VALUES ('d', ?, 'currency', 'EUR', NULL, NULL)", [backend])
        connection.execute(script)
        found = connection.execute(
            "SELECT backend, read_from, others FROM extracted_fields ORDER BY backend"
        ).fetchall()
    assert found == [("a", "page", None), ("b", "code", None), ("c", None, None)]
