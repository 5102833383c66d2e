"""Which files a scan returns: data in, data out, on real files."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from ocr_pipeline.defs.sensors.cursors import cursor_text, load_cursor
from ocr_pipeline.documents.file_state import document_state, label_state
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.overrides import overrides_file
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.documents.splits import Split, write_split
from ocr_pipeline.documents.transcripts import transcript_file, transcript_sha256
from ocr_pipeline.operation.arrivals import MAX_TRACKED, MIN_RETRY_DELAY, Cursor, Scan, scan_files
from ocr_pipeline.operation.listing import different_files, list_files
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.tables.document_files import StoredFile
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.labels import LabelRow
from ocr_pipeline_tests.files import add_file, add_label, know

Known = tuple[dict[str, DocumentRow], dict[str, LabelRow]]


def scan(
    project: Project,
    cursor: Cursor | None = None,
    known: Known = ({}, {}),
    max_reads: int = 100,
    now: float = 0.0,
    min_unchanged: float = 0.0,
) -> Scan:
    """A scan of all documents; that of those that differ by the listing of files alone has the same result."""
    sources, before = find_documents(project.data), cursor or Cursor()
    found = scan_files(sources, *known, before, max_reads=max_reads, now=now, min_unchanged=min_unchanged)
    if difference := different_files(project, list_files(project), stored(known)):
        rows = {key: row for key, row in known[0].items() if key in difference.ids}
        labels = {key: row for key, row in known[1].items() if key in difference.ids}
        some = scan_files(
            difference.sources, rows, labels, before, max_reads=max_reads, now=now, min_unchanged=min_unchanged
        )
        assert (some, difference.total) == (found, len(sources))
    else:
        assert any(source.parts for source in sources)
    return found


def stored(known: Known) -> list[StoredFile]:
    documents, labels = known
    states = {key: row.file_state or "" for key, row in labels.items()}
    return [
        StoredFile(
            key, row.path, row.parent_id is not None, row.is_split, row.file_deleted, row.file_state, states.get(key)
        )
        for key, row in documents.items()
    ]


def test_only_files_that_differ_are_looked_at(project: Project) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf", "d.pdf"):
        add_label(add_file(project, f"shop/{name}", name.encode()), total_amount="1.00")
    known = ingested(project)
    folder = project.data / "documents" / "shop"

    def differing() -> list[str]:
        found = different_files(project, list_files(project), stored(known))
        assert found is not None
        return sorted(found.ids)

    ids = sorted(known[0])
    assert differing() == []
    (folder / "a.pdf").write_bytes(b"changed")
    (folder / "b.pdf").unlink()
    (folder / "c.pdf.json").unlink(missing_ok=True)
    (folder / "c.json").unlink(missing_ok=True)
    assert differing() == ids[:3]
    for name in ("e.pdf", "f.pdf.part", ".g.pdf", "h.txt"):
        (folder / name).write_bytes(b"new")
    [new] = set(differing()) - set(ids[:3])
    assert new in {source.document_id for source in find_documents(project.data)}
    (folder / "i.xml").write_text("<html/>")
    assert different_files(project, list_files(project), stored(known)) is None, "its content decides what it is"


def ingested(project: Project, *, status: str = "ok") -> Known:
    """The rows of the database after all files were ingested."""
    now = datetime.now(UTC).replace(tzinfo=None)
    documents: dict[str, DocumentRow] = {}
    labels: dict[str, LabelRow] = {}
    for source in find_documents(project.data):
        content = source.path.read_bytes()
        documents[source.document_id] = DocumentRow(
            document_id=source.document_id,
            dataset=source.dataset,
            path=str(source.path),
            media_type=None,
            size_bytes=len(content) if status == "ok" else None,
            sha256=sha256_of(content) if status == "ok" else None,
            perceptual_hash=None,
            pages=None,
            transcript_sha256=transcript_sha256(source.path),
            status=status,
            reason=None,
            message=None,
            run_id=None,
            updated_at=now,
            file_state=document_state(source),
        )
        labels[source.document_id] = LabelRow(
            document_id=source.document_id,
            dataset=source.dataset,
            status="ok" if source.label else "none",
            message=None,
            label_sha256=labels_sha256(source),
            language=None,
            split=None,
            run_id=None,
            updated_at=now,
            file_state=label_state(source),
        )
    return documents, labels


def later(path: Path, seconds: float = 60) -> None:
    moment = (datetime.now() + timedelta(seconds=seconds)).timestamp()
    os.utime(path, (moment, moment))


def test_a_file_is_ready_once_it_is_stable_and_only_once(project: Project) -> None:
    path = add_file(project, "a.pdf", b"half")
    first = scan(project)
    assert (first.ready, first.waiting) == ([], 1)
    path.write_bytes(b"half and more")
    second = scan(project, first.cursor)
    assert (second.ready, second.waiting) == ([], 1), "it is still being written"
    third = scan(project, second.cursor)
    assert third.ready == ["a"]
    fourth = scan(project, third.cursor)
    assert fourth.ready == [], "a run was launched for it"
    known = ingested(project)
    assert scan(project, fourth.cursor, known).cursor == Cursor(after="a")
    retries = [scan(project, fourth.cursor, now=now).ready for now in (MIN_RETRY_DELAY - 1, MIN_RETRY_DELAY)]
    assert retries == [[], ["a"]], "the run did not ingest it"


def test_a_file_that_grows_slowly_is_taken_once_it_has_rested(project: Project) -> None:
    """A sensor that ticks each second, and a line that brings a few bytes every 5 s, 4 times; then the clock is set back."""
    path, cursor, taken = add_file(project, "a.pdf", b"%"), Cursor(), []
    for second in range(60):
        if second in (5, 10, 15, 20):
            with path.open("ab") as file:
                file.write(b"more")
        found = scan(project, cursor, now=1000.0 + second - (30 if second > 24 else 0), min_unchanged=10)
        cursor = found.cursor
        taken += [second] * len(found.ready)
    assert taken == [35], "10 s after the clock was set back, not before 30"


@pytest.mark.parametrize("name", ["a.pdf.part", "a.tmp", "~$a.pdf", ".a.pdf.XyZ123", "a.pdf.crdownload", "a.pdf~"])
def test_a_file_that_is_renamed_into_place_is_taken_after_it(project: Project, name: str) -> None:
    """Uploads with a name of their own, as by browsers, rsync and office programs."""
    path = project.data / "documents" / name
    path.write_bytes(b"half")
    cursor = Cursor()
    for now in (0.0, 30.0, 60.0):
        found = scan(project, cursor, now=now, min_unchanged=10)
        cursor = found.cursor
        assert (found.ready, found.waiting) == ([], 0)
    path.write_bytes(b"all of it")
    path.rename(path.with_name("a.pdf"))
    know(project, "a.pdf")
    ready = []
    for now in (90.0, 120.0):
        found = scan(project, cursor, now=now, min_unchanged=10)
        cursor = found.cursor
        ready.append(list(found.ready))
    assert ready == [[], ["a"]]


def test_a_stable_file_waits_while_a_run_is_in_progress(project: Project) -> None:
    add_file(project, "a.pdf", b"one")
    cursor = scan(project).cursor
    busy = scan(project, cursor, max_reads=0)
    assert (busy.ready, busy.waiting) == ([], 1)
    assert scan(project, busy.cursor).ready == ["a"]


def test_a_file_that_returns_to_an_earlier_version_is_ready_again(project: Project) -> None:
    add_file(project, "a.pdf", b"one")
    cursor = scan(project).cursor
    for content in (b"two", b"one", b"two"):
        known = ingested(project)
        add_file(project, "a.pdf", content)
        first = scan(project, cursor, known)
        second = scan(project, first.cursor, known)
        assert second.ready == ["a"]
        cursor = second.cursor


def test_a_file_replaced_with_the_same_times_and_size(project: Project) -> None:
    """As `cp -p` and `rsync -a` make it."""
    path = add_file(project, "a.pdf", b"one")
    long_ago = (datetime.now() - timedelta(days=400)).timestamp()
    os.utime(path, (long_ago, long_ago))
    known = ingested(project)
    copy = add_file(project, ".b.pdf", b"two")
    os.utime(copy, (long_ago, long_ago))
    copy.replace(path)
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"]


def test_a_clock_that_was_set_back_hides_no_change(project: Project) -> None:
    """The file is older than the database, by every clock."""
    path = add_file(project, "a.pdf", b"one")
    known = ingested(project)
    path.write_bytes(b"two")
    os.utime(path, (1, 1))
    in_the_future = datetime(2100, 1, 1)
    known = (
        {"a": replace(known[0]["a"], updated_at=in_the_future)},
        {"a": replace(known[1]["a"], updated_at=in_the_future)},
    )
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"]


def test_a_file_that_another_one_replaces_by_its_name(project: Project) -> None:
    """Same size, same times: only the inode tells, and where the system gives the change time, that."""
    path, other = add_file(project, "a.pdf", b"one"), add_file(project, ".other", b"two")
    os.utime(path, (1, 1))
    os.utime(other, (1, 1))
    known = ingested(project)
    other.replace(path)
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"]


def test_files_beside_a_document(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    label = add_label(path, total_amount="1.00")
    known = ingested(project)
    transcript = transcript_file(path)
    transcript.write_text("{}")
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"], "a transcript came later"
    known = ingested(project)
    transcript.unlink()
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"], "it was deleted"
    known = ingested(project)
    overrides = overrides_file(project.data, "a")
    overrides.parent.mkdir()
    overrides.write_text("{}")
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"], "decisions were added"
    known = ingested(project)
    overrides.unlink()
    assert scan(project, scan(project, known=known).cursor, known).ready == ["a"], "they were deleted"
    assert label.is_file()


def test_a_changed_file_and_a_changed_label(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    label = add_label(path, total_amount="1.00")
    known = ingested(project)
    assert scan(project, known=known).waiting == 0
    add_label(path, total_amount="2.00")
    later(label)
    first = scan(project, known=known)
    assert first.waiting == 1
    assert scan(project, first.cursor, known).ready == ["a"]
    label.unlink()
    without_label = scan(project, scan(project, known=known).cursor, known)
    assert without_label.ready == ["a"]


def test_a_file_that_was_only_touched_is_read_once(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    known = ingested(project)
    later(path)
    second = scan(project, scan(project, known=known).cursor, known)
    assert (second.ready, second.waiting, list(second.cursor.same)) == ([], 0, ["a"])
    assert scan(project, second.cursor, known).cursor.same == second.cursor.same


def test_a_file_that_cannot_be_opened_is_not_retried(project: Project) -> None:
    add_file(project, "a.pdf", b"broken")
    known = ingested(project, status="failed")
    assert (scan(project, known=known).waiting, scan(project, known=known).ready) == (0, [])


def test_many_files_are_processed_in_steps(project: Project) -> None:
    for number in range(25):
        add_file(project, f"d{number:02}.pdf", str(number).encode())
    cursor, steps = scan(project).cursor, []
    for _ in range(4):
        result = scan(project, cursor, max_reads=10)
        cursor = result.cursor
        steps.append(len(result.ready))
    assert steps == [10, 10, 5, 0]


def test_deleted_files_are_reported(project: Project) -> None:
    path = add_file(project, "a.pdf", b"one")
    known = ingested(project)
    path.unlink()
    first = scan(project, known=known)
    assert first.deleted == ["a"]
    assert scan(project, first.cursor, known).deleted == [], "a run was launched"
    assert scan(project, first.cursor, known, max_reads=0, now=MIN_RETRY_DELAY).deleted == [], "a run is in progress"
    assert scan(project, first.cursor, known, now=MIN_RETRY_DELAY).deleted == ["a"]
    known[0]["a"] = replace(known[0]["a"], reason="missing_file")
    assert scan(project, known=known).deleted == []
    add_file(project, "a.pdf", b"one")
    first = scan(project, known=known)
    assert scan(project, first.cursor, known).ready == ["a"], "it is back"
    known = ingested(project)
    path.unlink()
    assert scan(project, first.cursor, known).deleted == ["a"], "and deleted again"


def test_a_file_that_is_split_now_and_its_parts_are_ready(project: Project) -> None:
    path = add_file(project, "a.pdf", b"three pages")
    later(path, -60)
    known = ingested(project)
    split = Split(document_id="a", sha256="", by="hand", parts=[PageRange(1, 2), PageRange(3, 3)])
    write_split(project.data, split)
    first = scan(project, known=known)
    assert first.ready == []
    assert scan(project, first.cursor, known).ready == ["a", "a-p1-2", "a-p3"]


def test_a_cursor_stays_small_however_many_files_arrive(project: Project) -> None:
    folder = project.data / "documents" / "a-data-set-with-a-long-name"
    folder.mkdir()
    for number in range(MAX_TRACKED + 300):
        (folder / f"scan-of-a-document-{number:06}-{sha256(b'%d' % number).hexdigest()[:12]}.pdf").write_bytes(b"%PDF")
    cursor, sources = Cursor(), find_documents(project.data)
    for now in (0.0, 100.0):
        found = scan_files(sources, {}, {}, cursor, max_reads=2000, now=now, min_unchanged=10.0)
        cursor = load_cursor(text := cursor_text(found.cursor), Cursor())
        assert cursor == found.cursor
        assert len(text) <= 100_000
    assert len(found.ready) == MAX_TRACKED
    assert len(found.ready) + found.waiting == len(sources)


def test_a_listing_changes_with_what_documents_are_made_of(project: Project) -> None:
    path = add_file(project, "shop/a.pdf", b"%PDF")
    seen = [list_files(project).digest]
    path.with_name("a.pdf.json").write_text("{}")
    seen.append(list_files(project).digest)
    path.write_bytes(b"%PDG")
    seen.append(list_files(project).digest)
    os.replace(path, path.with_name("b.pdf"))
    seen.append(list_files(project).digest)
    (project.data / "overrides").mkdir()
    (project.data / "overrides" / "a.json").write_text("{}")
    seen.append(list_files(project).digest)
    assert len(set(seen)) == len(seen)
    assert list_files(project).digest == seen[-1]
