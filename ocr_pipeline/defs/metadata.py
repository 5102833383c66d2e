"""Metadata of assets and materialisations: table schemas, row counts, previews."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

import dagster as dg

from ocr_pipeline.untrusted import visible
from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline.warehouse.tables import column_descriptions

OWNERS = ["team:ocr-pipeline"]
KINDS = {"python", "duckdb"}


class AssetOptions(TypedDict):
    """Arguments of `dg.asset` that every asset has."""

    group_name: str
    kinds: set[str]
    owners: list[str]
    code_version: str
    metadata: dict[str, object]


def asset_options(
    group: str, table: str | None = None, *, version: str = "1", lineage: Mapping[str, str] | None = None
) -> AssetOptions:
    """Common arguments of `dg.asset`. `table`: the main table that the asset writes; `lineage`: see `table_metadata`."""
    return {
        "group_name": group,
        "kinds": KINDS if table else {"python"},
        "owners": OWNERS,
        "code_version": version,
        "metadata": table_metadata(table, lineage) if table else {},
    }


PREVIEW_ROWS = 12


def table_metadata(table: str, lineage: Mapping[str, str] | None = None) -> dict[str, object]:
    """Make the definition metadata of an asset whose main table is `table`.

    `lineage`: the columns of other assets that a column is computed from, as `{"prediction": "extractions.value"}`.
    """
    descriptions = column_descriptions(table)
    columns = [dg.TableColumn(name, data_type, descriptions[name]) for name, data_type in table_columns()[table]]
    metadata: dict[str, object] = {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/table_name": table,
    }
    if lineage:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(
            {column: [_column(source) for source in sources.split()] for column, sources in lineage.items()}
        )
    return metadata


def _column(name: str) -> dg.TableColumnDep:
    asset, _, column = name.partition(".")
    return dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=column)


MAX_NAMED = 5
"""Things that a check names in its sentence; its table has more."""


def named(found: Sequence[str]) -> str | None:
    """The first of what a check found in one sentence, the others counted; None if nothing was found."""
    more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return f"{'; '.join(found[:MAX_NAMED])}{more}." if found else None


def preview(
    rows: Sequence[object], columns: Sequence[str], link: Callable[..., str] | None = None, *, count: int | None = None
) -> dg.MarkdownMetadataValue:
    """Format the first rows, mappings or dataclasses, as a markdown table. Cells are escaped: they hold text of documents.

    `link` gives the address of a document's page in the report, opened on the field and backend of the row. `count`: of all
    rows, if `rows` are only the first.
    """
    shown = rows[:PREVIEW_ROWS]

    def cell(row: object, column: str) -> object:
        return row.get(column) if isinstance(row, Mapping) else getattr(row, column, None)

    def text(row: object, column: str) -> str:
        escaped = escape_markdown(cell(row, column))
        if link is None or column != "document_id":
            return escaped
        return f"[{escaped}]({link(cell(row, column), cell(row, 'field'), cell(row, 'backend'))})"

    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(text(row, column) for column in columns) + " |" for row in shown]
    more = (len(rows) if count is None else count) - len(shown)
    if more > 0:
        lines.append(f"\n… and {more} more rows")
    return dg.MetadataValue.md("\n".join(lines))


def escape_markdown(value: object) -> str:
    """Escape text of a document for markdown: nothing in it becomes a link, a tag or a new cell."""
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else visible(str(value), longest=200).replace("\n", " ")
    return "".join(f"&#{ord(character)};" if character in _SPECIAL else character for character in text)


_SPECIAL = set("\\`*_{}[]()<>#+!|~&")
