"""What the database numbers and counts for the report is what follows from the rows themselves."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.project import Project
from ocr_pipeline.report.differences import differences, value_classes
from ocr_pipeline.report.listing import OUTCOMES
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring

FIELDS = ["total_amount", "supplier_name", "invoice_id"]


@pytest.fixture
def reader(shop: Project) -> Iterator[Reader]:
    with Warehouse(shop.database).snapshot() as snapshot:
        yield snapshot


@pytest.fixture
def scoring(shop: Project, reader: Reader) -> Scoring:
    return replace(scoring_of(shop), backends=tables.extractions.backends(reader)[::-1])


def test_outcomes_by_number(reader: Reader, scoring: Scoring) -> None:
    causes = {
        (row.document_id, row.backend, row.field): row.attribution
        for row in tables.diagnosis.current_attributions(reader, scoring, {})
    }
    expected: dict[str, list[list[int]]] = {}
    for score in tables.scores.current(reader, scoring):
        if score.field in FIELDS and score.outcome in OUTCOMES:
            cause = causes.get((score.document_id, score.backend, score.field))
            numbers = [scoring.backends.index(score.backend), FIELDS.index(score.field), OUTCOMES.index(score.outcome)]
            numbers.append([*map(str, ATTRIBUTIONS)].index(cause) if cause else -1)
            expected.setdefault(score.document_id, []).append(numbers)
    assert tables.listed.numbered_outcomes(reader, scoring, FIELDS, OUTCOMES, list(ATTRIBUTIONS)) == expected
    assert {numbers[3] for of_document in expected.values() for numbers in of_document} > {-1}


def test_attributions_are_counted(reader: Reader, scoring: Scoring) -> None:
    rows = tables.diagnosis.current_attributions(reader, scoring, {})
    expected = Counter((row.dataset, row.backend, row.attribution) for row in rows)
    counted = tables.listed.attribution_counts(reader, scoring)
    assert {(row.dataset, row.backend, row.attribution): row.number for row in counted} == expected
    assert expected


def test_differing_values(reader: Reader, scoring: Scoring) -> None:
    expected: dict[str, list[tuple[int, list[int]]]] = {}
    for document_id, values in tables.extractions.extracted_values(reader, scoring.backends).items():
        for number, field in enumerate(FIELDS):
            classes = value_classes(field, {name: of_backend.get(field) for name, of_backend in values.items()})
            if len(set(classes.values())) > 1:
                of_backends = [classes.get(name, -1) for name in scoring.backends]
                expected.setdefault(document_id, []).append((number, of_backends))
    found = differences(reader, scoring.backends, FIELDS, None)["documents"]
    assert {document["id"]: document["fields"] for document in found} == expected
    assert expected


def test_flipped_values_of_all_pairs_at_once(reader: Reader, scoring: Scoring) -> None:
    pairs = list(combinations(scoring.backends, 2))
    every = tables.flips.flipped_values(reader, scoring, pairs, "shop")
    first = tables.flips.flipped_values(reader, scoring, pairs, "shop", most=1)
    scores = tables.scores.current(reader, scoring)
    right = {(row.backend, row.document_id, row.field): row.is_right for row in scores}
    for pair in pairs:
        cells = {
            (document_id, field): right[pair[0], document_id, field]
            for backend, document_id, field in right
            if backend == pair[0]
            and right.get((pair[1], document_id, field), right[pair[0], document_id, field])
            != right[pair[0], document_id, field]
        }
        flips = every[pair].first
        assert {(flip.document_id, flip.field): flip.right == "a" for flip in flips} == cells
        assert [(flip.right, flip.document_id, flip.field) for flip in flips] == sorted(
            (flip.right, flip.document_id, flip.field) for flip in flips
        )
        assert {every[pair].number, first[pair].number} == {len(cells)}
        assert list(first[pair].first) == list(flips)[:1]
    assert any(flips.number > 1 for flips in every.values())
