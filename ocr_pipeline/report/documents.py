"""What the page of one document shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ocr_pipeline.document_fields import Invoice, in_display_order, stored_model
from ocr_pipeline.evaluation.diagnosis.attribution import turned
from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place, unscored_cells
from ocr_pipeline.report.differences import value_classes
from ocr_pipeline.report.pages import image_name
from ocr_pipeline.schemas import NO_PAGE
from ocr_pipeline.untrusted import visible
from ocr_pipeline.warehouse.tables.scores import ListCellRow

DIGITS = 4
"""Of a relative coordinate: a tenth of a pixel of the largest image."""

MAX_WORD = 200
"""Characters of a word."""


@dataclass(frozen=True, kw_only=True)
class ShownCell:
    """One field of one backend. Boxes are [page, left, top, right, bottom], relative to the image as shown."""

    case: FieldCase
    box: Sequence[float] | None
    label_box: Sequence[float] | None


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """One row of a list of one backend: its outcome, its cells by column, the places of the evidence and of the label."""

    outcome: str
    cells: Mapping[str, ListCellRow]
    boxes: Mapping[str, Sequence[float] | None]
    label_boxes: Mapping[str, Sequence[float] | None]


class PageImage(TypedDict):
    """A page as shown. `image`: address of the file; None if it could not be written."""

    page: int
    image: str | None
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class DocumentPage:
    """All of one document page. `viewer` is the data of its script, as JSON that is safe inside a script element."""

    found: DocumentCases
    fields: Sequence[str]
    cells: Mapping[tuple[str, str], ShownCell]
    lists: Mapping[tuple[str, str], Sequence[ShownRow]]
    classes: Mapping[tuple[str, str], int]
    """By field and backend, a number that is equal for equal values."""
    images: Sequence[PageImage]
    viewer: str
    columns: Mapping[str, Sequence[str]]
    """The compared columns of each list."""

    @property
    def document_id(self) -> str:
        return self.found.document_id

    @property
    def has_marked_places(self) -> bool:
        """Whether the label has places of values."""
        return any(cell.case.marked for cell in self.cells.values())


def rotations(found: DocumentCases) -> dict[int, int]:
    """By page, the degrees by which it is shown rotated: those of the first engine that rotated it."""
    shown = {page.page: 0 for page in found.pages}
    for reading in found.readings.values():
        for page, degrees in reading.rotations.items():
            if page in shown:  # results of an older file may have more pages
                shown[page] = shown[page] or degrees
    return shown


def document_page(found: DocumentCases, images: set[str]) -> DocumentPage:
    """What is shown of a document. `images`: names of the existing page images."""
    shown = rotations(found)
    cells, lists = {}, {}
    for backend, case in found.cases.items():
        turns = turns_of(found, case, shown)
        for field in case.fields:
            marked = box_of(field.marked.place if field.marked else None, shown)
            cells[field.field, backend] = ShownCell(
                case=field, box=box_of(field.evidence, turns), label_box=marked or box_of(field.label_place, turns)
            )
        for name in in_display_order([*(cell.list for cell in case.cells), *case.lists]):
            rows = [_row(case, cells_of, turns, shown) for cells_of in _rows(case, name)]
            if rows:
                lists[name, backend] = rows
    names = [field.field for case in found.cases.values() for field in case.fields]
    pages = page_images(found, images)
    viewer = {
        "pages": pages,
        "engines": {name: words_of(reading, shown) for name, reading in found.readings.items() if reading.words},
        "boxes": {
            f"{field}@{backend}": {
                "engine": found.cases[backend].extraction.engine,
                "box": cell.box,
                "label": cell.label_box,
            }
            for (field, backend), cell in cells.items()
        },
    }
    return DocumentPage(
        found=found,
        fields=in_display_order([*names, *found.truth]),
        columns=_columns(found),
        cells=cells,
        lists=lists,
        classes=_classes(cells),
        images=pages,
        viewer=in_script(viewer),
    )


def _columns(found: DocumentCases) -> dict[str, list[str]]:
    """The compared columns of each list, in display order."""
    shapes = [found.label.shape if found.label else None, *(case.extraction.shape for case in found.cases.values())]
    model = next((stored_model(shape) for shape in shapes if shape), Invoice)
    return {name: list(columns) for name, columns in model.LISTS.items()}


def _classes(cells: Mapping[tuple[str, str], ShownCell]) -> dict[tuple[str, str], int]:
    values: dict[str, dict[str, str | None]] = {}
    for (field, backend), cell in cells.items():
        values.setdefault(field, {})[backend] = cell.case.value
    return {
        (field, backend): number
        for field, of_field in values.items()
        for backend, number in value_classes(field, of_field).items()
    }


def page_images(found: DocumentCases, images: set[str]) -> list[PageImage]:
    """The pages as shown. `images`: names of the existing page images."""
    shown = rotations(found)
    sha256 = str(found.document.sha256 or "")
    pages: list[PageImage] = []
    for page in found.pages:
        name = image_name(sha256, page.page, shown[page.page])
        sideways = shown[page.page] in (90, 270)
        width, height = page.width_px, page.height_px
        pages.append(
            {
                "page": page.page,
                "image": f"../images/{name}" if name in images else None,
                "width": height if sideways else width,
                "height": width if sideways else height,
            }
        )
    return pages


def in_script(value: Any) -> str:
    """JSON for a script element: nothing in it can end the element or a line of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")


def turns_of(found: DocumentCases, case: Case, shown: Mapping[int, int]) -> dict[int, int]:
    """By page, the degrees by which boxes of a case are rotated to match the image as shown."""
    reading = found.readings.get(case.extraction.engine or "")
    read = reading.rotations if reading else {}
    return {page: (degrees - read.get(page, 0)) % 360 for page, degrees in shown.items()}


def words_of(reading: EngineReading, shown: Mapping[int, int]) -> list[list[Any]]:
    found = []
    for row in reading.words:
        page = row.page
        by = (shown.get(page, 0) - reading.rotations.get(page, 0)) % 360
        box = turned((row.x0, row.y0, row.x1, row.y1), by)
        confidence = None if row.confidence is None else round(row.confidence, 3)
        found.append([page, *(round(value, DIGITS) for value in box), visible(row.text, longest=MAX_WORD), confidence])
    return found


def box_of(place: Place | None, turns: Mapping[int, int]) -> list[float] | None:
    if place is None or place.page == NO_PAGE:
        return None
    return [place.page, *(round(value, DIGITS) for value in turned(place.box, turns.get(place.page, 0)))]


def _rows(case: Case, name: str) -> list[list[ListCellRow]]:
    """The cells of each pair of rows of a list."""
    rows: dict[tuple[Any, Any], list[ListCellRow]] = {}
    scored = [cell for cell in case.cells if cell.list == name]
    for cell in scored or unscored_cells(
        case.document_id, "", case.backend, {name: case.lists.get(name, ())} if not case.stale_scores else {}
    ):
        if cell.list == name:
            rows.setdefault((cell.truth_position, cell.prediction_position), []).append(cell)
    return list(rows.values())


def _row(case: Case, cells: Sequence[ListCellRow], turns: Mapping[int, int], shown: Mapping[int, int]) -> ShownRow:
    boxes = {
        cell.column_name: box_of(case.places.get(f"{cell.list}.{cell.prediction_position}.{cell.column_name}"), turns)
        for cell in cells
    }
    label_boxes = {
        cell.column_name: box_of(marked.place, shown)
        for cell in cells
        if (marked := case.marked.get(f"{cell.list}.{cell.truth_position}.{cell.column_name}"))
    }
    by_column = {cell.column_name: cell for cell in cells}
    return ShownRow(outcome=cells[0].row_outcome, cells=by_column, boxes=boxes, label_boxes=label_boxes)
