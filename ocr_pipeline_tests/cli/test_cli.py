"""Every command as a user meets it, `run` with Dagster excepted: output, errors and exit codes."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ocr_pipeline.cli import documents as documents_command
from ocr_pipeline.cli.output import console
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.identifiers import new_id
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.stage import ingest, ingest_label
from ocr_pipeline.errors import ProviderError, WarehouseError
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse, utc_now
from ocr_pipeline.warehouse.migrate import migrations
from ocr_pipeline_tests.cli.command import Result, call
from ocr_pipeline_tests.files import add_file, add_image, image_bytes, small_backends, write_backends

SROIE = Path(__file__).resolve().parents[3] / "shared" / "data" / "sroie"


def in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 80 columns, in which nobody has asked for colours or against them."""
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    in_a_terminal(monkeypatch)


class Cli:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str) -> Result:
        return call(self._monkeypatch, *arguments)

    def ok(self, *arguments: str) -> str:
        result = self(*arguments)
        assert (result.code, result.err) == (0, "")
        assert_fits(result.out)
        return result.out

    def fails(self, *arguments: str) -> str:
        """The sentence on standard error: one line, and nothing else anywhere."""
        result = self(*arguments)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("Error: ")
        assert result.err.count("\n") == 1
        assert result.err.rstrip().endswith(".")
        return result.err.removeprefix("Error: ").rstrip("\n")

    def json(self, *arguments: str) -> Any:
        result = self(*arguments, "--json")
        assert (result.code, result.err) == (0, "")
        return json.loads(result.out)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(monkeypatch)


def assert_fits(output: str) -> None:
    for line in output.splitlines():
        assert len(line) <= 80, line


def taken_in(project: Project) -> None:
    """Documents and labels in the database, as a run would leave them."""
    new_rows = tables.empty((*tables.documents.DOCUMENT_TABLES, *tables.labels.LABEL_TABLES))
    for source in find_documents(project.data):
        document, failure = ingest(source, Limits())
        path = project.relative(source.path)
        tables.documents.add_document(new_rows, source, path, run_id="r", document=document, failure=failure)
        label, sha256, failure = ingest_label(source)
        name = source.document_id
        tables.labels.add_label(
            new_rows, name, source.dataset, run_id="r", label=label, label_sha256=sha256, failure=failure
        )
    Warehouse(project.database).replace_all(new_rows)


def board(backend: str, dataset: str = "demo", **values: Any) -> dict[str, Any]:
    row = {
        "dataset": dataset,
        "backend": backend,
        "status": "ok",
        "documents": 10,
        "failures": 0,
        "labelled_documents": 10,
        "missing_documents": 0,
        "accurate_documents": 3,
        "seconds_per_document": 1.25,
        "cost_per_document": 0.0,
        "evaluated_at": utc_now(),
    }
    return {**row, **values}


def scores(backend: str, dataset: str = "demo", f1: float | None = 0.9) -> list[dict[str, Any]]:
    counts = {"documents": 10, "n": 10, "correct": 9, "wrong": 1, "spurious": 0, "missing": 0, "both_empty": 0}
    rates = {f"{rate}{bound}": f1 for rate in ("precision", "recall", "f1") for bound in ("", "_low", "_high")}
    return [
        {"dataset": dataset, "backend": backend, "field": field, **counts, **rates}
        for field in (*FIELD_KINDS, ALL_FIELDS)
    ]


class TestHelp:
    def test_no_command_shows_what_there_is(self, run: Cli) -> None:
        shown = run("--help")
        assert shown.code == 0
        assert_fits(shown.out)
        for command in ("run", "leaderboard", "documents", "backends", "doctor", "import", "dev"):
            assert re.search(rf"^\W*{command} ", shown.out, re.MULTILINE)
        assert run().out.split() == shown.out.split()

    @pytest.mark.parametrize(
        "arguments",
        [
            "run",
            "leaderboard",
            "compare",
            "history",
            "baseline",
            "baseline pin",
            "baseline show",
            "baseline clear",
            "documents",
            "backends",
            "doctor",
            "dev",
            "import",
            "import sroie",
            "import folder",
            "import cord",
            "import einvoice",
        ],
    )
    def test_every_command_explains_itself(self, run: Cli, arguments: str) -> None:
        shown = run.ok(*arguments.split(), "--help")
        assert re.search(rf"Usage: .*ocr-pipeline {arguments} ", shown)  # `python -m pytest` comes before the name

    def test_a_wrong_option_is_a_usage_error(self, run: Cli) -> None:
        result = run("documents", "--nonsense")
        assert (result.code, result.out) == (2, "")
        assert "No such option" in result.err
        assert "Traceback" not in result.err

    def test_the_console_script_is_this_program(self, project: Project) -> None:
        script = Path(sys.executable).with_name("ocr-pipeline")
        done = subprocess.run([script, "backends", "--json"], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert [row["backend"] for row in json.loads(done.stdout)] == ["pixel+first", "pdf-text+first", "page-width"]


class TestDocuments:
    def test_new_known_failed_and_gone(self, run: Cli, project: Project) -> None:
        add_image(project, "s/a.png", total="1.00")
        add_file(project, "s/b.pdf", b"%PDF-1.7 broken")
        gone = add_image(project, "s/c.png")
        add_image(project, "s/d.png").with_suffix(".json").write_text("{}")
        taken_in(project)
        gone.unlink()
        add_image(project, "t/new.png", 41)
        listed = {row["document_id"]: row for row in run.json("documents")}
        assert {name: (row["status"], row["label"], row["pages"]) for name, row in listed.items()} == {
            "s-a": ("ok", "ok", 1),
            "s-b": ("failed", "none", None),
            "s-c": ("deleted", "none", 1),
            "s-d": ("ok", "invalid", 1),
            "t-new": ("new", "none", None),
        }
        assert listed["s-a"]["path"] == "data/documents/s/a.png"
        assert listed["s-b"]["message"] == "Corrupt PDF: PDFium cannot open it."
        assert listed["s-d"]["message"] == "Invalid label: invoice: Field required."
        shown = run.ok("documents")
        assert "5 documents" in shown
        assert "Corrupt PDF: PDFium cannot open it." in shown
        assert [row["document_id"] for row in run.json("documents", "--dataset", "t")] == ["t-new"]

    def test_long_names_are_folded(self, run: Cli, project: Project) -> None:
        add_image(project, f"{'long-name-' * 20}.png")
        run.ok("documents")

    def test_a_file_name_with_markup_and_escape_codes(self, run: Cli, project: Project) -> None:
        add_file(project, "s/[bold red]x\x1b[31m.png", b"nothing")
        path = add_file(project, "s/y.png", image_bytes())
        path.with_suffix(".json").write_text(json.dumps({"invoice": {"[red]\x1b[31m\\[/]": 1}}))
        taken_in(project)
        shown = run.ok("documents")
        assert "\x1b" not in shown
        assert "[red]⟨U+001B⟩[31m\\[/]: unknown key." in " ".join(shown.split())
        assert any(r"\x1b" in row["path"] for row in run.json("documents"))

    def test_a_file_name_that_is_not_utf_8(self, run: Cli, project: Project) -> None:
        if sys.platform != "linux":
            pytest.skip("other systems refuse such file names")
        add_file(project, "caf\udce9.png", image_bytes())
        taken_in(project)
        (row,) = run.json("documents")
        assert (row["status"], row["path"]) == ("ok", r"data/documents/caf\xe9.png")
        run.ok("documents")

    def test_no_documents(self, run: Cli, project: Project) -> None:
        assert run.fails("documents") == (
            "No documents yet; copy some to data/documents or see `ocr-pipeline import --help`."
        )
        assert run.json("documents") == []
        add_image(project, "a.png")
        assert run.fails("documents", "--dataset", "x").startswith("No documents in data set 'x'; ")


class TestBackends:
    def test_all_that_are_configured(self, run: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PdfText, "unavailable", lambda self: "the package [x] is not installed")
        settings = small_backends(project.root)
        settings["backends"]["page-width"]["description"] = "only [bold]looks[/] at the page " * 5
        write_backends(project.root, settings)
        shown = run.ok("backends")
        assert "[bold]looks[/]" in shown
        assert "cannot run: the package [x]" in " ".join(shown.split())
        assert {row["backend"]: (row["engine"], row["not_run"]) for row in run.json("backends")} == {
            "pixel+first": ("pixel", None),
            "pdf-text+first": ("pdf-text", "the package [x] is not installed"),
            "page-width": (None, None),
        }

    def test_a_wrong_file(self, run: Cli, project: Project) -> None:
        project.config_file.write_text("engines: [")
        assert run.fails("backends").startswith("backends.yaml, line 1: ")
        assert run.fails("run").startswith("backends.yaml, line 1: ")

    def test_no_file(self, run: Cli, project: Project) -> None:
        project.config_file.unlink()
        for command in ("backends", "documents", "leaderboard", "run"):
            assert run.fails(command) == f"OCR_PIPELINE_HOME is {project.root}, which contains no backends.yaml."


class TestLeaderboard:
    @pytest.fixture
    def filled(self, project: Project) -> Project:
        boards = [
            board("rapidocr+rules", failures=2, documents=12),
            board(
                "gemini-2.5-flash-vision+a-long-name-of-a-prompt.v2",
                cost_per_document=0.0123,
                seconds_per_document=123.4,
            ),
            board("no-scores", accurate_documents=0),
            board("part", missing_documents=4),
            board("absent", status="not_run", message="the package [x] is not installed"),
            board("rapidocr+rules", "sroie", labelled_documents=1000, accurate_documents=1000, documents=10_000),
        ]
        fields = [
            *scores("rapidocr+rules", f1=0.8),
            *scores("gemini-2.5-flash-vision+a-long-name-of-a-prompt.v2", f1=1.0),
            *scores("no-scores", f1=None),
            *scores("part", f1=0.5),
            *scores("rapidocr+rules", "sroie"),
        ]
        Warehouse(project.database).replace_all({"leaderboard": boards, "leaderboard_fields": fields})
        return project

    def test_best_first_at_80_columns(self, run: Cli, filled: Project) -> None:
        shown = run.ok("leaderboard")
        order = [shown.index(text) for text in ("gemini", "rapidocr+rules", "part", "no-scores")]
        assert order == sorted(order)
        assert "Not run: the package [x] is not installed (absent)." in shown
        assert "part: 4 labelled documents without a current score." in " ".join(shown.split())
        for text in ("total_amount", "80.0 [80–80]", "3/10", "0.0123", "123.40", "1000/1000"):
            assert text in shown, text

    def test_every_field(self, run: Cli, filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = run.ok("leaderboard", "--fields", "--dataset", "demo")
        assert shown.count("supplier_tax_id") == 4
        assert "sroie" not in shown
        assert "lenient" not in shown
        monkeypatch.setattr(console, "width", 100)
        assert run("leaderboard", "--fields", "--dataset", "demo").out.count("strict lenient") == 4

    def test_json(self, run: Cli, filled: Project) -> None:
        found = run.json("leaderboard", "--dataset", "sroie")
        assert [(row["backend"], row["documents"]) for row in found["leaderboard"]] == [("rapidocr+rules", 10_000)]
        assert len(found["fields"]) == len(FIELD_KINDS) + 1

    def test_no_scores(self, run: Cli, filled: Project) -> None:
        assert run.fails("leaderboard", "-s", "[x]") == (
            "No scores for data set '[x]' yet; run `ocr-pipeline run` first."
        )
        filled.database.unlink()
        assert run.fails("leaderboard") == "No scores yet; run `ocr-pipeline run` first."


class TestDatabase:
    def test_it_is_locked(self, run: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        taken_in(project)
        monkeypatch.setattr("ocr_pipeline.cli.output.READ_TIMEOUT", 0.1)
        code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        holder = subprocess.Popen(
            [sys.executable, "-c", code, str(project.database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        for command in ("documents", "leaderboard"):
            message = run.fails(command)
            assert message.startswith(f"The database {project.database} is in use by ")
            assert message.endswith(f" (process {holder.pid}); close it there and try again.")
        holder.communicate()

    def test_it_is_something_else(self, run: Cli, project: Project) -> None:
        project.database.write_text("Dear diary " * 500)
        expected = f"{project.database} is not a DuckDB database; move it away and run again."
        assert run.fails("leaderboard") == expected
        assert run.fails("documents") == expected

    def test_it_is_newer(self, run: Cli, project: Project) -> None:
        taken_in(project)
        with duckdb.connect(project.database) as connection:
            connection.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP)")
        assert run.fails("leaderboard").startswith("The database has schema version 99, this ocr_pipeline knows ")


class TestRunArguments:
    """What is wrong is said before anything runs."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("-d nothing", "No document matches 'nothing'; `ocr-pipeline documents` lists them."),
            ("-d s-a,s-x*", "No document matches 's-x*'; `ocr-pipeline documents` lists them."),
            ("-s [red]", "No documents in data set '[red]'; `ocr-pipeline documents` lists all documents."),
            ("-b gpt", "No backend matches 'gpt'; choose from pixel+first, pdf-text+first, page-width."),
            ("-b pdf-text+first", "Backend pdf-text+first cannot run: the package x is not installed."),
            ("-b pdf-*", "No selected backend can run here: pdf-text+first: the package x is not installed."),
        ],
    )
    def test_a_wrong_choice(
        self, run: Cli, project: Project, arguments: str, message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PdfText, "unavailable", lambda self: "the package x is not installed")
        add_image(project, "s/a.png")
        assert run.fails("run", *arguments.split()) == message
        assert not project.database.exists()

    def test_no_documents(self, run: Cli, project: Project) -> None:
        assert run.fails("run").startswith("No documents yet; copy some to data/documents or see ")


class TestImport:
    def test_a_folder_twice(self, run: Cli, project: Project, tmp_path: Path) -> None:
        source = tmp_path / "[bold]bills"
        source.mkdir()
        (source / "a.png").write_bytes(image_bytes())
        (source / "b.png").write_bytes(image_bytes(41))
        (source / "c.png").write_bytes(image_bytes())
        (source / "b.json").write_text("{}")
        a, b, c = (new_id(f"documents/my-bills/{name}.png") for name in "abc")
        first = run.ok("import", "folder", str(source), "--name", "My Bills")
        assert first.splitlines() == [
            "Data set my-bills: 3 new, 0 changed, 0 unchanged documents; 0 labelled.",
            "  b.json: Invalid label: invoice: Field required.",
            f"  {c} has the same bytes as {a}.",
            "Next: ocr-pipeline run --dataset my-bills",
        ]
        second = run.ok("import", "folder", str(source), "--name", "My Bills")
        assert "0 new, 0 changed, 3 unchanged" in second
        assert [row["document_id"] for row in run.json("documents")] == [a, b, c]

    def test_many_problems_are_counted(self, run: Cli, project: Project, tmp_path: Path) -> None:
        source = tmp_path / "bills"
        source.mkdir()
        for number in range(13):
            (source / f"{number}.png").write_bytes(image_bytes(40 + number))
            (source / f"{number}.json").write_text("{}")
        shown = run.ok("import", "folder", str(source)).splitlines()
        assert len(shown) == 13
        assert shown[11] == "  … and 3 more problems"

    @pytest.mark.skipif(not SROIE.is_dir(), reason=f"{SROIE} is not there: the SROIE receipts are not in the checkout")
    def test_sroie(self, run: Cli, project: Project) -> None:
        shown = run.ok("import", "sroie", str(SROIE))
        assert "Data set sroie: 120 new, 0 changed, 0 unchanged documents; 120 labelled." in shown

    def test_an_archive_with_a_csv_of_labels(self, run: Cli, project: Project, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
            archive.writestr("a.png", image_bytes())
        (tmp_path / "l.csv").write_text("file,currency\na.png,EUR\n")
        shown = run.ok("import", "folder", f"zip://::{tmp_path}/z.zip", "--labels", str(tmp_path / "l.csv"))
        assert "Data set z: 1 new, 0 changed, 0 unchanged documents; 1 labelled." in shown
        assert run.fails("import", "folder", "s3://bucket/x") == (
            "s3://bucket/x needs a package that is not installed: Install s3fs to access S3."
        )

    def test_what_cannot_be_imported(self, run: Cli, project: Project, tmp_path: Path) -> None:
        assert run.fails("import", "folder", str(tmp_path / "none")) == f"{tmp_path / 'none'} is not a folder."
        assert "layout: folders img and key." in run.fails("import", "sroie", str(tmp_path))
        empty = tmp_path / "x\x1b[31m[bold]"
        empty.mkdir()
        assert run.fails("import", "folder", str(empty)) == "No documents to import were found."
        assert run.fails("import", "sroie", str(empty)) == (
            f"{tmp_path}/x⟨U+001B⟩[31m[bold] does not have SROIE's public layout: folders img and key."
        )


class TestMoved:
    """A renamed document with a label, of a name that is not UTF-8: offered, moved, and the same document again."""

    def test_a_label_follows(self, run: Cli, project: Project) -> None:
        path = add_image(project, "s/a.png", total="1.00")
        taken_in(project)
        path.rename(path.with_name("caf\udce9.png"))
        offer = (
            "Without a document: data/documents/s/a.png.json: data/documents/s/a.png is now "
            r"data/documents/s/caf\xe9.png; `ocr-pipeline labels move` lets it keep its labels and its id."
        )
        assert offer in run("documents").out
        assert {"name": "labels", "state": "note", "message": offer} in run.json("doctor")
        assert r"data/documents/s/a.png.json → data/documents/s/caf\xe9.png.json" in run("labels", "move", "--yes").out
        [row] = run.json("documents")
        assert (row["document_id"], row["path"], row["status"]) == ("s-a", r"data/documents/s/caf\xe9.png", "ok")
        assert run("labels", "move").out == "Nothing to move.\n"
        (path.with_name("b.pdf.part")).write_bytes(b"half")
        assert "Waiting: 1 unfinished file" in run("documents").out

    def test_a_person_names_both(self, run: Cli, project: Project) -> None:
        add_image(project, "a.png")
        (project.data / "documents" / "lost.json").write_text('{"invoice": {}}')
        assert "Unknown document 'zzz'" in run.fails("labels", "move", "data/documents/lost.json", "zzz")
        assert run("labels", "move", "data/documents/lost.json", "a.png").code == 0
        assert [row["label"] for row in run.json("documents")] == ["not ingested"]
        assert run.fails("labels", "move", "data/documents/none.json", "a.png").startswith(
            "The label file cannot be read"
        )


class TestDoctor:
    def test_a_sound_project(self, run: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        for key in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
            monkeypatch.delenv(key, raising=False)
        add_image(project, "a.png", total="1")
        checks = {check["name"]: (check["state"], check["message"]) for check in run.json("doctor")}
        assert {"python", "dagster", "duckdb", "rapidocr", "engine pixel", "engine pdf-text", "disk"} <= set(checks)
        assert checks["backends.yaml"] == ("ok", "2 engines, 3 backends")
        assert checks["documents"] == ("ok", "1 document, 1 with a label file")
        assert checks["database"][0] == "note"
        assert checks["keys"][0] == "note"
        assert not project.database.exists()
        taken_in(project)
        shown = run("doctor")
        assert shown.code == 0
        assert (
            f"ok   database: data/warehouse.duckdb, schema {migrations()[-1][0]}, 1 document, 0 extractions"
            in shown.out
        )

    def test_doctor_finds_stored_results_that_are_damaged(self, run: Cli, project: Project) -> None:
        store = ResultStore(project.results)
        for key in ("a" * 64, "b" * 64, "c" * 64):
            store.put("ocr", key, '{"total": "12.50"}')
        stored = ("stored results", "ok", "3 stored results; none is damaged")
        assert stored in {tuple(check.values()) for check in run.json("doctor", "--verify")}
        damaged, old = (project.results / "ocr" / name[:2] / f"{name}.json" for name in ("b" * 64, "c" * 64))
        damaged.write_text(damaged.read_text().replace("12.50", "12.60"))
        old.write_text('{"total": "12.50"}')
        shown = run("doctor", "--verify")
        assert shown.code == 1
        assert (
            "bad  stored results: 3 stored results, 1 of them without a hash, from an older version; 1 damaged: "
            f"{damaged}. Restore these files from a backup, or delete them: "
        ) in shown.out

    def test_a_key_is_never_shown(self, run: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "SECRET")
        shown = run("doctor").out
        assert "keys: set: OPENAI_API_KEY" in shown
        assert "SECRET" not in shown

    def test_an_engine_that_cannot_run_is_no_fault(
        self, run: Cli, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PdfText, "unavailable", lambda self: "the package [x] is not installed")
        result = run("doctor")
        assert result.code == 0
        assert "note engine pdf-text: cannot run: the package [x] is not installed" in result.out

    def test_what_is_broken_is_named_and_the_exit_code_says_so(self, run: Cli, project: Project) -> None:
        project.database.write_text("Dear diary " * 500)
        result = run("doctor")
        assert (result.code, result.err) == (1, "")
        assert f"bad  database: {project.database} is not a DuckDB database; move it away and run again." in result.out
        project.config_file.write_text("engines: [")
        result = run("doctor", "--json")
        assert result.code == 1
        assert json.loads(result.out)[-1]["state"] == "bad"
        project.config_file.unlink()
        result = run("doctor")
        assert result.code == 1
        assert "bad  backends.yaml: OCR_PIPELINE_HOME is " in result.out


class TestErrors:
    @pytest.mark.parametrize(
        "error", [WarehouseError("It is [bold]locked[/]."), ProviderError("It is [bold]locked[/].")]
    )
    def test_an_error_of_ours_is_one_sentence(
        self, run: Cli, project: Project, error: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing() -> Project:
            raise error

        monkeypatch.setattr(documents_command, "find_project", failing)
        assert run.fails("documents") == "It is [bold]locked[/]."

    def test_a_reader_that_has_seen_enough(self, project: Project) -> None:
        for number in range(500):  # more than a pipe holds: the command must meet its end
            add_file(project, f"document-with-a-name-of-more-than-one-line-in-the-table-{number}.png", b"x")
        script = Path(sys.executable).with_name("ocr-pipeline")
        command = subprocess.Popen([script, "documents"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert command.stdout
        command.stdout.read(10)
        command.stdout.close()
        assert command.stderr
        assert command.stderr.read() == b""
        assert command.wait(timeout=60) in (0, 1)
