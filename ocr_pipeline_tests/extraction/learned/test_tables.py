"""The table of a field says the same about every value as the features of the document alone."""

import random
from datetime import date

import pytest

from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.lexicon import labelled
from ocr_pipeline.extraction.learned.ranker import matrix
from ocr_pipeline.extraction.learned.values import Value
from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.training.tables import Candidate as Row
from ocr_pipeline.training.tables import FieldTable
from ocr_pipeline.values.names import normalise_name

NAMES = [
    "Alpha Trading Sdn Bhd",
    "Beta Foods",
    "Beta Food",
    "12 Jalan Besar, 47810 Petaling",
    "7 Main St 12",
    "--",
    "Ünal GmbH",
]


def value(text: str, strength: float) -> Value:
    span = Span("", (), 0.0, 0.0, 0.0, 0.0)  # where it stands plays no part
    return Value(
        normalise_name(text), Ranked(Candidate(text, span), 1.0, ""), {"form": strength, "rules_score": strength}
    )


@pytest.mark.parametrize("field", ["supplier_name", "supplier_address"])
def test_what_labels_say_is_the_same_for_all_at_once(field: str) -> None:
    """With and without the own label; labels that two documents share; documents without values, without a label, and values
    without a word."""
    chance = random.Random(7)
    documents = {
        index: [value(chance.choice(NAMES) + chance.choice(["", " 2", "x"]), chance.random()) for _ in range(index % 5)]
        for index in range(0, 60, 2)
    }
    labels = {index: chance.choice([*NAMES, f"Only Here {index}", None]) for index in documents}
    rows = {index: [Row(v.key, v.entry.value, v.features) for v in values] for index, values in documents.items()}
    table = FieldTable(field, rows, labels, dict.fromkeys(documents))
    for inside in (list(documents)[:20], list(documents)[10:], []):
        known = Known(field, labelled(text for index in inside if (text := labels[index])))
        features = table.seen_by(known, set(inside))
        for index, values in documents.items():
            own = normalise_name(labels[index] or "") if index in inside else None
            expected = matrix(known.rows(values, own), table.names)
            assert features[table.rows([index])] == pytest.approx(expected, abs=0)


def test_other_fields_have_the_features_of_the_page_alone() -> None:
    day = Row("2026-01-02", date(2026, 1, 2), {"near": 1.0})
    table = FieldTable(
        "invoice_date", {3: [day, day], 5: [], 8: [day]}, {3: None, 5: None, 8: None}, {3: 1, 5: None, 8: None}
    )
    assert table.names == ("near",)
    assert table.seen_by(Known("invoice_date", {}), {3}).tolist() == [[1.0]] * 3
    assert table.rows([8, 3]).tolist() == [2, 0, 1]
    assert table.is_right.tolist() == [0.0, 1.0, 0.0]
    assert table.sizes([3, 5, 8]) == [2, 0, 1]
