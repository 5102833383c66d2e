"""`ocr-pipeline read`: files in, values out, in this process and in a fresh one."""

import csv
import gzip
import json
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest

from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.documents.hostile import encrypted_pdf
from ocr_pipeline_tests.files import text_pdf

INVOICE = text_pdf(
    [
        [
            (20, 180, "Formula Supplies Ltd"),
            (20, 160, "Invoice INV-0042"),
            (20, 140, "Date 2026-03-04"),
            (20, 110, "Widget 2 10.00 20.00"),
            (20, 90, "Gadget 1 5.00 5.00"),
            (20, 60, "Total EUR 25.00"),
        ]
    ]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of good and bad files, outside every project."""
    (tmp_path / "in").mkdir()
    good = tmp_path / "in" / "good.pdf"
    good.write_bytes(INVOICE)
    (tmp_path / "in" / "empty.pdf").touch()
    (tmp_path / "in" / "locked.pdf").write_bytes(encrypted_pdf())
    (tmp_path / "in" / "notes.txt").write_text("skipped")
    with zipfile.ZipFile(tmp_path / "in" / "some.zip", "w") as archive:
        archive.write(good)
    (tmp_path / "in" / "some.pdf.gz").write_bytes(gzip.compress(INVOICE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


BAD = {
    "in/empty.pdf: The file is empty.",
    "in/locked.pdf: The PDF is encrypted; save it without a password.",
    "in/some.zip: This is a ZIP archive: unpack it, and read the folder.",
    "in/some.pdf.gz: This is a gzip archive: unpack it, and read the folder.",
    "nothing: There is no such file or folder.",
}


def test_bad_files_are_one_sentence_each_and_the_others_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--json", "--backend", "pdf-text+rules", "--csv", "out.csv", "--xlsx", "out.xlsx")
    (folder / "=sum.pdf").write_bytes(INVOICE)
    result = call(monkeypatch, "read", "=sum.pdf", "in", "nothing", *options)
    assert result.code == 1
    written = [line for line in result.err.splitlines() if line.startswith("Written")]
    assert set(result.err.splitlines()) - set(written) == BAD
    found = {row["file"]: row for row in json.loads(result.out)}
    assert len(found) == 7
    assert [row["file"] for row in json.loads(result.out)][-1] == "nothing"  # in the order of the arguments
    good = found["in/good.pdf"]
    total = good["fields"]["total_amount"]
    assert total["value"] == "25.00"
    assert 0.5 < total["confidence"] <= 1
    assert total["page"] == 1
    assert len(total["box"]) == 4
    assert good["line_items"][0]["amount"]["value"] == "20.00"
    assert found["in/locked.pdf"]["error"]["reason"] == "encrypted"
    with (folder / "out.csv").open() as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert rows["in/good.pdf"]["total_amount"] == "25.00"
    assert "'=sum.pdf" in rows  # no formula
    assert rows["in/empty.pdf"]["error"] == "The file is empty."
    assert (folder / "out-line-items.csv").read_text().count("\n") == 5
    with zipfile.ZipFile(folder / "out.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<v>25</v>" in sheet
        assert "=sum.pdf" in sheet
    assert not (folder / ".dagster").exists()


def test_a_folder_that_only_has_other_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").touch()
    result = call(monkeypatch, "read", "texts")
    assert result.code == 1
    assert "contains no documents" in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--backend", "nothing"), "Unknown backend 'nothing'"),
        (("--backend", "gemini-vision"), "cannot read files here"),
        (("--csv", "no/folder/a.csv"), "there is no folder"),
        (("--xlsx", "-"), "cannot be printed"),
    ],
)
def test_a_mistake_is_said_before_anything_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], words: str
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    result = call(monkeypatch, "read", "in/good.pdf", *options)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert result.err.count("\n") == 1


def test_nothing_of_dagster_or_the_warehouse_is_imported(folder: Path) -> None:
    script = (
        "import sys, json; sys.argv = ['ocr-pipeline', 'read', 'in/good.pdf', '-b', 'pdf-text+rules', '--csv', '-']\n"
        "from ocr_pipeline.cli import main\n"
        "if __name__ == '__main__':\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    path = folder / "script.py"
    path.write_text(script)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True, cwd=folder)
    assert next(csv.DictReader(StringIO(done.stdout)))["invoice_date"] == "2026-03-04"
    modules = json.loads(done.stderr)
    forbidden = (
        "dagster",
        "duckdb",
        "pandas",
        "ocr_pipeline.warehouse",
        "ocr_pipeline.defs",
        "sklearn",
        "google.genai",
    )
    assert [name for name in modules if name.startswith(forbidden)] == []


def test_open_writes_the_document_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    result = call(monkeypatch, "read", "in/good.pdf", "--backend", "pdf-text+rules", "--open")
    assert result.code == 0
    assert "total_amount" in result.out
    page = Path(opened[0].removeprefix("file://"))
    text = page.read_text()
    assert "25.00" in text
    assert "shipped calibration" in text
    assert "line items of pdf-text+rules: 2 rows" in text
    assert "index.html" not in text  # no links to pages that are not there
    images = sorted(path.name[20:] for path in (page.parent.parent / "images").iterdir())
    assert images == ["-1.webp", "-small.webp"]
