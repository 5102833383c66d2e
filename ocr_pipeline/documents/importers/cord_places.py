"""The places of CORD's labelled values: its words have quadrilaterals and categories."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ocr_pipeline.documents.importers.places import box_of
from ocr_pipeline.documents.importers.transcripts import Fragment
from ocr_pipeline.label_boxes import LabelBox
from ocr_pipeline.schemas import OcrText

Places = dict[str, list[LabelBox]]


class Word(TypedDict, total=False):
    """A word of CORD; nothing in it is validated."""

    text: str
    quad: dict[str, float]
    is_key: int
    row_id: int


class Line(TypedDict, total=False):
    """An entry of `valid_line`."""

    category: str
    group_id: int
    words: list[Word]


def word_places(
    lines: Sequence[Line],
    transcript: OcrText,
    amounts: Mapping[str, str],
    columns: Mapping[str, str],
    descriptions: Sequence[str],
) -> Places:
    """The places of amounts and of the cells of line items, by path. Words that only name a value are not part of it.

    Args:
        lines: CORD's `valid_line`, with the structure checked.
        amounts: field by category.
        columns: column of line items by the last part of a category of the menu.
        descriptions: of the labelled line items; items have places only if those of the lines are the same.
    """
    places: Places = {}
    items: dict[object, Places] = {}
    texts: dict[object, list[str]] = {}
    for line in lines:
        words = [word for word in line["words"] if not word.get("is_key")]
        group, _, key = line["category"].partition(".")
        box = box_of((Fragment(str(word["text"]), _corners(word["quad"])) for word in words), transcript)
        if box is None:
            continue
        if line["category"] in amounts:
            places.setdefault(amounts[line["category"]], []).append(LabelBox(page=1, box=box))
        elif group == "menu" and not key.startswith("sub_"):
            item = items.setdefault(line.get("group_id"), {})
            if key in columns:
                item.setdefault(columns[key], []).append(LabelBox(page=1, box=box))
            if columns.get(key) == "description":
                texts.setdefault(line.get("group_id"), []).append(" ".join(str(word["text"]) for word in words))
    if [" ".join(texts.get(group, ())) for group in items] == list(descriptions):
        for number, item in enumerate(items.values()):
            # A cell on several lines has no single place.
            places |= {f"line_items.{number}.{name}": boxes for name, boxes in item.items() if len(boxes) == 1}
    return places


def _corners(quad: Mapping[str, float]) -> list[tuple[float, float]]:
    return [(float(quad[f"x{corner}"]), float(quad[f"y{corner}"])) for corner in (1, 2, 3, 4)]
