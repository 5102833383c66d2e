"""Rules for documents of an own schema: what the schema says, and what `evaluation.yaml` says instead."""

from pathlib import Path

import pytest

from ocr_pipeline.document_schema.loading import load_schema
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.document import score_document, score_lists
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules, load_rules
from ocr_pipeline.evaluation.scoring.stage import score_backend
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline_tests.delivery_notes import SCHEMA, VALUES, delivery_notes, write_schema


@pytest.fixture
def notes(tmp_path: Path) -> DocumentSchema:
    return delivery_notes(tmp_path)


def load(root: Path, text: str = "") -> Rules:
    (root / "evaluation.yaml").write_text(text)
    return load_rules(root / "evaluation.yaml")


def test_evaluation_yaml_comes_before_the_schema_and_the_schema_before_the_defaults(
    tmp_path: Path, notes: DocumentSchema
) -> None:
    label = Label(invoice=notes.model.model_validate(VALUES))
    two_edits = Extraction(invoice=notes.model.model_validate({**VALUES, "delivery_number": "LS-1013"}))

    def lenient(rules: Rules) -> str:
        return score_document(label, two_edits, rules)[0].outcome_lenient

    assert lenient(DEFAULT_RULES) == "wrong", "the schema is not known: one edit"
    assert lenient(load_rules(tmp_path / "evaluation.yaml")) == lenient(load(tmp_path)) == "correct"
    assert lenient(load(tmp_path, "fields: {delivery_number: {edits: 1}}")) == "wrong"
    assert load(tmp_path).of(Invoice()).tolerance_of("invoice_id").edits == 1


def test_columns_of_its_lists_are_compared(tmp_path: Path, notes: DocumentSchema) -> None:
    label = Label(invoice=notes.model.model_validate(VALUES))
    items = [{**VALUES["items"][1], "unit": "pcs"}, {**VALUES["items"][0], "quantity": "2.01"}]  # type: ignore[index]
    answer = Extraction(invoice=notes.model.model_validate({**VALUES, "items": items}))
    for rules in (DEFAULT_RULES, load(tmp_path)):
        rows = score_lists(label, answer, rules)["items"]
        assert [row.outcome() for row in rows] == ["wrong", "correct"], "`unit` is not compared"
        assert [row.outcome("outcome_lenient") for row in rows] == ["correct", "correct"]
    assert [row.outcome() for row in score_lists(label, None)["items"]] == ["missing", "missing"]


def test_only_answers_of_the_schema_of_the_label_are_scored(notes: DocumentSchema) -> None:
    label = Label(invoice=notes.model.model_validate(VALUES))
    datasets = {"a": "shop", "b": "shop"}
    answers = {"a": Extraction(invoice=Invoice()), "b": Extraction(invoice=label.invoice)}
    [score] = score_backend("x", dict.fromkeys(answers, label), answers, datasets)
    assert (score.document_id, score.schema) == ("b", "delivery_notes")


def test_answers_from_before_the_schema_had_these_fields_are_not_scored(tmp_path: Path, notes: DocumentSchema) -> None:
    label = Label(invoice=notes.model.model_validate(VALUES))
    before = load_schema(write_schema(tmp_path, SCHEMA.replace("  freight: {kind: money, minimum: 0}\n", "")))
    answer = Extraction(invoice=before.model.model_validate({"signed": True}))
    assert score_backend("x", {"a": label}, {"a": answer}, {"a": "shop"}) == []


def test_scores_become_stale_only_where_a_rule_of_theirs_changed(tmp_path: Path, notes: DocumentSchema) -> None:
    write_schema(tmp_path, SCHEMA.replace("title: Delivery note", "title: Voucher"), "vouchers")
    before = load(tmp_path)
    write_schema(tmp_path, SCHEMA.replace("{edits: 2}", "{edits: 1}"))
    after = load(tmp_path)
    assert after.fingerprint == before.fingerprint == DEFAULT_RULES.fingerprint
    changed = {
        name for name in before.own_fingerprints if before.own_fingerprints[name] != after.own_fingerprints[name]
    }
    assert changed == {"delivery_notes"}
    assert before.own_fingerprints.keys() == {"delivery_notes", "vouchers"}
    assert all(value.startswith(f"{before.fingerprint}-") for value in before.own_fingerprints.values())
    assert after.fingerprint_of(["total_amount"]) == before.fingerprint_of(["total_amount"]) == before.fingerprint
    assert after.fingerprint_of(["total_amount", "signed"]) != before.fingerprint_of(["total_amount", "signed"])


@pytest.mark.parametrize("field", ["signed", "total_amount"])
def test_fields_of_all_schemas_may_be_accepted_together(tmp_path: Path, notes: DocumentSchema, field: str) -> None:
    assert load(tmp_path, f"accept: {{fields: [{field}]}}").accept.fields == (field,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accept: {fields: [sined]}", "evaluation.yaml, line 1: accept.fields: unknown field sined; known are "),
        ("accept: {fields: [items.article]}", "evaluation.yaml, line 1: accept.fields: unknown field items.article; "),
        (
            "fields: {signed: {edits: 1}}",
            "evaluation.yaml, line 1: fields.signed.edits: does not apply to the kind bool",
        ),
        ("fields: {items.unit: {kind: name}}", "evaluation.yaml, line 1: fields.items.unit: unknown field; known are "),
        (
            "fields: {items.article: {metrics: {}}}",
            "evaluation.yaml, line 1: fields.items.article.metrics: the columns",
        ),
    ],
)
def test_mistakes_name_the_line(tmp_path: Path, notes: DocumentSchema, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, text)
    assert str(error.value).startswith(message)
    known = str(error.value).removesuffix(".").partition("known are ")[2]
    assert ("items.article" in known) is text.startswith("fields: {items.unit"), (
        "columns are compared, and not accepted"
    )


@pytest.mark.parametrize(
    ("compare", "message"),
    [
        ("{signed: {edits: 1}}", "compare.signed.edits: does not apply to the kind boolean."),
        ("{freight: {kind: date}}", "compare.freight.kind: money cannot be compared as date."),
        ("{freight: {sharp: 1}}", "compare.freight.sharp: "),
        ("{freight: {kind: weight}}", "compare.freight.kind: unknown kind; known are "),
        (
            "{items.article: {alternatives: never}}",
            "compare.items.article.alternatives: the columns of a list have no ",
        ),
    ],
)
def test_mistakes_of_the_schema_name_its_line(tmp_path: Path, compare: str, message: str) -> None:
    text = SCHEMA.replace("{delivery_number: {edits: 2}}", compare)
    write_schema(tmp_path, text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("compare:"))
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert str(error.value).startswith(f"schemas/delivery_notes/schema.yaml, line {line}: {message}")
