"""Limits that hold for what the real daemon runs: the time of a run, and the money of a backfill. Most of it is waiting."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import dagster as dg
import pytest

from ocr_pipeline.defs.jobs import PROCESS_KEY
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.models.stored import CALLS
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.defs.server import Server, dg_dev
from ocr_pipeline_tests.files import PLUGINS, add_image, write_backends
from ocr_pipeline_tests.model_project import KEY, model_backends
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.server import Seen

GEMINI = "gemini-x"
DOCUMENTS = [f"d{number}" for number in range(6)]
CALL_USD = 0.01
"""What each call costs: the stand-in says that it wrote 350 tokens."""
BUDGET_USD = 0.075
"""Of all runs of a backfill: for the second call, more is reserved than it costs."""
MAX_RUNTIME = 60
"""Seconds. A run of these documents takes about 10."""


@dataclass
class Operated:
    project: Project
    server: Server
    standin: StandIn


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("operated")
    project = Project(folder / "project")
    (project.data / "documents").mkdir(parents=True)
    for number, name in enumerate(DOCUMENTS):
        add_image(project, f"{name}.png", width=40 + number, total=f"{40 + number}.00")
    with StandIn() as standin, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMINI_API_KEY", KEY)
        patch.setenv("OPENAI_API_KEY", KEY)
        rates = {"input": 0, "output": CALL_USD * 1e6 / 350}  # USD for a million tokens
        content = model_backends(project.root, standin.url, timeout=300, deadline=600, retries=0, concurrency=1)
        for name, model in (("gemini", GEMINI), ("openai", "local")):
            content["providers"][name]["prices"] = {model: rates}
        vision = content["backends"]["openai-vision"]
        content["backends"] = {
            "vision": {"extractor": "gemini", "options": {"model": GEMINI}},
            "openai-one": vision,
            "openai-two": {**vision, "options": {**vision["options"], "temperature": 0.5}},
            "width": {"extractor": f"{PLUGINS}:PageWidth"},
        }
        write_backends(project.root, content)
        template = (files("ocr_pipeline.defs") / "dagster.yaml").read_text()
        project.dagster_home.mkdir(parents=True)
        (project.dagster_home / "dagster.yaml").write_text(
            template.replace("max_runtime_seconds: 86400", f"max_runtime_seconds: {MAX_RUNTIME}").replace(
                "poll_interval_seconds: 15", "poll_interval_seconds: 3"
            )
        )
        run_pipeline(project, find_documents(project.data), ["width"], NoProgress())  # the documents are ingested
        with dg_dev(project, folder / "log") as server:
            yield Operated(project, server, standin)


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_ended_and_goes_on_when_started_again(operated: Operated) -> None:
    standin, server = operated.standin, operated.server

    def plan(_: Seen) -> str:
        standin.latency = 0.0 if len(standin.seen) < 3 else 3600.0  # the third one never gets its answer
        return "ok"

    standin.plan = plan
    asked = {"ops": {PROCESS_KEY: {"config": {"backends": ["vision"]}}}}
    run = server.ended(server.launch("process", asked), 240)
    assert run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    assert len(standin.seen) == 3
    assert stored(operated) == 2

    standin.plan, standin.latency = lambda _: "ok", 0.0
    run = server.ended(server.launch("process", asked), 240)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert len(standin.seen) == len(DOCUMENTS) + 1, "only the one that had no answer is asked about again"
    assert stored(operated) == len(DOCUMENTS)


@pytest.mark.slow
def test_all_runs_of_a_backfill_keep_to_one_budget(operated: Operated) -> None:
    """12 calls of 0.01 USD are asked for, in two runs that work at the same time: no rectangle of cells has all of them."""
    standin, server = operated.standin, operated.server
    operated.project.operation_file.write_text(f"max_cost_usd: {BUDGET_USD}")
    standin.plan, standin.latency = lambda _: "ok", 0.2
    cells = [f"{backend}|{document}" for backend in ("openai-one", "openai-two") for document in DOCUMENTS]
    before, calls = stored(operated), len(standin.seen)
    backfill = server.backfill(["extractions"], cells)
    assert (backfill.status, len(backfill.runs)) == ("COMPLETED_FAILED", 2)
    made = len(standin.seen) - calls
    assert stored(operated) - before == made, "every reply is kept"
    assert 2 <= made <= BUDGET_USD / CALL_USD


def stored(operated: Operated) -> int:
    return len(list(ResultStore(operated.project.results).entries(CALLS)))
