"""Documents in a bucket: here a folder that is opened as one; `scale/test_s3.py` has the same with S3."""

import os
import shutil
from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.deployment import DEPLOYMENT_FILE
from ocr_pipeline.documents import bucket_files
from ocr_pipeline.documents.file_state import document_state, label_state, unchanged_since
from ocr_pipeline.documents.find import data_path, find_documents, not_documents
from ocr_pipeline.documents.labels import load_decided_label, write_label
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_unchanged, read_bytes, sha256_of
from ocr_pipeline.documents.stage import ingest_all
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.inspection.pack import pack_case
from ocr_pipeline.object_store import Bucket
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.defs.test_runner import run
from ocr_pipeline_tests.files import image_bytes

LABEL = '{"invoice": {"total_amount": "40.00"}}'


@pytest.fixture
def bucket(tmp_path: Path, project: Project) -> Path:
    """The bucket of the data set `scans`, with a labelled document."""
    folder = tmp_path / "bucket"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "a b.png").write_bytes(image_bytes())
    (folder / "2026" / "a b.png.json").write_text(LABEL)
    deploy(project, folder)
    return folder


def deploy(project: Project, folder: Path) -> None:
    (project.root / DEPLOYMENT_FILE).write_text(f"documents: [{{name: scans, url: file://{folder}}}]\n")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of objects whose content was fetched."""
    keys: list[str] = []
    fetch = Bucket.fetch

    def noted(self: Bucket, name: str) -> object:
        keys.append(name)
        return fetch(self, name)

    monkeypatch.setattr(Bucket, "fetch", noted)
    return keys


def test_objects_are_documents_with_their_labels(project: Project, bucket: Path, fetched: list[str]) -> None:
    (bucket / "2026" / "b.png.part").write_bytes(b"")
    (bucket / "empty").mkdir()
    (bucket / "dataset.yaml").write_text("schema: invoice\n")
    (bucket / "e.xml").write_text("<html></html>")
    [source] = find_documents(project.data)
    assert (source.dataset, source.document_id.rpartition("-")[0]) == ("scans", "scans-2026-a-b")
    assert data_path(source.path, project.data) == "documents/scans/2026/a b.png"
    assert {kind: [path.name for path in paths] for kind, paths in not_documents(project.data).items()} == {
        "unfinished": ["b.png.part"],
        "xml": ["e.xml"],
    }
    assert "2026/a b.png" not in fetched, "a listing reads no document"

    [(_, document, failure)] = ingest_all([source], Limits())
    assert failure is None
    assert document is not None
    assert document.sha256 == sha256_of(image_bytes())
    decided = load_decided_label(source)
    assert decided is not None
    assert str(decided.label.invoice.model_dump()["total_amount"]) == "40.00"
    assert not source.path.exists(), "the path is a name"
    assert open_unchanged(source.path, document.sha256, Limits()).path == source.path


def test_ids_are_those_of_a_folder_of_the_same_name(project: Project, bucket: Path) -> None:
    [in_bucket] = find_documents(project.data)
    (project.root / DEPLOYMENT_FILE).unlink()
    (bucket).rename(project.data / "documents" / "scans")
    [local] = find_documents(project.data)
    assert local.document_id == in_bucket.document_id


def test_an_object_is_fetched_once_and_again_after_each_change(
    project: Project, bucket: Path, fetched: list[str]
) -> None:
    path, other = bucket / "2026" / "a b.png", bucket / "new.png"
    before = path.stat()
    [source] = find_documents(project.data)
    state, labels = document_state(source), label_state(source)
    for _ in range(3):
        assert read_bytes(source.path, Limits()) == image_bytes()
    assert fetched == ["2026/a b.png"]
    assert unchanged_since(state, document_state, source) == state

    changed = bytes(reversed(image_bytes()))
    other.write_bytes(changed)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)  # same size and time: only the ETag differs
    bucket_files._opened.cache_clear()
    [source] = find_documents(project.data)
    assert document_state(source) != state
    assert label_state(source) == labels
    assert read_bytes(source.path, Limits()) == changed
    with pytest.raises(DocumentError, match="changed after it was ingested"):
        open_unchanged(source.path, sha256_of(image_bytes()), Limits())


def test_a_damaged_copy_is_fetched_again(project: Project, bucket: Path) -> None:
    [source] = find_documents(project.data)
    bucket_files.local_copy(source.path).write_bytes(b"damaged")
    assert open_unchanged(source.path, sha256_of(image_bytes()), Limits()).content == image_bytes()


@pytest.mark.slow
def test_the_whole_pipeline_on_documents_in_a_bucket(project: Project, bucket: Path, fetched: list[str]) -> None:
    first = run(project)
    assert (first.cells["raw_documents"], first.cells["ocr_text"], first.cells["extractions"]) == (1, 2, 3)
    shutil.rmtree(project.data / bucket_files.CACHE)
    fetched.clear()
    assert run(project).cells == {}
    assert fetched == [], "an unchanged object is not read"
    run_pipeline(project, find_documents(project.data), ["page-width"], Recorder(), rehash=True)
    assert sorted(fetched) == ["2026/a b.png", "2026/a b.png.json"]
    assert list((project.report / "images").iterdir()), "the report shows the page"
    [source] = find_documents(project.data)
    warehouse = Warehouse(project.database)
    target = project.root / "pack.zip"
    names = pack_case(project, load_backends(project), warehouse, source.document_id, target, [])
    assert {"document.png", "label.json"} <= set(names)
    (bucket / "2026" / "a b.png").write_bytes(image_bytes(99))
    assert run(project).cells["raw_documents"] == 1
    (bucket / "2026" / "a b.png").unlink()
    assert len(run(project).gone) == 1


def test_a_process_that_lists_nothing_asks_for_one_object(
    project: Project, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reads one document; listing a large bucket for that would take longer than reading it."""
    [source] = find_documents(project.data)
    bucket_files._opened.cache_clear()
    monkeypatch.setattr(Bucket, "list", None)
    assert read_bytes(source.path, Limits()) == image_bytes()
    assert not bucket_files.is_file(source.path.with_name("none.png"))


def test_a_worker_without_the_project_folder_uses_its_own(
    project: Project, bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = find_documents(project.data)
    elsewhere = tmp_path / "no" / "such" / "project" / source.path.relative_to(project.root)
    assert read_bytes(elsewhere, Limits()) == image_bytes()
    monkeypatch.delenv("OCR_PIPELINE_HOME")
    with pytest.raises(DocumentError, match="does not exist"):
        read_bytes(elsewhere, Limits())


def test_errors_of_one_document_and_of_the_bucket(project: Project, bucket: Path) -> None:
    [source] = find_documents(project.data)
    with pytest.raises(DocumentError) as caught:
        read_bytes(source.path, Limits(max_bytes=10))
    assert caught.value.reason == "too_large"
    (bucket / "2026" / "a b.png").unlink()
    with pytest.raises(DocumentError) as caught:
        read_bytes(source.path, Limits())
    assert caught.value.reason == "missing_file"
    [(_, _, failure)] = ingest_all([source], Limits())
    assert failure is not None
    assert failure.reason == "missing_file"
    (project.data / "documents" / "scans").mkdir()
    with pytest.raises(
        ConfigurationError, match=r"The data set scans is in deployment\.yaml and in data/documents/scans"
    ):
        find_documents(project.data)
    deploy(project, bucket / "gone")
    (project.data / "documents" / "scans").rmdir()
    os.utime(project.root / DEPLOYMENT_FILE, (1, 1))
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        find_documents(project.data)


def test_labels_are_written_to_the_bucket_and_deleted_there(project: Project, bucket: Path) -> None:
    [source] = find_documents(project.data)
    assert source.label is not None
    write_label(source.label, LABEL.replace("40", "41"))
    assert "41.00" in (bucket / "2026" / "a b.png.json").read_text()
    [source] = find_documents(project.data)
    assert source.label is not None
    bucket_files.delete_file(source.label)
    assert not (bucket / "2026" / "a b.png.json").exists()
    [source] = find_documents(project.data)
    assert source.label is None
