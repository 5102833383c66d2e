"""Outcomes for tests, written as letters: c(orrect), w(rong), i: spurious, m(issing), b(oth empty), - not scored."""

from typing import Any, get_args

import numpy as np

from ocr_pipeline.evaluation.ranking.outcomes import Outcomes, from_letters
from ocr_pipeline.evaluation.statistics.counts import Outcome

FIELDS = ("total_amount", "invoice_date", "supplier_name")


def cube(*backends: list[str], names: str = "abcdefgh", dataset: str = "demo") -> Outcomes:
    """One list per backend, of one word per document with one letter per field of `FIELDS`."""
    codes = np.array([[from_letters(word) for word in documents] for documents in backends], np.int8)
    documents = tuple(f"d{number:03}" for number in range(codes.shape[1]))
    return Outcomes(dataset, tuple(names[: len(backends)]), documents, FIELDS[: codes.shape[2]], codes)


def columns(outcomes: Outcomes) -> dict[str, list[Any]]:
    """The outcomes as columns of a query, by the rules of the headline."""
    rows = [
        (outcomes.dataset, backend, document, field, get_args(Outcome)[code - 1])
        for backend, of_backend in zip(outcomes.backends, outcomes.codes, strict=True)
        for document, of_document in zip(outcomes.documents, of_backend, strict=True)
        for field, code in zip(outcomes.fields, of_document, strict=True)
        if code
    ]
    names = ("dataset", "backend", "document_id", "field", "headline")
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}
