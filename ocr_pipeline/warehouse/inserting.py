"""Inserting rows or columns into a table, with the column types of the table itself.

Every value is handed over as text, in one array per column, and cast to the type of its column; lists and maps as JSON. So the
table decides, and nothing is guessed from a sample (docs/decisions/0002). A column can be given by its distinct values:
scores repeat a few of them hundreds of thousands of times (docs/decisions/0027).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.integer[Any]]
    Texts = NDArray[np.object_]

Row = Mapping[str, object]

_ROWS_AT_A_TIME = 50_000
"""Bounds memory: 50,000 scores take 10 MB of pointers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CodedRows:
    """Rows as columns.

    `parts`: codes of all rows, and the rows that they stand for, by column and code. A row of the table has the values of
    one row of each part. `constants`: values that all rows share.
    """

    parts: Sequence[tuple["Codes", Mapping[str, Sequence[object]]]]
    constants: Row

    def __len__(self) -> int:
        return len(self.parts[0][0])


Rows = Sequence[Row] | CodedRows


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows, types: Mapping[str, str]) -> None:
    """Insert by name; columns that are not given have their default.

    Args:
        types: of the columns of the table.

    Raises:
        ValueError: the table has no such column.
    """
    connection.execute("SET pandas_analyze_sample = 0")  # arrays of objects are text
    for arrays, constants in _batches(rows):
        if unknown := sorted((arrays.keys() | constants.keys()) - types.keys()):
            raise ValueError(f"table {table} has no column {unknown[0]!r}")
        names = ", ".join(f'"{name}"' for name in (*arrays, *constants))
        values = ", ".join(_cast(f'"{name}"', types[name]) for name in arrays)
        values += "".join(", " + _cast("?::VARCHAR", types[name]) for name in constants)
        connection.register("_new_rows", arrays)
        # The names come from the code, never from a document; SQL cannot take them as parameters.
        connection.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} FROM _new_rows',  # noqa: S608
            [_text(value) for value in constants.values()],
        )
    connection.unregister("_new_rows")


def update(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key_columns: Sequence[str],
    columns: Mapping[str, Sequence[object]],
    constants: Row,
    types: Mapping[str, str],
) -> None:
    """Set columns of the rows with these keys. `columns`: by name; `constants`: what all these rows share."""
    connection.execute("SET pandas_analyze_sample = 0")
    new = {name: _cast(f'n."{name}"', types[name]) for name in columns}
    new |= {name: _cast("?::VARCHAR", types[name]) for name in constants}
    set_columns = [name for name in (*columns, *constants) if name not in key_columns]
    assigned = ", ".join(f'"{name}" = {new[name]}' for name in set_columns)
    same = " AND ".join(f't."{name}" = {new[name]}' for name in key_columns)
    values = [_text(constants[name]) for name in (*set_columns, *key_columns) if name in constants]
    connection.register("_new_values", {name: _texts(values) for name, values in columns.items()})
    connection.execute(f'UPDATE "{table}" t SET {assigned} FROM _new_values n WHERE {same}', values)  # noqa: S608
    connection.unregister("_new_values")


def _cast(expression: str, kind: str) -> str:
    if kind.endswith("]") or kind.startswith(("MAP", "STRUCT")):
        return f"from_json_strict({expression}, '\"{kind}\"')"
    return f"{expression}::{kind}"


def _batches(rows: Rows) -> Iterator[tuple[dict[str, "Texts"], Row]]:
    """Arrays of texts by column, some thousand rows at a time, and what all rows share."""
    if not isinstance(rows, CodedRows):
        names = sorted(set().union(*rows))
        for start in range(0, len(rows), _ROWS_AT_A_TIME):
            batch = rows[start : start + _ROWS_AT_A_TIME]
            yield {name: _texts([row.get(name) for row in batch]) for name in names}, {}
        return
    parts = [(codes, {name: _texts(values) for name, values in columns.items()}) for codes, columns in rows.parts]
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        yield (
            {
                name: texts[codes[start : start + _ROWS_AT_A_TIME]]
                for codes, columns in parts
                for name, texts in columns.items()
            },
            rows.constants,
        )


def _texts(values: Sequence[object]) -> "Texts":
    import numpy as np

    texts = np.empty(len(values), object)
    texts[:] = [_text(value) for value in values]
    return texts


def _text(value: object) -> str | None:
    """A value as SQL reads it. DuckDB refuses a lone surrogate, which a file name or a model's answer can contain: it becomes
    a question mark."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, Mapping | list | tuple):
        text = json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
    else:
        return str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
