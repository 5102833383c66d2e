"""The real `dg dev` (web server, daemon, code server) on a test project, driven through GraphQL as the UI does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from ocr_pipeline.project import ROOT_VARIABLE, Project

RUN_DONE = {"SUCCESS", "FAILURE", "CANCELED"}
BACKFILL_DONE = {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}


@dataclass
class Server:
    """A running `dg dev`. `instance` is the same instance that it works on."""

    url: str
    project: Project
    instance: dg.DagsterInstance
    process: int

    def processes(self) -> list[int]:
        """Everything that it has started: it leads a session of its own."""
        found = subprocess.run(["ps", "-eo", "pid=,sess="], capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )
        pairs = [line.split() for line in found if line.strip()]
        return [int(pid) for pid, session in pairs if int(session) == self.process]

    def query(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def start(self, name: str, *, schedule: bool = False) -> None:
        """Turn a sensor or a schedule on, as its switch in the UI does."""
        where = {"repositoryName": "__repository__", "repositoryLocationName": "ocr_pipeline"}
        if schedule:
            mutation = "mutation($s: ScheduleSelector!) { answer: startSchedule(scheduleSelector: $s) { __typename } }"
            answer = self.query(mutation, s={**where, "scheduleName": name})["answer"]
        else:
            mutation = "mutation($s: SensorSelector!) { answer: startSensor(sensorSelector: $s) { __typename } }"
            answer = self.query(mutation, s={**where, "sensorName": name})["answer"]
        assert answer["__typename"] in ("Sensor", "ScheduleStateResult"), answer

    def launch(self, job: str, config: dict[str, Any] | None = None) -> str:
        """Launch a run, as the launchpad does; returns its id."""
        where = {"repositoryName": "__repository__", "repositoryLocationName": "ocr_pipeline", "jobName": job}
        answer = self.query(
            "mutation($p: ExecutionParams!) { answer: launchRun(executionParams: $p) { __typename"
            " ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }",
            p={"selector": where, "runConfigData": config or {}},
        )["answer"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["runId"]
        return run_id

    def ended(self, run_id: str, seconds: float) -> dg.DagsterRun:
        """The run, once it has come to an end."""

        def finished() -> dg.DagsterRun | None:
            run = self.instance.get_run_by_id(run_id)
            return run if run and run.is_finished else None

        run: dg.DagsterRun = wait_for(finished, seconds)
        return run

    def backfill(self, assets: list[str], partitions: list[str] | None) -> "Backfill":
        """What the button `Materialize` does: launch a backfill over these partitions (None: all) and wait for its end."""
        parameters: dict[str, Any] = {"assetSelection": [{"path": [asset]} for asset in assets]}
        parameters |= {"allPartitions": True} if partitions is None else {"partitionNames": partitions}
        answer = self.query(
            "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {"
            " __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
            p=parameters,
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return self._backfill_result(answer["backfillId"])

    def _backfill_result(self, backfill_id: str) -> "Backfill":
        def finished() -> str | None:
            status = self.query(
                "query($id: String!) { partitionBackfillOrError(backfillId: $id) {"
                " ... on PartitionBackfill { status } } }",
                id=backfill_id,
            )["partitionBackfillOrError"]["status"]
            return status if status in BACKFILL_DONE else None

        status = wait_for(finished, 300)
        runs = list(self.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill_id})))
        return Backfill(status, runs, self._cells([run.run_id for run in runs]))

    def _cells(self, run_ids: list[str]) -> list[tuple[str, str | None]]:
        """(asset, partition) of every materialisation in these runs, repetitions included."""
        return [
            (event.asset_key.to_user_string(), event.partition)
            for run_id in run_ids
            for record in self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            if (event := record.get_dagster_event()) and event.asset_key
        ]


@dataclass
class Backfill:
    status: str
    runs: list[dg.DagsterRun]
    cells: list[tuple[str, str | None]]


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """The first true value of `condition`, or a failure when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"nothing happened in {seconds} s")


@contextmanager
def dg_dev(project: Project, log: Path, *arguments: str) -> Iterator[Server]:
    """Start `ocr-pipeline dev` on a free port, with further arguments; leave no process behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ocr_pipeline.cli", "dev", "--port", str(port), *arguments]
    environment = {**os.environ, ROOT_VARIABLE: str(project.root)}
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"

        def up() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                    return True
            except urllib.error.HTTPError as error:
                return error.code == 401  # it asks for a login
            except OSError:
                return False

        wait_for(up, 120)
        with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
            yield Server(url, project, instance, process.pid)
    finally:
        process.send_signal(signal.SIGINT)  # dg stops the services that it started
        try:
            process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
