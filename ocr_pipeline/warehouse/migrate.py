"""Schema version and forward migration. A migration is a numbered SQL file; it runs once, in one transaction."""

import re
from functools import cache
from importlib.resources import files

import duckdb

from ocr_pipeline.errors import WarehouseError

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER, applied_at TIMESTAMP);"


@cache
def migrations() -> list[tuple[int, str]]:
    """(version, SQL) of every migration, oldest first."""
    folder = files("ocr_pipeline.warehouse") / "migrations"
    scripts = sorted(entry.name for entry in folder.iterdir() if re.fullmatch(r"\d+_\w+\.sql", entry.name))
    return [(int(name.split("_")[0]), (folder / name).read_text("utf-8")) for name in scripts]


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of the schema in this database; 0 for an empty one."""
    exists = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'schema_version'")
    if not exists.fetchone():
        return 0
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(row[0] or 0) if row else 0


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the database has this package's schema.

    Raises:
        WarehouseError: the database was written by a newer version of this package.
    """
    current = schema_version(connection)
    check_not_newer(current)
    return current == migrations()[-1][0]


def check_not_newer(current: int) -> None:
    """Raise WarehouseError if a schema is of a newer version of this package."""
    newest = migrations()[-1][0]
    if current > newest:
        raise WarehouseError(
            f"The database has schema version {current}, this ocr_pipeline knows {newest}: upgrade ocr_pipeline, "
            "or point it at another database."
        )


def migrate(connection: duckdb.DuckDBPyConnection, newest: int | None = None) -> None:
    """Bring the database to this package's schema, or to an older version `newest`, each step in its own transaction."""
    current = schema_version(connection)
    for version, script in migrations():
        if current < version <= (newest or version):
            connection.begin()
            connection.execute(_VERSIONS)
            connection.execute(script)
            connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [version])
            connection.commit()


@cache
def table_columns() -> dict[str, list[tuple[str, str]]]:
    """(column, type) of every table of the current schema. Views, which keep old names, are left out."""
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        # All at once, and without values: for the first one, DuckDB 1.5 imports pandas.
        connection.execute("\n".join([_VERSIONS, *(script for _, script in migrations())]))
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_name) WHERE table_type = 'BASE TABLE' ORDER BY table_name, ordinal_position"
        ).fetchall()
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, data_type in found:
        tables.setdefault(table, []).append((column, data_type))
    return tables
