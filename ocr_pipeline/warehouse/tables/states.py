"""What the rows of each document look like as a hash, over many tables at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.migrate import table_columns


def document_states(
    reader: Reader, tables: Sequence[str], *, without: Collection[str], whole: Collection[str]
) -> dict[str, list[str]]:
    """By document, a text per table that changes with its rows there.

    Args:
        without: columns that do not count, except in the tables `whole`.
    """
    states: dict[str, list[str]] = defaultdict(list)
    for table in tables:
        names = [name for name, _ in table_columns()[table] if table in whole or name not in without]
        kept = ", ".join(f'"{name}" := "{name}"' for name in names)
        rows = reader.rows(
            f"SELECT document_id, bit_xor(hash(row)) AS state FROM (SELECT document_id, struct_pack({kept}) AS row"
            f' FROM "{table}") GROUP BY document_id'
        )
        for row in rows:
            states[row["document_id"]].append(f"{table}={row['state']:x}")
    return states
