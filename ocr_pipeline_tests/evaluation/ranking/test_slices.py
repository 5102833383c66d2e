import pytest

from ocr_pipeline.evaluation.ranking.slices import DocumentFeatures, confidence_band, page_band, summarise_slices
from ocr_pipeline.evaluation.ranking.stage import slice_rows
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline_tests.evaluation.cubes import columns, cube

OUTCOMES = cube(["cc", "cw", "cm", "cc", "cc", "ci", "ww"], ["--", "cc", "cc", "cc", "cc", "cc", "cc"])
DOCUMENTS = OUTCOMES.documents


def test_each_document_is_in_exactly_one_slice() -> None:
    language = dict(zip(DOCUMENTS, ["de", "de", "de", "de", "de", "de", "en"], strict=True))
    rows = {(row.backend, row.slice): row for row in summarise_slices(OUTCOMES, "language", lambda _, d: language[d])}
    german, english = rows["a", "de"], rows["a", "en"]
    assert (german.documents, german.n, german.correct, german.predicted) == (6, 11, 9, 11)
    assert german.f1 == pytest.approx(2 * 9 / 22)
    import numpy as np

    by_hand = np.array([[2, 2, 2], [1, 2, 2], [1, 1, 2], [2, 2, 2], [2, 2, 2], [1, 2, 1]])
    assert (german.f1_low, german.f1_high) == bootstrap_f1(by_hand)
    assert (english.documents, english.f1, english.f1_low) == (1, 0.0, None)
    assert rows["b", "de"].documents == 5  # it was not run on the first


def test_rows_of_every_dimension() -> None:
    features = {
        document: DocumentFeatures(document_type=None, language="de", currency="EUR", pages=number, split="test")
        for number, document in enumerate(DOCUMENTS, 1)
    }
    confidences = {("a", document): 0.97 for document in DOCUMENTS[:3]} | {("b", DOCUMENTS[1]): 0.5}
    rows = slice_rows(columns(OUTCOMES), features, confidences)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        found.setdefault((row.dimension, row.backend), {})[row.slice] = row.documents
    assert found["document_type", "a"] == {"unknown": 7}
    assert found["currency", "a"] == {"EUR": 7}
    assert found["split", "b"] == {"test": 6}
    assert found["dataset", "b"] == {"demo": 6}
    assert found["pages", "a"] == {"1": 1, "2": 1, "3 to 5": 3, "6 and more": 2}
    assert found["confidence", "a"] == {"0.95 to 1.00": 3, "unknown": 4}
    assert found["confidence", "b"] == {"0.00 to 0.80": 1, "unknown": 5}


def test_bands_have_no_gap() -> None:
    bands = [confidence_band(value) for value in (0, 0.7999, 0.8, 0.9, 0.95, 1.0, None)]
    assert bands == ["0.00 to 0.80"] * 2 + ["0.80 to 0.90", "0.90 to 0.95", "0.95 to 1.00", "0.95 to 1.00", "unknown"]
    assert [page_band(pages) for pages in (1, 2, 3, 5, 6, None)] == [
        "1",
        "2",
        "3 to 5",
        "3 to 5",
        "6 and more",
        "unknown",
    ]
