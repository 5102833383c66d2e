"""Places drawn on the label page: words that were clicked or dragged over for a value are its place on the label."""

import json
from collections.abc import Mapping, Sequence

from ocr_pipeline.evaluation.diagnosis.attribution import turned
from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.labelling.content import LabelContent, Row
from ocr_pipeline.report.documents import rotations

Drawn = tuple[int, float, float, float, float]
"""(page, left, top, right, bottom), relative to the page as shown."""

DIGITS = 6


def places_of(found: DocumentCases | None, drawn: Mapping[str, Drawn]) -> dict[str, list[dict[str, object]]]:
    """What a label file has under `boxes`: by path, places relative to the page as displayed in the file, which may be shown
    turned."""
    shown = rotations(found) if found else {}
    places: dict[str, list[dict[str, object]]] = {}
    for path, (page, *box) in drawn.items():
        left, top, right, bottom = box
        back = turned((left, top, right, bottom), -shown.get(page, 0) % 360)
        places[path] = [{"page": page, "box": [round(min(1.0, max(0.0, at)), DIGITS) for at in back]}]
    return places


def shown_places(found: DocumentCases | None, content: LabelContent) -> dict[str, list[float]]:
    """By path, the first place of each value of a label file as the page is shown: [page, left, top, right, bottom]."""
    shown = rotations(found) if found else {}
    places = content.rest.get("boxes")
    result = {}
    for path, boxes in (places if isinstance(places, dict) else {}).items():
        left, top, right, bottom = boxes[0]["box"] if boxes else (0, 0, 0, 0)
        page = boxes[0]["page"] if boxes else 0
        result[path] = [page, *turned((left, top, right, bottom), shown.get(page, 0))]
    return result


def with_places(
    content: LabelContent,
    values: Mapping[str, str | None],
    lists: Mapping[str, Sequence[Row]],
    drawn: Mapping[str, list[dict[str, object]]],
) -> dict[str, object]:
    """The keys of a label file besides its values: places of values that did not change are kept, drawn ones replace them."""
    kept = content.rest.get("boxes")
    boxes = {
        path: places
        for path, places in (kept if isinstance(kept, dict) else {}).items()
        if _unchanged(path, content, values, lists)
    }
    boxes |= {path: places for path, places in drawn.items() if path.split(".")[0] in {*values, *lists}}
    return {**content.rest, "boxes": boxes or None}


def _unchanged(
    path: str, content: LabelContent, values: Mapping[str, str | None], lists: Mapping[str, Sequence[Row]]
) -> bool:
    name = path.split(".")[0]
    if "." not in path:
        return name in values and content.values.get(name) == values[name]
    return name in lists and _filled(content.lists.get(name, ())) == _filled(lists[name])


def _filled(rows: Sequence[Row]) -> list[str]:
    """Rows as texts, without empty cells: positions in two equal lists mean the same row."""
    return [json.dumps({name: value for name, value in row.items() if value}, sort_keys=True) for row in rows]
