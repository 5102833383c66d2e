"""The schema of the warehouse on PostgreSQL, made from the same migrations as that of a DuckDB file.

A new database gets the tables as the migrations leave them in DuckDB. An older one gets the migrations that it lacks: what
creates and alters tables is sent to PostgreSQL with its names of the types, what changes rows runs in DuckDB on the attached
tables. A migration that can do neither has a version of its own, `NNNN_name.postgres.sql`, which is sent as it is.

A MAP is stored as JSON, as PostgreSQL has none, and is read through a view that makes it a MAP again. Views of old names of
columns are left out.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import duckdb

from ocr_pipeline.warehouse.migrate import check_not_newer, migrate, migrations, table_columns

ATTACHED = "w"
"""The name of PostgreSQL in DuckDB."""

ONE_ROW_PER_KEY = ("documents", "labels", "ocr_text", "extractions")
"""Tables with one row per document or cell. Their index is unique: the last resort if two machines write one cell at once."""

ORDERED = (
    "comparisons",
    "evaluation_history",
    "leaderboard_evidence",
    "leaderboard_fields",
    "repeat_spread",
    "repeat_scores",
)
"""Tables that are read in the order of insertion, by `rowid`: a column here, which results leave out."""

_TYPES = (
    (re.compile(r"\bMAP\s*\([^()]*\)"), "json"),
    (re.compile(r"\bDOUBLE\b(?! PRECISION)"), "double precision"),
    (re.compile(r"\bVARCHAR(\[\])?"), r'text\1 COLLATE "C"'),  # sorts as DuckDB does
    (re.compile(r"\bHUGEINT\b"), "numeric(38, 0)"),
    (re.compile(r"\bTINYINT\b"), "smallint"),
)
_COMMENTS = re.compile(r"\s*(--[^\n]*\n\s*)*")
_TABLES = re.compile(r"(CREATE|ALTER|DROP)\s+TABLE\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"(CREATE|DROP)\s+((OR\s+REPLACE|TEMP|TEMPORARY)\s+)*(VIEW|MACRO)\b", re.IGNORECASE)


def postgres_types(sql: str) -> str:
    """A statement of DuckDB that creates or alters a table, with PostgreSQL's names of the types."""
    for pattern, name in _TYPES:
        sql = pattern.sub(name, sql)
    return sql


def execute(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Run statements in PostgreSQL's own SQL, in the transaction of the connection."""
    connection.execute(f"CALL postgres_execute('{ATTACHED}', ?)", [sql])


def number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The number `n` that a query in PostgreSQL's own SQL returns."""
    row = connection.execute(f"SELECT n FROM postgres_query('{ATTACHED}', ?)", [sql]).fetchone()  # noqa: S608
    return int(row[0] or 0) if row else 0


@cache
def transfer_types() -> dict[str, dict[str, str]]:
    """Per table, the type in which the values of each column are written: that of DuckDB, but JSON for a MAP."""
    return {
        table: {name: "JSON" if kind.startswith("MAP") else kind for name, kind in columns}
        for table, columns in table_columns().items()
    }


def map_views(schema: str) -> dict[str, str]:
    """For each table with a MAP, the query that gives its rows as a DuckDB file does."""
    views = {}
    for table, columns in table_columns().items():
        maps = [(name, kind) for name, kind in columns if kind.startswith("MAP")]
        if maps:
            casts = ", ".join(f'CAST(CAST("{name}" AS JSON) AS {kind}) AS "{name}"' for name, kind in maps)
            views[table] = f'SELECT * REPLACE ({casts}) FROM {ATTACHED}."{schema}"."{table}"'  # noqa: S608
    return views


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of the schema in the database; 0 for an empty one.

    Raises:
        WarehouseError: it was written by a newer version of this package.
    """
    tables = "SELECT count(*) AS n FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
    if not number(connection, tables):
        return 0
    version = number(connection, "SELECT max(version) AS n FROM schema_version")
    check_not_newer(version)
    return version


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, newest: int | None = None) -> None:
    """Create the tables, or migrate them, each step in a transaction. The caller keeps other machines out.

    `newest`: the version to stop at; default: that of this package.
    """
    current, last = schema_version(connection), newest or migrations()[-1][0]
    if current == 0:
        _step(connection, last, [_sent(statement) for statement in _creation(last)])
    for version, script in migrations():
        if 0 < current < version <= last:
            own = _own_version(version)
            statements = [_sent(own)] if own else [_translated(entry) for entry in duckdb.extract_statements(script)]
            _step(connection, version, [statement for statement in statements if statement])


_Statement = tuple[bool, str]
"""Whether it is in PostgreSQL's own SQL, and the SQL."""


def _sent(sql: str) -> _Statement:
    return True, sql


def _translated(statement: duckdb.Statement) -> _Statement | None:
    sql = statement.query[_COMMENTS.match(statement.query).end() :]  # type: ignore[union-attr]
    if _LEFT_OUT.match(sql):
        return None
    return _sent(postgres_types(sql)) if _TABLES.match(sql) else (False, sql)


def _step(connection: duckdb.DuckDBPyConnection, version: int, statements: Iterable[_Statement]) -> None:
    connection.begin()
    try:
        execute(connection, "CREATE TABLE IF NOT EXISTS schema_version (version integer, applied_at timestamp)")
        for is_sent, sql in statements:
            if is_sent:
                execute(connection, sql)
                connection.execute("CALL pg_clear_cache()")
            else:
                connection.execute(sql)
        columns = _columns(version)
        tables = {table for table, *_ in columns}.intersection(ORDERED)
        added = "ADD COLUMN IF NOT EXISTS rowid bigint GENERATED ALWAYS AS IDENTITY"
        execute(connection, "; ".join([*_indexes(columns), *(f'ALTER TABLE "{table}" {added}' for table in tables)]))
        execute(connection, f"INSERT INTO schema_version VALUES ({version}, now() AT TIME ZONE 'UTC')")  # noqa: S608
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    connection.execute("CALL pg_clear_cache()")


def _own_version(version: int) -> str | None:
    folder = files("ocr_pipeline.warehouse") / "migrations"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".postgres.sql")]
    found = [name for name in names if int(name.split("_")[0]) == version]
    return (folder / found[0]).read_text("utf-8") if found else None


_Column = tuple[str, str, str, bool, str | None]
"""Table, name, type of DuckDB, whether it may be NULL, default."""


def _columns(version: int) -> list[_Column]:
    """All columns of a version of the schema, in the order of each table."""
    with duckdb.connect(":memory:") as connection:
        migrate(connection, version)
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
            " JOIN duckdb_tables() USING (table_name) WHERE table_name <> 'schema_version'"
            " ORDER BY table_name, column_index"
        ).fetchall()


def _creation(version: int) -> list[str]:
    tables: dict[str, list[str]] = {}
    for table, name, kind, is_nullable, default in _columns(version):
        column = f'"{name}" {postgres_types(kind)}{"" if is_nullable else " NOT NULL"}'
        tables.setdefault(table, []).append(column + (f" DEFAULT {default}" if default is not None else ""))
    return [f'CREATE TABLE "{table}" ({", ".join(columns)})' for table, columns in tables.items()]


def _indexes(columns: Iterable[_Column]) -> list[str]:
    """An index on the columns by which the rows of each table are replaced, read and forgotten."""
    tables: dict[str, list[str]] = {}
    for table, name, *_ in columns:
        tables.setdefault(table, []).append(name)
    statements = []
    for table, names in tables.items():
        for keys in _keys(names):
            unique = "UNIQUE " if table in ONE_ROW_PER_KEY and keys[0] == "document_id" else ""
            listed = ", ".join(f'"{key}"' for key in keys)
            name = f"{table}_by_{'_'.join(keys)}"
            statements.append(f'CREATE {unique}INDEX IF NOT EXISTS "{name}" ON "{table}" ({listed})')
    return statements


def _keys(columns: Sequence[str]) -> list[tuple[str, ...]]:
    known: list[tuple[str, ...]] = [
        ("backend", "document_id", "dataset"),  # scores: all of a backend, or single cells
        ("document_id", "backend"),
        ("document_id", "engine"),
        ("document_id",),
    ]
    found = [key for key in known if set(key) <= set(columns)][:1]
    found += [(key,) for key in ("sha256_a", "sha256_b", "set_id", "evaluation_id", "group_id") if key in columns]
    return found
