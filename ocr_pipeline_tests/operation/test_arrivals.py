"""Which files a look takes: data in, data out, on real files."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.overrides import overrides_file
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.documents.transcripts import transcript_file, transcript_sha256
from ocr_pipeline.operation.arrivals import FIRST_PAUSE, Cursor, Look, look
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_file, add_label

Rows = dict[str, dict[str, Any]]


def looks(
    project: Project,
    cursor: Cursor | None = None,
    known: tuple[Rows, Rows] = ({}, {}),
    most: int = 100,
    now: float = 0.0,
    decided: tuple[str, ...] = (),
) -> Look:
    return look(find_documents(project.data), *known, decided, cursor or Cursor(), most=most, now=now)


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
        transcript = transcript_sha256(source.path)
        documents[source.document_id] = {**facts, "transcript_sha256": transcript, "reason": None, "updated_at": now}
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
    assert (first.ready, first.waiting) == ([], 1)
    path.write_bytes(b"half and more")
    second = looks(project, first.cursor)
    assert (second.ready, second.waiting) == ([], 1), "it is still being written"
    third = looks(project, second.cursor)
    assert third.ready == ["a"]
    fourth = looks(project, third.cursor)
    assert fourth.ready == [], "a run was launched for it"
    known = taken_in(project)
    assert looks(project, fourth.cursor, known).cursor == Cursor(after="a")
    again = [looks(project, fourth.cursor, now=now).ready for now in (FIRST_PAUSE - 1, FIRST_PAUSE)]
    assert again == [[], ["a"]], "the run did not take it in"


def test_a_file_that_is_stable_waits_while_a_run_is_at_work(project: Project) -> None:
    add_file(project, "a.pdf", b"one")
    cursor = looks(project).cursor
    busy = looks(project, cursor, most=0)
    assert (busy.ready, busy.waiting) == ([], 1)
    assert looks(project, busy.cursor).ready == ["a"]


def test_a_file_that_returns_to_an_earlier_version_is_taken_again(project: Project) -> None:
    add_file(project, "a.pdf", b"one")
    cursor = looks(project).cursor
    for content in (b"two", b"one", b"two"):
        known = taken_in(project)
        add_file(project, "a.pdf", content)
        first = looks(project, cursor, known)
        second = looks(project, first.cursor, known)
        assert second.ready == ["a"]
        cursor = second.cursor


def test_a_file_with_the_times_and_the_size_of_the_one_before(project: Project) -> None:
    """As `cp -p` and `rsync -a` make it."""
    path = add_file(project, "a.pdf", b"one")
    long_ago = (datetime.now() - timedelta(days=400)).timestamp()
    os.utime(path, (long_ago, long_ago))
    known = taken_in(project)
    copy = add_file(project, ".b.pdf", b"two")
    os.utime(copy, (long_ago, long_ago))
    copy.replace(path)
    assert looks(project, looks(project, known=known).cursor, known).ready == ["a"]


def test_what_lies_beside_a_document(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    label = add_label(path, total_amount="1.00")
    known = taken_in(project)
    transcript = transcript_file(path)
    transcript.write_text("{}")
    assert looks(project, looks(project, known=known).cursor, known).ready == ["a"], "a transcript came later"
    known = taken_in(project)
    transcript.unlink()
    assert looks(project, looks(project, known=known).cursor, known).ready == ["a"], "it is gone"
    known = taken_in(project)
    overrides = overrides_file(project.data, "a")
    overrides.parent.mkdir()
    overrides.write_text("{}")
    assert looks(project, looks(project, known=known).cursor, known).ready == ["a"], "decisions came"
    known = taken_in(project)
    overrides.unlink()
    assert looks(project, looks(project, None, known, decided=("a",)).cursor, known, decided=("a",)).ready == ["a"]
    assert label.is_file()


def test_a_changed_file_and_a_changed_label(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    label = add_label(path, total_amount="1.00")
    known = taken_in(project)
    assert looks(project, known=known).waiting == 0
    add_label(path, total_amount="2.00")
    later(label)
    first = looks(project, known=known)
    assert first.waiting == 1
    assert looks(project, first.cursor, known).ready == ["a"]
    label.unlink()
    gone = looks(project, looks(project, known=known).cursor, known)
    assert gone.ready == ["a"]


def test_a_file_that_was_only_touched_is_read_once(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    known = taken_in(project)
    later(path)
    second = looks(project, looks(project, known=known).cursor, known)
    assert (second.ready, second.waiting, list(second.cursor.same)) == ([], 0, ["a"])
    assert looks(project, second.cursor, known).cursor.same == second.cursor.same


def test_a_file_that_cannot_be_opened_is_not_asked_for_again(project: Project) -> None:
    add_file(project, "a.pdf", b"broken")
    known = taken_in(project, status="failed")
    assert (looks(project, known=known).waiting, looks(project, known=known).ready) == (0, [])


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
    first = looks(project, known=known)
    assert first.gone == ["a"]
    assert looks(project, first.cursor, known).gone == [], "a run was launched"
    assert looks(project, first.cursor, known, most=0, now=FIRST_PAUSE).gone == [], "one is at work"
    assert looks(project, first.cursor, known, now=FIRST_PAUSE).gone == ["a"]
    known[0]["a"]["reason"] = "missing_file"
    assert looks(project, known=known).gone == []
    add_file(project, "a.pdf", b"one")
    first = looks(project, known=known)
    assert looks(project, first.cursor, known).ready == ["a"], "it is back"
    known = taken_in(project)
    path.unlink()
    assert looks(project, first.cursor, known).gone == ["a"], "and gone again"
