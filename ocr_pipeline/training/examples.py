"""Training examples: labelled documents, their candidate values, and how they are dealt to folds.

Copies of a document share a fold, so no document is judged by a model that has seen it or a copy of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.extraction.learned.values import Value, region_of, value_key, values_of, widened
from ocr_pipeline.extraction.learned.vendors import printed_lines
from ocr_pipeline.extraction.rules.candidates import Choice, Features
from ocr_pipeline.extraction.rules.extractor import choices, invoice_choices
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.fields.labelled_amounts import labelled
from ocr_pipeline.extraction.rules.keyed import extractor as keyed
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.extraction.rules.reading import Reading, read
from ocr_pipeline.schemas import Label, OcrText
from ocr_pipeline.training.tables import Candidate, FieldTable
from ocr_pipeline.values.names import normalise_name

FOLDS = 5
LEFT_OUT: tuple[int | None, ...] = (*range(FOLDS), None)
"""What a model is trained without: each fold in turn, then none."""
MIN_SIMILARITY = 85
"""Similarity (0..100) at which the nearest candidate counts as the labelled name, which the engine may have misread."""
VENDOR_LETTERS = 5
"""Branches and spellings of a vendor mostly share this many first letters."""

_TEXT_KINDS = ("name", "address", "text")


@dataclass(frozen=True)
class Example:
    """A labelled document. `group`: that of its copies. `key` changes whenever the OCR text changes."""

    document_id: str
    group: str
    text: OcrText
    label: Label
    key: str
    schema: DocumentSchema = field(default_factory=invoice_schema)


@dataclass(frozen=True)
class Sample:
    """An example as a ranker sees it: the distinct values by labelled field, and by field the key of the value that the rules
    chose. `lines`: its first lines, in which the name of a vendor is looked for."""

    example: Example
    region: str
    lines: Sequence[str]
    values: Mapping[str, Sequence[Candidate]]
    chosen: Mapping[str, str | None]

    @property
    def vendor(self) -> str:
        return vendor_of(self.example.label, self.example.group)


@dataclass(frozen=True)
class Query:
    """The values of one field in one document as rows of features, and the index of the right one, if any."""

    rows: Sequence[Features]
    right: int | None


@dataclass(frozen=True)
class FieldTask:
    """What one field is learned from. `queries` and `truths` hold the samples labelled for it, by position in `samples`;
    `truths`: keys of the labelled value and its alternatives."""

    field: str
    samples: Sequence[Sample]
    queries: Mapping[int, Query]
    truths: Mapping[int, set[str]]

    def values(self, index: int) -> Sequence[Candidate]:
        return self.samples[index].values[self.field]

    def chosen(self, index: int) -> str | None:
        return self.samples[index].chosen[self.field]

    def labelled_text(self, index: int) -> str | None:
        """The labelled value as text; None if the label says that there is none."""
        value = getattr(self.samples[index].example.label.invoice, self.field)
        return str(value) if value is not None else None

    @cached_property
    def table(self) -> FieldTable:
        """All values with their features, for training."""
        return FieldTable(
            self.field,
            {index: self.values(index) for index in self.queries},
            {index: self.labelled_text(index) for index in self.queries},
            {index: query.right for index, query in self.queries.items()},
        )

    def can_learn(self, folds: Sequence[int]) -> bool:
        """Whether right values exist outside every fold: not if all documents are copies, or of one vendor."""
        return len({folds[index] for index, query in self.queries.items() if query.right is not None}) > 1


def candidate_values(
    text: OcrText, schema: DocumentSchema | None = None, fields: Collection[str] | None = None
) -> tuple[dict[str, Choice[Any]], dict[str, list[Value]], Reading]:
    """By field, the choices of the rules and the distinct values with their features; and the reading. `schema`: default is
    that of invoices; `fields`: those whose values are wanted (default: all)."""
    is_invoice = schema is None or schema.is_invoice
    reading = first_invoice(text).reading if is_invoice else read(text)
    if schema is None or is_invoice:
        needed = None if fields is None else {"supplier_name", *fields}
        made = choices(reading, labelled(reading), items.find(reading), wanted=needed)
    else:
        made = keyed.choices(reading, schema, invoice_choices)
    wanted = {field: choice for field, choice in made.items() if fields is None or field in fields}
    if is_invoice:
        wanted = {field: widened(field, choice, reading, made["supplier_name"]) for field, choice in wanted.items()}
    return made, {field: values_of(choice, reading) for field, choice in wanted.items()}, reading


def sample_of(example: Example) -> Sample:
    made, values, reading = candidate_values(example.text, example.schema, example.label.labelled_fields)
    chosen = {
        name: value_key(choice.chosen.value) if choice.chosen else None
        for name, choice in made.items()
        if name in values
    }
    kept = {
        field: [Candidate(value.key, value.entry.value, value.features) for value in of_field]
        for field, of_field in values.items()
    }
    return Sample(example, region_of(reading), printed_lines(reading), kept, chosen)


def field_task(field: str, samples: Sequence[Sample]) -> FieldTask:
    queries: dict[int, Query] = {}
    truths: dict[int, set[str]] = {}
    for index, sample in enumerate(samples):
        if field in sample.example.label.labelled_fields:
            values = sample.values[field]
            truths[index] = truth_keys(sample.example.label, field)
            kind = sample.example.schema.field_kinds[field]
            queries[index] = Query([value.features for value in values], _right(kind, truths[index], values))
    return FieldTask(field, samples, queries, truths)


def truth_keys(label: Label, field: str) -> set[str]:
    """Keys of the labelled value and its alternatives; empty if the label says that the field has no value."""
    value = getattr(label.invoice, field)
    keys = {value_key(value)} if value is not None else set()
    for text in label.alternatives.get(field, []):
        keys.add(value_key(getattr(type(label.invoice).model_validate({field: text}), field)))
    return keys


def _right(kind: str, wanted: set[str], values: Sequence[Candidate]) -> int | None:
    """The index of the labelled value; for names that the engine misread, of the most similar value."""
    for index, value in enumerate(values):
        if value.key in wanted:
            return index
    if kind not in _TEXT_KINDS or not wanted or not values:
        return None
    from rapidfuzz import fuzz

    similarity = [max(fuzz.ratio(value.key, key) for key in wanted) for value in values]
    best = max(range(len(values)), key=similarity.__getitem__)
    return best if similarity[best] >= MIN_SIMILARITY else None


def folds_of(groups: Sequence[str]) -> list[int]:
    """The fold of each group, dealt by hash, so that it does not depend on names or order."""
    order = sorted(set(groups), key=lambda group: sha256(group.encode()).hexdigest())
    fold_of = {group: index % FOLDS for index, group in enumerate(order)}
    return [fold_of[group] for group in groups]


def vendor_of(label: Label, group: str) -> str:
    """The beginning of the labelled supplier; of a document without one, its group of copies."""
    name = normalise_name(getattr(label.invoice, "supplier_name", None) or "")
    return name[:VENDOR_LETTERS] or group


def vendor_families(samples: Sequence[Sample]) -> list[str]:
    """A name for each sample, shared by all documents of its vendor and all copies of these."""
    return families([(sample.vendor, sample.example.group) for sample in samples])


def families(documents: Sequence[tuple[str, str]]) -> list[str]:
    """The same for documents as (vendor, group of copies)."""
    family: dict[str, str] = {}

    def top(name: str) -> str:
        while (above := family.setdefault(name, name)) != name:
            family[name] = family[above]  # half the way for the next search: documents of one vendor would be one chain
            name = above
        return name

    for vendor, group in documents:
        family[top(f"vendor {vendor}")] = top(f"copies {group}")
    return [top(f"vendor {vendor}") for vendor, _ in documents]
