"""Evidence against the places on labels: what is found, what is elsewhere, and how it adds up."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from ocr_pipeline.evaluation.ranking.places import StoredPlace, summarise_places
from ocr_pipeline.evaluation.scoring.places import Spot, agreement, iou, score_places
from ocr_pipeline.evaluation.scoring.stage import DocumentScores, score_backend
from ocr_pipeline.label_boxes import LabelBox
from ocr_pipeline.schemas import Box, DocumentFailure, Extraction, Label

TOTAL: Box = (0.6, 0.8, 0.8, 0.82)


def place(box: Box, page: int = 1, **more: Any) -> LabelBox:
    return LabelBox(page=page, box=box, **more)


def scored(label: Mapping[str, Any], values: Mapping[str, Any] | None) -> DocumentScores:
    result = (
        DocumentFailure(reason="unreadable", message="")
        if values is None
        else Extraction.model_validate({"invoice": values})
    )
    [document] = score_backend("b", {"d": Label.model_validate({"invoice": label})}, {"d": result}, {"d": "demo"})
    return document


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (TOTAL, 1),
        ((0.6, 0.8, 0.7, 0.82), 1 / 2),
        ((0.7, 0.8, 0.9, 0.82), 1 / 3),
        ((0.7, 0.81, 0.9, 0.83), 1 / 7),
        ((0.8, 0.8, 0.9, 0.82), 0),
        ((0.1, 0.1, 0.2, 0.2), 0),
    ],
)
def test_iou(other: Box, expected: float) -> None:
    assert iou(TOTAL, other) == pytest.approx(expected)
    assert iou(other, TOTAL) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.6, 0.5, 0.7, 0.52), 1),  # one word of the line
        ((0.6, 0.505, 0.7, 0.52), 0.75),  # lower than the line
        ((0.6, 0.5, 1.0, 0.52), 3 / 4),  # goes on beyond the line
        ((0.0, 0.0, 1.0, 1.0), 0.8 * 0.02),  # the whole page
        ((0.95, 0.5, 1.0, 0.52), 0),  # beside it
        ((0.2, 0.54, 0.4, 0.56), 0),  # the next line
    ],
)
def test_a_line_counts_as_wide_as_the_evidence(box: Box, expected: float) -> None:
    assert agreement(place((0.1, 0.5, 0.9, 0.52), of="line"), Spot(1, box)) == pytest.approx(expected)


def test_one_of_three_lines_is_not_the_address() -> None:
    address = place((0.1, 0.1, 0.9, 0.16), of="line")
    assert agreement(address, Spot(1, (0.1, 0.1, 0.5, 0.12))) == pytest.approx(1 / 3)
    assert agreement(address, Spot(2, (0.1, 0.1, 0.9, 0.16))) == 0, "another page"


@pytest.mark.parametrize(
    ("spot", "value", "outcome", "page_right"),
    [
        (Spot(2, TOTAL), "9", "found", True),
        (Spot(2, (0.6, 0.5, 0.8, 0.52)), "9", "elsewhere", True),
        (Spot(1, TOTAL), "9", "elsewhere", False),
        (Spot(3, (0.1, 0.1, 0.3, 0.12)), "9", "found", True),  # printed twice: each place is accepted
        (Spot(2, TOTAL), "8", "found", True),  # the place is right, whatever was read there
        (Spot(2, None), "9", "no_box", True),
        (Spot(0, None), "9", "no_box", None),  # XML: on no page
        (None, "9", "no_box", None),
        (None, None, "no_box", None),
    ],
)
def test_outcomes_on_several_pages(spot: Spot | None, value: str | None, outcome: str, page_right: bool | None) -> None:
    places = {"total_amount": [place(TOTAL, 2), place((0.1, 0.1, 0.3, 0.12), 3)]}
    document = scored({"total_amount": "9"}, {"total_amount": value})
    [score] = score_places(document, places, {"total_amount": spot} if spot else {})
    assert (score.outcome, score.page_right) == (outcome, page_right)
    assert score.value_outcome == {"9": "correct", "8": "wrong", None: "missing"}[value]


HERE: Box = (0.4, 0.5, 0.6, 0.52)


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (place((0.65, 0.5, 0.85, 0.52)), place((0.1, 0.5, 0.3, 0.52))),  # to the right and to the left
        (place((0.1, 0.5, 0.3, 0.52)), place((0.75, 0.5, 0.95, 0.52))),
        (place((0.4, 0.6, 0.6, 0.62)), place((0.4, 0.3, 0.6, 0.32))),  # below and above
        (place((0.4, 0.4, 0.6, 0.42)), place((0.4, 0.8, 0.6, 0.82))),
        (place((0.3, 0.8, 0.5, 0.82)), place((0.7, 0.73, 0.9, 0.75))),  # neither side alone decides
        (place((0.65, 0.53, 0.85, 0.55)), place((0.4, 0.9, 0.6, 0.92))),
        (place((0.4, 0.5, 0.9, 0.52)), place((0.4, 0.521, 0.6, 0.541))),  # overlap comes before distance
        (place((0.0, 0.0, 0.1, 0.02)), place(HERE, 2)),  # and the page before all
    ],
)
def test_evidence_is_compared_with_the_closest_place(near: LabelBox, far: LabelBox) -> None:
    document = scored({"total_amount": "9"}, {"total_amount": "9"})
    for places in ([near, far], [far, near]):
        [score] = score_places(document, {"total_amount": places}, {"total_amount": Spot(1, HERE)})
        assert (score.label, score.found, score.page_right) == (near, Spot(1, HERE), True)
        assert score.iou == agreement(near, Spot(1, HERE))


def test_without_a_box_the_first_place_is_the_label_and_half_an_overlap_is_found() -> None:
    document = scored({"total_amount": "9"}, {"total_amount": "9"})
    places = {"total_amount": [place((0.0, 0.0, 1.0, 0.5)), place((0.0, 0.5, 1.0, 1.0))]}
    [score] = score_places(document, places, {"total_amount": Spot(1, None)})
    assert (score.label, score.iou, score.found) == (places["total_amount"][0], None, Spot(1, None))
    [score] = score_places(document, places, {"total_amount": Spot(0, None)})
    assert (score.label, score.iou, score.found, score.page_right) == (places["total_amount"][0], None, None, None)
    for right, outcome in ((0.5, "found"), (0.4375, "elsewhere")):
        [score] = score_places(document, places, {"total_amount": Spot(1, (0.0, 0.0, right, 0.5))})
        assert (score.outcome, score.iou) == (outcome, right)


def test_a_failed_document_has_no_box_and_values_without_a_place_are_not_judged() -> None:
    label = {"total_amount": "9", "supplier_name": "A"}
    assert [s.outcome for s in score_places(scored(label, None), {"total_amount": [place(TOTAL)]}, {})] == ["no_box"]
    spots = {"supplier_name": Spot(1, TOTAL), "total_amount": Spot(1, TOTAL)}
    assert [s.field for s in score_places(scored(label, label), {"total_amount": [place(TOTAL)]}, spots)] == [
        "total_amount"
    ]
    assert score_places(scored(label, label), {}, spots) == [], "nobody marked places on this document"


def test_evidence_of_a_value_that_is_not_on_the_document_is_spurious() -> None:
    document = scored({"total_amount": "9", "due_date": None}, {"total_amount": "9", "due_date": "2026-01-02"})
    places = {"total_amount": [place(TOTAL)]}
    spots = {"total_amount": Spot(1, TOTAL), "due_date": Spot(1, (0.1, 0.1, 0.2, 0.2))}
    scores = score_places(document, places, spots)
    assert [(s.document_id, s.field, s.outcome, s.value_outcome, s.iou, s.page_right) for s in scores] == [
        ("d", "due_date", "spurious", "spurious", None, None),
        ("d", "total_amount", "found", "correct", 1.0, True),
    ]
    assert (scores[0].label, scores[0].found) == (None, spots["due_date"])
    assert len(score_places(document, places, {**spots, "due_date": Spot(0, TOTAL)})) == 1, "on no page"
    assert [s.field for s in score_places(document, places, {**spots, "due_date": Spot(1, None)})] == ["total_amount"]


def test_cells_are_judged_in_the_rows_that_were_assigned() -> None:
    items = [{"description": "Tea", "amount": "5"}, {"description": "Rice", "amount": "9"}]
    found = [{"description": "Rice", "amount": "9"}, {"description": "Tea", "amount": "5"}, {"amount": "2"}]
    document = scored({"line_items": items}, {"line_items": found})
    first, second = place((0.8, 0.1, 0.9, 0.12)), place((0.8, 0.2, 0.9, 0.22))
    places = {"line_items.0.amount": [first], "line_items.1.amount": [second]}
    spots = {f"line_items.{row}.{column}": Spot(1, second.box) for row in range(3) for column in ("amount", "quantity")}
    assert {s.field: s.outcome for s in score_places(document, places, spots)} == {
        "line_items.0.amount": "elsewhere",
        "line_items.1.amount": "found",
        "line_items.+.amount": "spurious",
    }
    assert score_places(document, {"total_amount": [first]}, spots) == [], "no cell has a place"


def stored(document: str, field: str, outcome: Any, value: Any = "correct", page: bool | None = True) -> StoredPlace:
    return StoredPlace(document, "demo", "b", field, outcome, value, page)


def test_places_add_up_like_values() -> None:
    rows = summarise_places(
        [
            stored("a", "total_amount", "found"),
            stored("b", "total_amount", "elsewhere"),
            stored("c", "total_amount", "elsewhere", "wrong", page=False),
            stored("d", "total_amount", "no_box", "missing", page=None),
            stored("a", "due_date", "spurious", "spurious", page=None),
            stored("a", "line_items.0.amount", "found"),
            stored("a", "line_items.1.amount", "no_box", page=None),
        ]
    )
    together, total, due, amounts = rows
    assert [row.field for row in rows] == ["all_fields", "total_amount", "due_date", "line_items.amount"]
    assert (total.n, total.found, total.elsewhere, total.no_box) == (4, 1, 2, 1)
    assert (total.precision, total.recall, total.f1) == (1 / 3, 1 / 4, 2 / 7)
    assert (total.pages, total.page_accuracy) == (3, 2 / 3)
    assert (total.right_values, total.right_elsewhere, total.elsewhere_rate) == (2, 1, 1 / 2), "only correct values"
    assert (together.n, together.spurious, together.f1) == (4, 1, 2 / 8), "cells are not in it"
    assert (due.n, due.f1, due.elsewhere_rate) == (0, 0, None)
    assert (amounts.n, amounts.recall, amounts.elsewhere_rate) == (2, 1 / 2, 0)
    assert summarise_places([]) == []


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ({"totl": [{"page": 1, "box": TOTAL}]}, "unknown field 'totl' in boxes"),
        ({"line_items.amount": [{"page": 1, "box": TOTAL}]}, "unknown field 'line_items.amount' in boxes"),
        ({"total_amount": [{"page": 0, "box": TOTAL}]}, "greater than or equal to 1"),
        ({"total_amount": [{"page": 1, "box": (0.8, 0.8, 0.6, 0.82)}]}, "x0 < x1"),
        ({"total_amount": [{"page": 1, "box": (60, 80, 70, 82)}]}, "within 0..1"),
        ({"total_amount": [{"page": 1, "box": TOTAL, "of": "page"}]}, "'value' or 'line'"),
    ],
)
def test_invalid_boxes(boxes: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Label.model_validate({"invoice": {"total_amount": "9"}, "boxes": boxes})
