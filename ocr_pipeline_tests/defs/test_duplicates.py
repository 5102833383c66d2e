"""Duplicates through the real pipeline, and what one changed file makes stale."""

import pytest

from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.importers import import_folder
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.documents.test_duplicates import receipt
from ocr_pipeline_tests.files import add_file, encoded, image_bytes


def run(project: Project) -> RunSummary:
    return run_pipeline(project, find_documents(project.data), ["pixel+first", "page-width"], Recorder())


def rows(project: Project) -> list[tuple[str, str | None, str | None, str | None]]:
    found = Warehouse(project.database).rows("FROM duplicates ORDER BY document_id")
    return [(row["document_id"], row["duplicate_of"], row["kind"], row["split"]) for row in found]


@pytest.fixture
def twice(project: Project) -> Project:
    """A test document of one data set whose photo is in the train split of another, and a file that is there twice."""
    for name, quality, split in (("a/x.jpg", 90, "test"), ("b/y.jpg", 40, "train")):
        path = add_file(project, name, encoded(receipt(), "JPEG", quality=quality))
        path.with_name(path.name + ".json").write_text(
            Label.model_validate({"invoice": {"currency": "EUR"}, "split": split}).model_dump_json(exclude_unset=True)
        )
    add_file(project, "b/z.jpg", encoded(receipt("9-11876 28.11.2025"), "JPEG"))
    add_file(project, "c/p.png", image_bytes(50, 50))
    add_file(project, "c/q.png", image_bytes(50, 50))
    return project


EXPECTED = [
    ("a-x", None, None, "test"),
    ("b-y", "a-x", "near", "test"),
    ("c-p", None, None, None),
    ("c-q", "c-p", "exact", None),
]


@pytest.mark.slow
def test_duplicates_are_found_across_data_sets_and_compared_once(twice: Project) -> None:
    assert run(twice).cells["duplicates"] == 1
    assert rows(twice) == EXPECTED
    compared = Warehouse(twice.database).rows("FROM page_similarities")
    assert compared
    assert "duplicates" not in run(twice).cells
    add_file(twice, "c/q.png", image_bytes(51, 50))
    assert run(twice).cells["duplicates"] == 1
    assert rows(twice) == EXPECTED[:2]
    assert {row["similarity"] for row in compared} <= {
        row["similarity"] for row in Warehouse(twice.database).rows("FROM page_similarities")
    }


@pytest.mark.slow
def test_a_document_that_is_gone_is_no_duplicate(twice: Project) -> None:
    run(twice)
    (twice.data / "documents" / "a" / "x.jpg").unlink()
    run(twice)
    assert rows(twice) == EXPECTED[2:]


@pytest.mark.slow
def test_documents_that_were_taken_in_before_there_were_hashes_are_taken_in_again(twice: Project) -> None:
    run(twice)
    with Warehouse(twice.database).connect(read_only=False) as connection:
        connection.execute("UPDATE documents SET perceptual_hash = NULL WHERE document_id = 'a-x'")
    cells = run(twice).cells
    assert cells["raw_documents"] == 1
    assert "ocr_text" not in cells


@pytest.mark.slow
def test_a_changed_file_of_an_import_makes_exactly_its_own_cells_stale(project: Project) -> None:
    source = project.root.parent / "mine"
    source.mkdir()
    for number in range(4):
        (source / f"{number}.png").write_bytes(image_bytes(40 + number, 30))
    documents = project.data / "documents"
    import_folder(source, documents)
    assert run(project).cells["ocr_text"] == 4
    assert import_folder(source, documents).unchanged == 4
    assert run(project).cells == {}
    (source / "2.png").write_bytes(image_bytes(77, 30))
    report = import_folder(source, documents)
    assert (report.changed, report.unchanged) == (1, 3)
    cells = run(project).cells
    assert {asset: cells.get(asset) for asset in ("raw_documents", "ocr_text", "extractions")} == {
        "raw_documents": 1,
        "ocr_text": 1,
        "extractions": 2,
    }
    assert "ground_truth" not in cells
