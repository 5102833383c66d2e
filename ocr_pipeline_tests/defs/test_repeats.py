"""Backends with `repeat`: a model is asked several times about each document, over real sockets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models import retrying
from ocr_pipeline.project import ROOT_VARIABLE
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder
from ocr_pipeline_tests.files import write_backends
from ocr_pipeline_tests.model_project import (
    ALL_DOCUMENTS,
    DOCUMENTS,
    KEY,
    command_project,
    model_backends,
    model_project,
)
from ocr_pipeline_tests.standin import StandIn

COST = 0.001121
"""USD of an answer of the stand-in."""


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server.vary(5)


@pytest.fixture
def pipeline(tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    from ocr_pipeline.definitions import build_definitions

    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    project = model_project(tmp_path / "project", standin.url)
    monkeypatch.chdir(project.root)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(project, build_definitions(project, {}), instance, Recorder(), ALL_DOCUMENTS)


def configure(root: Path, url: str, repeat: int, backend: str = "pixel+gemini", **options: Any) -> None:
    content = model_backends(root, url)
    content["backends"][backend] |= {"repeat": repeat, "options": options}
    write_backends(root, content)


def extract(
    pipeline: Pipeline, url: str, repeat: int, backend: str = "pixel+gemini", **options: Any
) -> dg.ExecuteInProcessResult:
    from ocr_pipeline.definitions import build_definitions

    configure(pipeline.project.root, url, repeat, backend, **options)
    pipeline.definitions = build_definitions(pipeline.project, {})
    return pipeline.extract((backend, document) for document in DOCUMENTS)[-1]


def totals(pipeline: Pipeline) -> dict[tuple[str, int], str]:
    """The total of each answer, by document and number."""
    first = pipeline.warehouse.rows("FROM extracted_fields WHERE field = 'total_amount'")
    later = pipeline.warehouse.rows("FROM repeated_answers")
    found = {(row["document_id"], 1): row["value"] for row in first}
    for row in later:
        found[row["document_id"], row["repeat"]] = json.loads(row["answer"])["invoice"]["total_amount"]
    return found


def test_each_answer_is_paid_once_and_the_first_stays_the_result(pipeline: Pipeline, standin: StandIn) -> None:
    assert extract(pipeline, standin.url, 1).success
    once = totals(pipeline)
    assert extract(pipeline, standin.url, 3).success
    assert len(standin.seen) == 9, "the first answer is in the store"
    thrice = totals(pipeline)
    assert {key: value for key, value in thrice.items() if key[1] == 1} == once
    assert len(thrice) == 9
    assert len({(key[0], value) for key, value in thrice.items()}) > 3, "the stand-in varies"
    calls = pipeline.warehouse.rows("FROM model_calls ORDER BY document_id, position")
    assert [(row["document_id"], row["repeat"], row["from_store"]) for row in calls] == [
        (document, number, number == 1) for document in DOCUMENTS for number in (1, 2, 3)
    ]
    assert len({row["call_key"] for row in calls}) == 9
    cells = pipeline.warehouse.rows("SELECT cost_usd FROM extractions WHERE backend = 'pixel+gemini'")
    assert [row["cost_usd"] for row in cells] == [pytest.approx(COST)] * 3, "the price of one answer"
    for repeat in (3, 2, 1):
        assert extract(pipeline, standin.url, repeat).success
    assert len(standin.seen) == 9, "fewer answers than are stored cost nothing"


def test_an_answer_that_fails_for_a_moment_is_asked_for_by_the_next_run(pipeline: Pipeline, standin: StandIn) -> None:
    standin.plan = lambda _: "error_500" if len(standin.seen) > 4 else "ok"
    assert not extract(pipeline, standin.url, 3).success
    cells = {
        row["document_id"]: row for row in pipeline.warehouse.rows("FROM extractions WHERE backend = 'pixel+gemini'")
    }
    assert cells["d0"]["status"] == "ok"
    assert cells["d1"]["reason"] == "provider_failed"
    assert cells["d1"]["message"].startswith("Answer 3 of 3: ") or cells["d1"]["message"].startswith("Answer 2 of 3: ")
    good = 4
    standin.seen.clear()
    standin.plan = lambda _: "ok"
    assert extract(pipeline, standin.url, 3).success
    assert len(standin.seen) == 9 - good


def test_an_answer_that_breaks_the_schema_is_a_failure_of_that_answer(pipeline: Pipeline, standin: StandIn) -> None:
    standin.plan = lambda seen: "prose" if len(standin.seen) in (2, 3) else "ok"
    assert extract(pipeline, standin.url, 2).success
    rows = pipeline.warehouse.rows("FROM repeated_answers ORDER BY document_id")
    assert [row["reason"] for row in rows] == ["invalid_reply", None, None]


def test_a_batch_has_all_answers_in_one_job(pipeline: Pipeline, standin: StandIn) -> None:
    assert extract(pipeline, standin.url, 3, "vision", mode="batch").success
    assert (standin.counts["batch_create"], len(standin.seen)) == (1, 0)
    [job] = standin.jobs.values()
    assert len(job["requests"]) == 9
    calls = pipeline.warehouse.rows("FROM model_calls")
    assert sorted((row["document_id"], row["repeat"]) for row in calls) == [
        (document, number) for document in DOCUMENTS for number in (1, 2, 3)
    ]
    assert extract(pipeline, standin.url, 3, "vision", mode="batch").success
    assert standin.counts["batch_create"] == 1


def test_only_a_backend_that_asks_a_model_can_repeat(pipeline: Pipeline, standin: StandIn) -> None:
    from ocr_pipeline.backends.backend import load_backends

    content = model_backends(pipeline.project.root, standin.url)
    content["backends"]["pixel+first"]["repeat"] = 2
    write_backends(pipeline.project.root, content)
    with pytest.raises(ConfigurationError, match=r"pixel.first.*`repeat` is for backends that ask a model"):
        load_backends(pipeline.project)


def test_estimates_limits_spread_and_temperature(
    tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way from the estimate to the report."""
    project = command_project(tmp_path / "project", standin.url)
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv(ROOT_VARIABLE, str(project.root))
    monkeypatch.chdir(project.root)
    backends = ("--backends", "vision,pixel+gemini", "--documents", ",".join(DOCUMENTS))

    def expected(repeat: int) -> float:
        configure(project.root, standin.url, repeat, temperature=0.5)
        planned = call(monkeypatch, "run", "--dry-run", "--backends", "pixel+gemini", *backends[2:])
        [usd] = re.findall(r"pixel\+gemini: calls a model for 3 documents.*, about (0\.\d+) USD", planned.out)
        return float(usd)

    once = expected(1)
    assert expected(3) == pytest.approx(3 * once, abs=2e-4)
    refused = call(monkeypatch, "run", "--max-cost", str(2 * once), "--backends", "pixel+gemini", *backends[2:])
    assert (refused.code, len(standin.seen)) == (1, 0)

    result = call(monkeypatch, "run", *backends)
    assert result.code == 0, result.err
    assert len(standin.seen) == 12
    shown = " ".join(call(monkeypatch, "leaderboard", "--fields").out.split())  # lines are wrapped
    assert (
        "pixel+gemini: asked 3 times about each of 3 documents, scored by the first answer; F1 of the answers" in shown
    )
    assert "different temperatures (pixel+gemini 0.5, vision the model's default)" in shown
    content = json.loads(call(monkeypatch, "leaderboard", "--json").out)
    spread = {row["field"]: row for row in content["repeats"]}
    assert spread["total_amount"]["repeats"] == 3
    assert spread["total_amount"]["differing"] > 0
    assert spread["total_amount"]["f1_min"] < spread["total_amount"]["f1_max"]
    first = next(row for row in content["fields"] if (row["backend"], row["field"]) == ("pixel+gemini", "total_amount"))
    assert spread["total_amount"]["f1_first"] == first["f1"]
    report = (project.report / "index.html").read_text()
    assert "Several answers of one model" in report
    assert "different temperatures" in report
