"""`explain`, `errors`, `export` and `pack` as a user meets them."""

import csv
import json
import os
import re
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ocr_pipeline.inspection.changes import changes
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.inspected import KEY


def done(run: Cli, *arguments: str) -> str:
    """What a command says that names a folder, however long its name is."""
    result = run(*arguments)
    assert (result.code, result.err) == (0, "")
    return result.out


def words(text: str) -> str:
    return " ".join(text.split())


class TestExplain:
    def test_all_backends_beside_the_label(self, run: Cli, shop: Project) -> None:
        shown = words(run.ok("explain", "shop-a", "--field", "total_amount"))
        assert "total_amount 150.00 ✗ 120.00 ✗ 100.00 ✗ 834 ∅" in shown
        assert "supplier_name" not in shown

    def test_the_chain_of_one_backend(self, run: Cli, shop: Project) -> None:
        shown = words(run("explain", "shop-a", "--backend", "pdf-text+rules").out)
        for part in (
            "data/documents/shop/a.pdf: application/pdf, 851 bytes",
            "engine pdf-text: ok, 16 words",
            "origin country unknown (",
            "attribution selection: The text has “150.00”; “120.00” was selected.",
            "│ Total 120.00",
            "✓ right: supplier_name, invoice_id, invoice_date",
            "Rerun: ocr-pipeline run --documents shop-a --backends pdf-text+rules --all",
        ):
            assert part in shown, part

    def test_prompt_and_raw_reply(self, run: Cli, shop: Project) -> None:
        shown = run("explain", "shop-a", "-b", "pdf-text+gemini", "--calls").out
        assert "<document>\nHarbour Tools Ltd\n" in shown
        assert "raw reply\n{" in shown
        assert "0.001121 USD" in shown
        assert "run --documents shop-a --backends pdf-text+gemini --fresh" in words(shown)
        assert KEY not in shown

    def test_a_failed_document(self, run: Cli, shop: Project) -> None:
        shown = words(run("explain", "shop-c", "-b", "pdf-text+rules").out)
        assert "engine pdf-text: failed" in shown
        assert "The document has no text layer: use an OCR engine." in shown

    def test_hostile_texts_are_shown_and_do_nothing(self, run: Cli, shop: Project) -> None:
        for arguments in (("shop-d",), ("shop-d", "-b", "hostile"), ("shop-a", "-b", "hostile", "-f", "receiver_name")):
            result = run("explain", *arguments)
            assert (result.code, result.err) == (0, "")
            assert not {"\x1b", "\u202e"} & set(result.out)
            assert len(result.out) < 20_000
        assert "⟨U+202E⟩evil ⟨U+001B⟩[31m" in words(run("explain", "shop-d", "-b", "hostile").out)

    def test_json(self, run: Cli, shop: Project) -> None:
        found = run.json("explain", "shop-a", "-b", "pdf-text+rules")
        assert list(found["cases"]) == ["pdf-text+rules"]
        [total] = [one for one in found["cases"]["pdf-text+rules"]["fields"] if one["field"] == "total_amount"]
        assert total["evidence"]["text"] == "120.00"

    def test_what_is_not_there(self, run: Cli, shop: Project) -> None:
        assert run.fails("explain", "x").startswith("Unknown document 'x'")
        assert run.fails("explain", "shop-a", "-b", "x").startswith("Unknown backend 'x'; choose from pdf-text+rules")
        assert run.fails("explain", "shop-a", "-f", "x").startswith("Unknown field 'x'; choose from document_type")


def test_what_changed_since_the_evaluation_before(run: Cli, shop: Project) -> None:
    warehouse = Warehouse(shop.database)
    with warehouse.snapshot() as snapshot:
        assert changes(snapshot, "shop-a", "pdf-text+rules") == []
    with warehouse.connect(read_only=False) as connection:
        earlier = datetime(2020, 1, 1)
        connection.execute(
            "INSERT INTO evaluation_history BY NAME SELECT * REPLACE ('old' AS evaluation_id, ? AS evaluated_at,"
            " replace(outcomes, 'w', 'c') AS outcomes) FROM evaluation_history WHERE backend = 'pdf-text+rules'",
            [earlier],
        )
    with warehouse.snapshot() as snapshot:
        [change] = changes(snapshot, "shop-a", "pdf-text+rules")
    assert (change.field, change.before, change.now) == ("total_amount", "correct", "wrong")
    assert change.evaluated_at - earlier > timedelta(days=1)
    shown = words(run("explain", "shop-a", "-b", "pdf-text+rules").out)
    assert "total_amount changed from correct to wrong in the evaluation of" in shown


class TestErrors:
    def test_worst_first(self, run: Cli, shop: Project) -> None:
        rows = run.json("errors")
        stakes = [float(row["at_stake"]) for row in rows if row["at_stake"] is not None]
        assert (stakes, len(stakes)) == (sorted(stakes, reverse=True), 10)
        # 834 points is how wide the page of 150 is
        assert [(row["document_id"], row["backend"], row["at_stake"]) for row in rows[:2]] == [
            ("shop-b", "page-width", "714.00"),
            ("shop-a", "page-width", "684.00"),
        ]
        assert all(row["at_stake"] is None for row in rows[len(stakes) :])

    def test_filters(self, run: Cli, shop: Project) -> None:
        rows = run.json(
            "errors", "--backend", "pdf-text+rules", "--field", "total_amount", "--attribution", "selection"
        )
        assert [(row["document_id"], row["at_stake"]) for row in rows] == [("shop-a", "30.00")]
        shown = words(run.ok("errors", "-b", "pdf-text+rules", "-n", "1"))
        assert "and 2 more" in shown
        assert "Next: ocr-pipeline explain shop-c --backend pdf-text+rules" in shown
        nothing = run.ok("errors", "-b", "pdf-text+rules", "-f", "invoice_date")
        assert words(nothing) == "No errors for backend 'pdf-text+rules', field 'invoice_date'."
        assert run.fails("errors", "-b", "typo") == "No scores for backend 'typo' yet; run `ocr-pipeline run` first."
        assert run.fails("errors", "-f", "due_date").startswith("No scores for field 'due_date' yet")
        assert run.fails("errors", "-f", "total").startswith("Unknown field 'total'; choose from document_type")
        assert run.fails("errors", "-a", "bad").startswith("Unknown attribution 'bad'; choose from ocr_missing")

    def test_nothing_scored(self, run: Cli, project: Project) -> None:
        assert run.fails("errors") == "No scores yet; run `ocr-pipeline run` first."


class TestExport:
    def test_every_table_in_every_format(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        for form in ("csv", "parquet", "json"):
            shown = done(run, "export", str(tmp_path / form), "--format", form)
            assert shown.startswith(f"Wrote {len(table_columns())} tables, ")
            files = {path.name for path in (tmp_path / form).iterdir()}
            assert files == {f"{table}.{form}" for table in table_columns()}
        reader = {"csv": "read_csv", "parquet": "read_parquet", "json": "read_json"}
        with duckdb.connect() as connection:
            counts = {
                connection.execute(
                    f"SELECT count(*) FROM {read}('{tmp_path / form / f'field_scores.{form}'}')"
                ).fetchone()
                for form, read in reader.items()
            }
        assert len(counts) == 1

    def test_no_formula_in_a_spreadsheet(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        done(run, "export", str(tmp_path), "-t", "extracted_fields", "-t", "extracted_line_items")
        usual = csv.field_size_limit(10_000_000)
        with (tmp_path / "extracted_fields.csv").open(newline="") as file:
            values = {row["value"] for row in csv.DictReader(file) if row["backend"] == "hostile"}
        csv.field_size_limit(usual)
        assert '\'=HYPERLINK("http://evil.test","1")' in values
        with (tmp_path / "extracted_line_items.csv").open(newline="") as file:
            assert {row["description"][:3] for row in csv.DictReader(file) if row["backend"] == "hostile"} == {"'=c"}
        done(run, "export", str(tmp_path), "--format", "json", "-t", "extracted_fields")
        whole = [json.loads(line) for line in (tmp_path / "extracted_fields.json").read_text().splitlines()]
        assert '=HYPERLINK("http://evil.test","1")' in {row["value"] for row in whole}

    def test_negative_numbers_are_numbers(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        with Warehouse(shop.database).connect(read_only=False) as connection:
            connection.execute("UPDATE extracted_fields SET value = '-12.50' WHERE field = 'total_amount'")
        done(run, "export", str(tmp_path), "-t", "extracted_fields")
        assert ",-12.50," in (tmp_path / "extracted_fields.csv").read_text()

    def test_what_cannot_be_exported(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        assert run.fails("export", str(tmp_path), "-t", "x").startswith(
            "There is no table 'x'; known are acceptances, attributions"
        )
        (tmp_path / "file").write_text("")
        assert "cannot be created: " in run.fails("export", str(tmp_path / "file" / "deeper"))


class TestExportWide:
    """One row per document and backend; `shop` has four of each, and a document that its rules cannot read."""

    def test_rows_of_every_format(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        usual = csv.field_size_limit(10_000_000)
        for form in ("csv", "parquet", "json"):
            shown = done(run, "export", str(tmp_path), "--wide", "--format", form)
            assert f"values.{form}, " in words(shown)
        with (tmp_path / "values.csv").open(newline="") as file:
            rows = {(row["document_id"], row["backend"]): row for row in csv.DictReader(file)}
        csv.field_size_limit(usual)
        assert len(rows) == 16
        read = rows["shop-a", "pdf-text+rules"]
        assert (read["supplier_name"], read["total_amount"], read["labelled"]) == ("Harbour Tools Ltd", "120", "True")
        assert rows["shop-c", "pdf-text+rules"]["error"].startswith("There is no text to work on")
        assert rows["shop-a", "hostile"]["invoice_id"].startswith("'=HYPERLINK")
        with duckdb.connect() as connection:
            typed = connection.execute(
                f"SELECT invoice_date, total_amount, total_amount_confidence FROM '{tmp_path}/values.parquet'"
                " WHERE document_id = 'shop-a' AND backend = 'pdf-text+rules'"
            ).fetchone()
        assert typed is not None
        assert typed[:2] == (date(2026, 3, 5), Decimal("120"))
        assert 0 < typed[2] <= 1
        whole = [json.loads(line) for line in (tmp_path / "line_items.json").read_text().splitlines()]
        assert {row["description"][:3] for row in whole if row["backend"] == "hostile"} == {"=cm"}

    def test_a_workbook_has_numbers_dates_and_no_formula(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        done(run, "export", str(tmp_path), "--wide", "--format", "xlsx")
        with zipfile.ZipFile(tmp_path / "values.xlsx") as book:
            sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
            names = book.read("xl/workbook.xml").decode()
        assert 'name="values"' in names
        assert 'name="line_items"' in names
        assert not any("<f>" in sheet for sheet in sheets)
        assert "=HYPERLINK(" in sheets[0]
        assert "=cmd|" in sheets[1]
        assert re.search(r'<c r="[A-Z]+\d+" s="\d"><v>120</v></c>', sheets[0]), "an amount is a number"
        assert re.search(r'<c r="[A-Z]+\d+" s="\d"><v>46086</v></c>', sheets[0]), "2026-03-05 is a date"

    def test_what_cannot_be_exported(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        assert run.fails("export", str(tmp_path), "--format", "xlsx").startswith("Tables cannot be exported as XLSX")
        (tmp_path / "file").write_text("")
        assert "cannot be written: " in run.fails("export", str(tmp_path / "file" / "deeper"), "--wide")


class TestPack:
    def test_everything_about_one_document(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        target = tmp_path / "case.zip"
        done(run, "pack", "shop-a", str(target))
        with zipfile.ZipFile(target) as archive:
            names = set(archive.namelist())
            assert archive.read("document.pdf") == (shop.data / "documents" / "shop" / "a.pdf").read_bytes()
            case = json.loads(archive.read("case.json"))
            [call] = [json.loads(archive.read(name)) for name in names if name.startswith("calls/")]
            assert json.loads(archive.read("label.json"))["invoice"]["total_amount"] == "150.00"
        assert names >= {"README.txt", "versions.json", "backends.yaml", "words/pdf-text.json"}
        assert set(case["cases"]) == {"pdf-text+rules", "pdf-text+gemini", "page-width", "hostile"}
        assert "Harbour Tools Ltd" in call["request"]["parts"][0]["text"]

    def test_no_key_of_the_environment(
        self, run: Cli, shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also where somebody has written it into the configuration or a model has repeated it."""
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        with shop.config_file.open("a") as file:
            file.write(f"# the key is {KEY}\n")
        target = tmp_path / "case.zip"
        done(run, "pack", "shop-a", str(target), "-b", "pdf-text+gemini")
        with zipfile.ZipFile(target) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        assert not [name for name, content in contents.items() if KEY.encode() in content]
        assert b"# the key is [key]" in contents["backends.yaml"]

    def test_no_secret_that_somebody_wrote_into_an_option(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        with shop.config_file.open("a") as file:
            file.write("# options: {api_key: sk-1234, model: m}\n# password: 'hidden'\n")
        with Warehouse(shop.database).connect(read_only=False) as connection:
            connection.execute('UPDATE extractions SET extractor_settings = \'{"token": "tk-5678", "x": 1}\'')
        done(run, "pack", "shop-a", str(tmp_path / "case.zip"))
        with zipfile.ZipFile(tmp_path / "case.zip") as archive:
            contents = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
        assert not [
            name for name, text in contents.items() if any(one in text for one in ("sk-1234", "hidden", "tk-5678"))
        ]
        assert "api_key_env" in contents["backends.yaml"] or "model: m" in contents["backends.yaml"]
        json.loads(contents["case.json"])

    def test_a_file_from_before_there_were_zips(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        os.utime(shop.data / "documents" / "shop" / "a.pdf", (0, 0))
        done(run, "pack", "shop-a", str(tmp_path / "case.zip"))
        assert [path.name for path in tmp_path.glob("*.zip*")] == ["case.zip"]

    def test_what_cannot_be_packed(self, run: Cli, shop: Project, tmp_path: Path) -> None:
        assert run.fails("pack", "x").startswith("Unknown document 'x'")
        assert "cannot be written: " in run.fails("pack", "shop-a", str(tmp_path / "no" / "where.zip"))


@pytest.mark.slow
def test_the_notebook_of_the_docs(shop: Project) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(Path(__file__).parents[2] / "docs" / "values.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(shop.root)}}).execute()
    shown = [
        output.get("data", {}).get("text/plain", "") for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    assert "supplier_name" in shown[0]
    assert "pdf-text+rules" in shown[1]
    assert "shop-a" in shown[2], "backends disagree about its total"
    assert "total_amount" in shown[4]
