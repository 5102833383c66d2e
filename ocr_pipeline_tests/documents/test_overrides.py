from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import labels_sha256, load_decided_label
from ocr_pipeline.documents.overrides import Choice, Decision, load_overrides, write_decision
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_image, add_label


def decision(choice: Choice, label: str | None, value: str | None = None, **more: Any) -> Decision:
    return Decision(choice=choice, label=label, value=value, decided_on=date(2026, 11, 25), **more)


@pytest.fixture
def image(project: Project) -> Path:
    path = add_image(project, "a.png")
    add_label(path, total_amount="8.20", supplier_name="ACME", due_date="2018-03-05")
    return path


def decide(project: Project, field: str, what: Decision) -> Any:
    write_decision(project.data, "a", field, what)
    (source,) = find_documents(project.data)
    return load_decided_label(source)


def test_a_decision_is_applied_to_the_label(project: Project, image: Path) -> None:
    decide(project, "total_amount", decision("value", "8.2", "9.00"))
    result = decide(project, "due_date", decision("value", "2018-03-05", None))
    assert (str(result.label.invoice.total_amount), result.label.invoice.due_date) == ("9.00", None)
    assert result.label.labelled_fields == ["supplier_name", "due_date", "total_amount"]
    assert str(result.file.invoice.total_amount) == "8.20"
    assert set(result.decisions) == {"total_amount", "due_date"}
    assert "8.20" in image.with_name("a.png.json").read_text()


def test_both_values_are_accepted(project: Project, image: Path) -> None:
    result = decide(project, "supplier_name", decision("both", "ACME", "Acme Holding"))
    assert result.label.invoice.supplier_name == "ACME"
    assert result.label.alternatives == {"supplier_name": ["Acme Holding"]}


def test_a_label_decided_as_right_is_unchanged(project: Project, image: Path) -> None:
    result = decide(project, "total_amount", decision("label", "8.20", "9.00", note="torn, but legible"))
    assert result.label == result.file
    assert result.decisions["total_amount"].note == "torn, but legible"


def test_a_decision_about_another_value_no_longer_applies(project: Project, image: Path) -> None:
    add_label(image, total_amount="8.50")
    result = decide(project, "total_amount", decision("value", "8.20", "9.00"))
    assert str(result.label.invoice.total_amount) == "8.50"
    assert result.decisions == {}
    assert decide(project, "supplier_name", decision("value", "ACME", "Other")).decisions == {}


def test_a_decision_changes_the_version_of_the_label(project: Project, image: Path) -> None:
    (before,) = find_documents(project.data)
    result = decide(project, "total_amount", decision("value", "8.20", "9.00"))
    (after,) = find_documents(project.data)
    assert result.sha256 == labels_sha256(after) != labels_sha256(before)


def test_invalid_overrides_are_reported_without_the_value(project: Project, image: Path) -> None:
    with pytest.raises(DocumentError, match=r"^Invalid override: invoice\.total_amount: ") as raised:
        decide(project, "total_amount", decision("value", "8.20", "SECRET"))
    assert "SECRET" not in str(raised.value)
    path = write_decision(project.data, "b", "total_amount", decision("label", "1"))
    path.write_text('{"document_id": "b", "fields": {"total": {}}}')
    with pytest.raises(DocumentError, match="Invalid override"):
        load_overrides(path)
    with pytest.raises(DocumentError, match="Invalid override"):
        write_decision(project.data, "b", "total_amount", decision("label", "1"))


def test_a_folder_that_cannot_be_written_to(project: Project) -> None:
    (project.data / "overrides").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_decision(project.data, "a", "total_amount", decision("label", "1"))
