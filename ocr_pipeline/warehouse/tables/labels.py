"""The tables `labels` and `ground_truth`, with its lists."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ocr_pipeline.schemas import DocumentFailure, Invoice, Label
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, described
from ocr_pipeline.warehouse.tables.places import add_boxes, label_boxes
from ocr_pipeline.warehouse.tables.values import add_lists, load_values, shape_columns, typed_value, values_of_rows

if TYPE_CHECKING:
    from ocr_pipeline.documents.labels import DecidedLabel

_LISTS = ("ground_truth_line_items", "ground_truth_tax_lines", "ground_truth_rows")
LABEL_TABLES = ("labels", "ground_truth", *_LISTS, "label_boxes")


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """A row of `labels`. `status`: ok, invalid, none."""

    document_id: str
    dataset: str
    status: Annotated[str, "ok, invalid or none."]
    message: Annotated[str | None, "Why the label is invalid."]
    label_sha256: str | None
    language: Annotated[str | None, "Language of the document, as labelled."]
    split: Annotated[str | None, "Split, as labelled: train, test and so on."]
    run_id: str | None
    updated_at: datetime
    file_state: Annotated[
        str | None,
        "State of the label file and the decisions when they were read: size, times and inode; NULL: compare the content.",
    ] = None
    schema_name: str | None = None
    shape: str | None = None

    @property
    def valid(self) -> bool:
        return self.status == "ok"


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """A row of `ground_truth`."""

    document_id: str
    field: str
    value: Annotated[str | None, "The labelled value as text; NULL: labelled as not on the document."]
    value_amount: Decimal | None
    value_date: date | None
    alternatives: Annotated[list[str] | None, "Other spellings that count as right."]
    decision: Annotated[str | None, "Decision of a review: label, value or both; NULL: not reviewed."]
    file_value: Annotated[str | None, "The value in the label file, if a review changed it."]
    doubt: Annotated[str | None, "Why the label may be wrong, in the words of its importer."] = None


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """A row of `ground_truth_line_items`."""

    document_id: str
    position: int
    description: str | None
    quantity: Decimal | None
    unit: str | None
    unit_price: Decimal | None
    amount: Decimal | None
    product_code: str | None


@dataclass(frozen=True, kw_only=True)
class TaxRow:
    """A row of `ground_truth_tax_lines`."""

    document_id: str
    position: int
    rate: Decimal | None
    net_amount: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, kw_only=True)
class TruthCellRow:
    """A row of `ground_truth_rows`: a cell of a list of a document that is not an invoice."""

    document_id: str
    list: str
    position: int
    column_name: str
    value: str | None
    value_amount: Decimal | None
    value_date: date | None


def labels(reader: Reader, document_ids: list[str] | None = None) -> dict[str, LabelRow]:
    """The rows of `labels` by document. `document_ids`: of these documents only."""
    where, of = ("WHERE document_id IN (SELECT unnest(?))", [document_ids]) if document_ids is not None else ("", [])
    return {row.document_id: row for row in reader.select(LabelRow, f"FROM labels {where} ORDER BY document_id", of)}


def label_sha256(reader: Reader) -> dict[str, str]:
    """The hash of every label by document."""
    rows = reader.rows("SELECT document_id, label_sha256 FROM labels WHERE label_sha256 IS NOT NULL")
    return {row["document_id"]: row["label_sha256"] for row in rows}


def valid_labels(reader: Reader) -> dict[str, Label]:
    """Every valid label by document."""
    known = {
        row.document_id: row for row in reader.select(LabelRow, "FROM labels WHERE status = 'ok' ORDER BY document_id")
    }
    loaded = load_values(reader, "ground_truth", "ground_truth", "", (), "labels", ("doubt", "alternatives"))
    values = values_of_rows(loaded)
    boxes = label_boxes(reader)
    alternatives: dict[str, dict[str, list[str]]] = {}
    doubts: dict[str, dict[str, str]] = {}
    for row in loaded.fields:
        if row["doubt"]:
            doubts.setdefault(row["document_id"], {})[row["field"]] = row["doubt"]
        if row["alternatives"]:
            alternatives.setdefault(row["document_id"], {})[row["field"]] = row["alternatives"]
    nothing = Invoice()
    return {
        document_id: Label(
            invoice=values.get(document_id, nothing),
            alternatives=alternatives.get(document_id, {}),
            language=row.language,
            split=row.split,
            **({"boxes": boxes[document_id]} if document_id in boxes else {}),
            **({"doubts": doubts[document_id]} if document_id in doubts else {}),  # unset, it is no part of the version
        )
        for document_id, row in known.items()
    }


def reviewed(reader: Reader) -> set[tuple[str, str]]:
    """(document, field) of every reviewed label."""
    rows = reader.rows("SELECT document_id, field FROM ground_truth WHERE decision IS NOT NULL")
    return {(row["document_id"], row["field"]) for row in rows}


class LabelProblem(NamedTuple):
    """What is wrong with a label."""

    dataset: str
    document_id: str
    problem: str


def label_problems(reader: Reader, tolerance: float) -> list[LabelProblem]:
    """Labels that are invalid or contradict themselves; a document can have several problems."""
    return reader.select(
        LabelProblem,
        """
        WITH amounts AS (
            SELECT document_id,
                   max(value_amount) FILTER (field = 'net_amount') AS net,
                   max(value_amount) FILTER (field = 'total_tax_amount') AS tax,
                   max(value_amount) FILTER (field = 'total_amount') AS total,
                   max(value_date) FILTER (field = 'invoice_date') AS issued,
                   max(value_date) FILTER (field = 'due_date') AS due
            FROM ground_truth GROUP BY document_id
        ), problems AS (
            SELECT document_id, 'invalid label' AS problem FROM labels WHERE status = 'invalid'
            UNION ALL
            SELECT document_id, 'net amount and tax do not add up to the total' FROM amounts
            WHERE abs(net + tax - total) > $tolerance
            UNION ALL
            SELECT document_id, 'due date before invoice date' FROM amounts WHERE due < issued
        )
        SELECT l.dataset, document_id, problem
        FROM problems JOIN labels l USING (document_id) JOIN documents d USING (document_id)
        WHERE coalesce(d.reason, '') NOT IN ('missing_file', 'split') ORDER BY ALL
        """,
        {"tolerance": tolerance},
    )


def labelled_documents(reader: Reader) -> dict[str, int]:
    """Number of labelled documents by data set, valid or not."""
    rows = reader.rows(
        """
        SELECT l.dataset, count(*) AS n FROM labels l JOIN documents d USING (document_id)
        WHERE l.status <> 'none' AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') GROUP BY l.dataset
        """
    )
    return {row["dataset"]: row["n"] for row in rows}


class LabelledCopy(NamedTuple):
    """A labelled document that counts twice."""

    dataset: str
    document_id: str
    duplicate_of: str
    kind: str


def labelled_duplicates(reader: Reader) -> list[LabelledCopy]:
    """Labelled documents whose original is in the same data set and labelled, too."""
    return reader.select(
        LabelledCopy,
        """
        SELECT l.dataset, u.document_id, u.duplicate_of, u.kind
        FROM duplicates u
        JOIN labels l ON l.document_id = u.document_id AND l.status = 'ok'
        JOIN labels f ON f.document_id = u.duplicate_of AND f.status = 'ok' AND f.dataset = l.dataset
        ORDER BY ALL
        """,
    )


class LeakingGroup(NamedTuple):
    """A group of duplicates in several splits."""

    group_id: str
    splits: list[str]
    documents: list[str]


def leaking_groups(reader: Reader) -> list[LeakingGroup]:
    """Groups of duplicates whose own labels assign them to different splits."""
    return reader.select(
        LeakingGroup,
        """
        SELECT u.group_id, list_sort(list(DISTINCT coalesce(l.split, 'none'))) AS splits,
               list_sort(list(u.document_id)) AS documents
        FROM duplicates u JOIN labels l USING (document_id)
        GROUP BY u.group_id
        HAVING count(DISTINCT coalesce(l.split, 'none')) > 1
            AND bool_or(lower(l.split) IN ('test', 'dev', 'validation', 'val'))
        ORDER BY u.group_id
        """,
    )


def add_label(
    tables: NewRows,
    document_id: str,
    dataset: str,
    *,
    run_id: str,
    label: Label | None,
    label_sha256: str | None = None,
    failure: DocumentFailure | None = None,
    decided: "DecidedLabel | None" = None,
    file_state: str | None = None,
) -> LabelRow:
    """Add the rows of a label; None: the document is unlabelled.

    Args:
        decided: the label with the decisions of reviews.
        file_state: of `documents.file_state`, before the files were read.
    """
    row = LabelRow(
        document_id=document_id,
        dataset=dataset,
        status="invalid" if failure else "ok" if label else "none",
        message=failure.message if failure else None,
        label_sha256=label_sha256,
        language=label.language if label else None,
        split=label.split if label else None,
        run_id=run_id,
        updated_at=utc_now(),
        file_state=file_state,
        **shape_columns(label.invoice if label else None),
    )
    tables["labels"].append(asdict(row))
    if label is None:
        return row
    for field in label.labelled_fields:
        decision = decided.decisions.get(field) if decided else None
        tables["ground_truth"].append(
            {
                "document_id": document_id,
                "field": field,
                "alternatives": label.alternatives.get(field),
                "decision": decision.choice if decision else None,
                "file_value": decision.label if decision and decision.choice == "value" else None,
                "doubt": label.doubts.get(field),
                **typed_value(getattr(label.invoice, field)),
            }
        )
    key: NewRow = {"document_id": document_id}
    add_lists(tables, "ground_truth", key, label.invoice)
    add_boxes(tables, document_id, label)
    return row


COLUMNS = {
    "labels": described(LabelRow),
    "ground_truth": described(TruthRow),
    "ground_truth_line_items": described(ItemRow),
    "ground_truth_tax_lines": described(TaxRow),
    "ground_truth_rows": described(TruthCellRow),
}
