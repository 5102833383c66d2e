"""The review through the database: what is accepted, what `review` shows, and how accepted documents turn out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.settings import Rules, load_rules
from ocr_pipeline.inspection.review import accepted_errors
from ocr_pipeline.operation.reviewing import Reviewed, reviews
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse, utc_now

LABELLED, NEW = 120, 40
BACKEND = "page-width"
FIELDS = ("supplier_name", "total_amount")


def values_of(number: int) -> dict[str, str]:
    return {"supplier_name": f"Shop {number}", "total_amount": f"{number}.00"}


def label(key: str, values: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a label."""
    return {
        "labels": [
            {"document_id": key, "dataset": "shop", "status": "ok", "label_sha256": "x", "updated_at": utc_now()}
        ],
        "ground_truth": [
            {
                "document_id": key,
                "field": name,
                "value": value,
                "value_amount": Decimal(value) if name == "total_amount" else None,
            }
            for name, value in values.items()
        ],
    }


def stored(project: Project, *, foreign: str = "n3") -> Warehouse:
    """Labelled documents (d…), of which those with little evidence are wrong, and new ones (n…): the odd ones are not sure."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in (
            "documents",
            "labels",
            "ground_truth",
            "extractions",
            "extracted_fields",
            "confidences",
            "ocr_words",
        )
    }
    keys = [f"d{number}" for number in range(LABELLED)] + [f"n{number}" for number in range(NEW)]
    for number, key in enumerate(keys):
        known = {"document_id": key, "backend": BACKEND}
        is_labelled, sure = key.startswith("d"), number % 4 != 1
        right = sure or number % 8 == 1
        rows["documents"].append(
            {"document_id": key, "dataset": "shop", "path": key, "status": "ok", "updated_at": utc_now()}
        )
        rows["extractions"].append(
            {
                **known,
                "engine": "pixel",
                "extractor": "x",
                "status": "ok",
                "extractor_fingerprint": "x",
                "updated_at": utc_now(),
                "country": "SE" if key == foreign else "MY",
                "country_margin": 0.5,
            }
        )
        if is_labelled:
            truth = values_of(number) if right else {**values_of(number), "total_amount": "0.01"}
            for table, added in label(key, truth).items():
                rows[table] += added
        for name, value in values_of(number).items():
            rows["extracted_fields"].append({**known, "field": name, "value": value})
            rows["confidences"].append(
                {
                    **known,
                    "dataset": "shop",
                    "field": name,
                    "prediction": value,
                    "correct": (right or name == "supplier_name") if is_labelled else None,
                    "features": {"score": 0.9 if sure else 0.3, "agree_value": float(sure)},
                    "computed_at": utc_now(),
                }
            )
        box = {"page": 1, "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0, "line": 0}
        for index, text in enumerate(("total", "cash")):
            rows["ocr_words"].append({"document_id": key, "engine": "pixel", "word": index, "text": text, **box})
    warehouse = Warehouse(project.database)
    warehouse.replace_all(rows)
    return warehouse


@pytest.fixture
def made(project: Project) -> Callable[..., Reviewed]:
    """Reviews the data set, and stores it."""
    warehouse = stored(project)

    def review(**accept: Any) -> Reviewed:
        rules = Rules.model_validate({"accept": {"target": 0.05, "check_share": 1.0, **accept}})
        (found,), _ = reviews(warehouse, load_backends(project), rules)
        tables.review.replace_review(warehouse, found.rows, list(found.proofs()), "r")
        return found

    return review


def rows_of(project: Project) -> dict[str, Any]:
    return {row.document_id: row for row in tables.review.review(Warehouse(project.database), {})}


def test_sure_documents_are_accepted_and_the_others_say_why(project: Project, made: Callable[..., Reviewed]) -> None:
    found = made()
    assert (found.backend, found.fields) == (BACKEND, list(FIELDS))  # those that labels have
    assert found.result.proof.errors == 0
    rows = rows_of(project)
    assert len(rows) == LABELLED + NEW
    assert {key for key, row in rows.items() if row.status == "accepted" and key.startswith("n")} == {
        f"n{number}" for number in range(NEW) if number % 4 != 1 and number != 3
    }
    assert rows["n3"].sentence == "country SE: 0 labelled documents, 20 needed"
    assert rows["n3"].fields == list(FIELDS)
    assert rows["n1"].fields[0] == "total_amount"
    assert rows["n1"].reasons["total_amount"].startswith("backends disagree (confidence 0.")
    assert rows["n0"].accepted_values == values_of(LABELLED)
    assert (rows["n0"].sampled, rows["n1"].sampled, rows["d0"].sampled) == (True, False, False)
    assert rows["d0"].accepted_at is None


def test_values_that_were_accepted_before_their_schema_changed(project: Project, made: Callable[..., Reviewed]) -> None:
    made()
    warehouse = Warehouse(project.database)
    with warehouse.connect(read_only=False) as connection:
        connection.execute("UPDATE review SET accepted_values = MAP {'total_amount': 'ten', 'freight': '1'}")
    warehouse.replace(["document_id"], [("n0",)], label("n0", values_of(LABELLED)))
    made()
    assert rows_of(project)["n0"].accepted_right is None


def test_a_failed_document_is_to_be_looked_at(project: Project, made: Callable[..., Reviewed]) -> None:
    warehouse = Warehouse(project.database)
    cell = {"document_id": "n0", "backend": BACKEND, "extractor": "x", "extractor_fingerprint": "x"}
    failed = {**cell, "status": "failed", "reason": "ocr_failed", "message": "No words.", "updated_at": utc_now()}
    warehouse.replace(["document_id"], [("n0",)], {"extractions": [failed]})
    made()
    row = rows_of(project)["n0"]
    assert (row.status, row.sentence, row.fields) == ("check", "not read: No words.", list(FIELDS))


def test_a_document_whose_schema_lacks_a_chosen_field_is_never_accepted(
    project: Project, made: Callable[..., Reviewed]
) -> None:
    folder = project.root / "schemas" / "note"
    folder.mkdir(parents=True)
    (folder / "schema.yaml").write_text("title: Note\nfields: {supplier_name: {kind: name}}\n")
    with Warehouse(project.database).connect(read_only=False) as connection:
        connection.execute("UPDATE documents SET schema_state = 'note x y' WHERE document_id = 'n0'")
    made()
    row = rows_of(project)["n0"]
    assert (row.status, row.sentence) == ("check", "its schema has no total_amount")
    assert (row.fields, row.confidence, row.labelled) == (["supplier_name"], None, False)


def test_settings_choose_fields_and_backend(made: Callable[..., Reviewed]) -> None:
    assert made(fields=["supplier_name"]).result.proof.sentence.startswith(
        "accept 100 % of documents (120 of 120; 0 wrong"
    )
    with pytest.raises(ConfigurationError, match="accept: unknown backend 'x'; available: pixel"):
        made(backend="x")


def test_accepted_documents_that_turn_out_wrong_raise_an_alarm(project: Project, made: Callable[..., Reviewed]) -> None:
    made()
    first = rows_of(project)["n0"].accepted_at
    warehouse = Warehouse(project.database)
    made()
    assert rows_of(project)["n0"].accepted_at == first
    checked = [key for key, row in rows_of(project).items() if row.sampled][:6]
    for position, key in enumerate(checked):
        number = LABELLED + int(key[1:])
        values = values_of(number) if position > 2 else {**values_of(number), "total_amount": "7.77"}
        warehouse.replace(["document_id"], [(key,)], label(key, values))
    made()
    rows = rows_of(project)
    assert [rows[key].accepted_right for key in checked] == [False, False, False, True, True, True]
    assert rows[checked[0]].accepted_at is not None
    with warehouse.snapshot() as snapshot:
        (counted,) = accepted_errors(snapshot)
    assert (counted.checked, counted.wrong, counted.is_above) == (6, 3, True)
    assert (
        counted.sentence == "6 accepted documents checked later: 3 wrong, 15.3% to 84.7% with 95 % confidence each way"
    )


def test_the_section_is_no_rule_of_comparing(project: Project) -> None:
    project.evaluation_file.write_text("accept: {fields: [total_amount], target: 0.01, backend: page-width}\n")
    rules = load_rules(project.evaluation_file)
    assert (rules.accept.fields, rules.accept.target) == (("total_amount",), 0.01)
    assert rules.fingerprint == Rules().fingerprint
    project.evaluation_file.write_text("accept: {fields: [totl]}\n")
    with pytest.raises(ConfigurationError, match="unknown field totl"):
        load_rules(project.evaluation_file)
