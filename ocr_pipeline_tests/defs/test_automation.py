"""The project runs itself: the real daemon, real files, a stand-in model, a receiver of alarms. Most of it is waiting."""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.server import Server, dg_dev, wait_for
from ocr_pipeline_tests.files import add_image, reads, small_backends, write_backends
from ocr_pipeline_tests.model_project import KEY, model_backends
from ocr_pipeline_tests.standin import StandIn

BACKENDS = ["pixel+first", "pdf-text+first", "page-width"]
FAST = {"arrivals": {"every_seconds": 5}, "alarms": {"every_seconds": 5}}


def operate(project: Project, settings: dict[str, Any]) -> None:
    project.operation_file.write_text(yaml.safe_dump(settings))


def cells(server: Server) -> Counter[str]:
    """How often each cell of `extractions` was materialised."""
    records = server.instance.fetch_materializations(dg.AssetKey("extractions"), limit=1000).records
    return Counter(str(record.partition_key) for record in records)


def scored(project: Project) -> set[int | None]:
    return {row["documents"] for row in Warehouse(project.database).rows("FROM leaderboard")}


def idle(server: Server) -> bool:
    active = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    return not server.instance.get_runs(dg.RunsFilter(statuses=active), limit=1)


def settle(server: Server) -> None:
    """Several more ticks of everything: what would be launched twice is launched now."""
    before = len(server.instance.get_runs())
    threading.Event().wait(20)
    assert len(server.instance.get_runs()) == before, "something was launched again"


@pytest.mark.slow
def test_files_that_arrive_change_and_outlive_a_crash(project: Project, tmp_path: Path) -> None:
    operate(project, FAST)
    with dg_dev(project, tmp_path / "log") as server:
        server.start("arrivals")
        server.start("stale_cells")
        for number in range(50):
            add_image(project, f"d{number:02}.png", width=40 + number, total=f"{40 + number}.00")
        wait_for(lambda: scored(project) == {50} and idle(server), 180)
        assert cells(server) == {f"{backend}|d{number:02}": 1 for backend in BACKENDS for number in range(50)}
        assert len(server.instance.get_runs()) <= 8
        assert len(reads(project)) == 50
        settle(server)

        add_image(project, "d07.png", width=900, total="900.00")
        wait_for(lambda: "900x30" in reads(project) and idle(server), 120)
        again = cells(server) - Counter({f"{backend}|d{n:02}": 1 for backend in BACKENDS for n in range(50)})
        assert again == {"pixel+first|d07": 1, "page-width|d07": 1}, "pdf-text fails on the new file as it did"

        backends = small_backends(project.root)
        backends["engines"]["pixel"]["options"]["seconds"] = 0.3
        write_backends(project.root, backends)
        for number in range(50, 70):
            add_image(project, f"d{number:02}.png", width=40 + number, total=f"{40 + number}.00")
        wait_for(lambda: len(reads(project)) >= 56, 120)
        kill_everything(server)

    with dg_dev(project, tmp_path / "log2") as server:
        wait_for(lambda: scored(project) == {70} and idle(server), 240)
        read = Counter(reads(project))
        assert {f"{40 + number}x30" for number in range(50, 70)} <= read.keys()
        twice = [page for page, count in read.items() if count > 1]
        assert len(twice) <= available_cores(), "only what was in flight may be read again"
        statuses = Counter(run.status for run in server.instance.get_runs(dg.RunsFilter(job_name="process")))
        assert statuses[dg.DagsterRunStatus.STARTED] == 0


def kill_everything(server: Server) -> None:
    """SIGKILL for the web server, the daemon, the code server and the run, at once."""
    for process in server.processes():
        os.kill(process, signal.SIGKILL)


class Receiver:
    """Takes alarms, as Slack would."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def of(self, check: str, state: str = "open") -> list[dict[str, Any]]:
        return [body for body in self.bodies if (body["check"], body["state"]) == (check, state)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    threading.Thread(target=receiver.server.serve_forever, daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.mark.slow
def test_a_model_that_got_worse_overnight(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two schedules are due at the same time, too: both succeed."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    for number in range(8):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    project.evaluation_file.write_text("checks: {regression: {alpha: 0.1}}")
    every_minute = {"cron": "* * * * *", "max_cost_usd": 1.0}
    with receiving() as receiver, StandIn() as standin:
        monkeypatch.setenv("ALARM_URL", receiver.url)
        content = model_backends(project.root, standin.url)
        content["backends"] = {"pixel+gemini": content["backends"]["pixel+gemini"]}
        write_backends(project.root, content)
        operate(
            project,
            {
                **FAST,
                "alarms": {"every_seconds": 5, "webhooks": [{"url_env": "ALARM_URL"}]},
                "reevaluations": {"first": every_minute, "second": {**every_minute, "documents": ["d0", "d1"]}},
            },
        )
        with dg_dev(project, tmp_path / "log") as server:
            server.start("arrivals")
            server.start("alarms")
            wait_for(lambda: scored(project) == {8} and idle(server), 180)
            assert receiver.bodies == []
            asked = len(standin.seen)
            # Which schedule is first is luck; against a pinned baseline, what is worse is the same either way.
            assert call(monkeypatch, "baseline", "pin").code == 0

            standin.plan = lambda seen: "worse"
            server.start("reevaluation_first", schedule=True)
            server.start("reevaluation_second", schedule=True)
            wait_for(lambda: any("total_amount" in body["sentence"] for body in receiver.of("no_regression")), 240)
            bodies = receiver.of("no_regression")
            assert len(standin.seen) >= asked + 8
            sentences = " ".join(body["sentence"] for body in bodies)
            for part in ("pixel+gemini", "total_amount", "0.0 after 100.0", "d0, d1, d2, d3, d4 and 3 more documents"):
                assert part in sentences
            keys = [body["problem"] for body in bodies]
            assert len(keys) == len(set(keys)), "each problem is said once"

            def both_done() -> bool:
                runs = server.instance.get_runs(dg.RunsFilter(job_name="process"))
                done = Counter(
                    run.tags.get("dagster/schedule_name") for run in runs if run.status == dg.DagsterRunStatus.SUCCESS
                )
                assert all(run.status != dg.DagsterRunStatus.FAILURE for run in runs), "one could not use the database"
                return done["reevaluation_first"] >= 2 and done["reevaluation_second"] >= 2

            wait_for(both_done, 240)
            assert [body["problem"] for body in receiver.of("no_regression")] == keys, "nothing is said twice"
            standin.plan = lambda seen: "ok"
            wait_for(lambda: len(receiver.of("no_regression", "over")) == len(keys), 240)
