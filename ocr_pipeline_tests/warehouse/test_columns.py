from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline.warehouse.tables import (
    calls,
    column_descriptions,
    comparisons,
    confidence,
    diagnosis,
    documents,
    evidence,
    extractions,
    history,
    labels,
    ranking,
    scores,
    words,
)
from ocr_pipeline.warehouse.tables.common import SHARED

FAMILIES = (
    documents,
    labels,
    words,
    extractions,
    calls,
    evidence,
    scores,
    ranking,
    comparisons,
    history,
    diagnosis,
    confidence,
)
TABLES = {
    table: {name for name, _ in columns} for table, columns in table_columns().items() if table != "schema_version"
}


def test_every_table_belongs_to_one_family() -> None:
    assert sorted(table for family in FAMILIES for table in family.COLUMNS) == sorted(TABLES)


def test_every_column_has_a_description() -> None:
    missing = {f"{table}.{name}" for table, names in TABLES.items() for name in names - set(column_descriptions(table))}
    assert missing == set()


def test_no_description_is_of_a_column_that_does_not_exist() -> None:
    described = {table: set(columns) for family in FAMILIES for table, columns in family.COLUMNS.items()}
    unknown = {f"{table}.{name}" for table, names in described.items() for name in names - TABLES[table]}
    assert unknown == set()
    uses = {name: sum(name in TABLES[table] - described[table] for table in TABLES) for name in SHARED}
    assert {name for name, count in uses.items() if not count} == set()


def test_a_description_of_its_own_differs_from_the_shared_one() -> None:
    for family in FAMILIES:
        for table, columns in family.COLUMNS.items():
            for name, text in columns.items():
                assert text.endswith("."), (table, name)
                assert SHARED.get(name) != text, (table, name)
