"""No key and no document content where it does not belong, whatever a server repeats: all bytes of all outputs."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.canary import PASSING, contents, leaks, leaky_standin
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.files import PLUGINS, add_file, add_label, text_pdf, write_backends
from ocr_pipeline_tests.model_project import command_project, model_backends
from ocr_pipeline_tests.standin import StandIn

KEYS = {
    "GEMINI_API_KEY": "AIzaSyDw/7+Kq2-XvTn_b9RjmLc4ZsEo8",
    "OPENAI_API_KEY": "sk-proj-Yt6=Hn3wQ_zR8-vBc1+Mx/5dKfGa",
    "OTHER_API_KEY": "0tGq8ZrV2mXc7LpB4nYs6WdJ",
}


@pytest.fixture
def leaky() -> Iterator[StandIn]:
    with leaky_standin() as standin:
        yield standin


@pytest.fixture
def leaking(tmp_path: Path, leaky: StandIn, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with three providers, each with a key of its own, all of them at the server that repeats keys."""
    project = command_project(tmp_path / "all" / "project", leaky.url)
    content = model_backends(project.root, leaky.url, retries=0)
    content["providers"]["other"] = {**content["providers"]["openai"], "type": "openai", "api_key_env": "OTHER_API_KEY"}
    options = {"model": "local", "provider": "other"}
    content["backends"]["other-vision"] = {"extractor": "openai", "options": options}
    content["backends"]["batched"] = {"extractor": "gemini", "options": {"mode": "batch"}}
    write_backends(project.root, content)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, f"{key}\n")
    monkeypatch.setenv("OCR_PIPELINE_HOME", str(project.root))
    monkeypatch.chdir(project.root)
    return project


def run(project: Project, log: Path, *arguments: str) -> None:
    with log.open("ab") as output:
        command = [sys.executable, "-m", "ocr_pipeline.cli", "run", *arguments]
        subprocess.run(command, cwd=project.root, stdout=output, stderr=output, timeout=580)


@pytest.mark.slow
def test_no_key_is_in_any_output(leaking: Project, leaky: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = leaking.root.parent
    turn = count()
    mixed = ["ok", *map(str, PASSING), "html", "broken", "ok"]
    leaky.plan = lambda seen: mixed[next(turn) % len(mixed)]
    run(leaking, everything / "log")
    leaky.plan = lambda seen: "ok"
    run(leaking, everything / "log", "--fresh", "--backends", "*vision,batched")
    assert {seen.key for seen in leaky.seen} == set(KEYS.values())
    for number, command in enumerate(
        [
            *(
                ["status"],
                ["leaderboard"],
                ["errors"],
                ["documents"],
                ["backends"],
                ["doctor"],
                ["history"],
                ["report"],
            ),
            *(["explain", "d0", "--calls"], ["explain", "d1", "--json", "--calls"], ["pack", "d0"], ["pack", "d1"]),
            *(["export", "csv"], ["export", "parquet", "--format", "parquet"], ["export", "json", "--format", "json"]),
        ]
    ):
        answer = call(monkeypatch, *command)
        (everything / f"output-{number}").write_text(answer.out + answer.err)
    log = (everything / "log").read_text()
    assert "Traceback" not in log
    assert "No such option" not in log
    assert leaks(everything, KEYS) == []
    with duckdb.connect(str(leaking.database), read_only=True) as database:  # so that there was something to be found
        [(kept,)] = database.execute("SELECT count(*) FROM extracted_fields WHERE value LIKE '%***%'").fetchall()
    assert kept > 0


WORD = "SECRET"
"""Stands in the documents; the stand-in quotes it in errors, as servers do."""


@pytest.mark.slow
def test_no_document_content_is_in_a_log(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results, tables and the report hold what documents say. Logs, Dagster's storage and sentences of errors do not."""
    monkeypatch.setenv("GEMINI_API_KEY", KEYS["GEMINI_API_KEY"])
    monkeypatch.setenv("OPENAI_API_KEY", KEYS["OPENAI_API_KEY"])
    (tmp_path / "logs").mkdir()
    lines = [(20, 180, f"{WORD} Tools Ltd"), (20, 150, f"Invoice {WORD}-4711"), (20, 120, f"1 {WORD} 12.50")]
    turn = count()
    scenarios = [
        *(
            "ok",
            "schema_breaking",
            "prose",
            "odd_shape",
            "error_200",
            "refused",
            "error_500",
            "broken_reply",
            "truncated",
        ),
        *("safety", "array", "broken_json"),
    ]
    for number in range(6):
        path = add_file(project, f"shop/d{number}.pdf", text_pdf([[*lines, (20, 60, f"Total {number}2.50")]]))
        add_label(path, supplier_name=f"{WORD} Tool Ltd", invoice_id=f"{WORD}-4712", total_amount="12.50")
    add_file(project, "shop/broken.pdf", f"%PDF-1.4\n{WORD}\n%%EOF".encode())
    add_label(add_file(project, "shop/unlabelled.png", WORD.encode()), supplier_name="x")
    (project.data / "documents" / "shop" / "d1.json").write_text(f'{{"total_amount": "{WORD} x"}}')
    limits = {"retries": 0, "concurrency": 1}
    with StandIn() as standin:
        standin.plan = lambda seen: scenarios[next(turn) % len(scenarios)]
        backends = {
            "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
            "quoting": {"engine": "pdf-text", "extractor": f"{PLUGINS}:Quoting"},
            "gemini": {"engine": "pdf-text", "extractor": "gemini"},
            "openai": {"engine": "pdf-text", "extractor": "openai", "options": {"model": "local"}},
        }
        providers = {
            "gemini": {"base_url": standin.url, **limits},
            "openai": {"base_url": f"{standin.url}/v1", **limits},
        }
        content = {"engines": {"pdf-text": None}, "backends": backends, "providers": providers}
        write_backends(project.root, content)
        run(project, tmp_path / "logs" / "log")
    (tmp_path / "logs" / "doctor").write_text(str(call(monkeypatch, "doctor")))
    with duckdb.connect(str(project.database), read_only=True) as database:
        columns = database.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE column_name = 'message' AND NOT internal"
        ).fetchall()
        assert ("extractions", "message") in columns
        for table, column in columns:
            rows = database.execute(f'SELECT DISTINCT "{column}"::VARCHAR FROM "{table}"').fetchall()
            (tmp_path / "logs" / f"{table}.{column}").write_text(str(rows))
    with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
        events = [event for run in instance.get_runs() for event in instance.all_logs(run.run_id)]
    assert events
    # Metadata of a materialisation shows what was read, as the report does; messages and errors do not.
    told = [(event.message, event.user_message, event.error_info) for event in events]
    (tmp_path / "logs" / "events").write_text(str(told))
    logs = [*contents(tmp_path / "logs"), *(file for file in contents(project.dagster_home) if ".db" not in file[0])]
    assert [place for place, found in logs if WORD.encode() in found] == []
    assert any(WORD.encode() in found for _, found in contents(project.results))  # it was read
