"""Queries for some rows of a table on PostgreSQL: the server finds them by an index and sends no others.

DuckDB's extension hands conditions on to the server if they compare a column with values in the query. It does not hand on
`document_id IN (SELECT unnest(?))`: then the server sends the whole table, and DuckDB joins it with the list.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from ocr_pipeline.warehouse.opening import Parameters

MANY = 2000
"""With more values than this, the table is read as a whole: to name them all takes longer."""

_CHOSEN = re.compile(r"\bIN \(SELECT unnest\((\?|\$(\w+))\)\)")


def with_literals(sql: str, parameters: Parameters) -> tuple[str, Parameters]:
    """A query that names the values of `IN (SELECT unnest(?))`, or `unnest($name)`, where they are few; and what is left of
    its parameters."""
    if isinstance(parameters, Mapping):
        written = _CHOSEN.sub(lambda match: _written(match, parameters.get(match[2])), sql)
        used = set(re.findall(r"\$(\w+)", written))
        return written, {name: value for name, value in parameters.items() if name in used}
    marks = [match.start() for match in re.finditer(r"\?", sql)]
    if len(marks) != len(parameters):  # one of them is no parameter
        return sql, parameters
    values = dict(zip(marks, parameters, strict=True))

    def replaced(match: re.Match[str]) -> str:
        written = _written(match, values.get(match.start(1)))
        if written != match[0]:
            del values[match.start(1)]
        return written

    return _CHOSEN.sub(replaced, sql), list(values.values())


def _written(match: re.Match[str], values: object) -> str:
    if not isinstance(values, list) or not 0 < len(values) <= MANY or not all(isinstance(one, str) for one in values):
        return match[0]
    return f"IN ({_texts(values)})"


def array(values: Sequence[str]) -> str:
    """Texts as an array of PostgreSQL: one literal, which it reads many times faster than as many."""
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    listed = ",".join(f'"{value}"' for value in quoted)
    return f"{_text(f'{{{listed}}}')}::text[]"


def _texts(values: Iterable[object]) -> str:
    return ", ".join(_text(str(value)) for value in values)


def _text(value: str) -> str:
    """PostgreSQL has no NUL characters: they are question marks, as where rows are inserted."""
    return f"'{value.replace(chr(0), '?').replace(chr(39), chr(39) * 2)}'"
