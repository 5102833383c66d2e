"""Exchange with Label Studio: tasks with pre-annotations out, annotated tasks in.

A region is a rectangle with a label (`total_amount`, `line_items.amount`) and a text, as two results with the same id
(`rectanglelabels` and `textarea`). A value without a place is a text on the whole document, under the name of its field;
`-` means *not on the document*. Cells of one row of a list have the same number in `meta.text`; those that somebody has drawn
without one are grouped by height.

Format: labelstud.io/guide/task_format, /guide/predictions and /tags/rectanglelabels; coordinates are percent of the page.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated
from xml.sax.saxutils import quoteattr

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.labelling.content import Row
from ocr_pipeline.labelling.form import field_at, list_fields, single_fields
from ocr_pipeline.labelling.printed import printed_value
from ocr_pipeline.labelling.proposals import ShownBox
from ocr_pipeline.labelling.view import LabelPage

ABSENT = "-"
"""Text of a field that is labelled as not on the document."""
REGION, TEXT, IMAGE = "label", "text", "image"
"""Names of the tags in `CONFIG`."""


def labelling_config(schemas: Sequence[DocumentSchema] = ()) -> str:
    """The labelling interface of a project, as XML: one label per field and column of the schemas (default: of invoices)."""
    drawn = schemas or (invoice_schema(),)
    singles = list({entry.path: entry for schema in drawn for entry in single_fields(schema)}.values())
    columns = (column.path for schema in drawn for of_list in list_fields(schema) for column in of_list.columns)
    paths = list(dict.fromkeys([*(entry.path for entry in singles), *columns]))
    labels = "\n".join(f"    <Label value={quoteattr(path)}/>" for path in paths)
    texts = "\n".join(
        f"  <View><Header value={quoteattr(entry.title)}/><TextArea name={quoteattr(entry.path)} toName={quoteattr(IMAGE)}"
        ' editable="true" maxSubmissions="1"/></View>'
        for entry in singles
    )
    return (
        f'<View>\n  <Image name="{IMAGE}" valueList="$pages" zoom="true"/>\n'
        f'  <RectangleLabels name="{REGION}" toName="{IMAGE}" canRotate="false">\n{labels}\n  </RectangleLabels>\n'
        f'  <TextArea name="{TEXT}" toName="{IMAGE}" perRegion="true" editable="true" maxSubmissions="1"'
        f' displayMode="region-list"/>\n{texts}\n</View>\n'
    )


# ---- out -------------------------------------------------------------------------------------------------------------


def task_of(page: LabelPage, images: Sequence[str]) -> dict[str, object]:
    """The task of a document: its label as an annotation, otherwise what is proposed as a prediction.

    Args:
        images: addresses of the pages.
    """
    results: list[dict[str, object]] = []
    for entry in page.fields:
        if entry.state == "unlabelled":
            continue
        text = entry.value if entry.state == "value" else ABSENT
        results += _results(page, entry.field.path, text, entry.box, None)
    for shown in page.lists:
        if not shown.labelled:
            continue
        for number, row in enumerate(shown.rows):
            for column, value in row.items():
                if value:
                    place = shown.boxes[number].get(column) if shown.boxes else None
                    results += _results(page, f"{shown.field.name}.{column}", value, place, number + 1)
    kind = "annotations" if page.labelled else "predictions"
    made: dict[str, object] = {"result": results}
    if not page.labelled:
        made["model_version"] = "ocr_pipeline consensus"
    return {"data": {"document_id": page.document_id, "path": page.path, "pages": list(images)}, kind: [made]}


def _results(
    page: LabelPage, path: str, text: str, box: ShownBox | None, row: int | None
) -> Iterator[dict[str, object]]:
    if box is None and row is None:
        yield {"from_name": path, "to_name": IMAGE, "type": "textarea", "value": {"text": [text]}}
        return
    number, *corners = box or (1, 0, 0, 0, 0)  # a cell without a place keeps its row, in the corner of the first page
    left, top, right, bottom = (100 * value for value in corners)
    size = next((image for image in page.images if image["page"] == number), None)
    common = {
        "id": re.sub(r"[^\w]", "_", f"{path}_{row or 0}"),
        "to_name": IMAGE,
        "original_width": size["width"] if size else 1,
        "original_height": size["height"] if size else 1,
        "image_rotation": 0,
        "item_index": int(number) - 1,
        **({"meta": {"text": [str(row)]}} if row else {}),
    }
    place = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
    yield {**common, "from_name": REGION, "type": "rectanglelabels", "value": {**place, "rectanglelabels": [path]}}
    yield {**common, "from_name": TEXT, "type": "textarea", "value": {**place, "text": [text]}}


# ---- in --------------------------------------------------------------------------------------------------------------


class _Given(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Meta(_Given):
    text: list[str] = []


class _Value(_Given):
    y: float = 0
    height: float = 0
    rectanglelabels: list[str] = []
    text: list[str] | str = []


class _Result(_Given):
    id: str = ""
    from_name: str = ""
    type: str = ""
    value: _Value = _Value()
    item_index: int = 0
    meta: _Meta = _Meta()


class _Annotation(_Given):
    result: list[_Result] = []
    was_cancelled: bool = False
    updated_at: str = ""


class _Data(_Given):
    document_id: str = ""


class _Task(_Given):
    data: _Data
    annotations: list[_Annotation] = []


@dataclass(kw_only=True)
class Imported:
    """What was annotated for a document: values and lists as in a label, and sentences about what could not be used."""

    document_id: str
    schema: DocumentSchema = field(default_factory=invoice_schema)
    values: dict[str, str | None] = field(default_factory=dict)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


Tasks = Annotated[list[_Task], Field(max_length=1_000_000)]


def read_tasks(
    content: bytes, name: str, schema_of: Callable[[str], DocumentSchema] = lambda document_id: invoice_schema()
) -> list[Imported]:
    """The annotated tasks of an export in Label Studio's JSON format; tasks without an annotation are left out.

    Of several annotations of a task, the one that was changed last counts. `schema_of`: by id, what a document follows.

    Raises:
        ConfigurationError: it is not such a file.
    """
    try:
        tasks = TypeAdapter(Tasks).validate_python(json.loads(content))
    except (ValueError, ValidationError):
        raise ConfigurationError(
            f"{name} is not an export of Label Studio: choose the format JSON (not JSON-MIN, which loses the boxes)."
        ) from None
    found = []
    for task in tasks:
        annotations = [entry for entry in task.annotations if not entry.was_cancelled]
        if annotations:
            last = max(annotations, key=lambda entry: entry.updated_at)
            document_id = task.data.document_id
            found.append(_imported(document_id, last.result, schema_of(document_id)))
    return found


@dataclass(frozen=True)
class _Cell:
    column: str
    text: str
    row: str | None
    page: int
    top: float
    bottom: float


def _imported(document_id: str, results: Sequence[_Result], schema: DocumentSchema) -> Imported:
    made = Imported(document_id=document_id, schema=schema)
    texts = {entry.id: _text(entry) for entry in results if entry.type == "textarea" and entry.from_name == TEXT}
    cells: dict[str, list[_Cell]] = {}
    for entry in results:
        if entry.type == "textarea" and entry.from_name != TEXT:
            _add(made, entry.from_name, _text(entry))
        if entry.type != "rectanglelabels":
            continue
        text = texts.get(entry.id, "")
        for path in entry.value.rectanglelabels:
            name, _, column = path.partition(".")
            if not text:
                made.problems.append(f"{path} has a box, but no text.")
            elif column:
                row = entry.meta.text[0] if entry.meta.text else None
                bottom = entry.value.y + entry.value.height
                cells.setdefault(name, []).append(_Cell(column, text, row, entry.item_index, entry.value.y, bottom))
            else:
                _add(made, path, text)
    for name, of_list in cells.items():
        made.lists[name] = [_row(made, name, row) for row in _rows(of_list)]
    return made


def _text(entry: _Result) -> str:
    given = entry.value.text
    return " ".join([given] if isinstance(given, str) else given).strip()


def _value(made: Imported, path: str, text: str) -> str | None:
    known = field_at(path, made.schema)
    value = printed_value(known, text, schema=made.schema) if known else None
    if known is None:
        made.problems.append(f"Unknown label {path[:80]!r}.")
    elif value is None:
        made.problems.append(f"The text of {path} is no {known.kind.replace('_', ' ')}.")
    return value


def _add(made: Imported, path: str, text: str) -> None:
    if text == ABSENT:
        made.values.setdefault(path, None)
    elif text and (value := _value(made, path, text)) is not None:
        made.values[path] = value


def _row(made: Imported, name: str, cells: Iterable[_Cell]) -> Row:
    return {cell.column: _value(made, f"{name}.{cell.column}", cell.text) for cell in cells}


def _rows(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    """The cells by row: by number, those without one by the overlap of their heights."""
    rows: list[list[_Cell]] = []
    for cell in sorted(cells, key=lambda cell: (cell.row is None, _order(cell.row), cell.page, cell.top)):
        last = rows[-1] if rows else []
        if last and _same_row(last[0], cell):
            last.append(cell)
        else:
            rows.append([cell])
    return rows


def _order(row: str | None) -> int:
    return int(row) if row and row.isdecimal() else 0


def _same_row(first: _Cell, second: _Cell) -> bool:
    if first.row is not None or second.row is not None:
        return first.row == second.row
    overlap = min(first.bottom, second.bottom) - max(first.top, second.top)
    height = min(first.bottom - first.top, second.bottom - second.top)
    return first.page == second.page and overlap > height / 2
