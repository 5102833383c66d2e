import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.documents.find import SourceFile, find_documents, new_label_of, not_documents
from ocr_pipeline.documents.identifiers import MAX_ID_LENGTH, short_id
from ocr_pipeline.documents.transcripts import has_transcript, transcript_file
from ocr_pipeline.errors import ConfigurationError


def put(data: Path, *names: str) -> None:
    for name in names:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def digest(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:8]


def result(data: Path) -> dict[str, SourceFile]:
    sources = find_documents(data)
    by_id = {source.document_id: source for source in sources}
    assert len(by_id) == len(sources)
    for document_id in by_id:
        assert re.fullmatch(r"[a-z0-9_-]+", document_id)
    return by_id


def short(data: Path) -> list[str]:
    """The ids without the hashes."""
    return [short_id(document_id) for document_id in result(data)]


def test_ids_and_data_sets_come_from_the_path(tmp_path: Path) -> None:
    put(
        tmp_path,
        "demo/cafe.png",
        "demo/design-studio-invoice.pdf",
        "documents/loose.pdf",
        "documents/sroie/X51.jpg",
        "documents/My Shop/2024/May/Bill No. 7.PDF",
        "documents/sroie/under_score.jpg",
    )
    assert {name: source.dataset for name, source in result(tmp_path).items()} == {
        "demo-design-studio-invoice": "demo",
        f"demo-cafe-{digest('demo/cafe.png')}": "demo",
        f"loose-{digest('documents/loose.pdf')}": "documents",
        f"sroie-x51-{digest('documents/sroie/X51.jpg')}": "sroie",
        f"my-shop-2024-may-bill-no-7-{digest('documents/My Shop/2024/May/Bill No. 7.PDF')}": "my-shop",
        f"sroie-under_score-{digest('documents/sroie/under_score.jpg')}": "sroie",
    }


def test_other_files_are_ignored(tmp_path: Path) -> None:
    put(
        tmp_path,
        "documents/a.png",
        "documents/a.json",
        "documents/README.md",
        "documents/notes.txt",
        "documents/list.CSV",
        "documents/.hidden.png",
        "documents/.git/b.png",
        "results/ocr/ab/c.png",
    )
    assert short(tmp_path) == ["a"]


def test_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert find_documents(tmp_path / "nothing") == []


def test_names_without_ascii_letters_get_distinct_ids(tmp_path: Path) -> None:
    put(tmp_path, "documents/发票.pdf", "documents/領収書.pdf", "documents/---.pdf", "documents/счёт 7.pdf")
    assert len(result(tmp_path)) == 4


def test_accents_are_folded(tmp_path: Path) -> None:
    put(tmp_path, "documents/Bücher Straße.pdf")
    assert short(tmp_path) == ["bucher-strasse"]


def test_files_with_one_slug_have_their_own_ids(tmp_path: Path) -> None:
    put(tmp_path, "documents/a.png", "documents/a.jpg", "documents/A.PNG", "documents/a b.png", "documents/a-b.png")
    put(tmp_path, "documents/a/b.png", "documents/demo/x.png", "demo/x.png")
    sources = result(tmp_path)
    assert len({source.path for source in sources.values()}) == len(sources) >= 7
    for source in sources.values():
        others = [other.path for other in sources.values() if other.path != source.path]
        for path in others:
            path.rename(path.with_name(f".{path.name}"))
        assert result(tmp_path) == {source.document_id: source}, "no other file has a part in it"
        for path in others:
            path.with_name(f".{path.name}").rename(path)


def test_very_long_names_are_truncated_to_distinct_ids(tmp_path: Path) -> None:
    put(tmp_path, f"documents/{'x' * 200}1.png", f"documents/{'x' * 200}2.png")
    assert len(result(tmp_path)) == 2
    assert all(len(name) <= MAX_ID_LENGTH + 9 for name in result(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse file names that are not UTF-8")
def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(b"x")
    assert [name.rpartition("-")[0] for name in result(tmp_path)] == ["caf"]


def test_labels_are_beside_documents(tmp_path: Path) -> None:
    put(tmp_path, "documents/a.png", "documents/a.json", "documents/b.pdf", "documents/b.pdf.json", "documents/b.json")
    put(tmp_path, "documents/c.png")
    labels = {short_id(name): source.label and source.label.name for name, source in result(tmp_path).items()}
    assert labels == {"a": "a.json", "b": "b.pdf.json", "c": None}


def test_symlink_loops_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "documents/s/a.png", "elsewhere/b.png")
    (tmp_path / "documents/s/self").symlink_to(tmp_path / "documents/s")
    (tmp_path / "documents/s/up").symlink_to(tmp_path / "documents")
    (tmp_path / "documents/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/out").symlink_to(tmp_path / "documents")
    assert set(short(tmp_path)) == {"s-a", "linked-b"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_an_error_not_an_empty_one(tmp_path: Path) -> None:
    put(tmp_path, "documents/closed/a.png")
    (tmp_path / "documents/closed").chmod(0)
    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        find_documents(tmp_path)


@pytest.mark.parametrize("stem", ["x" * 251, "ü" * 125])
def test_a_name_as_long_as_a_name_may_be_has_a_label_and_a_transcript(tmp_path: Path, stem: str) -> None:
    """There is no room left for `.json` behind it."""
    path = tmp_path / "documents" / f"{stem}.pdf"
    path.parent.mkdir()
    path.write_bytes(b"%PDF")
    [source] = find_documents(tmp_path)
    assert (source.path, source.label) == (path, None)
    new_label_of(path).write_text("{}")
    transcript_file(path).write_text("{}")
    [source] = find_documents(tmp_path)
    assert source.label == new_label_of(path)
    assert has_transcript(path)
    assert len({path.name, new_label_of(path).name, transcript_file(path).name}) == 3


def test_folders_deeper_than_python_calls_and_paths_longer_than_the_system_opens(tmp_path: Path) -> None:
    put(tmp_path, "documents/a.png")
    here = os.getcwd()
    try:  # such a path can only be made step by step
        os.chdir(tmp_path / "documents")
        for depth in range(1220):
            name = "d" if depth < 1200 else "e" * 250
            os.mkdir(name)
            os.chdir(name)
            if depth in (1199, 1219):
                Path("b.png").write_bytes(b"x")
        assert short(tmp_path)[:1] == ["a"]
        assert len(result(tmp_path)) == 2
        assert len(not_documents(tmp_path)["unreachable"]) == 1
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(tmp_path / "documents")], check=True)


@pytest.mark.parametrize(
    "name", ["a.pdf.part", "a.PDF.CRDOWNLOAD", "~$a.pdf", "a.pdf.tmp", "a.pdf.filepart", "a.pdf~", "x\n.pdf.part"]
)
def test_an_unfinished_upload_waits_until_it_has_its_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"documents/{name}")
    assert result(tmp_path) == {}
    assert [path.name for path in not_documents(tmp_path)["unfinished"]] == [name]
    (tmp_path / "documents" / name).rename(tmp_path / "documents" / "a.pdf")
    assert short(tmp_path) == ["a"]
    assert not_documents(tmp_path) == {}
