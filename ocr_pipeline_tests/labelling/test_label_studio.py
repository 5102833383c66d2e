"""Label Studio projects: what goes out comes back, also as Label Studio itself writes it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.labelling.exchange import export_tasks, import_tasks
from ocr_pipeline.labelling.label_studio import labelling_config, read_tasks
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline_tests.labelling.shop import READ, Shop


@pytest.fixture
def session(shop: Shop) -> Session:
    return Session(shop.project, shop.warehouse)


def as_annotated(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As Label Studio exports them after somebody has submitted the pre-annotations unchanged."""
    return [
        {
            "id": number,
            "data": task["data"],
            "predictions": [],
            "annotations": [{"result": task["predictions"][0]["result"]}],
        }
        for number, task in enumerate(tasks)
    ]


def test_what_is_exported_and_submitted_is_the_label(session: Session, shop: Shop, tmp_path: Path) -> None:
    tasks: list[Any] = export_tasks(session, tmp_path / "images", "/data/local-files/?d=x/images")
    assert [task["data"]["document_id"] for task in tasks] == ["shop-a", "shop-b", "shop-c"]
    [page] = tasks[0]["data"]["pages"]
    assert (tmp_path / "images" / page.rpartition("/")[2]).read_bytes()[8:12] == b"WEBP"
    content = json.dumps(as_annotated(tasks)).encode()
    report = import_tasks(session, read_tasks(content, "export.json"), replace=False)
    assert (report.new, report.changed, report.problems) == (2, 0, ["shop-c: nothing is annotated."])
    label, _ = load_label(shop.label_file("a.pdf"))
    assert label.invoice.model_dump(mode="json", exclude_unset=True, exclude={"line_items"}) == READ
    items = load_label(shop.label_file("b.pdf"))[0].invoice.line_items
    assert [(item.description, str(item.amount)) for item in items] == [("<i>Drill</i>", "100.00")]
    again = import_tasks(session, read_tasks(content, "export.json"), replace=False)
    assert (again.new, again.unchanged) == (0, 2)


def test_boxes_are_percent_of_the_page_where_the_value_is(session: Session, tmp_path: Path) -> None:
    task: Any = export_tasks(session, tmp_path / "images", "x")[0]
    regions = [entry for entry in task["predictions"][0]["result"] if entry["type"] == "rectanglelabels"]
    [total] = [entry for entry in regions if entry["value"]["rectanglelabels"] == ["total_amount"]]
    value = total["value"]
    assert 0 < value["x"] < 60
    assert 60 < value["y"] < 80, "printed at 60 of 200 points from below"
    texts = [entry for entry in task["predictions"][0]["result"] if entry["type"] == "textarea"]
    assert [entry["value"]["text"] for entry in texts if entry.get("id") == total["id"]] == [["120.00"]]
    assert total["item_index"] == 0


def test_the_interface_has_every_field_and_names_what_the_tasks_use() -> None:
    root = ElementTree.fromstring(labelling_config())
    labels = {label.get("value") for label in root.iter("Label")}
    assert labels >= {*FIELD_KINDS, "line_items.amount", "tax_lines.rate"}
    assert {"label", "text", "total_amount"} <= {element.get("name") for element in root.iter()}


def region(path: str, text: str, y: float, *, identity: str, x: float = 10) -> list[dict[str, Any]]:
    place = {"x": x, "y": y, "width": 20, "height": 3, "rotation": 0}
    common = {"id": identity, "to_name": "image", "original_width": 600, "original_height": 800}
    return [
        {**common, "from_name": "label", "type": "rectanglelabels", "value": {**place, "rectanglelabels": [path]}},
        {**common, "from_name": "text", "type": "textarea", "value": {**place, "text": [text]}},
    ]


def test_what_a_person_drew_is_read_as_printed(session: Session, shop: Shop) -> None:
    results = [
        *region("invoice_date", "05/03/2026", 5, identity="a"),
        *region("total_amount", "GBP 1,234.50", 90, identity="b"),
        *region("line_items.description", "Drill bits", 50.5, identity="c"),
        *region("line_items.amount", "20.00", 50, identity="d", x=70),
        *region("line_items.amount", "100.00", 40, identity="e", x=70),
        *region("line_items.description", "Drill", 40.2, identity="f"),
        *region("net_amount", "no number", 80, identity="g"),
        {"from_name": "due_date", "to_name": "image", "type": "textarea", "value": {"text": ["-"]}},
    ]
    old = region("total_amount", "1.00", 90, identity="b")
    task = {
        "data": {"document_id": "shop-a", "pages": ["x"]},
        "annotations": [
            {"result": results, "updated_at": "2026-11-02T10:00:00Z"},
            {"result": old, "updated_at": "2026-11-01T10:00:00Z"},
            {"result": old, "updated_at": "2026-11-03T10:00:00Z", "was_cancelled": True},
        ],
    }
    report = import_tasks(session, read_tasks(json.dumps([task]).encode(), "x.json"), replace=False)
    assert report.problems == ["shop-a: The text of net_amount is no money."]
    invoice = load_label(shop.label_file("a.pdf"))[0].invoice
    assert invoice.model_dump(mode="json", exclude_unset=True) == {
        "invoice_date": "2026-03-05",
        "due_date": None,
        "total_amount": "1234.50",
        "line_items": [{"description": "Drill", "amount": "100.00"}, {"description": "Drill bits", "amount": "20.00"}],
    }


def test_a_label_that_differs_is_kept_unless_it_is_to_be_replaced(session: Session, shop: Shop) -> None:
    shop.label_file("a.pdf").write_text('{"invoice": {"total_amount": "1.00", "invoice_id": "9"}, "language": "en"}')
    task = {
        "data": {"document_id": "shop-a"},
        "annotations": [{"result": region("total_amount", "2.00", 1, identity="a")}],
    }
    tasks = read_tasks(json.dumps([task]).encode(), "x.json")
    assert import_tasks(session, tasks, replace=False).kept == 1
    assert '"1.00"' in shop.label_file("a.pdf").read_text()
    assert import_tasks(session, tasks, replace=True).changed == 1
    assert json.loads(shop.label_file("a.pdf").read_text()) == {
        "invoice": {"invoice_id": "9", "total_amount": "2.00"},
        "language": "en",
    }


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"id": 1}]', b"\xff"])
def test_another_file_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(Exception, match=r"x\.json is not an export of Label Studio"):
        read_tasks(content, "x.json")
