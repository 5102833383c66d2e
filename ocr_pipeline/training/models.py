"""The model of an engine: every field and every kind of document that has enough labels."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from ocr_pipeline.collecting import collection_paused
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.extraction.learned.model import SCHEMA, By, Model
from ocr_pipeline.extraction.rules.extractor import VERSION as RULES_VERSION
from ocr_pipeline.extraction.rules.keyed.extractor import VERSION as KEYED_VERSION
from ocr_pipeline.schemas import Label
from ocr_pipeline.training.coverage import coverage_of
from ocr_pipeline.training.examples import Example, field_task, folds_of, sample_of, vendor_families
from ocr_pipeline.training.fields import learn_field
from ocr_pipeline.training.rows import learn_rows

VERSION = 7
"""Raise it with every change after which models of earlier versions should be trained again. That makes the results of every
backend that learns stale, and those of cascades and ensembles over them."""
MIN_LABELS = 20
"""Documents needed in which the labelled value is one of several candidates, so that there is a choice to learn; fields with
fewer are left to the rules."""


def training_key(
    keys: Mapping[str, str],
    labels: Mapping[str, Label],
    groups: Mapping[str, str],
    schema: DocumentSchema | None = None,
) -> str:
    """A hash of everything that goes into a model. `keys`: of the OCR texts, by labelled document; `groups` of copies, by
    document. `schema`: of the documents, if it is not that of invoices."""
    parts = [f"{VERSION} {SCHEMA} {RULES_VERSION}", label_version(labels)]
    parts += [f"{document} {key}" for document, key in sorted(keys.items())]
    parts += [f"{document} {group}" for document, group in sorted(groups.items())]
    if schema is not None and not schema.is_invoice:
        parts.append(f"schema {schema.reading_fingerprint} {KEYED_VERSION}")
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def train_model(examples: Sequence[Example], engine: str, schema: DocumentSchema | None = None) -> Model | None:
    """Learn every field, and the rows of every kind of document, with enough labels; None if there is none. `schema`:
    of all examples, default that of invoices."""
    schema = schema or invoice_schema()
    with collection_paused():
        samples = [sample_of(example) for example in examples]
    folds: dict[By, list[int]] = {
        "document": folds_of([example.group for example in examples]),
        "vendor": folds_of(vendor_families(samples)),
    }
    coverage = coverage_of(samples, folds)
    fields, too_few, right = {}, {}, {}
    for field in schema.field_kinds:
        if not any(field in sample.chosen for sample in samples):
            continue
        task = field_task(field, samples)
        with_choice = sum(query.right is not None and len(query.rows) > 1 for query in task.queries.values())
        if with_choice >= MIN_LABELS and task.can_learn(folds["document"]):
            fields[field], right[field] = learn_field(task, folds, coverage.covered)
        elif task.queries:
            too_few[field] = with_choice
    rows = learn_rows(examples, folds) if schema.is_invoice else {}
    if not fields and not rows:
        return None
    ids = [example.document_id for example in examples]
    labels = {example.document_id: example.label for example in examples}
    return Model(
        engine=engine,
        training=training_key(
            {example.document_id: example.key for example in examples},
            labels,
            {example.document_id: example.group for example in examples},
            schema,
        ),
        label_version=label_version(labels),
        trained_at=datetime.now(UTC),
        documents=len(examples),
        fold_of={by: dict(zip(ids, of, strict=True)) for by, of in folds.items()},
        fields=fields,
        rows=rows,
        too_few=too_few,
        right=right,
        vendors=coverage.vendors,
        regions=coverage.regions,
    )
