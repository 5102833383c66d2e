"""What the rows of each document look like as a hash, over many tables at once."""

from collections.abc import Collection, Sequence

from ocr_pipeline.warehouse.connection import Reader


def document_states(
    reader: Reader, tables: Sequence[str], *, without: Collection[str], whole: Collection[str]
) -> dict[str, str]:
    """By document, a text that changes with its rows in these tables.

    Args:
        without: columns that do not count, except in the tables `whole`.
    """
    of_tables = " UNION ALL ".join(_states(number, table, table in whole) for number, table in enumerate(tables))
    # `rowid`: some tables of PostgreSQL have the order of insertion as a column.
    rows = reader.rows(
        "SELECT document_id, string_agg(format('{}={:x}', number, state), ' ' ORDER BY number) AS state"
        f" FROM ({of_tables}) GROUP BY document_id",
        {"without": ["rowid", *without]},
    )
    return {row["document_id"]: row["state"] for row in rows}


def _states(number: int, table: str, is_whole: bool) -> str:
    """The query of the states in one table."""
    without = "['rowid']" if is_whole else "$without"
    return (
        f"SELECT {number} AS number, document_id,"
        f" bit_xor(hash(*COLUMNS(lambda name: NOT list_contains({without}, name)))) AS state"
        f' FROM "{table}" GROUP BY document_id'
    )
