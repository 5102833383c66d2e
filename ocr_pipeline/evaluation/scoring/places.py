"""Evidence against the places on the label: is a value read where the label says that it is printed?

A place is found if page and box agree: intersection over union (IoU) of at least `MIN_IOU`, the strict threshold of
ExtractBench (run-llama/ExtractBench, `field_grounding/core.py`), which compares the union of the rectangles of a page. A
backend's evidence and a label's place are one rectangle each here, around all words of the value.

Some labels only know the line (SROIE). ExtractBench bridges such differences of granularity by a lower IoU if one of the
boxes covers the other (IoU of at least 0.3 and 0.7 of one area). Here, the part of the line to the left and right of the
evidence does not count; height counts as always. So one word of the right line is found, while a box over the whole page,
or one line of an address of three, is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ocr_pipeline.evaluation.scoring.stage import DocumentScores
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.label_boxes import LabelBox
from ocr_pipeline.schemas import NO_PAGE, Box

MIN_IOU = 0.5
"""IoU from which the box of the evidence is that of the label."""

PlaceOutcome = Literal["found", "elsewhere", "no_box", "spurious"]
"""`found`: the evidence is at an accepted place. `elsewhere`: it is not. `no_box`: the label has a place and the evidence has
no box, or there is no value. `spurious`: evidence of a value that the label says is not on the document."""

AS_VALUE: Mapping[PlaceOutcome, Outcome] = {
    "found": "correct",
    "elsewhere": "wrong",
    "no_box": "missing",
    "spurious": "spurious",
}
"""How places count: as values do."""

Places = Mapping[str, Sequence[LabelBox]]
"""The accepted places of a document's labelled values, by field path."""


class Spot(NamedTuple):
    """Where the evidence of a value is, on the page as displayed in the file. `box` is None without an area."""

    page: int
    box: Box | None


@dataclass(frozen=True, kw_only=True)
class PlaceScore:
    """The evidence of one value against the label. Columns as in the table `evidence_scores`.

    `label` is the accepted place that is closest to the evidence; None if it is spurious.
    """

    document_id: str
    field: str
    outcome: PlaceOutcome
    value_outcome: Outcome
    iou: float | None
    page_right: bool | None
    found: Spot | None
    label: LabelBox | None


def iou(first: Box, second: Box) -> float:
    """Area of the intersection divided by the area of the union, 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(first) + _area(second) - shared)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def agreement(label: LabelBox, spot: Spot) -> float:
    """IoU of a labelled place and the evidence, 0 on different pages. Of a line, only what is above, below or at the evidence
    counts."""
    if spot.box is None or label.page != spot.page:
        return 0.0
    x0, y0, x1, y1 = label.box
    if label.of == "line":
        x0, x1 = max(x0, spot.box[0]), min(x1, spot.box[2])
    return iou((x0, y0, x1, y1), spot.box)


def score_places(document: DocumentScores, places: Places, spots: Mapping[str, Spot]) -> list[PlaceScore]:
    """Judge the evidence of every value that has a place on the label, and of spurious values.

    Args:
        places: empty if no places are marked on this document; then nothing is judged.
        spots: the evidence of the backend, by the path of its value.
    """
    if not places:
        return []
    return [
        _judge(document.document_id, label_path, outcome, places.get(label_path, ()), spots.get(path))
        for label_path, path, outcome in _values(document, places)
        if label_path in places or (outcome == "spurious" and _has_box(spots.get(path)))
    ]


def _values(document: DocumentScores, places: Places) -> Iterable[tuple[str, str, Outcome]]:
    """Path on the label, path of the extracted value, and outcome of each value. A spurious cell counts if the label has
    places of other cells of its column."""
    for score in document.fields:
        yield score.field, score.field, score.outcome
    columns = {(path.split(".")[0], path.split(".")[-1]) for path in places if "." in path}
    for name, rows in document.lists.items():
        for row in rows:
            for cell in row.cells:
                if (name, cell.field) in columns:
                    yield (
                        f"{name}.{'+' if row.truth_position is None else row.truth_position}.{cell.field}",
                        f"{name}.{row.prediction_position}.{cell.field}",
                        cell.outcome,
                    )


def _has_box(spot: Spot | None) -> bool:
    return spot is not None and spot.box is not None and spot.page != NO_PAGE


def _judge(document_id: str, field: str, value: Outcome, accepted: Sequence[LabelBox], spot: Spot | None) -> PlaceScore:
    known = spot if spot is not None and spot.page != NO_PAGE else None
    closest = max(accepted, key=lambda place: _closeness(place, known), default=None)
    overlap = agreement(closest, known) if closest and known and known.box else None
    outcome: PlaceOutcome
    if not accepted:
        outcome = "spurious"
    elif overlap is None:
        outcome = "no_box"
    else:
        outcome = "found" if overlap >= MIN_IOU else "elsewhere"
    return PlaceScore(
        document_id=document_id,
        field=field,
        outcome=outcome,
        value_outcome=value,
        iou=overlap,
        page_right=any(place.page == known.page for place in accepted) if known and accepted else None,
        found=known,
        label=closest,
    )


def _closeness(place: LabelBox, spot: Spot | None) -> tuple[bool, float, float]:
    """Greater for a closer place: same page, greater overlap, smaller distance of the centres."""
    if spot is None or spot.box is None:
        return False, 0.0, 0.0
    middle = [(place.box[at] + place.box[at + 2] - spot.box[at] - spot.box[at + 2]) / 2 for at in (0, 1)]
    return place.page == spot.page, agreement(place, spot), -(middle[0] ** 2 + middle[1] ** 2)
