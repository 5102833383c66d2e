"""The places of labelled values: what the key `boxes` of a label file holds."""

import re
from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_PATH = re.compile(r"([a-z][a-z0-9_]*)(?:\.(\d+)\.([a-z][a-z0-9_]*))?")


class LabelBox(BaseModel):
    """One place at which a labelled value is printed, on the page as displayed in the file.

    `box` is (x0, y0, x1, y1), relative, origin top left; of a value on several lines, it encloses all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: int = Field(ge=1, description="Page number, from 1.")
    box: tuple[float, float, float, float]
    of: Literal["value", "line"] = Field(
        default="value", description="What the box encloses: the value, or the whole lines that it is printed on."
    )

    @field_validator("box")
    @classmethod
    def _on_page(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise ValueError("must be x0, y0, x1, y1 within 0..1, with x0 < x1 and y0 < y1")
        return box


def check_paths(paths: Iterable[str], fields: Collection[str]) -> None:
    """Check field paths such as `total_amount` and `line_items.0.amount`. `fields`: fields and lists that there are.

    Raises:
        ValueError: a path has another form, or its field is unknown.
    """
    for path in paths:
        match = _PATH.fullmatch(path)
        if match is None or match[1] not in fields:
            raise ValueError(f"unknown field {path!r} in boxes; expected a field, or a cell like line_items.0.amount")


def enclosing(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    """The smallest box around some boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
