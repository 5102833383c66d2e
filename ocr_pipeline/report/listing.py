"""The list of all documents: what was read, and how it was scored."""

from collections.abc import Collection, Sequence
from typing import TypedDict, get_args

from ocr_pipeline.inspection.summaries import SHOWN, DocumentSummary, document_summaries
from ocr_pipeline.report.pages import thumbnail_name
from ocr_pipeline.schemas import ReadFrom
from ocr_pipeline.untrusted import visible
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring

OUTCOMES = ("correct", "wrong", "missing", "spurious")
SOURCES = get_args(ReadFrom)
"""page, code, xml."""

MAX_VALUE = 80
"""Characters of a value."""


class ListedDocument(TypedDict):
    """A document in the list. An outcome is [backend, field, outcome, attribution], as indices of the lists beside it; -1
    for none. `sources`: [backend, source], what the values of a backend were read from, also as indices. `values` are those
    of most backends, in the order of `shown`; `disputed`: fields on which backends disagree, as indices; `agreement` and
    `confidence` in percent. `thumbnail`: name of an image."""

    id: str
    dataset: str
    pages: int | None
    status: str
    labelled: bool
    values: list[str | None]
    sums: str
    agreement: int | None
    confidence: int | None
    disputed: list[int]
    thumbnail: str | None
    outcomes: list[list[int]]
    sources: list[list[int]]


class Listing(TypedDict):
    """All documents, for the script of the list: names by number, so that 1,000 documents stay small."""

    backends: list[str]
    fields: list[str]
    shown: list[int]
    attributions: list[str]
    outcomes: list[str]
    sources: list[str]
    documents: list[ListedDocument]


def document_list(
    reader: Reader, scoring: Scoring, fields: Sequence[str], attributions: Sequence[str], dataset: str | None
) -> Listing:
    """Every document whose file exists, with what was read and its current outcomes. `dataset`: only this data set."""
    backend_numbers, field_numbers = (
        {name: number for number, name in enumerate(names)} for names in (scoring.backends, fields)
    )
    summaries = document_summaries(reader, dataset)
    shown = list(dict.fromkeys(name for summary in summaries for name in summary.values)) or list(SHOWN)
    documents = {summary.document_id: _listed(summary, shown, field_numbers) for summary in summaries}
    for key, outcomes in tables.listed.numbered_outcomes(reader, scoring, fields, OUTCOMES, attributions).items():
        if key in documents:
            documents[key]["outcomes"] = outcomes
    for cell in tables.sources.sources_of_cells(reader):
        if cell.document_id in documents and cell.backend in backend_numbers:
            pairs = [[backend_numbers[cell.backend], SOURCES.index(source)] for source in cell.sources]
            documents[cell.document_id]["sources"] += pairs
    return {
        "backends": list(scoring.backends),
        "fields": list(fields),
        "shown": [field_numbers[name] for name in shown],
        "attributions": list(attributions),
        "outcomes": list(OUTCOMES),
        "sources": list(SOURCES),
        "documents": list(documents.values()),
    }


def add_thumbnails(listing: Listing, hashes: dict[str, str], images: Collection[str]) -> None:
    """Name the thumbnails that exist. `hashes`: SHA-256 by document; `images`: names of the existing files."""
    for document in listing["documents"]:
        name = thumbnail_name(hashes.get(document["id"], ""))
        document["thumbnail"] = name if name in images else None


def _listed(summary: DocumentSummary, shown: Sequence[str], field_numbers: dict[str, int]) -> ListedDocument:
    return {
        "id": summary.document_id,
        "dataset": summary.dataset,
        "pages": summary.pages,
        "status": "failed" if summary.error else "ok",
        "labelled": summary.labelled,
        "values": [
            None if (value := summary.values.get(name)) is None else visible(value, longest=MAX_VALUE) for name in shown
        ],
        "sums": summary.sums,
        "agreement": None if summary.agreement is None else round(100 * summary.agreement),
        "confidence": None if summary.confidence is None else round(100 * summary.confidence),
        "disputed": [field_numbers[name] for name in summary.disputed],
        "thumbnail": None,
        "outcomes": [],
        "sources": [],
    }
