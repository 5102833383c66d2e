"""Decides for each data set which documents are accepted without a look, and judges earlier acceptances by later labels."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import ValidationError

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.document_fields import stored_model
from ocr_pipeline.document_schema.schema import name_in_state
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.document_confidence import DocumentValues
from ocr_pipeline.evaluation.diagnosis.foreign import Home, Sheet
from ocr_pipeline.evaluation.diagnosis.review import DOCUMENT, Decision, Review, is_sampled, review
from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.statistics.counts import RIGHT
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Invoice, Label
from ocr_pipeline.training.examples import VENDOR_LETTERS, families
from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.changes import Replacement
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow
from ocr_pipeline.warehouse.tables.review import ReadCell, ReviewRow

SURROUNDINGS = "review: surroundings"
"""Name under which is kept what documents look like beside the labelled ones."""
BATCH = 500
"""Documents whose words are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """The review of one data set by one backend."""

    dataset: str
    backend: str
    fields: Sequence[str]
    result: Review
    rows: Sequence[NewRow]

    def proofs(self) -> Iterator[NewRow]:
        """Rows of `acceptances`, without run and time."""
        for of in self.result.proofs:
            yield {
                "dataset": self.dataset,
                "backend": self.backend,
                "field": of.field,
                "fields": list(self.fields),
                "wanted": of.proof.target == self.result.proof.target,
                **vars(of.proof),
            }


def reviews(warehouse: Warehouse, configured: Backends, rules: Rules) -> tuple[list[Reviewed], list[Replacement]]:
    """Review every data set with labels or values of a competing backend; and what to keep for the next time.

    Raises:
        ConfigurationError: `accept.backend` is unknown.
    """
    wanted = rules.accept.backend
    if wanted is not None and wanted not in configured:
        known = ", ".join(configured.competitors)
        raise ConfigurationError(f"evaluation.yaml: accept: unknown backend {wanted!r}; available: {known}.")
    with warehouse.snapshot() as snapshot:
        stock = _Stock(snapshot, configured, rules)
        reviewed = []
        for dataset, documents in stock.documents.items():
            fields = stock.fields_of(documents)
            if backend := stock.backend_of(documents, fields):
                reviewed.append(_reviewed(snapshot, stock, dataset, documents, backend, fields))
        return reviewed, stock.kept


class _Stock:
    """What all data sets have in common."""

    def __init__(self, reader: Reader, configured: Backends, rules: Rules) -> None:
        self.rules, self.configured, self._reader = rules, configured, reader
        self.groups = tables.documents.groups(reader)
        self.labelled = tables.review.labelled_fields(reader)
        self._shapes = tables.review.label_shapes(reader)
        self.cells: dict[str, dict[str, ReadCell]] = {}
        for name in configured.competitors if rules.accept.backend is None else [rules.accept.backend]:
            self.cells[name] = tables.review.read_cells(reader, name)
        self.documents: dict[str, list[str]] = {}
        self.schema_names = {key: name_in_state(state) for key, state in tables.documents.schema_states(reader).items()}
        for key, dataset in sorted(tables.documents.datasets(reader).items()):
            self.documents.setdefault(dataset, []).append(key)
        self.right = tables.review.right_values(reader, list(self.cells))
        self.earlier = {(row.document_id, row.backend): row for row in tables.review.review(reader, {})}
        self.recognised = tables.review.recognised(reader)
        self.kept: list[Replacement] = []  # for the next time

    @cached_property
    def labels(self) -> Mapping[str, Label]:
        """The valid labels themselves: needed for documents alone that were accepted before they were labelled."""
        return tables.labels.valid_labels(self._reader)

    def lacking(self, key: str, fields: Iterable[str]) -> list[str]:
        """The chosen fields that documents of its schema cannot have."""
        name = self.schema_names.get(key)
        known = self.configured[next(iter(self.cells))].schemas[name].field_kinds if name else FIELD_KINDS
        return [field for field in fields if field not in known]

    def fields_of(self, documents: Iterable[str]) -> list[str]:
        """The chosen fields: those of the settings, else all that most labels of the data set have."""
        if self.rules.accept.fields is not None:
            return list(self.rules.accept.fields)
        labels = [fields for key in documents if (fields := self.labelled.get(key))]
        counts = {name: sum(name in fields for fields in labels) for name in self.kinds_of(documents)}
        return [name for name, count in counts.items() if count and 2 * count > len(labels)]

    def kinds_of(self, documents: Iterable[str]) -> dict[str, str]:
        """The kinds of all fields that labels of the data set may have, by its schemas."""
        kinds: dict[str, str] = {}
        for shape in dict.fromkeys(self._shapes[key] for key in documents if key in self._shapes):
            values = Invoice() if shape is None else stored_model(shape)()
            rules = self.rules.of(values)
            kinds |= {name: rules.kind_of(name) for name in values.KINDS if name not in kinds}
        return kinds or dict(FIELD_KINDS)

    def backend_of(self, documents: Sequence[str], fields: Sequence[str]) -> str | None:
        """The one in use: that of the settings, else the one with the most right values in the chosen fields, the first of
        equals; None: no backend read any of them, or no field is chosen."""
        read: list[tuple[str, int]] = []
        for name, cells in self.cells.items():
            if fields and any(key in cells for key in documents):
                read.append((name, sum(len(self.right.get((name, key), set()) & set(fields)) for key in documents)))
        return max(read, key=lambda entry: entry[1])[0] if read else None


def _reviewed(
    reader: Reader, stock: _Stock, dataset: str, documents: Sequence[str], backend: str, fields: Sequence[str]
) -> Reviewed:
    cells = {key: stock.cells[backend][key] for key in documents if key in stock.cells[backend]}
    lacking = {key: absent for key in cells if (absent := stock.lacking(key, fields))}
    read = [key for key, cell in cells.items() if not cell.failed and key not in lacking]
    values: dict[str, dict[str, Value]] = {}
    for value in tables.review.stored_values(reader, dataset, backend, fields, stock.groups):
        values.setdefault(value.document_id, {})[value.field] = value
    kinds = stock.kinds_of(documents)
    vendor_field = next((name for name, kind in kinds.items() if kind == "name"), None)
    features, foreign, shared = _surroundings(reader, stock, dataset, backend, read, vendor_field)
    rows = [
        DocumentValues(
            document_id=key,
            family=shared[key],
            values={name: values.get(key, {}).get(name) or _absent(key, name) for name in fields},
            features=features[key],
        )
        for key in read
    ]
    accept = stock.rules.accept
    result = review(rows, kinds, foreign, target=accept.target)
    by_key = {row.document_id: row for row in rows}
    decided = {decision.document_id: decision for decision in result.decisions}
    decided |= {
        key: _undecided(stock, cell, fields, lacking.get(key, ())) for key, cell in cells.items() if key not in decided
    }
    made = [_row(stock, dataset, backend, decided[key], by_key.get(key)) for key in cells]
    return Reviewed(dataset=dataset, backend=backend, fields=fields, result=result, rows=made)


def _absent(document_id: str, field: str) -> Value:
    """No backend has a value, and no label mentions the field."""
    return Value(
        document_id=document_id, group=document_id, field=field, prediction=None, correct=None, features={"empty": 1.0}
    )


def _undecided(stock: _Stock, cell: ReadCell, fields: Sequence[str], lacking: Sequence[str]) -> Decision:
    """Of a document that was not read, or whose schema lacks some of the fields."""
    reason = f"its schema has no {', '.join(lacking)}" if lacking else f"not read: {cell.message or cell.reason}"
    return Decision(
        document_id=cell.document_id,
        status="check",
        confidence=None,
        threshold=None,
        fields=[name for name in fields if name not in lacking],
        reasons={DOCUMENT: reason},
        labelled=cell.document_id in stock.labelled,
    )


def _surroundings(
    reader: Reader, stock: _Stock, dataset: str, backend: str, documents: Sequence[str], vendor_field: str | None
) -> tuple[dict[str, dict[str, float]], dict[str, list[str]], dict[str, str]]:
    """By document, its features, why it is foreign, and its family: kept while words, vendors and labelled vendors are the
    same. `vendor_field`: the first name on a document."""
    vendors = tables.review.values_of_field(reader, backend, vendor_field) if vendor_field else {}
    labelled = [key for key in documents if key in stock.labelled]
    known = tables.review.labelled_values(reader, vendor_field) if vendor_field else {}
    names = {key: normalise_name(known.get(key, "")) for key in labelled}
    pairs = [(name[:VENDOR_LETTERS] or _group(stock, key), _group(stock, key)) for key, name in names.items()]
    shared = {key: f"new {_group(stock, key)}" for key in documents} | dict(zip(labelled, families(pairs), strict=True))
    engine, cells = stock.configured[backend].engine_name, stock.cells[backend]
    made_from = [
        [
            key,
            _group(stock, key),
            shared[key],
            names.get(key),
            vendors.get(key),
            cells[key].country,
            stock.recognised.get(key),
        ]
        for key in documents
    ]
    content = tables.findings.content_of(SURROUNDINGS, [engine, made_from])
    if (kept := tables.findings.kept(reader, SURROUNDINGS, dataset, content)) is not None:
        features, foreign = json.loads(kept)
        return features, foreign, shared

    def sheets(keys: Sequence[str]) -> Iterator[Sheet]:
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            texts = tables.review.texts(reader, engine, batch)
            for key in batch:
                yield Sheet(
                    document_id=key,
                    group=_group(stock, key),
                    family=shared[key],
                    text=texts.get(key, ""),
                    vendor=normalise_name(vendors.get(key, "")) or None,
                    labelled_vendor=names.get(key) or None,
                    country=cells[key].country,
                )

    compared = _compared(sheets, labelled, documents)
    stock.kept.append(tables.findings.keep(SURROUNDINGS, dataset, content, json.dumps(compared)))
    return *compared, shared


def _compared(
    sheets: Callable[[Sequence[str]], Iterator[Sheet]], labelled: Sequence[str], documents: Sequence[str]
) -> tuple[dict[str, dict[str, float]], dict[str, list[str]]]:
    """The features of documents, and why they are foreign, by document."""
    home = Home(sheets(labelled))
    features: dict[str, dict[str, float]] = {}
    foreign: dict[str, list[str]] = {}
    for sheet in sheets(documents):
        features[sheet.document_id] = home.features(sheet)
        foreign[sheet.document_id] = home.foreign(sheet) if labelled else []
    return features, foreign


def _group(stock: _Stock, document_id: str) -> str:
    return stock.groups.get(document_id, document_id)


def _row(stock: _Stock, dataset: str, backend: str, decision: Decision, document: DocumentValues | None) -> NewRow:
    """A row of `review`: the decision, and what was accepted while there was no label."""
    key = decision.document_id
    earlier, labelled = stock.earlier.get((key, backend)), key in stock.labelled
    accepted_at, accepted = _accepted(earlier, decision, document, labelled=labelled)
    return {
        "dataset": dataset,
        "backend": backend,
        **vars(decision),
        "sampled": accepted is not None and is_sampled(key, stock.rules.accept.check_share),
        "accepted_at": accepted_at,
        "accepted_values": accepted,
        "accepted_right": _is_right(stock.labels[key], accepted, dataset, stock)
        if accepted is not None and labelled
        else None,
    }


def _accepted(
    earlier: ReviewRow | None, decision: Decision, document: DocumentValues | None, *, labelled: bool
) -> tuple[datetime | None, Mapping[str, str] | None]:
    """When and with which values a document was accepted without a label. A label freezes that: what is accepted afterwards
    was learned from it."""
    before = (earlier.accepted_at, earlier.accepted_values) if earlier else (None, None)
    if labelled:
        return before
    if decision.status != "accepted" or document is None:
        return None, None
    values = {name: value.prediction or "" for name, value in document.values.items()}
    return before if before[1] == values else (utc_now(), values)


def _is_right(label: Label, accepted: Mapping[str, str], dataset: str, stock: _Stock) -> bool | None:
    """Whether all accepted values that the label mentions are right; None if it mentions none of them."""
    model = type(label.invoice)
    try:
        invoice = model.model_validate(
            {name: value for name, value in accepted.items() if value and name in model.KINDS}
        )
    except ValidationError:  # accepted before its schema changed
        return None
    scores = score_document(label, Extraction(invoice=invoice), stock.rules, day_first=stock.rules.day_first(dataset))
    outcomes = [score.outcome in RIGHT for score in scores if score.field in accepted]
    return all(outcomes) if outcomes else None
