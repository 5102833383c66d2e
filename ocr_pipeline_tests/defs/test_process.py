"""The job that sensors and schedules launch, without a daemon."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import PROCESS, open_instance
from ocr_pipeline.defs.jobs import FAILURE_TAG, PROCESS_KEY, ProcessConfig
from ocr_pipeline.operation.pause import paused
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.files import add_image
from ocr_pipeline_tests.model_project import KEY, command_project
from ocr_pipeline_tests.standin import StandIn


def process(project: Project, asked: ProcessConfig) -> tuple[dg.ExecuteInProcessResult, str]:
    """The run, and the sentence that it left when it failed."""
    job = build_definitions(project).resolve_job_def(PROCESS)
    with open_instance(project) as instance:
        result = job.execute_in_process(
            instance=instance, run_config=dg.RunConfig(ops={PROCESS_KEY: asked}), raise_on_error=False
        )
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        return result, run.tags.get(FAILURE_TAG, "")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "project"))
    return Project(tmp_path / "project")


def test_a_key_that_is_refused_pauses_the_reevaluation(shop: Project) -> None:
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        standin.plan = lambda seen: "wrong_key"
        asked = ProcessConfig(
            documents=["d0"], backends=["vision"], fresh_since=datetime.now(UTC).isoformat(), pause_on_failure=True
        )
        result, sentence = process(shop, asked)
        assert not result.success
        pause = paused(shop)
        assert pause is not None
        assert (pause.reason, pause.until) == (sentence, None)
        assert "key" in sentence
        assert KEY not in sentence


@pytest.mark.slow
def test_an_empty_month_pauses_until_the_next_one(shop: Project) -> None:
    """What is left is looked up in the run: two schedules that are due together cannot both spend it."""
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        once = ProcessConfig(documents=["d0"], backends=["vision"], max_cost_usd_per_month=0.003, pause_on_failure=True)
        again = once.model_copy(update={"fresh_since": datetime.now(UTC).isoformat()})
        assert process(shop, once)[0].success
        result, sentence = process(shop, again)
        assert not result.success
        assert "what is left of this month's 0.003 USD" in sentence
        pause = paused(shop)
        assert pause is not None
        assert pause.until is not None
        assert pause.until.day == 1
        assert pause.until > datetime.now(UTC)
        assert len(standin.seen) == 1


@pytest.mark.slow
def test_a_reevaluation_that_is_launched_again_pays_once(shop: Project) -> None:
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        assert process(shop, ProcessConfig(documents=["d0", "d1"], backends=["vision"]))[0].success
        asked = ProcessConfig(documents=["d0", "d1"], backends=["vision"], fresh_since=datetime.now(UTC).isoformat())
        assert process(shop, asked)[0].success
        assert len(standin.seen) == 4
        assert process(shop, asked)[0].success
        assert len(standin.seen) == 4


@pytest.mark.slow
def test_what_asks_no_model_is_done_scored_and_reported_where_the_budget_is_not_enough(shop: Project) -> None:
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        add_image(shop, "d9.png", width=49, total="49.00")
        result, _ = process(shop, ProcessConfig(max_cost_usd=0.0))
        assert not result.success
        assert standin.seen == []
        [scored] = Warehouse(shop.database).rows(
            "FROM field_scores WHERE document_id = 'd9' AND field = 'total_amount' AND backend = 'pixel+first'"
        )
        assert scored["outcome"] == "correct"
        assert (shop.report / "documents" / "d9.html").is_file()


def test_a_run_above_its_budget_asks_nothing(shop: Project) -> None:
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        result, sentence = process(shop, ProcessConfig(documents=["d0"], backends=["vision"], max_cost_usd=0.0))
        assert not result.success
        assert "more than the maximum of 0 USD; no model was asked" in sentence
        assert standin.seen == []
        assert paused(shop) is None, "an arrival is no re-evaluation"


def test_it_does_what_is_asked_and_no_more(shop: Project) -> None:
    with StandIn() as standin:
        command_project(shop.root, standin.url)
        result, _ = process(shop, ProcessConfig(documents=["d1"], backends=["vision"], max_cost_usd=1.0))
        assert result.success
        rows = Warehouse(shop.database).rows("SELECT document_id FROM extractions WHERE backend = 'vision'")
        assert [row["document_id"] for row in rows] == ["d1"]
        assert len(standin.seen) == 1
