"""How a plan notices that files changed: by size, times and inode; only then by reading them."""

import os
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_pipeline.document_schema.loading import load_schema
from ocr_pipeline.documents.file_state import document_state, label_state, unchanged_since
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import read_bytes
from ocr_pipeline.documents.perceptual import HASH_PREFIX
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.planning import states
from ocr_pipeline.planning.states import CellState, document_states, label_states
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline_tests.files import add_file, add_label
from ocr_pipeline_tests.operation.test_arrivals import ingested


class Known:
    """A project after its files were ingested, and the files that a plan reads."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.read = project, list[str]()
        rows, self.labels = ingested(project)
        self.documents = {key: replace(row, perceptual_hash=HASH_PREFIX) for key, row in rows.items()}

        def counted(path: Path, limits: Limits) -> bytes:
            self.read.append(path.name)
            return read_bytes(path, limits)

        monkeypatch.setattr(states, "read_bytes", counted)

    def plan(self, *, rehash: bool = False) -> CellState:
        [state] = document_states(find_documents(self.project.data), self.documents, Limits(), rehash=rehash)
        return state


@pytest.fixture
def known(project: Project, monkeypatch: pytest.MonkeyPatch) -> Known:
    path = add_file(project, "a.pdf", b"one")
    add_label(path, total_amount="1.00")
    return Known(project, monkeypatch)


def test_an_unchanged_file_is_not_read(known: Known) -> None:
    assert (known.plan().state, known.read) == ("current", [])
    assert (known.plan(rehash=True).state, known.read) == ("current", ["a.pdf"])


def test_a_file_whose_times_changed_is_read_once(known: Known) -> None:
    path = known.project.data / "documents" / "a.pdf"
    os.utime(path, (1, 1))
    while (found := known.plan()).file_state is None:  # a state is kept once the change is a moment ago
        pass
    known.read.clear()
    assert (found.state, found.file_state) == ("current", document_state(*find_documents(known.project.data)))
    known.documents = {"a": replace(known.documents["a"], file_state=found.file_state)}
    assert (known.plan().state, known.read) == ("current", [])


@pytest.mark.parametrize("how", ["in place", "an older backup", "by name", "a clock set back"])
def test_every_way_to_change_a_file_is_noticed(known: Known, how: str) -> None:
    path = known.project.data / "documents" / "a.pdf"
    before = path.stat()
    if how == "by name":
        other = path.with_name(".other")
        other.write_bytes(b"two")
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
    else:
        path.write_bytes(b"two")
        if how != "in place":
            os.utime(path, ns=(0, before.st_mtime_ns if how == "a clock set back" else 1))
    found = known.plan()
    assert (found.state, found.why) == ("stale", "file")


def test_labels(known: Known) -> None:
    [source] = find_documents(known.project.data)
    assert not label_states([source], known.labels)[0].due
    assert label_state(source) == known.labels["a"].file_state
    add_label(source.path, total_amount="2.00")
    assert label_states([source], known.labels)[0].why == "label"


def test_a_label_is_read_again_once_its_schemas_have_other_values(known: Known) -> None:
    folder = known.project.root / "schemas" / "note"
    folder.mkdir(parents=True)
    (folder / "schema.yaml").write_text("title: Note\nfields: {signed: {kind: boolean}}\n")
    [source] = find_documents(known.project.data)
    changed = replace(source, schemas=(load_schema(folder / "schema.yaml"),))
    assert label_state(changed) != label_state(source)
    assert label_states([changed], known.labels)[0].why == "label"
    state = label_state(changed)
    assert unchanged_since(state, label_state, changed) in (state, None)


def test_a_state_that_a_further_change_could_have_is_not_trusted(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    [source] = find_documents(project.data)
    recent = document_state(source)
    now = int(recent.split(",")[2])
    aged = recent.replace(str(now), str(now - 10**9))
    assert unchanged_since(aged, lambda _: aged, source) == aged
    in_the_future = recent.replace(str(now), str(now + 10**12))
    assert unchanged_since(in_the_future, lambda _: in_the_future, source) == in_the_future
    path.write_bytes(b"two")
    assert unchanged_since(recent, document_state, source) is None


def test_a_file_that_changes_while_it_is_read_is_no_content(tmp_path: Path) -> None:
    """A file that somebody appends to all the time is read with another size than it had."""
    path, stop = tmp_path / "a.pdf", threading.Event()
    path.write_bytes(b"x" * 30_000_000)

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"y")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(DocumentError, match="changed while it was read"):
            deque((read_bytes(path, Limits()) for _ in range(100)), maxlen=0)
    finally:
        stop.set()
        writer.join()
    assert len(read_bytes(path, Limits())) >= 30_000_000


def test_a_row_of_an_earlier_version_has_its_file_read(known: Known) -> None:
    row: DocumentRow = replace(known.documents["a"], file_state=None)
    known.documents = {"a": row}
    assert (known.plan().state, known.read) == ("current", ["a.pdf"])
