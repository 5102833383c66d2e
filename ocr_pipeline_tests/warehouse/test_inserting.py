"""Rows and columns as the database reads them back: the table decides about types, nothing is guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

from ocr_pipeline.warehouse.inserting import CodedRows, Rows, insert

TYPES = {
    "name": "VARCHAR", "number": "DOUBLE", "whole": "INTEGER", "flag": "BOOLEAN", "amount": "DECIMAL(24,6)", "day": "DATE",
    "at": "TIMESTAMP", "names": "VARCHAR[]", "figures": "MAP(VARCHAR, DOUBLE)",
}  # fmt: skip


def stored(rows: Rows) -> list[dict[str, Any]]:
    connection = duckdb.connect()
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TYPES.items())
    connection.execute(f"CREATE TABLE t ({columns})")
    insert(connection, "t", rows, TYPES)
    cursor = connection.execute("FROM t")
    return [dict(zip(TYPES, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("name", "a\0b", "a\0b"),
        ("name", "\ud800ü", "?ü"),  # as in names of files that are not UTF-8
        ("name", "nan", "nan"),
        ("name", True, "true"),
        ("name", {"a": [1, None]}, '{"a":[1,null]}'),
        ("number", 0.1, 0.1),
        ("whole", "4", 4),
        ("flag", False, False),
        ("amount", Decimal("1E+2"), Decimal(100)),
        ("amount", Decimal("-0.005"), Decimal("-0.005")),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("day", date(1999, 12, 31), date(1999, 12, 31)),
        ("at", datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC).replace(tzinfo=None), datetime(2026, 1, 2, 3, 4, 5, 678)),
        ("names", ("a,b]", None, '"ü"'), ["a,b]", None, '"ü"']),
        ("names", [], []),
        ("figures", {"x": 1.5}, {"x": 1.5}),
    ],
)
def test_values(column: str, value: object, expected: object) -> None:
    empty = dict.fromkeys(TYPES)
    rows = [{column: value}, {}]  # the other columns are NULL, and so is a row without the column
    coded = CodedRows(parts=[(np.array([0, 1, 0]), {column: [value, None]})], constants={})
    constant = CodedRows(
        parts=[(np.array([0]), {next(name for name in TYPES if name != column): [None]})], constants=rows[0]
    )
    full = {**empty, column: expected}
    assert stored(rows) == [full, empty]
    assert stored(coded) == [full, empty, full]
    assert stored(constant) == [full]


@pytest.mark.parametrize(
    ("column", "value"), [("day", "2024-02-30"), ("whole", "x"), ("amount", Decimal("NaN")), ("number", "")]
)
def test_a_value_that_does_not_fit_is_refused(column: str, value: object) -> None:
    with pytest.raises(duckdb.ConversionException):
        stored([{column: value}])


def test_more_rows_than_one_batch() -> None:
    codes = np.arange(120_000) % 7
    found = stored(CodedRows(parts=[(codes, {"whole": list(range(7))})], constants={"name": "x"}))
    assert [row["whole"] for row in found] == codes.tolist()
    assert {row["name"] for row in found} == {"x"}


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match="no column 'other'"):
        stored([{"other": 1}])
