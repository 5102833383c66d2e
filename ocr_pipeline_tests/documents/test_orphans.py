"""Labels whose document was renamed, moved or deleted: real files."""

import json
from pathlib import Path

import pytest

from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.identifiers import short_id
from ocr_pipeline.documents.orphans import IngestedFile, Lost, follow, lost_labels, move_label
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.documents.transcripts import transcript_file
from ocr_pipeline.errors import ConfigurationError

LABEL = '{"invoice": {"total_amount": "1.00"}}'


class Files:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.known: list[IngestedFile] = []

    def put(self, name: str, content: str) -> Path:
        path = self.data / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def ingest(self) -> None:
        for source in find_documents(self.data):
            content = source.path.read_bytes()
            self.known.append(IngestedFile(source.document_id, source.path, len(content), sha256_of(content)))

    def lost(self) -> list[Lost]:
        return lost_labels(self.data, self.known)

    def source(self, name: str) -> SourceFile:
        return next(source for source in find_documents(self.data) if source.path == self.data / "documents" / name)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("label", ["a.json", "a.pdf.json", "a.pdf.p1-2.json"])
@pytest.mark.parametrize("target", ["b.pdf", "2024/a.pdf", "caf\udce9.pdf", "ü" * 125 + ".pdf"])
def test_a_label_and_the_id_follow_the_content(files: Files, label: str, target: str) -> None:
    document = files.put("a.pdf", "content")
    files.put("other.pdf", "CONTENT")
    left = files.put(label, LABEL)
    transcript_file(document).write_text("{}")
    files.ingest()
    assert files.lost() == []
    was = files.source("a.pdf")
    (files.data / "documents" / target).parent.mkdir(exist_ok=True)
    document.rename(files.data / "documents" / target)
    [lost] = files.lost()
    assert (lost.labels, [source.path for source in lost.now]) == ([left], [files.data / "documents" / target])
    follow(files.data, lost)
    now = files.source(target)
    assert now.document_id == was.document_id
    assert transcript_file(now.path).is_file()
    assert (now.label is not None) == (was.label is not None)
    assert not left.exists()
    assert files.lost() == [], "nothing is lost any more"
    again = files.put("a.pdf", "another")
    assert files.source("a.pdf").document_id != was.document_id, "a new file at the old place is another document"
    assert again.exists()


def test_decisions_follow_with_the_id(files: Files) -> None:
    document = files.put("a.pdf", "content")
    files.put("a.json", LABEL)
    files.ingest()
    [known] = files.known
    decisions = files.data / "overrides" / f"{known.document_id}.json"
    decisions.parent.mkdir()
    decisions.write_text(json.dumps({"document_id": known.document_id, "fields": {}}))
    document.rename(document.with_name("b.pdf"))
    document.with_name("a.json").rename(document.with_name("b.json"))
    assert files.source("b.pdf").overrides is None
    [lost] = files.lost()
    assert (lost.labels, lost.decisions) == ([], [decisions])
    lost.now = [files.source("b.pdf")]
    assert follow(files.data, lost) == []


def test_a_person_chooses_where_content_does_not_tell(files: Files) -> None:
    document = files.put("a.pdf", "content")
    label = files.put("a.json", LABEL)
    files.ingest()
    document.rename(files.put("b.pdf", "content"))
    files.put("c.pdf", "content")
    files.put("d.pdf", "changed")
    [lost] = files.lost()
    assert [short_id(source.document_id) for source in lost.now] == ["b", "c"]
    with pytest.raises(ConfigurationError, match="name label and document"):
        follow(files.data, lost)
    move_label(label, files.source("d.pdf"))
    assert files.source("d.pdf").label is not None


def test_labels_are_listed_also_where_nothing_is_known_of_their_document(files: Files) -> None:
    alone = files.put("gone.json", LABEL)
    files.put("settings.json", '{"not": "a label"}')
    files.put("a.pdf", "x")
    files.put("a.json", LABEL)
    files.put("a.p1.json", LABEL)
    assert files.lost() == [Lost(None, labels=[alone])]


def test_no_label_is_overwritten(files: Files) -> None:
    document = files.put("a.pdf", "content")
    files.put("a.json", LABEL)
    files.ingest()
    document.rename(files.data / "documents" / "b.pdf")
    mine = files.put("b.pdf.json", "not a label")
    [lost] = files.lost()
    with pytest.raises(ConfigurationError, match="exists already"):
        follow(files.data, lost)
    assert mine.read_text() == "not a label"
