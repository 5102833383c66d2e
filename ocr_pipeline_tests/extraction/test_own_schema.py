"""Documents of a project's own schema through the extractors that combine, learn and import."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import SchemaSpec
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, MemberResults
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.codes.extractor import CodesExtractor
from ocr_pipeline.extraction.ensemble import EnsembleExtractor
from ocr_pipeline.extraction.external.extractor import External
from ocr_pipeline.extraction.later import LaterMembers, MemberAnswer
from ocr_pipeline.extraction.learned import LearnedExtractor
from ocr_pipeline.schemas import Evidence, Extraction, Label, OcrText
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import train_model
from ocr_pipeline_tests.delivery_notes import VALUES, delivery_notes
from ocr_pipeline_tests.evaluation.words import text_of


def document(schema: DocumentSchema, **given: Any) -> ExtractionInput:
    def no_pages() -> Any:
        raise AssertionError("it looks at no page")

    return ExtractionInput(**{"document_id": "new", "open": no_pages, "text": None, "schema": schema, **given})


def gave(schema: DocumentSchema, score: float, **values: Any) -> Extraction:
    place = Evidence(page=1, text="x", box=(0.1, 0.1, 0.2, 0.2), words=[3], method="keyword", score=score)
    return Extraction(invoice=schema.model.model_validate(values), evidence=dict.fromkeys(values, place), cost_usd=0.0)


def test_an_ensemble_votes_on_every_kind_and_takes_whole_lists(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    given: Mapping[str, Extraction] = {
        "a": gave(schema, 0.9, signed=True, status="partial", tax_number="DE 123456789", freight="12.5"),
        "b": gave(schema, 0.9, signed=False, status="complete", tax_number="DE123456789", items=VALUES["items"]),
        "c": gave(schema, 0.9, signed=True, status="complete", freight="12.50", delivery_date="2026-03-05"),
    }
    ensemble = EnsembleExtractor(of=["a", "b", "c"])
    result = ensemble.extract(document(schema, members=MemberResults(given, seconds=1.0, cost_usd=0.0)))
    values = result.invoice
    assert (values.signed, values.status, values.freight) == (True, "complete", Decimal("12.5"))
    assert (values.tax_number, values.delivery_date) == ("DE 123456789", date(2026, 3, 5))
    assert [row.article for row in values.items] == ["A-1", "A-2"]
    assert result.evidence["tax_number"].score == pytest.approx(2 / 3)


@pytest.mark.parametrize("combining", [EnsembleExtractor(of=["a", "b"]), CascadeExtractor(of=["a", "b"])])
def test_members_that_were_run_before_the_schema_changed(
    combining: EnsembleExtractor | CascadeExtractor, tmp_path: Path
) -> None:
    """One of them has a field that is gone, the other lacks a new one, and its rows a column."""
    spec = {"title": "Own", "fields": {"x": {"kind": "text"}}, "lists": {"items": {"columns": {"y": {"kind": "text"}}}}}
    gone = {**spec, "fields": {**spec["fields"], "z": {"kind": "text"}}}  # type: ignore[dict-item]
    now = json.loads(json.dumps(spec))
    now["fields"]["new"] = {"kind": "money"}
    now["lists"]["items"]["columns"]["more"] = {"kind": "date"}
    before, without, after = (DocumentSchema("own", SchemaSpec.model_validate(entry)) for entry in (gone, spec, now))
    given = {"a": gave(without, 0.95, x="right", items=[{"y": "1"}]), "b": gave(before, 0.9, x="other", z="gone")}
    asked = LaterMembers({"b": lambda: MemberAnswer(None, None, 0.0, 0.0, [], stored=True)})
    members = MemberResults(given, seconds=1.0, cost_usd=0.0, later=asked)
    values = combining.extract(document(after, members=members)).invoice
    assert type(values) is after.model
    assert (values.x, values.new, [row.y for row in values.items]) == ("right", None, ["1"])
    with pytest.raises(DocumentError, match="has a result for this document"):
        combining.extract(document(after, members=replace(members, extractions={"b": given["b"]})))


def test_an_ensemble_does_not_repeat_what_a_schema_says_against_one_member(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    broken = schema.model.model_validate({**VALUES, "total_quantity": "7"})
    [warning] = schema.warnings(broken)
    member = Extraction(invoice=broken, warnings=["The page is pale.", warning])
    given = {"a": gave(schema, 0.9, **VALUES), "b": member, "c": gave(schema, 0.9, **VALUES)}
    ensemble = EnsembleExtractor(of=["a", "b", "c"])
    result = ensemble.extract(document(schema, members=MemberResults(given, seconds=1.0, cost_usd=0.0)))
    assert result.invoice.total_quantity == 5
    assert result.warnings == ["The page is pale."]


def test_a_cascade_asks_the_next_member_about_required_fields(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    asked = []

    def ask() -> MemberAnswer:
        asked.append("b")
        return MemberAnswer(gave(schema, 0.9, delivery_number="LS-2", remarks="new"), None, 1.0, 0.0, [], stored=True)

    def run(score: float) -> Any:
        first = {"a": gave(schema, score, delivery_number="LS-1", signed=True)}
        members = MemberResults(first, 1.0, 0.0, LaterMembers({"b": ask}))
        return CascadeExtractor(of=["a", "b"]).extract(document(schema, members=members)).invoice

    sure = run(0.95)
    assert (sure.delivery_number, asked) == ("LS-1", [])
    unsure = run(0.4)
    assert (unsure.delivery_number, unsure.remarks, unsure.signed, asked) == ("LS-2", "new", True, ["b"])


def imported(of: DocumentSchema, row: Mapping[str, Any], /, **options: Any) -> Extraction:
    return External(**options).extract(document(of, prediction=lambda: json.dumps(row)))


def test_a_prediction_is_mapped_by_the_kinds_of_the_schema(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    row = {**VALUES, "signed": "yes", "status": "COMPLETE", "freight": 12.5, "total_quantity": "5"}
    result = imported(schema, {**row, "evidence": {"items.0.article": {"page": 1, "box": [0, 0, 0.5, 0.1]}}})
    assert result.invoice == schema.model.model_validate(VALUES)
    assert result.evidence["items.0.article"].box == (0, 0, 0.5, 0.1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signed", "perhaps"),
        ("status", "lost"),
        ("delivery_date", "05.03.2026"),
        ("freight", "12,50"),
        ("remarks", [1]),
    ],
)
def test_what_a_field_cannot_have_is_unreadable_and_scores_as_wrong(tmp_path: Path, field: str, value: Any) -> None:
    result = imported(delivery_notes(tmp_path), {**VALUES, field: value})
    assert list(result.unreadable) == [field]
    assert getattr(result.invoice, field) is None


def test_fields_are_mapped_for_the_schema_that_the_options_name(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    options = {
        "schema": "delivery_notes",
        "fields": {"delivery_number": "head.no", "items": "lines"},
        "decimal_separator": ",",
    }
    row = {"head": {"no": "LS-9"}, "lines": [{"article": "A", "quantity": "1,5"}], "freight": "1.234,50"}
    values = imported(schema, row, **options).invoice
    assert (values.delivery_number, values.items[0].quantity, values.freight) == (
        "LS-9",
        Decimal("1.5"),
        Decimal("1234.50"),
    )
    with pytest.raises(ConfigurationError, match="maps 'number', which the schema delivery_notes does not have"):
        imported(schema, row, schema="delivery_notes", fields={"number": "x"})
    assert "schema" not in External().fingerprint(), "predictions of invoices stay current"


SHOPS = ["Alpha Timber", "Bravo Tiles", "Charlie Paper", "Delta Steel", "Echo Garden", "Foxtrot Foods", "Golf Glass"]


def notes(schema: DocumentSchema, count: int, seed: int = 0) -> list[Example]:
    """Labelled notes on which two numbers are called the same: the one further down is the right one."""
    luck = random.Random(seed)
    found = []
    for number in range(count):
        wrong, right = luck.randrange(1000, 9999), luck.randrange(1000, 9999)
        text = text_of(
            luck.choice(SHOPS),
            f"Number: {wrong}",
            "Some words about the goods that were delivered",
            f"Number: {right}",
            f"Weight: {luck.randrange(10, 90)}.50 kg",
        )
        label = Label(invoice=schema.model.model_validate({"number": str(right)}))
        found.append(Example(f"n{number:03}", f"n{number:03}", text, label, str(number), schema))
    return found


def test_a_model_learns_the_fields_of_a_schema_from_its_labels(tmp_path: Path) -> None:
    fields = {"number": {"kind": "identifier", "keywords": ["Number"]}, "weight": {"kind": "quantity"}}
    schema = DocumentSchema("notes", SchemaSpec.model_validate({"title": "Note", "fields": fields}))
    learned = LearnedExtractor()
    learned.use(tmp_path / "rapidocr.json")
    before = learned.schema_key(schema)

    def right(examples: list[Example]) -> int:
        values = [learned.extract(document(schema, document_id=e.document_id, text=e.text)).invoice for e in examples]
        return sum(got.number == e.label.invoice.number for got, e in zip(values, examples, strict=True))

    fresh = notes(schema, 12, seed=1)
    untrained = right(fresh)
    model = train_model(notes(schema, 40), "rapidocr", schema)
    assert model is not None
    assert list(model.fields) == ["number"], "the weight has one candidate: there is nothing to choose"
    model.save(tmp_path / "rapidocr@notes.json")
    learned.use(tmp_path / "rapidocr.json")
    assert untrained <= 2
    assert right(fresh) >= 11
    assert learned.schema_key(schema) != before, "another model, other results"
    assert learned.input_of("n001", "key") != learned.input_of("n999", "key"), "its fold counts"
    assert learned.input_of("n999", "key") == "key", "keys of invoices stay"


@pytest.mark.parametrize(
    ("extractor", "reads"), [(External(), "any"), (LearnedExtractor(), "any"), (CodesExtractor(), "invoice")]
)
def test_who_reads_documents_of_any_schema(extractor: Any, reads: str) -> None:
    can: Capabilities = extractor.capabilities
    assert can.schemas == reads


def test_an_empty_page_has_no_values(tmp_path: Path) -> None:
    learned = LearnedExtractor()
    learned.use(tmp_path / "none.json")
    schema = delivery_notes(tmp_path)
    assert learned.extract(document(schema, text=OcrText(pages=[]))).invoice == schema.model()
