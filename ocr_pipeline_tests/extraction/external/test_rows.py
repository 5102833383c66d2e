"""What a file of predictions may hold, and the one sentence about what it may not."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from upath import UPath

from ocr_pipeline.documents.importers.source import open_source
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.external import rows
from ocr_pipeline.extraction.external.rows import read_rows


def lines_of(tmp_path: Path, content: str | bytes) -> list[rows.Row]:
    path = tmp_path / "theirs.x"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rows(path)


def test_json_lines_keep_numbers_exact_and_count_blank_lines(tmp_path: Path) -> None:
    found = lines_of(
        tmp_path, '\ufeff{"file": "a", "total": 12.50}\r\n\n{"file": "b\u2028c", "total": 100000000000000000.01}'
    )
    assert [(row.line, row.content) for row in found] == [
        (1, {"file": "a", "total": Decimal("12.50")}),
        (3, {"file": "b\u2028c", "total": Decimal("100000000000000000.01")}),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_rows_leave_empty_cells_out(tmp_path: Path, mark: str) -> None:
    text = 'file,supplier_name,total,\n"a,1.pdf","Two\nlines",1.5\n\nb.pdf,,2,\n'
    found = lines_of(tmp_path, text.replace('"a,1.pdf"', '"a 1.pdf"').replace(",", mark))
    assert [(row.line, row.content) for row in found] == [
        (2, {"file": "a 1.pdf", "supplier_name": "Two\nlines", "total": "1.5"}),
        (5, {"file": "b.pdf", "total": "2"}),
    ]
    assert [json.loads(row.text) for row in found] == [row.content for row in found]


def test_any_file_system(tmp_path: Path) -> None:
    UPath("memory://ours/theirs.jsonl").write_text('{"file": "a"}')
    assert [row.content for row in read_rows(open_source("memory://ours/theirs.jsonl"))] == [{"file": "a"}]


GOOD = '{"file": "a"}\n'
HOSTILE = {
    "broken": (GOOD + '{"file": "b"', "line 2: not valid JSON"),
    "not an object": (GOOD + "[1]", "line 2: not a JSON object"),
    "NaN": (GOOD + '{"total": NaN}', "line 2: NaN and Infinity"),
    "infinity": (GOOD + '{"total": -Infinity}', "line 2: NaN and Infinity"),
    "key twice": (GOOD + '{"a": 1, "a": 2}', "line 2: duplicate key"),
    "key twice inside": (GOOD + '{"a": [{"b": 1, "b": 2}]}', "line 2: duplicate key"),
    "deep": (GOOD + '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 2: too deeply nested"),
    "exponent": (GOOD + '{"a": 1e99999999999999999999}', "line 2: a number is out of range"),
    "long row": (GOOD + f'{{"a": "{"x" * rows.MAX_ROW}"}}', "line 2: longer than 4,000,000 characters"),
    "array": ('[{"file": "a"}]', "is one JSON array"),
    "latin-1": ((GOOD + '{"file": "é"}').encode("latin-1"), "line 2: not text in UTF-8"),
    "binary": (b"PK\x03\x04\xff\xfe", "line 1: not text in UTF-8"),
    "empty": ("", "has no rows"),
    "header only": ("file,total\n", "has no rows"),
    "no header": (",,\na,b,c\n", "line 1: no column has a name"),
    "column twice": ("file,total,total\na,1,2\n", "line 1, column 3: the same name as column 2"),
    "ragged": ("file,total\na,1\nb,1,2\n", "line 3: more cells than columns"),
    "open quote": ('file,total\na,1\nb,"2\n', "after line 2: not valid CSV"),
    "long cell": (f'file,total\na,1\nb,"{"x" * 200_000}"\n', "after line 2: not valid CSV"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_fault_is_one_sentence_with_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        lines_of(tmp_path, content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("theirs.x")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_BYTES", 10)
    with pytest.raises(ConfigurationError, match="larger than 10 bytes"):
        lines_of(tmp_path, GOOD)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read: (No such file|Is a directory)"):
        read_rows(tmp_path / name)
