from pathlib import Path

import duckdb
import pytest

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.warehouse import migrate
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.migrate import migrations, schema_version, table_columns

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


def test_a_database_of_something_else_is_not_touched(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE documents (mine INTEGER)")
    with pytest.raises(WarehouseError, match="failed: CatalogException"):
        Warehouse(path).replace_all({"pages": [PAGE]})
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT table_name FROM information_schema.tables").fetchall() == [("documents",)]
