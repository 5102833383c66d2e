"""Commands that have to do with language models, against the stand-in over real sockets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.models import calls
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.warehouse.warehouse import Warehouse
from ocr_pipeline_tests.cli.command import Result, call
from ocr_pipeline_tests.files import write_backends
from ocr_pipeline_tests.model_project import ALL_DOCUMENTS, DOCUMENTS, KEY, command_project, model_backends
from ocr_pipeline_tests.standin import StandIn

THREE = ("--documents", ",".join(DOCUMENTS))


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.01)
    made = command_project(tmp_path / "project", standin.url)
    monkeypatch.setenv(ROOT_VARIABLE, str(made.root))
    monkeypatch.chdir(made.root)
    return made


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


def test_a_run_says_what_it_may_cost_and_a_second_asks_nothing(run: Any, project: Project, standin: StandIn) -> None:
    first = run("run", "--backends", "vision", *THREE)
    assert (first.code, first.err) == (0, "")
    [usd] = re.findall(r"vision: asks a model about 3 documents, for about (0\.\d{4}) USD\.", first.out)
    spent = sum(row["cost_usd"] for row in rows(project, "vision"))
    assert spent == pytest.approx(3 * 0.001121)
    assert 0.5 < float(usd) / spent < 4, "a guess, but of the right size"
    second = run("run", "--backends", "vision", *THREE)
    assert "asks a model" not in second.out
    assert len(standin.seen) == 3


@pytest.mark.parametrize(
    ("backend", "limit", "sentence"),
    [
        (
            "vision",
            "0.0001",
            r"This may cost about 0\.\d{4} USD, more than the maximum of 0\.0001 USD; no model was asked\.",
        ),
        ("vision", "0", r"This may cost about 0\.\d{4} USD, more than the maximum of 0 USD; no model was asked\."),
        ("pixel+openai", "100", r"There is no price for local of openai: name it under the provider's `prices` .*"),
    ],
)
def test_a_run_that_may_cost_too_much_asks_nothing(
    run: Any, standin: StandIn, monkeypatch: pytest.MonkeyPatch, backend: str, limit: str, sentence: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = run("run", "--backends", backend, "--max-cost", limit, *THREE)
    assert re.fullmatch(sentence, error(result))
    assert not standin.seen


def test_a_maximum_that_is_high_enough_changes_nothing_and_a_wrong_one_is_a_wrong_option(
    run: Any, standin: StandIn
) -> None:
    assert run("run", "--backends", "vision", "--max-cost", "0.05", *THREE).code == 0
    assert len(standin.seen) == 3
    assert run("run", "--backends", "vision", "--max-cost", "0", *THREE).code == 0, "nothing is left to pay for"
    assert run("run", "--max-cost", "-1").code == 2
    assert run("run", "--max-cost", "much").code == 2


def test_fresh_asks_again_and_keeps_the_old_replies(run: Any, project: Project, standin: StandIn) -> None:
    run("run", "--backends", "vision,pixel+first", *THREE)
    result = run("run", "--backends", "vision,pixel+first", "--fresh", *THREE)
    assert "asks a model about 3 documents" in result.out
    assert "3 extractions" in result.out, "of the backend without a model nothing is done again"
    assert len(standin.seen) == 6
    assert len(list((project.results / "calls-replaced").rglob("*.json"))) == 3
    assert len(list((project.results / "calls").rglob("*.json"))) == 3
    paid = Warehouse(project.database).rows("FROM model_calls")
    assert [row["from_store"] for row in paid] == [False] * 3


def test_status_says_what_is_stale_and_why_and_stale_does_only_that(
    run: Any, project: Project, standin: StandIn
) -> None:
    run("run", "--backends", "vision", *THREE)
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
    assert [json.loads(json.dumps(seen.path)).rpartition("/")[2] for seen in standin.seen[3:]] == [
        "gemini-3.8-flash:generateContent"
    ] * 3
    assert not rows(project, "pixel+gemini")
    assert counts(states(run, "--backends", "vision", *THREE)["vision"]) == (3, 0, 0, 0)


def test_a_provider_that_is_down_ends_in_one_sentence_and_is_shown(run: Any, standin: StandIn) -> None:
    standin.then("ok", "quota_of_the_day")
    result = run("run", "--backends", "vision", *THREE)
    assert error(result).startswith("2 documents failed for now at the provider (The quota of gemini is used up")
    row = states(run, "--backends", "vision", *THREE)["vision"]
    assert (counts(row), row["why"]) == ((1, 0, 0, 2), {"failed: provider_failed": 2})
    assert run("run", "--backends", "vision", *THREE).code == 0
    assert counts(states(run, "--backends", "vision", *THREE)["vision"]) == (3, 0, 0, 0)


def test_without_a_key_a_backend_is_not_run_and_says_why(
    run: Any, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    assert error(run("run", "--backends", "vision")) == "The backend vision cannot run: GEMINI_API_KEY is not set."
    everything = run("run")
    assert everything.code == 0
    assert "not run: vision: GEMINI_API_KEY is not set" in everything.err
    assert "not run: vision: GEMINI_API_KEY is not set" in everything.out, "below the leaderboard"
    assert "not run: vision: GEMINI_API_KEY is not set" in run("status").out
    assert "GEMINI_API_KEY is not set" in run("backends").out
    assert not standin.seen


@pytest.mark.parametrize("key", [None, KEY, "kéy"])
def test_the_doctor_knows_keys_by_name_alone(run: Any, monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY")
    if key:
        monkeypatch.setenv("GEMINI_API_KEY", key)
    result = run("doctor", "--json")
    found = {check["name"]: (check["state"], check["message"]) for check in json.loads(result.out)}
    reason = {None: "GEMINI_API_KEY is not set", "kéy": "GEMINI_API_KEY holds a character that no key has"}.get(key)
    assert found.get("backend vision") == (("note", f"not run: {reason}") if reason else None)
    assert found["backend openai-vision"] == ("note", "not run: OPENAI_API_KEY is not set")
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
    assert "GOOGLE_GEMINI_BASE_URL must hold no key" in error(result)
    assert KEY not in result.err
    assert run("run", "--backends", "pixel+first", *THREE).code == 0
    assert len(ALL_DOCUMENTS) == len(json.loads(run("documents", "--json").out))
