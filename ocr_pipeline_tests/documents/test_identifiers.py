"""Ids from paths, and the list of those that are different."""

from pathlib import Path
from threading import Thread

import pytest

from ocr_pipeline.documents import identifiers
from ocr_pipeline.documents.identifiers import (
    FILE,
    document_ids,
    earlier_ids,
    load_known_ids,
    new_id,
    remember_ids,
    short_id,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.untrusted import path_of_printable, printable_path

ODD = [
    "documents/caf\udce9.png",
    "documents/a\nb.png",
    "documents/\"'\\x0a.png",
    "documents/e\u0301.png",
    "documents/🧾.png",
]


def test_known_documents_keep_their_ids_and_new_ones_stay_clear_of_them() -> None:
    path = "documents/shop/a.pdf"
    assert document_ids([path], {path: "shop-a"}) == {path: "shop-a"}
    moved = {"documents/2024/a.pdf": new_id(path)}
    ids = document_ids([path, *moved], moved)
    assert ids["documents/2024/a.pdf"] == new_id(path)
    assert ids[path] == new_id(path, 16), "another file has come to the place of the one that was moved"


def test_two_paths_with_the_same_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifiers, "_digest", lambda path: "0" * 8 + path[-5].encode().hex() * 28)
    ids = document_ids(["documents/发.png", "documents/票.png"], {})
    assert len(set(ids.values())) == 2


@pytest.mark.parametrize(
    ("document_id", "short"),
    [
        ("shop-a-0123abcd", "shop-a"),
        ("shop-a-0123abcd-p1-2", "shop-a-p1-2"),
        ("shop-a", "shop-a"),
        ("0123abcd", "0123abcd"),
    ],
)
def test_the_id_that_a_person_types(document_id: str, short: str) -> None:
    assert short_id(document_id) == short


def test_earlier_ids_are_those_of_541d48e() -> None:
    """As its `find_documents` gave them to these files, in this order."""
    paths = [
        "demo/cafe.png",
        "documents/a b.png",
        "documents/a-b.png",
        "documents/shop/Bücher.pdf",
        "documents/发票.pdf",
    ]
    assert list(earlier_ids(paths).values()) == ["demo-cafe", "a-b", "a-b-bac527ad", "shop-bucher", "a4b1f859"]


def test_the_list_is_sorted_one_document_a_line_and_survives_any_name(tmp_path: Path) -> None:
    ids = {path: f"x{number}" for number, path in enumerate(ODD)}
    remember_ids(tmp_path, {"documents/z.png": "z"})
    remember_ids(tmp_path, ids)
    lines = (tmp_path / FILE).read_text("ascii").splitlines()
    assert len(lines) == len(ODD) + 1
    assert lines == sorted(lines)
    assert load_known_ids(tmp_path) == ids | {"documents/z.png": "z"}
    before = (tmp_path / FILE).stat().st_mtime_ns
    remember_ids(tmp_path, ids)
    assert (tmp_path / FILE).stat().st_mtime_ns == before
    remember_ids(tmp_path, {"documents/new.png": "z"}, without=["x0"])
    assert load_known_ids(tmp_path) == {path: key for path, key in ids.items() if key != "x0"} | {
        "documents/new.png": "z"
    }


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [Thread(target=remember_ids, args=(tmp_path, {f"documents/{n}.png": f"n{n}"})) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(load_known_ids(tmp_path)) == 8


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('{"path": "documents/a.png", "id": "a"}\n<<<<<<< HEAD', "line 2: "),
        ('{"path": "documents/a.png", "id": "a"}\n{"path": "documents/b.png", "id": "a"}', "line 2: an earlier line"),
        ('{"path": "documents/a.png", "id": "a"}\n{"path": "documents/a.png", "id": "b"}', "line 2: an earlier line"),
        ('{"path": "../a.png", "id": "a"}', "line 1: the path"),
        ('{"path": "/a.png", "id": "a"}', "line 1: the path"),
        ('{"path": "documents/a.png", "id": "A/../b"}', "line 1:"),
        ('{"path": "documents/a.png", "id": "a", "x": 1}', "line 1:"),
        ('["documents/a.png", "a"]', "line 1:"),
        ("\udce9", "is not UTF-8"),
    ],
)
def test_a_list_with_a_fault_is_refused_with_its_line(tmp_path: Path, lines: str, problem: str) -> None:
    (tmp_path / FILE).write_bytes(lines.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match=problem):
        load_known_ids(tmp_path)


def test_a_merge_may_leave_the_same_line_twice(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"id": "b", "path": "documents/b.png"}\n\n' * 2)
    assert load_known_ids(tmp_path) == {"documents/b.png": "b"}


@pytest.mark.parametrize("path", [*ODD, "plain.png", "back\\slash", "\\xe9", "\x7f", "ü"])
def test_a_path_is_stored_printable_and_comes_back(path: str) -> None:
    printed = printable_path(path)
    assert path_of_printable(printed) == path
    assert printed.encode().isascii() or printed.isprintable()
