"""Which documents are scored, and what other labels would change."""

from typing import Any

from ocr_pipeline.evaluation.scoring.relabel import effect
from ocr_pipeline.evaluation.scoring.stage import label_versions, labelled_datasets, score_backend
from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.schemas import DocumentFailure, Extraction, Invoice, Label


def label(**fields: Any) -> Label:
    return Label.model_validate({"invoice": fields})


def read(**fields: Any) -> Extraction:
    return Extraction(invoice=Invoice.model_validate(fields))


LABELS = {"a": label(total_amount="1.00"), "b": label(total_amount="2.00", invoice_id="7"), "c": label()}
DATASETS = {"a": "demo", "b": "shop", "c": "shop", "d": "shop"}
FAILURE = DocumentFailure(reason="unreadable", message="broken")


def test_only_documents_with_a_file_and_a_labelled_field_can_be_scored() -> None:
    gone = {**LABELS, "e": label(total_amount="3.00")}
    assert labelled_datasets(gone, DATASETS) == {"a": "demo", "b": "shop"}


def test_each_data_set_has_a_version_of_its_own_labels() -> None:
    versions = label_versions(LABELS, {"a": "demo", "b": "shop"})
    assert versions == {"demo": label_version({"a": LABELS["a"]}), "shop": label_version({"b": LABELS["b"]})}


def test_what_has_no_label_is_left_out_and_a_failure_misses_all_that_the_label_has() -> None:
    extractions: dict[str, Extraction | DocumentFailure] = {
        "a": read(total_amount="1.00"),
        "b": FAILURE,
        "d": read(total_amount="4.00"),
    }
    scores = score_backend("x", LABELS, extractions, DATASETS)
    assert [(score.document_id, score.dataset, score.backend) for score in scores] == [
        ("a", "demo", "x"),
        ("b", "shop", "x"),
    ]
    assert [[(field.field, field.outcome) for field in score.fields] for score in scores] == [
        [("total_amount", "correct")],
        [("invoice_id", "missing"), ("total_amount", "missing")],
    ]


def test_other_labels_are_scored_against_the_same_extractions() -> None:
    changed = effect(
        "x",
        {"a": LABELS["a"]},
        {"a": label(total_amount="9.00", invoice_id="8")},
        {"a": read(total_amount="1.00")},
        DATASETS,
    )
    assert (changed.backend, changed.before, changed.after) == ("x", Counts(correct=1), Counts(wrong=1, missing=1))
    assert (changed.before.f1, changed.after.f1) == (1.0, 0.0)
