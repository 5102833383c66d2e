"""A cascade in the pipeline, over real sockets: only the documents that it has doubts about reach the server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import BudgetError, ConfigurationError, OcrPipelineError
from ocr_pipeline.models import retrying
from ocr_pipeline.planning.plan import Scope, make_plan
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import PLUGINS, write_backends
from ocr_pipeline_tests.model_project import DOCUMENTS, KEY, model_backends, model_project
from ocr_pipeline_tests.standin import StandIn

LADDER = {"extractor": "cascade", "options": {"of": ["pixel+sure", "vision"], "fields": ["total_amount"]}}


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Documents with the totals 40, 41 and 42; the first member is sure of even ones."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    project = model_project(tmp_path / "project", standin.url)
    configure(project, standin)
    return project


def configure(project: Project, standin: StandIn, **vision: Any) -> None:
    content = model_backends(project.root, standin.url)
    vision_entry = {"extractor": "gemini", "options": vision}
    sure = {"engine": "pixel", "extractor": f"{PLUGINS}:SureOfEven"}
    content["backends"] = {"ladder": LADDER, "pixel+sure": sure, "vision": vision_entry}
    write_backends(project.root, content)


def run(project: Project, *names: str, **options: Any) -> RunSummary:
    sources = [source for source in find_documents(project.data) if source.document_id in DOCUMENTS]
    return run_pipeline(project, sources, names or ["ladder"], Recorder(), **options)


def rows(project: Project, backend: str) -> dict[str, dict[str, Any]]:
    found = Warehouse(project.database).rows(f"FROM extractions WHERE backend = '{backend}'")
    return {row["document_id"]: row for row in found}


def expected_cost(project: Project) -> list[tuple[str, str | None, int]]:
    sources = [source for source in find_documents(project.data) if source.document_id in DOCUMENTS]
    backends = load_backends(project)
    plan = make_plan(Scope(project=project, backends=backends, names=["ladder", "pixel+sure"], sources=sources))
    return [(of.backend, of.member, of.documents) for step in plan.steps for of in step.estimates]


@pytest.mark.slow
def test_only_doubtful_documents_reach_the_server(project: Project, standin: StandIn) -> None:
    assert expected_cost(project) == [("ladder", "vision", 3)], "at most: the first member has not said anything yet"
    run(project, "pixel+sure")
    assert expected_cost(project) == [("ladder", "vision", 1)]
    run(project)
    assert len(standin.seen) == 1
    assert rows(project, "vision") == {}, "the cells of the last member are not run"
    cells = rows(project, "ladder")
    assert {cell["status"] for cell in cells.values()} == {"ok"}
    assert cells["d0"]["cost_usd"] == cells["d2"]["cost_usd"] == 0.5
    assert 0.5 < cells["d1"]["cost_usd"] < 0.51, "what the model costs is counted where it was asked"
    assert cells["d1"]["seconds"] > cells["d0"]["seconds"]
    calls = Warehouse(project.database).rows("FROM model_calls")
    assert [(call["backend"], call["document_id"], call["from_store"]) for call in calls] == [("ladder", "d1", False)]
    assert run(project).cells == {}

    run(project, "vision")
    assert len(standin.seen) == 3, "the call of the cascade is not paid for again"
    configure(project, standin, model="gemini-3.8-flash")
    run(project)
    assert len(standin.seen) == 4, "another model: the one doubtful document is asked about again"
    run(project, fresh_since=datetime.now(UTC))
    assert len(standin.seen) == 5, "--fresh asks again, about that one only"


@pytest.mark.slow
def test_the_spending_limit_holds(project: Project, standin: StandIn) -> None:
    run(project, "pixel+sure")
    with pytest.raises(BudgetError):
        run(project, max_cost_usd=0.0001)
    assert (len(standin.seen), rows(project, "ladder")) == (0, {})
    run(project, max_cost_usd=1.0)
    assert len(standin.seen) == 1


@pytest.mark.slow
def test_a_provider_that_fails_is_asked_again_by_the_next_run(project: Project, standin: StandIn) -> None:
    standin.then(*["error_500"] * 3)
    with pytest.raises(OcrPipelineError, match="failed temporarily"):
        run(project)
    cells = rows(project, "ladder")
    assert {key: cell["reason"] for key, cell in cells.items()} == {"d0": None, "d1": "provider_failed", "d2": None}
    run(project)
    assert rows(project, "ladder")["d1"]["status"] == "ok"


def test_a_cascade_needs_all_its_members(project: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(project, standin, mode="batch")
    with pytest.raises(ConfigurationError, match="asks in batches"):
        load_backends(project)
    configure(project, standin)
    monkeypatch.delenv("GEMINI_API_KEY")
    assert str(load_backends(project)["ladder"].unavailable()).startswith("a member cannot run: vision: ")
