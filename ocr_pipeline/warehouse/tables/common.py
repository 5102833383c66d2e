"""What table families share: descriptions of common columns, and how boxes map to columns."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from ocr_pipeline.errors import NOT_APPLICABLE
from ocr_pipeline.warehouse.connection import Reader

if TYPE_CHECKING:
    from ocr_pipeline.schemas import Word

NewRow = dict[str, object]
"""A row to write: values by column."""

NewRows = dict[str, list[NewRow]]
"""New rows by table."""

APPLICABLE = f"coalesce(e.reason, '') NOT IN ({', '.join(repr(reason) for reason in NOT_APPLICABLE)})"
"""SQL: whether a cell of `extractions` (`e`) counts, see `errors.NOT_APPLICABLE`."""

SHARED = {
    "document_id": "Document, by its id.",
    "dataset": "Data set of the document.",
    "backend": "Backend, as named in backends.yaml.",
    "engine": "OCR engine, as named in backends.yaml.",
    "field": "Field of the document.",
    "run_id": "Dagster run that wrote the row.",
    "updated_at": "When the row was written (UTC).",
    "status": "ok, or failed.",
    "reason": "Code of the failure; NULL: none.",
    "message": "The failure as a sentence.",
    "page": "Page, counted from 1.",
    "x0": "Left edge of the box, relative to the page as displayed (0..1).",
    "y0": "Upper edge of the box, relative to the page as displayed (0..1).",
    "x1": "Right edge of the box, relative to the page as displayed (0..1).",
    "y1": "Lower edge of the box, relative to the page as displayed (0..1).",
    "width_px": "Width of the page in pixels.",
    "height_px": "Height of the page in pixels.",
    "schema_name": "Schema of the document, as in schemas/NAME; NULL: an invoice.",
    "shape": "Fields, lists and kinds of the values, as JSON; NULL: those of an invoice.",
    "column_name": "Column of the list: description, amount and so on.",
    "position": "Row of the list, from 0.",
    "description": "Item: its description.",
    "quantity": "Item: quantity.",
    "unit": "Item: unit of the quantity.",
    "unit_price": "Item: price of one unit.",
    "amount": "Amount of the row.",
    "product_code": "Item: product code.",
    "rate": "Tax rate in percent.",
    "net_amount": "Amount that is taxed.",
    "value": "The value as text.",
    "value_amount": "The value of an amount field.",
    "value_date": "The value of a date field.",
    "seconds": "Seconds that it took.",
    "result_key": "Address of the result in the result store; NULL: not stored, and tried again by the next run.",
    "mean_confidence": "Mean confidence of the words, 0..1; NULL: the engine gives none.",
    "words": "Indices of the words in ocr_words (column word).",
    "correction": "Why the value differs from the printed text; NULL: it does not.",
    "kind": "Kind of the field: money, date, text and so on.",
    "truth": "The labelled value; NULL: labelled as not on the document.",
    "prediction": "The extracted value; NULL: none.",
    "outcome": "correct, wrong, spurious, missing or both_empty, by the normalised rules: the headline.",
    "outcome_strict": "The outcome by the strict rules.",
    "outcome_lenient": "The outcome by the lenient rules.",
    "anls": "Names, addresses, text: similarity (average normalised Levenshtein similarity), 0..1.",
    "label_sha256": "Hash of the label file and of the decisions about it.",
    "engine_fingerprint": "Version and settings of the engine that recognised the words.",
    "extractor_fingerprint": "Version and settings of the extractor.",
    "scoring_version": "Version of the scoring code.",
    "rules": "Fingerprint of the scoring rules in evaluation.yaml.",
    "scored_at": "When the value was scored (UTC).",
    "evaluated_at": "When it was computed (UTC).",
    "computed_at": "When it was computed (UTC).",
    "list": "line_items, tax_lines, or a list of an own schema.",
    "label_version": "Version of all labels of the data set.",
    "documents": "Documents counted.",
    "n": "Labelled values: correct + wrong + missing.",
    "correct": "Correct values.",
    "wrong": "Wrong values.",
    "spurious": "Values where the label has none.",
    "missing": "Labelled values that were not extracted.",
    "both_empty": "Fields labelled as not on the document and not extracted; in no rate.",
    "f1": "2 · correct / (values predicted + values labelled), 0..1.",
    "f1_low": "F1: lower end of the 95 % interval (bootstrap over documents); NULL: fewer than 5 documents.",
    "f1_high": "F1: upper end of the 95 % interval.",
}
"""Columns that mean the same in several tables."""


def described(row_type: type) -> dict[str, str]:
    """The descriptions of the columns that a row type annotates; other columns have those of `SHARED`."""
    hints = row_type.__annotations__
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


class DocumentTableRow(Protocol):
    """A row type of a table that has a column `document_id`."""

    @property
    def document_id(self) -> str: ...


T = TypeVar("T", bound=DocumentTableRow)


def of_documents(
    reader: Reader, row_type: Callable[..., T], table: str, document_ids: Sequence[str], order: str = ""
) -> dict[str, list[T]]:
    """The rows of these documents in a table, by document. `order`: columns to sort by."""
    ordered = f" ORDER BY {order}" if order else ""
    found: dict[str, list[T]] = defaultdict(list)
    for row in reader.select(
        row_type, f"FROM {table} WHERE document_id IN (SELECT unnest(?)){ordered}", [list(document_ids)]
    ):
        found[row.document_id].append(row)
    return found


def where_equal(filters: Mapping[str, str], prefix: str = "") -> tuple[str, list[str]]:
    """A condition on columns, whose names come from the code, and its parameters."""
    return " AND ".join(f"{prefix}{name} = ?" for name in filters) or "true", list(filters.values())


def empty(tables: Sequence[str]) -> NewRows:
    """Empty lists of new rows for these tables."""
    return {table: [] for table in tables}


def box_columns(box: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))


def mean_confidence(words: "Sequence[Word]") -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None
