"""Boxes that a model gives for its values: asked for on request, and read as evidence.

Gemini's convention: `[y0, x0, y1, x1]`, each 0 to 1000 of the height or width of the page, origin top left. Sources:
https://ai.google.dev/gemini-api/docs/image-understanding (object detection), and Qwen3-VL, which uses 0 to 1000 as well.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ocr_pipeline.extraction.llm.reply import json_text
from ocr_pipeline.schemas import Evidence, Fields

METHOD = "box given by the model"
SCALE = 1000
KEY = "places"

ASKING = """

Also say where each value is printed, in `places`: an entry for every value that you give, with `field` (its name; a cell of a
list is `line_items.0.amount`, rows counted from 0), `page` (from 1) and `box_2d`: [y0, x0, y1, x1], normalised to 0..1000 of
the page, close around the value alone, without the words that name it. Leave out values that are not printed.
"""
"""Added to the instructions."""


class _Place(BaseModel):
    model_config = ConfigDict(extra="ignore")

    field: str
    page: int = Field(ge=1)
    box_2d: Annotated[tuple[float, float, float, float], BeforeValidator(lambda box: tuple(box))]


def with_places(json_schema: dict[str, object]) -> dict[str, object]:
    """The response schema with `places`."""
    entry = {
        "field": {"type": "string"},
        "page": {"type": "integer"},
        "box_2d": {"type": "array", "items": {"type": "integer"}},
    }
    places = {"type": "array", "items": {"type": "object", "properties": entry, "required": list(entry)}}
    properties, required = json_schema["properties"], json_schema["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    return {**json_schema, "properties": {**properties, KEY: places}, "required": [*required, KEY]}


def evidence_of(reply: str, values: Fields) -> dict[str, Evidence]:
    """The places in a reply, by path of the value. Entries about no value, or without a box on the page, are left out: a box
    alone is no reason to reject a document."""
    content = json.loads(json_text(reply))
    entries = content.get(KEY) if isinstance(content, dict) else None
    evidence = {}
    for entry in entries if isinstance(entries, list) else ():
        try:
            place = _Place.model_validate(entry)
        except (ValidationError, TypeError):
            continue
        top, left, bottom, right = (at / SCALE for at in place.box_2d)
        value = _value_at(values, place.field)
        if value is None or not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            continue
        box = (left, top, right, bottom)
        evidence[place.field] = Evidence(page=place.page, text="", box=box, words=[], method=METHOD, score=1.0)
    return evidence


def _value_at(values: Fields, path: str) -> Any:
    name, *rest = path.split(".")
    if name in values.KINDS and not rest:
        return getattr(values, name)
    rows = getattr(values, name) if name in values.ROWS else []
    if len(rest) != 2 or not rest[0].isascii() or not rest[0].isdigit() or int(rest[0]) >= len(rows):
        return None
    return getattr(rows[int(rest[0])], rest[1], None)
