"""Finds the places of labelled values among the words or lines that a data set comes with."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ocr_pipeline.documents.importers.transcripts import Fragment, share_of
from ocr_pipeline.label_boxes import LabelBox, enclosing
from ocr_pipeline.schemas import Box, Label, OcrText

MAX_GAPS = 2.0
"""Height of a place, divided by the sum of the heights of its lines, up to which the lines are one block of text."""


def with_places(label: Label, places: Mapping[str, Sequence[LabelBox]]) -> Label:
    """The label with the places of values that it has; without any, the label as it is."""
    labelled = label.invoice.model_fields_set
    found = {path: list(boxes) for path, boxes in places.items() if boxes and path.split(".")[0] in labelled}
    return label.model_copy(update={"boxes": found}) if found else label


def box_of(fragments: Iterable[Fragment], transcript: OcrText) -> Box | None:
    """The box around fragments of a one-page image, relative to it; None if it has no area."""
    page = transcript.pages[0]
    points = [point for fragment in fragments for point in fragment.corners]
    if not points:
        return None
    x0, y0, x1, y1 = enclosing((x, y, x, y) for x, y in points)
    left, right = share_of(x0, page.width), share_of(x1, page.width)
    top, bottom = share_of(y0, page.height), share_of(y1, page.height)
    return (left, top, right, bottom) if left < right and top < bottom else None


def line_places(
    printed: Mapping[str, tuple[str, object]],
    lines: Sequence[Fragment],
    transcript: OcrText,
    named: Mapping[str, re.Pattern[str]],
) -> dict[str, list[LabelBox]]:
    """The lines that hold the labelled values, by field; nothing where that is not certain.

    Text may run over consecutive lines, and each of its places is accepted. An amount or a date can stand on a receipt for
    something else (subtotal, cash, print date), so it has a place only if one line alone has it, or where its row names it.

    Args:
        printed: by field, the text of the label as printed, and its value.
        lines: in reading order.
        named: by field, what names it on its row: a total.
    """
    places = {}
    for field, (text, value) in printed.items():
        if isinstance(value, Decimal | date):
            holding = [[line] for line in lines if _has_figures(line.text, text)]
            if len(holding) > 1 and field in named:
                holding = [[line] for (line,) in holding if named[field].search(_row_of(line, lines))]
            elif len(holding) > 1:
                holding = []
        else:
            holding = _runs(text, lines)
        boxes = [box for run in holding if _is_block(run) and (box := box_of(run, transcript))]
        places[field] = [LabelBox(page=1, box=box, of="line") for box in boxes]
    return places


def _has_figures(line: str, figures: str) -> bool:
    """Whether a line has these figures, not as a part of longer ones."""
    return re.search(rf"(?<![\d.,]){re.escape(figures.strip())}(?!\d|[.,]\d)", line) is not None


def _row_of(line: Fragment, lines: Sequence[Fragment]) -> str:
    """The text of the lines at the height of a line."""
    top, bottom = _extent(line)
    return " ".join(other.text for other in lines if top <= sum(_extent(other)) / 2 <= bottom)


def _extent(line: Fragment) -> tuple[float, float]:
    """Upper and lower edge."""
    return min(y for _, y in line.corners), max(y for _, y in line.corners)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _runs(text: str, lines: Sequence[Fragment]) -> list[list[Fragment]]:
    """The runs of consecutive lines that have this text, which begins on the first and ends on the last of them. Spaces,
    punctuation and case do not count."""
    wanted = _letters(text)
    parts = [_letters(line.text) for line in lines]
    owners = [number for number, part in enumerate(parts) for _ in part]
    every, runs, start = "".join(parts), [], 0
    while wanted and (at := every.find(wanted, start)) >= 0:
        runs.append([lines[number] for number in range(owners[at], owners[at + len(wanted) - 1] + 1)])
        start = at + len(wanted)
    return runs


def _is_block(lines: Sequence[Fragment]) -> bool:
    tops, bottoms = zip(*(_extent(line) for line in lines), strict=True)
    heights = sum(bottom - top for top, bottom in zip(tops, bottoms, strict=True))
    return bool(max(bottoms) - min(tops) <= MAX_GAPS * heights)
