"""The tables `label_boxes`, `evidence_scores` and `leaderboard_evidence`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, box_columns, described
from ocr_pipeline.warehouse.tables.current import COUNTED, CURRENT, STALE, Scoring

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.ranking.places import EvidenceSummary, StoredPlace
    from ocr_pipeline.evaluation.scoring.places import PlaceScore, Spot
    from ocr_pipeline.label_boxes import LabelBox
    from ocr_pipeline.schemas import Box, Label


@dataclass(frozen=True, kw_only=True)
class LabelBoxRow:
    """A row of `label_boxes`."""

    document_id: str
    field: Annotated[str, "Path of the value: total_amount, line_items.0.amount."]
    position: Annotated[int, "Order in the label, from 0: each place of a value is accepted."]
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    encloses: Annotated[str, "What the box is around: value, or line (the whole lines that the value is printed on)."]


@dataclass(frozen=True, kw_only=True)
class PlaceRow:
    """A row of `evidence_scores`, and whether it is stale."""

    document_id: str
    dataset: str
    backend: str
    field: str
    outcome: str
    value_outcome: str
    iou: float | None
    page: int | None
    label_page: int | None
    label_x0: float | None
    label_y0: float | None
    label_x1: float | None
    label_y1: float | None
    truth: str | None
    prediction: str | None
    stale: bool

    @property
    def label_box(self) -> "Box":
        """The box of the closest accepted place; without one, a box of no size."""
        return self.label_x0 or 0.0, self.label_y0 or 0.0, self.label_x1 or 0.0, self.label_y1 or 0.0


@dataclass(frozen=True, kw_only=True)
class EvidenceBoardRow:
    """A row of `leaderboard_evidence`."""

    dataset: str
    backend: str
    field: Annotated[str, "Field; all_fields: all single values together; line_items.amount: a column of a list."]
    documents: int
    n: Annotated[int, "Values whose place is labelled."]
    found: Annotated[int, "Of these, values whose evidence has an IoU of at least 0.5 with an accepted place."]
    elsewhere: Annotated[int, "Of these, values whose evidence is not there."]
    no_box: Annotated[int, "Of these, values without evidence that has a box, missing values included."]
    spurious: Annotated[int, "Evidence of values that the label says are not on the document."]
    precision: Annotated[float | None, "found / (found + elsewhere + spurious), 0..1."]
    recall: Annotated[float | None, "found / n, 0..1."]
    f1: Annotated[float | None, "2 · found / (boxes given + boxes labelled), 0..1."]
    f1_low: float | None
    f1_high: float | None
    pages: Annotated[int, "Values whose evidence names a page."]
    page_accuracy: Annotated[float | None, "Share of pages on which an accepted place is."]
    right_values: Annotated[int, "Correct values whose evidence has a box."]
    right_elsewhere: Annotated[int, "Of these, values that were read elsewhere: right by luck, or printed twice."]
    elsewhere_rate: Annotated[float | None, "right_elsewhere / right_values, with a Wilson interval."]
    elsewhere_low: Annotated[float | None, "Lower end of its 95 % interval."]
    elsewhere_high: Annotated[float | None, "Upper end of its 95 % interval."]


def add_boxes(tables: NewRows, document_id: str, label: "Label") -> None:
    """Add the places of a label."""
    for field, places in label.boxes.items():
        for position, place in enumerate(places):
            key: NewRow = {"document_id": document_id, "field": field, "position": position, "page": place.page}
            tables["label_boxes"].append({**key, **box_columns(place.box), "encloses": place.of})


def label_boxes(reader: Reader) -> "dict[str, dict[str, list[LabelBox]]]":
    """The places of all labels, by document and field path."""
    from ocr_pipeline.label_boxes import LabelBox

    boxes: dict[str, dict[str, list[LabelBox]]] = {}
    for row in reader.select(LabelBoxRow, "FROM label_boxes ORDER BY document_id, field, position"):
        place = {"page": row.page, "box": (row.x0, row.y0, row.x1, row.y1)}
        if row.encloses != "value":
            place["of"] = row.encloses  # unset, it is no part of the version of labels
        boxes.setdefault(row.document_id, {}).setdefault(row.field, []).append(LabelBox.model_validate(place))
    return boxes


def spots(reader: Reader, backend: str) -> "dict[str, dict[str, Spot]]":
    """Evidence of a backend on documents with labelled places, by document and path, turned back to the page as displayed in
    the file: an engine may have turned it to read it."""
    from ocr_pipeline.evaluation.diagnosis.attribution import turned
    from ocr_pipeline.evaluation.scoring.places import Spot

    found: dict[str, dict[str, Spot]] = {}
    for row in reader.rows(
        """
        SELECT v.document_id, v.field, v.page, v.x0, v.y0, v.x1, v.y1, coalesce(p.rotation, 0) AS rotation
        FROM evidence v JOIN extractions e USING (document_id, backend)
        LEFT JOIN ocr_pages p ON p.document_id = v.document_id AND p.engine = e.engine AND p.page = v.page
        WHERE v.backend = ? AND v.document_id IN (SELECT document_id FROM label_boxes)
        """,
        [backend],
    ):
        box = (row["x0"], row["y0"], row["x1"], row["y1"])
        has_area = box[0] < box[2] and box[1] < box[3]
        spot = Spot(row["page"], turned(box, -row["rotation"] % 360) if has_area else None)
        found.setdefault(row["document_id"], {})[row["field"]] = spot
    return found


def place_columns(score: "PlaceScore") -> NewRow:
    """The columns of `evidence_scores` about one value."""
    found, label = score.found, score.label
    row: NewRow = {name: value for name, value in vars(score).items() if name not in ("found", "label")}
    if found is not None:
        row |= {"page": found.page, **(box_columns(found.box) if found.box else {})}
    if label is not None:
        row |= {"label_page": label.page, **{f"label_{name}": at for name, at in box_columns(label.box).items()}}
    return row


def current_places(reader: Reader, scoring: Scoring) -> "list[StoredPlace]":
    """The current evidence scores."""
    from ocr_pipeline.evaluation.ranking.places import StoredPlace

    columns = ", ".join(f"s.{name}" for name in StoredPlace._fields)
    return reader.select(
        StoredPlace,
        f"SELECT {columns} FROM evidence_scores s {CURRENT} ORDER BY s.document_id, s.field",
        scoring.parameters,
    )


def of_documents(reader: Reader, scoring: Scoring, document_ids: Sequence[str]) -> list[PlaceRow]:
    """The evidence scores of these documents, current or stale."""
    return _rows(reader, scoring, "s.document_id IN (SELECT unnest($documents))", {"documents": list(document_ids)})


def read_elsewhere(reader: Reader, scoring: Scoring, filters: Mapping[str, str]) -> list[PlaceRow]:
    """Correct values that were read elsewhere, current scores only. `filters`: columns and the value that they must have."""
    where = " AND ".join(f"s.{name} = ${name}" for name in filters) or "true"
    found = f"s.outcome = 'elsewhere' AND s.value_outcome = 'correct' AND NOT ({STALE}) AND {where}"
    return _rows(reader, scoring, found, filters)


def _rows(reader: Reader, scoring: Scoring, where: str, parameters: Mapping[str, object]) -> list[PlaceRow]:
    return reader.select(
        PlaceRow,
        f"""
        SELECT s.document_id, s.dataset, s.backend, s.field, s.outcome, s.value_outcome, s.iou, s.page, s.label_page,
               s.label_x0, s.label_y0, s.label_x1, s.label_y1, f.truth, f.prediction, ({STALE}) AS stale
        FROM evidence_scores s LEFT JOIN field_scores f
            ON f.document_id = s.document_id AND f.backend = s.backend AND f.field = s.field
        {COUNTED} AND {where} ORDER BY s.document_id, s.backend, s.field
        """,
        {**scoring.parameters, **parameters},
    )


def summary_rows(summaries: "Sequence[EvidenceSummary]") -> list[NewRow]:
    """The rows of `leaderboard_evidence`."""
    return [dict(vars(row)) for row in summaries]


def leaderboard_evidence(reader: Reader, dataset: str | None = None) -> list[EvidenceBoardRow]:
    """The rows of `leaderboard_evidence` in their order."""
    return reader.select(
        EvidenceBoardRow, "FROM leaderboard_evidence WHERE ? IS NULL OR dataset = ? ORDER BY rowid", [dataset, dataset]
    )


COLUMNS = {
    "label_boxes": described(LabelBoxRow),
    "evidence_scores": {
        "field": "Path of the value in the label; + in place of the row: a spurious row.",
        "outcome": "found (at an accepted place), elsewhere, no_box (no evidence with a box) or spurious.",
        "value_outcome": "Outcome of the value itself: correct, wrong, spurious, missing or both_empty.",
        "iou": "Intersection over union with the closest accepted place, 0..1; a line counts as wide as the evidence.",
        "page_right": "Whether an accepted place is on the page of the evidence; NULL: it names no page.",
        "label_page": "Page of the closest accepted place.",
        "label_x0": "Left edge of the closest accepted place, 0..1.",
        "label_y0": "Its upper edge.",
        "label_x1": "Its right edge.",
        "label_y1": "Its lower edge.",
    },
    "leaderboard_evidence": described(EvidenceBoardRow),
}
