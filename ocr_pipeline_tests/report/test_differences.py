"""What differs between backends, and what they took over time."""

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline.report.differences import differences, value_classes
from ocr_pipeline.report.overview import history
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("total_amount", {"a": "120.00", "b": "120", "c": "102.00", "d": None}, {"a": 1, "b": 1, "c": 2, "d": 0}),
        ("supplier_name", {"a": "Harbour Tools Ltd.", "b": "HARBOUR TOOLS LTD", "c": None}, {"a": 1, "b": 1, "c": 0}),
        ("invoice_date", {"a": "2026-03-05", "b": "2026-05-03"}, {"a": 1, "b": 2}),
    ],
)
def test_equal_values_have_one_class(field: str, values: dict[str, str | None], expected: dict[str, int]) -> None:
    assert value_classes(field, values) == expected


def test_documents_that_differ(shop: Project) -> None:
    backends = ["pdf-text+rules", "page-width"]
    with Warehouse(shop.database).snapshot() as snapshot:
        found = differences(snapshot, backends, ["supplier_name", "total_amount"], None)
        assert differences(snapshot, backends, ["total_amount"], "another")["documents"] == []
    by_id = {document["id"]: document["fields"] for document in found["documents"]}
    assert by_id["shop-a"] == [(0, [1, 0]), (1, [1, 2])]
    assert "shop-c" not in by_id, "only one of the two has a result"


def test_seconds_and_cost_by_day(shop: Project) -> None:
    warehouse = Warehouse(shop.database)
    with warehouse.snapshot() as snapshot:
        assert history(snapshot, "shop").trends == {"seconds": None, "cost_usd": None}, "one day is no trend"
    with warehouse.connect(read_only=False) as connection:
        connection.execute(
            "UPDATE extractions SET updated_at = TIMESTAMP '2026-01-01 12:00', seconds = 9, ocr_seconds = 1"
            " WHERE document_id = 'shop-a'"
        )
    with warehouse.snapshot() as snapshot:
        days = [row for row in tables.work.days_of_work(snapshot, "shop") if row.backend == "pdf-text+gemini"]
        drawn = history(snapshot, "shop").trends
    assert (days[0].day.isoformat(), days[0].documents, days[0].seconds) == ("2026-01-01", 1, 10)
    assert len(days) == 2
    assert days[0].cost_usd is not None
    assert all(chart is not None and chart.startswith("<svg") for chart in drawn.values())
