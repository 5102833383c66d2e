"""Rows of tables are values: made by name, never changed, and what they say about themselves follows from their columns."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from datetime import datetime
from types import ModuleType
from typing import Any, is_typeddict

import pytest

from ocr_pipeline import warehouse
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.places import PlaceRow
from ocr_pipeline.warehouse.tables.scale import ScaleSuspectRow


def _modules() -> Iterator[ModuleType]:
    for package in (warehouse, tables):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(module.name)


ROW_TYPES: dict[str, type[Any]] = {
    name: value
    for module in _modules()
    for name, value in vars(module).items()
    if isinstance(value, type)
    and value.__module__ == module.__name__
    and vars(value).get("__annotations__")
    and not issubclass(value, tuple)
    and not getattr(value, "_is_protocol", False)
    and not is_typeddict(value)
}
BY_POSITION = {"Size", "Scoring", "ScoreStates", "Traces"}


def test_all_tables_are_covered() -> None:
    assert len(ROW_TYPES) > 50


@pytest.mark.parametrize("name", ROW_TYPES)
def test_rows_are_made_by_name_and_not_changed(name: str) -> None:
    row_type = ROW_TYPES[name]
    assert "__dataclass_fields__" in vars(row_type)
    made = object.__new__(row_type)
    for column in () if "__slots__" in vars(row_type) else fields(row_type):  # words are many, and changed in place
        with pytest.raises(FrozenInstanceError):
            setattr(made, column.name, None)
    if name not in BY_POSITION:
        with pytest.raises(TypeError, match="positional"):
            row_type(*[None] * len(fields(row_type)))


def row(row_type: type[Any], **values: Any) -> Any:
    """A row of which only some columns matter."""
    return row_type(**{**{column.name: None for column in fields(row_type)}, **values})


@pytest.mark.parametrize(
    ("values", "true"),
    [
        ({"status": "ok"}, set()),
        ({"status": "ok", "part_detection": "auto-1:no words"}, {"waits_for_words"}),
        ({"status": "ok", "part_detection": "auto-1"}, set()),
        ({"status": "split", "part_detection": "auto-1:no words"}, {"is_split"}),
        ({"status": "failed", "reason": "unreadable"}, {"failed"}),
        ({"status": "failed", "reason": "missing_file"}, {"failed", "file_deleted"}),
        ({"status": "ok", "transcript_sha256": "x"}, {"has_transcript"}),
        ({"status": "ok", "media_type": "application/xml"}, {"is_drawn"}),
        ({"status": "ok", "media_type": "application/pdf"}, set()),
    ],
)
def test_what_a_document_says_of_itself(values: dict[str, Any], true: set[str]) -> None:
    document = row(DocumentRow, **values)
    names = ("is_split", "waits_for_words", "has_transcript", "is_drawn", "failed", "file_deleted")
    assert {name: getattr(document, name) for name in names} == {name: name in true for name in names}


def test_pages_of_a_part() -> None:
    assert row(DocumentRow, first_page=2, last_page=5).page_range == PageRange(2, 5)
    assert row(DocumentRow, first_page=2).page_range is row(DocumentRow, last_page=2).page_range is None


def test_the_origin_of_a_document_in_one_line() -> None:
    assert row(ExtractionCell, country="DE").origin is None
    judged = {"country": "MY", "country_confidence": 0.912, "day_first": True, "day_first_confidence": 0.8}
    assert row(ExtractionCell, **judged).origin == "country MY (0.91), day first (0.80)"
    more = {"currency": "MYR", "currency_confidence": 0.5, "country_evidence": ["GST", "phone +60"], "day_first": False}
    assert row(ExtractionCell, **{**judged, **more, "country": None}).origin == (
        "country unknown (0.91), currency MYR (0.50), month first (0.80); evidence: GST, phone +60"
    )


def test_the_box_of_a_label() -> None:
    box = {"label_x0": 0.1, "label_y0": 0.2, "label_x1": 0.3, "label_y1": 0.4}
    assert row(PlaceRow, **box).label_box == (0.1, 0.2, 0.3, 0.4)
    assert row(PlaceRow).label_box == (0.0, 0.0, 0.0, 0.0)


def test_an_amount_that_may_be_of_another_scale() -> None:
    suspect = row(
        ScaleSuspectRow,
        field="total_amount",
        value="1.234",
        text="1.234",
        printed="1234",
        is_open=True,
        found_at=datetime.min,
    )
    assert "total_amount" in suspect.sentence
    assert "1.234" in suspect.sentence
