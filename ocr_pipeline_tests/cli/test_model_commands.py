"""Commands that have to do with language models, against the stand-in over real sockets."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.command import Result, call
from ocr_pipeline_tests.files import write_backends
from ocr_pipeline_tests.model_project import DOCUMENTS, KEY, command_project, model_backends
from ocr_pipeline_tests.standin import StandIn

THREE = ("--documents", ",".join(DOCUMENTS))


@dataclass
class Begun:
    """A project in which the backend `vision` was run on three documents, and what that said."""

    project: Project
    standin: StandIn
    first: Result


def at_home(monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    """Where the commands are called, and with which variables."""
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv(ROOT_VARIABLE, str(project.root))
    monkeypatch.chdir(project.root)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    with StandIn() as standin, pytest.MonkeyPatch.context() as monkeypatch:
        project = command_project(tmp_path_factory.mktemp("begun") / "project", standin.url)
        at_home(monkeypatch, project)
        first = call(monkeypatch, "run", "--backends", "vision", "--max-cost", "0.05", *THREE)
        yield Begun(project, standin, first)


@pytest.fixture
def standin(begun: Begun) -> StandIn:
    begun.standin.seen.clear()
    return begun.standin


@pytest.fixture
def project(begun: Begun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it."""
    shutil.copytree(begun.project.root, tmp_path / "project")
    copy = Project(tmp_path / "project")
    at_home(monkeypatch, copy)
    return copy


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    def command(*arguments: str) -> Result:
        result = call(monkeypatch, *arguments)
        assert "Traceback" not in result.out + result.err
        return result

    return command


def error(result: Result) -> str:
    """The sentence of a command that failed, below what it said before."""
    assert result.code == 1
    [sentence] = re.findall(r"^Error: (.*)$", result.err, re.MULTILINE)
    assert result.err.endswith(f"{sentence}\n")
    return str(sentence)


def states(run: Any, *arguments: str) -> dict[str, dict[str, Any]]:
    result = run("status", "--json", *arguments)
    assert result.code == 0
    return {row["backend"]: row for row in json.loads(result.out)}


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in ("current", "missing", "stale", "failed"))


def rows(project: Project, backend: str) -> list[dict[str, Any]]:
    return Warehouse(project.database).rows("FROM extractions WHERE backend = ? ORDER BY document_id", [backend])


def test_a_run_says_what_it_may_cost_and_a_second_asks_nothing(
    begun: Begun, run: Any, project: Project, standin: StandIn
) -> None:
    assert (begun.first.code, begun.first.err) == (0, "")
    [usd] = re.findall(r"vision: calls a model for 3 documents, about (0\.\d{4}) USD\.", begun.first.out)
    spent = sum(row["cost_usd"] for row in rows(project, "vision"))
    assert spent == pytest.approx(3 * 0.001121)
    assert 0.5 < float(usd) / spent < 4, "a guess, but of the right size"
    second = run("run", "--backends", "vision", "--max-cost", "0", *THREE)
    assert second.code == 0, "nothing is left to pay for"
    assert "calls a model" not in second.out
    assert not standin.seen


@pytest.mark.parametrize(
    ("backend", "limit", "sentence"),
    [
        (
            "pixel+gemini",
            "0",
            r"This may cost about 0\.\d{4} USD, more than the maximum of 0 USD; no model was asked\.",
        ),
        ("pixel+openai", "100", r"Unknown price for local of openai: set it under the provider's `prices` .*"),
    ],
)
def test_a_run_that_may_cost_too_much_asks_nothing(
    run: Any, standin: StandIn, monkeypatch: pytest.MonkeyPatch, backend: str, limit: str, sentence: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = run("run", "--backends", backend, "--max-cost", limit, *THREE)
    assert re.fullmatch(sentence, error(result))
    assert not standin.seen


def test_a_maximum_that_is_no_amount_is_a_wrong_option(run: Any) -> None:
    assert run("run", "--max-cost", "-1").code == 2
    assert run("run", "--max-cost", "much").code == 2


def test_fresh_asks_again_as_the_dry_run_says_and_keeps_the_old_replies(
    run: Any, project: Project, standin: StandIn
) -> None:
    plan = json.loads(run("run", "--dry-run", "--json", "--fresh", "--backends", "vision,pixel+first", *THREE).out)
    cells = {step["asset"]: len(step["cells"]) for step in plan["steps"]}
    result = run("run", "--backends", "vision,pixel+first", "--fresh", *THREE)
    assert "calls a model for 3 documents" in result.out
    assert "3 extractions" in result.out, "of the backend without a model nothing is done again"
    assert len(standin.seen) == cells["extractions"] == 3
    assert len(list((project.results / "calls-replaced").rglob("*.json"))) == 3
    assert len(list((project.results / "calls").rglob("*.json"))) == 3
    paid = Warehouse(project.database).rows("FROM model_calls")
    assert [row["from_store"] for row in paid] == [False] * 3


def test_status_says_what_is_stale_and_why_and_stale_does_only_that(
    run: Any, project: Project, standin: StandIn
) -> None:
    before = states(run, "--backends", "vision,pixel+gemini", *THREE)
    assert counts(before["vision"]) == (3, 0, 0, 0)
    assert counts(before["pixel+gemini"]) == (0, 3, 0, 0)
    assert (before["vision"]["cost_usd"], before["pixel+gemini"]["cost_usd"] > 0) == (0.0, True)

    content = model_backends(project.root, standin.url)
    content["backends"]["vision"]["options"] = {"model": "gemini-3.8-flash", "temperature": 0.5}
    write_backends(project.root, content)
    after = states(run, "--backends", "vision,pixel+*", *THREE)
    assert counts(after["vision"]) == (0, 0, 3, 0)
    assert after["vision"]["why"] == {"stale: model, temperature": 3}
    assert counts(after["pixel+gemini"]) == (0, 3, 0, 0)
    assert counts(after["pixel+first"]) == (3, 0, 0, 0)
    shown = run("status", "--backends", "vision", *THREE).out
    assert "stale: model, temperature (3)" in shown

    result = run("run", "--backends", "vision,pixel+*", "--stale", *THREE)
    assert result.code == 0
    assert "3 extractions" in result.out
    assert [seen.path.rpartition("/")[2] for seen in standin.seen] == ["gemini-3.8-flash:generateContent"] * 3
    assert not rows(project, "pixel+gemini")
    assert counts(states(run, "--backends", "vision", *THREE)["vision"]) == (3, 0, 0, 0)


def test_a_provider_that_is_down_ends_in_one_sentence_and_is_shown(run: Any, standin: StandIn) -> None:
    standin.then("ok", "quota_of_the_day")
    result = run("run", "--backends", "vision", "--fresh", *THREE)
    assert error(result).startswith("2 documents failed temporarily at the provider: gemini: daily quota used up")
    row = states(run, "--backends", "vision", *THREE)["vision"]
    assert (counts(row), row["why"]) == ((1, 0, 0, 2), {"failed: provider_failed": 2})


def test_without_a_key_a_backend_is_not_run_and_says_why(
    run: Any, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    assert error(run("run", "--backends", "vision")) == "Backend vision cannot run: GEMINI_API_KEY is not set."
    everything = run("run")
    assert everything.code == 0
    assert everything.err.count("GEMINI_API_KEY is not set") == 1, "one line for all backends with this reason"
    assert "Not run: GEMINI_API_KEY is not set (vision, pixel+gemini)" in everything.err
    assert "Not run" not in everything.out, "said once"
    shown = " ".join(run("leaderboard").out.split())
    assert "GEMINI_API_KEY is not set (pixel+gemini)" in shown, "vision has scores of earlier runs"
    assert "Not run: GEMINI_API_KEY is not set (vision, pixel+gemini)" in run("status").out
    assert "GEMINI_API_KEY is not set" in " ".join(run("backends").out.split())
    assert not standin.seen


@pytest.mark.parametrize("key", [None, KEY, "kéy"])
def test_the_doctor_knows_keys_by_name_alone(run: Any, monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY")
    if key:
        monkeypatch.setenv("GEMINI_API_KEY", key)
    result = run("doctor", "--json")
    found = {check["name"]: (check["state"], check["message"]) for check in json.loads(result.out)}
    reason = {None: "GEMINI_API_KEY is not set", "kéy": "GEMINI_API_KEY contains characters that no API key has"}.get(
        key
    )
    assert found.get("backend vision") == (("note", f"cannot run: {reason}") if reason else None)
    assert found["backend openai-vision"] == ("note", "cannot run: OPENAI_API_KEY is not set")
    assert found["keys"][0] == ("ok" if key else "note")
    assert not key or key not in result.out


def test_a_wrong_address_in_the_environment_is_a_reason_not_to_run(
    run: Any, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = model_backends(project.root, "http://127.0.0.1:9")
    del content["providers"]["gemini"]["base_url"]
    write_backends(project.root, content)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", f"http://me:{KEY}@proxy")
    result = run("run", "--backends", "vision", *THREE)
    assert "GOOGLE_GEMINI_BASE_URL must not contain a key" in error(result)
    assert KEY not in result.err
    assert run("status", "--backends", "pixel+first").code == 0, "it is no reason for the others"


@pytest.mark.slow
def test_the_key_is_nowhere(
    run: Any,
    project: Project,
    standin: StandIn,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in defs/test_model_calls.py, which goes through every failure; here with the project's own Dagster instance."""
    caplog.set_level("DEBUG")
    for noisy in ("sqlalchemy", "alembic"):
        caplog.set_level("WARNING", noisy)
    said = []
    for scenarios in (["refused", "schema_breaking", "schema_breaking", "ok"], ["wrong_key"]):
        standin.then(*scenarios)
        said.append(run("run", "--backends", "vision", "--fresh", *THREE))
    assert error(said[-1]).startswith("gemini rejected GEMINI_API_KEY")
    said += [run("status", "--json"), run("doctor"), run("backends"), run("leaderboard", "--json")]
    assert {seen.key for seen in standin.seen} == {KEY}
    files = [path for path in project.root.rglob("*") if path.is_file()]
    assert {"calls", "calls-refused", ".dagster", "warehouse.duckdb"} <= {part for path in files for part in path.parts}
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    output = capfd.readouterr()
    for text in [caplog.text, output.out, output.err, *(result.out + result.err for result in said)]:
        assert KEY not in text
        assert "SECRET" not in text


def test_a_dry_run_prints_the_plan_and_does_nothing(run: Any, project: Project, standin: StandIn) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in project.data.rglob("*") if path.is_file()}

    before = content()
    shown = run("run", "--dry-run", "--backends", "pixel+gemini", *THREE)
    assert (shown.code, shown.err) == (0, "")
    text = " ".join(shown.out.split())
    [usd] = re.findall(r"pixel\+gemini: calls a model for 3 documents, about (0\.\d{4}) USD\.", text)
    assert re.search(rf"extractions 3 {usd} missing \(3\)", text)
    assert text.endswith(f"Estimated cost of model calls: {usd} USD. Dry run: nothing was done.")

    result = run("run", "--dry-run", "--json", "--backends", "pixel+gemini", *THREE)
    assert result.err == ""
    plan = json.loads(result.out)
    steps = {step["asset"]: step for step in plan["steps"]}
    assert list(steps)[-2:] == ["extractions", "evaluation"]
    assert steps["extractions"]["cells"] == [{"name": "pixel+gemini", "document_id": name} for name in DOCUMENTS]
    assert steps["extractions"]["reasons"] == {"missing": 3}
    assert f"{plan['usd']:.4f}" == f"{steps['extractions']['usd']:.4f}" == usd

    assert content() == before
    assert not standin.seen
    assert run("run", "--json").code == 2
