"""Which files a look takes: data in, data out, on real files."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.operation.arrivals import Cursor, Look, look
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_file, add_label

Rows = dict[str, dict[str, Any]]


def looks(project: Project, cursor: Cursor | None = None, known: tuple[Rows, Rows] = ({}, {}), most: int = 100) -> Look:
    return look(find_documents(project.data), *known, cursor or Cursor(), most)


def taken_in(project: Project, *, status: str = "ok") -> tuple[Rows, Rows]:
    """The rows of the database after all files were taken in."""
    now = datetime.now(UTC).replace(tzinfo=None)
    documents, labels = {}, {}
    for source in find_documents(project.data):
        content = source.path.read_bytes()
        facts = (
            {"sha256": sha256_of(content), "size_bytes": len(content)}
            if status == "ok"
            else dict.fromkeys(("sha256", "size_bytes"))
        )
        documents[source.document_id] = {**facts, "reason": None, "updated_at": now}
        labels[source.document_id] = {
            "label_sha256": labels_sha256(source), "status": "ok" if source.label else "none", "updated_at": now
        }  # fmt: skip
    return documents, labels


def later(path: Path, seconds: float = 60) -> None:
    moment = (datetime.now() + timedelta(seconds=seconds)).timestamp()
    os.utime(path, (moment, moment))


def test_a_file_is_taken_once_it_is_stable_and_only_once(project: Project) -> None:
    path = add_file(project, "a.pdf", b"half")
    first = looks(project)
    assert (dict(first.ready), first.waiting) == ({}, 1)
    path.write_bytes(b"half and more")
    second = looks(project, first.cursor)
    assert (dict(second.ready), second.waiting) == ({}, 1), "it is still being written"
    third = looks(project, second.cursor)
    assert dict(third.ready) == {"a": f"a:{sha256_of(b'half and more')}+"}
    fourth = looks(project, third.cursor)
    assert (dict(fourth.ready), fourth.waiting) == ({}, 0), "it was asked for"
    known = taken_in(project)
    assert looks(project, fourth.cursor, known).cursor.asked == {}


def test_a_changed_file_and_a_changed_label(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    label = add_label(path, total_amount="1.00")
    known = taken_in(project)
    assert looks(project, known=known).waiting == 0
    add_label(path, total_amount="2.00")
    later(label)
    first = looks(project, known=known)
    assert first.waiting == 1
    [content] = looks(project, first.cursor, known).ready.values()
    assert content == f"a:{sha256_of(b'one')}+{sha256_of(label.read_bytes())}"
    label.unlink()
    gone = looks(project, looks(project, known=known).cursor, known)
    assert list(gone.ready.values()) == [f"a:{sha256_of(b'one')}+"]


def test_a_file_that_was_only_touched_is_read_once(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    known = taken_in(project)
    later(path)
    second = looks(project, looks(project, known=known).cursor, known)
    assert (dict(second.ready), second.waiting, list(second.cursor.same)) == ({}, 0, ["a"])
    assert looks(project, second.cursor, known).cursor.same == second.cursor.same


def test_a_file_that_cannot_be_opened_is_not_asked_for_again(project: Project) -> None:
    add_file(project, "a.pdf", b"broken")
    known = taken_in(project, status="failed")
    assert (looks(project, known=known).waiting, dict(looks(project, known=known).ready)) == (0, {})


def test_many_files_are_taken_in_steps(project: Project) -> None:
    for number in range(25):
        add_file(project, f"d{number:02}.pdf", str(number).encode())
    cursor, steps = looks(project).cursor, []
    for _ in range(4):
        found = looks(project, cursor, most=10)
        cursor = found.cursor
        steps.append(len(found.ready))
    assert steps == [10, 10, 5, 0]


def test_what_is_gone_is_reported(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    known = taken_in(project)
    path.unlink()
    assert looks(project, known=known).gone == ["a"]
    known[0]["a"]["reason"] = "missing_file"
    assert looks(project, known=known).gone == []
    add_file(project, "a.pdf", b"one")
    first = looks(project, known=known)
    assert list(looks(project, first.cursor, known).ready) == ["a"], "it is back"
