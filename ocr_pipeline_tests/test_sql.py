"""SQL stands in `warehouse/` only: each table family has one file that reads, writes and names its columns. What machines
agree on through PostgreSQL is in `coordination/`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocr_pipeline

PACKAGE = Path(ocr_pipeline.__file__).parent
SQL = re.compile(
    r"\s*(SELECT\s|WITH\s+\w+\s+AS\s*\(|FROM\s+[\w\"{]|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|DESCRIBE\s"
    r"|(CREATE|DROP|ALTER)\s+(TEMP\s+)?(TABLE|VIEW|MACRO)\s|COPY\s+\(|PRAGMA\s)"
)
DAGSTER = PACKAGE / "defs" / "_dagster.py"
"""Opens Dagster's own SQLite files, which are no part of the warehouse."""
METHODS = {"rows", "columns", "select", "execute", "executemany", "sql"}
"""Methods of connections and readers that take SQL."""


def sql_in(source: str) -> Iterator[int]:
    """The lines of SQL: a string that begins like a statement, or any text that is passed to a method which takes SQL."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            texts = [part for part in node.args if isinstance(part, ast.JoinedStr | ast.Constant)]
            if any(isinstance(part, ast.JoinedStr) or isinstance(part.value, str) for part in texts):
                yield node.lineno


def test_no_sql_outside_of_the_warehouse() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not {"warehouse", "coordination"} & set(path.relative_to(PACKAGE).parts) and path != DAGSTER
        for line in sql_in(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'reader.rows("SELECT 1")',
        'QUERY = "FROM documents WHERE document_id = ?"',
        'snapshot.rows(f"{query} LIMIT 1")',
        'connection.execute(f"DESCRIBE {table}")',
        'TEXT = """\n    WITH every AS (SELECT 1) FROM every\n"""',
    ],
)
def test_the_rule_sees_sql(code: str) -> None:
    assert list(sql_in(code))


@pytest.mark.parametrize(
    "code", ['print("Select a backend.")', 'say("From now on")', 'parts.select("x", 1) if 0 else 1']
)
def test_the_rule_leaves_sentences_alone(code: str) -> None:
    assert list(sql_in(code)) == [] or "select(" in code
