"""Documents of an own schema from the file to the score, without Dagster."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.testset_scores import of_rules
from ocr_pipeline.defs.records import evaluation_identity
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import load_decided_label, schema_of, schema_state
from ocr_pipeline.documents.overrides import decided_today, write_decision
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.evaluation.diagnosis.label_constraints import constraint_issues
from ocr_pipeline.evaluation.scoring.document import score_document, score_lists
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.evaluation.scoring.stage import score_backend
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring, states
from ocr_pipeline.warehouse.tables.scores import NewScores
from ocr_pipeline_tests.delivery_notes import SCHEMA, VALUES, delivery_notes, write_schema
from ocr_pipeline_tests.files import add_image


@pytest.fixture
def notes(project: Project) -> DocumentSchema:
    return delivery_notes(project.root)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "w.duckdb")


def add_note(project: Project, label: Mapping[str, object], name: str = "shop/a.png") -> None:
    path = project.data / "documents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "dataset.yaml").write_text("schemas: [invoice, delivery_notes]\n")
    add_image(project, name)
    path.with_suffix(".json").write_text(json.dumps(label))


def test_the_label_chooses_among_the_schemas_of_a_data_set(project: Project, notes: DocumentSchema) -> None:
    add_note(project, {"schema": "delivery_notes", "fields": VALUES}, "shop/a.png")
    add_note(project, {"invoice": {"currency": "EUR"}}, "shop/b.png")
    add_note(project, {"fields": {"signed": True}}, "shop/c.png")
    add_note(project, {"fields": {"freight": "x"}}, "shop/e.png")
    add_image(project, "other/d.png")
    sources = {source.path.stem: source for source in find_documents(project.data)}
    assert {name: schema_of(source).name for name, source in sources.items()} == {
        "a": "delivery_notes",
        "b": "invoice",
        "c": "delivery_notes",
        "d": "invoice",
        "e": "invoice",  # a label that cannot be read chooses none: the first one of the data set
    }
    assert schema_state(sources["a"]) == notes.state
    assert schema_state(sources["b"]) is None
    decided = load_decided_label(sources["a"])
    assert decided is not None
    assert decided.label.invoice == notes.model.model_validate(VALUES)
    with pytest.raises(DocumentError, match=r"fields\.freight: "):
        load_decided_label(sources["e"])


def test_a_label_is_read_again_once_its_schema_has_other_values(project: Project, notes: DocumentSchema) -> None:
    def sha256() -> str:
        [source] = find_documents(project.data)
        decided = load_decided_label(source)
        assert decided is not None
        return decided.sha256

    add_note(project, {"schema": "delivery_notes", "fields": VALUES})
    before = sha256()
    write_schema(project.root, SCHEMA.replace("not of the order", "only"))
    assert sha256() == before
    write_schema(project.root, SCHEMA.replace("[complete, partial]", "[complete, partial, lost]"))
    assert sha256() != before


def test_decisions_about_own_fields(project: Project, notes: DocumentSchema) -> None:
    add_note(project, {"schema": "delivery_notes", "fields": VALUES})
    [source] = find_documents(project.data)
    write_decision(project.data, source.document_id, "freight", decided_today("value", "12.50", "13"))
    write_decision(project.data, source.document_id, "signed", decided_today("value", "true", "false"))
    [source] = find_documents(project.data)
    decided = load_decided_label(source)
    assert decided is not None
    assert (decided.label.invoice.freight, decided.label.invoice.signed) == (Decimal(13), False)
    write_decision(project.data, source.document_id, "total_amount", decided_today("value", "1", "2"))
    with pytest.raises(DocumentError, match=r"fields\.total_amount: unknown field"):
        load_decided_label(source)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("not of the order", "only", ["gemini"]),
        ("[delivery date]", "[delivered on]", ["gemini", "rules"]),
        ("{edits: 2}", "{edits: 1}", []),
    ],
)
def test_a_changed_schema_makes_exactly_its_cells_stale(
    project: Project, old: str, new: str, changed: list[str]
) -> None:
    project.config_file.write_text(
        "engines: {text: {type: pdf-text}}\n"
        "backends: {rules: {engine: text, extractor: rules}, gemini: {extractor: gemini}, codes: {extractor: codes}}\n"
    )

    def keys(text: str) -> dict[str, str]:
        write_schema(project.root, text)
        backends = load_backends(project)
        state = backends["rules"].schemas["delivery_notes"].state
        assert not backends["codes"].reads_schema(state)
        assert backends["codes"].reads_schema(None)
        assert all(backend.input_of_schema("key", None) == "key" for backend in backends.values())
        return {name: backend.input_of_schema("key", state) for name, backend in backends.items()}

    before, now = keys(SCHEMA), keys(SCHEMA.replace(old, new, 1))
    assert sorted(name for name in ("rules", "gemini") if before[name] != now[name]) == changed


def test_values_and_rows_are_stored_and_loaded(warehouse: Warehouse, notes: DocumentSchema, tmp_path: Path) -> None:
    values = notes.model.model_validate({**VALUES, "items": [*VALUES["items"], {}]})  # type: ignore[misc]
    label = Label(invoice=values, alternatives={"delivery_date": ["2026-03-06"]})
    invoice = Label(invoice=Invoice.model_validate({"total_amount": "1.50"}))
    rows = tables.empty(tables.labels.LABEL_TABLES)
    for name, of_document in (("note", label), ("bill", invoice)):
        tables.labels.add_label(rows, name, "shop", run_id="r", label=of_document, label_sha256="l")
    warehouse.replace(("document_id",), [("note",), ("bill",)], rows)
    loaded = tables.labels.valid_labels(warehouse)
    assert loaded["note"].invoice == values
    assert loaded["note"].alternatives == label.alternatives
    assert loaded["bill"] == invoice
    new = tables.empty(tables.extractions.EXTRACTION_TABLES)
    for name, extraction in (("note", Extraction(invoice=values)), ("bill", Extraction(invoice=invoice.invoice))):
        tables.extractions.add_extraction(
            new, name, "b", ExtractionOutcome(extraction=extraction), engine=None, extractor="x", ocr_seconds=None,
            engine_fingerprint=None, extractor_fingerprint="f", result_key="k", run_id="r",
        )  # fmt: skip
    warehouse.replace(tables.extractions.EXTRACTION_KEY, [("note", "b"), ("bill", "b")], new)
    found = tables.extractions.extractions(warehouse, "b")
    assert isinstance(note := found["note"], Extraction)
    assert note.invoice == values
    assert isinstance(bill := found["bill"], Extraction)
    assert isinstance(bill.invoice, Invoice)
    assert warehouse.rows("SELECT DISTINCT list, column_name FROM extracted_rows WHERE value = 'true'") == [
        {"list": "items", "column_name": "damaged"}
    ]
    assert warehouse.rows("SELECT count(*) AS n FROM extracted_line_items") == [{"n": 0}]


def test_scores_follow_the_rules_of_the_schema(project: Project, notes: DocumentSchema) -> None:
    label = Label(invoice=notes.model.model_validate(VALUES))
    read = notes.model.model_validate(
        {
            **VALUES,
            "delivery_number": "LS-1013",  # two edits: `compare` allows them
            "signed": False,
            "status": "partial",
            "freight": None,
            "items": [{"article": "A-2", "description": "Nuts", "quantity": 3, "unit": "pcs", "damaged": True}],
        }
    )
    rules = load_rules(project.evaluation_file)
    scores = {score.field: score for score in score_document(label, Extraction(invoice=read), rules)}
    assert list(scores) == list(notes.field_kinds)
    assert (scores["delivery_number"].outcome, scores["delivery_number"].outcome_lenient) == ("wrong", "correct")
    assert [scores[name].outcome for name in ("signed", "status", "freight", "supplier")] == [
        "wrong",
        "wrong",
        "missing",
        "correct",
    ]
    assert (scores["signed"].truth, scores["signed"].prediction) == ("true", "false")
    rows = score_lists(label, Extraction(invoice=read), rules)["items"]
    assert [row.outcome() for row in rows] == ["missing", "correct"]  # `unit` is not compared
    assert {score.outcome for score in score_document(label, None, rules)} == {"missing"}
    project.evaluation_file.write_text("fields: {delivery_number: {edits: 1}, total_amount: {within: 1}}\n")
    strict = score_document(label, Extraction(invoice=read), load_rules(project.evaluation_file))
    assert strict[0].outcome_lenient == "wrong"


def test_a_changed_rule_makes_only_scores_of_its_schema_stale(
    project: Project, warehouse: Warehouse, notes: DocumentSchema
) -> None:
    values = {"note": notes.model.model_validate(VALUES), "bill": Invoice.model_validate({"total_amount": "1"})}
    labels = {name: Label(invoice=of_document) for name, of_document in values.items()}
    cells = {name: Extraction(invoice=of_document) for name, of_document in values.items()}
    rows = tables.empty((*tables.labels.LABEL_TABLES, *tables.extractions.EXTRACTION_TABLES, "documents"))
    for name in values:
        tables.labels.add_label(rows, name, name, run_id="r", label=labels[name], label_sha256="l")
        tables.extractions.add_extraction(
            rows, name, "b", ExtractionOutcome(extraction=cells[name]), engine=None, extractor="x", ocr_seconds=None,
            engine_fingerprint=None, extractor_fingerprint="f", result_key="k", run_id="r",
        )  # fmt: skip
    now = date(2026, 1, 1).isoformat()
    rows["documents"] = [
        {
            "document_id": name,
            "dataset": name,
            "path": name,
            "status": "ok",
            "updated_at": now,
            "schema_name": "delivery_notes" if name == "note" else None,
        }
        for name in values
    ]
    warehouse.replace(("document_id",), [(name,) for name in values], rows)
    rules = load_rules(project.evaluation_file)
    scored = score_backend("b", labels, cells, {name: name for name in values}, rules)
    made = NewScores(backend="b", documents=scored, origins=tables.scores.origins(warehouse, "b"))
    tables.scores.replace_scores(warehouse, [made], rules=rules, run_id="r")
    assert states(warehouse, Scoring.by(["b"], rules)).notice() is None
    evaluated = evaluation_identity(project, load_backends(project), warehouse)
    write_schema(project.root, SCHEMA.replace("{edits: 2}", "{edits: 1}"))
    other = load_rules(project.evaluation_file)
    assert other.fingerprint_of(["total_amount"]) == rules.fingerprint_of(["total_amount"]) == rules.fingerprint
    assert other.fingerprint_of(["delivery_number"]) != rules.fingerprint_of(["delivery_number"])
    assert evaluation_identity(project, load_backends(project), warehouse) != evaluated
    fields = {"bill": "total_amount", "note": "delivery_number"}
    entries: Any = [
        SimpleNamespace(evaluation_id=name, field=field, rules=rules.fingerprint_of([field]), scoring_version=1)
        for name, field in fields.items()
    ]
    assert of_rules(entries, rules, 1) == entries
    assert of_rules(entries, other, 1) == entries[:1]
    assert {name: found.document_type for name, found in tables.documents.document_features(warehouse).items()} == {
        "bill": None,
        "note": "delivery_notes",
    }
    changed = Scoring.by(["b"], other)
    found = states(warehouse, changed)
    assert found.notice("bill") is None
    assert found.notice("note") is not None
    assert {score.document_id for score in tables.scores.current(warehouse, changed)} == {"bill"}


def test_labels_that_break_a_constraint_are_doubtful(notes: DocumentSchema) -> None:
    good = Label(invoice=notes.model.model_validate(VALUES))
    bad = Label(invoice=notes.model.model_validate({**VALUES, "total_quantity": 6, "order_date": "2026-04-01"}))
    issues = constraint_issues({"a": good, "b": bad}, {"delivery_notes": notes})
    assert {(issue.document_id, issue.field) for issue in issues} == {
        ("b", "total_quantity"),
        ("b", "delivery_date"),
        ("b", "order_date"),
    }
