"""What differs between two backends: data of the page `ab.html` and of its view of a document."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader

NOT_RUN = -1
"""In place of a class: the backend has no result for the document."""


class DifferingDocument(TypedDict):
    """A document on which backends differ. `fields`: number of a field and, by backend, the class of its value."""

    id: str
    dataset: str
    fields: list[tuple[int, list[int]]]


class Differences(TypedDict):
    """For the scripts: names by number."""

    backends: list[str]
    fields: list[str]
    documents: list[DifferingDocument]


def value_classes(field: str, values: Mapping[str, str | None]) -> dict[str, int]:
    """By backend, a number that is equal for equal values, by the equality of the consensus; 0: no value."""
    numbers: dict[str | None, int] = {None: 0}
    return {backend: numbers.setdefault(same_value(field, value), len(numbers)) for backend, value in values.items()}


def differences(reader: Reader, backends: Sequence[str], fields: Sequence[str], dataset: str | None) -> Differences:
    """The documents on which any two backends differ, by data set and id. `dataset`: only this data set."""
    datasets = tables.documents.datasets(reader)
    documents: list[DifferingDocument] = []
    for document_id, values in tables.listed.differing_values(reader, backends).items():
        if dataset not in (None, datasets.get(document_id)):
            continue
        differing = []
        for number, field in enumerate(fields):
            classes = value_classes(field, values.get(field, {}))
            if len(set(classes.values())) > 1:
                differing.append((number, [classes.get(name, NOT_RUN) for name in backends]))
        if differing:
            documents.append({"id": document_id, "dataset": datasets.get(document_id, ""), "fields": differing})
    documents.sort(key=lambda document: (document["dataset"], document["id"]))
    return {"backends": list(backends), "fields": list(fields), "documents": documents}
