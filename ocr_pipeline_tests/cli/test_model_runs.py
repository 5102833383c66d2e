"""`ocr-pipeline run` with backends that ask a model, as a process of its own: killed, stopped, refused, without a server."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from ocr_pipeline.defs.partitions import BACKEND, DOCUMENT
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.models import retrying
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.defs.server import wait_for
from ocr_pipeline_tests.files import add_image, write_backends
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.server import Seen

TESTS = Path(__file__).resolve().parents[1]
VISION = "gemini-vision"
CONCURRENCY = 8


def slow(*values: Any) -> Any:
    """Parameters of a case that says little more than the first one."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(latency=0.1) as server:
        yield server


@pytest.fixture
def asking(project: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose only backend shows the page to the stand-in."""
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "CANARY-KEY")
    configure(project, standin.url)
    return project


def configure(project: Project, url: str, **provider: Any) -> None:
    content = {
        "engines": {"pdf-text": None},
        "backends": {VISION: {"extractor": "gemini"}},
        "providers": {"gemini": {"base_url": url, "concurrency": CONCURRENCY, **provider}},
    }
    write_backends(project.root, content)


def add_documents(project: Project, number: int) -> list[str]:
    names = [f"d{index:03}" for index in range(number)]
    for index, name in enumerate(names):
        add_image(project, f"{name}.png", width=40 + index)
    return names


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "ocr_pipeline.cli", "run", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a process that ends by itself."""
    try:
        out, err = process.communicate(timeout=500)
    finally:
        process.kill()  # leave none behind that hangs
    return process.returncode, out, err


def signal_at(standin: StandIn, process: "subprocess.Popen[str]", request: int, what: signal.Signals) -> None:
    """Send a signal at the moment in which this request (counted from 1) has arrived and has no answer yet."""

    def plan(_: Seen) -> str:
        if len(standin.seen) == request:
            process.send_signal(what)
        return "ok"

    standin.plan = plan


def stored_calls(project: Project) -> int:
    return len(list((project.results / "calls").glob("*/*.json")))


def assert_complete(project: Project, documents: list[str], kills: int = 0) -> None:
    """Every cell once, in the tables and in Dagster, with its values and its call; nothing half done is left.

    A process that is killed between storing a reply and removing its lock leaves the empty file, which holds nobody up.
    """
    names = ("extractions", "extracted_fields", "model_calls")
    tables = {name: Warehouse(project.database).rows(f"FROM {name}") for name in names}
    assert sorted(row["document_id"] for row in tables["extractions"]) == documents
    assert {row["status"] for row in tables["extractions"]} == {"ok"}
    totals = [row["document_id"] for row in tables["extracted_fields"] if row["field"] == "total_amount"]
    assert sorted(totals) == documents
    assert sorted(row["document_id"] for row in tables["model_calls"]) == documents
    assert [row["cost_usd"] for row in tables["model_calls"]] == pytest.approx([0.001121] * len(documents))
    assert stored_calls(project) == len(documents)
    with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("extractions")) == {
            dg.MultiPartitionKey({BACKEND: VISION, DOCUMENT: document}) for document in documents
        }
        assert not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    assert len(list((project.results / "calls").rglob("*.lock"))) <= kills * CONCURRENCY


@pytest.mark.slow
def test_killed_between_calls_and_run_again(asking: Project, standin: StandIn) -> None:
    documents = add_documents(asking, 12)
    process = start()
    signal_at(standin, process, 10, signal.SIGKILL)
    assert finished(process)[0] == -signal.SIGKILL
    assert len(standin.seen) - stored_calls(asking) <= CONCURRENCY, "only what was on its way may be lost"

    run_pipeline(asking, find_documents(asking.data), [VISION], Recorder())
    assert standin.repeated() <= CONCURRENCY
    assert len(standin.seen) == 12 + standin.repeated()
    assert_complete(asking, documents, kills=1)


@pytest.mark.slow
def test_killed_between_the_answers_of_repeats(asking: Project, standin: StandIn) -> None:
    """Each of three answers per document is a call of its own: a kill repeats at most those that were on their way."""
    documents = add_documents(asking, 4)
    content = yaml.safe_load(asking.config_file.read_text())
    content["backends"][VISION]["repeat"] = 3
    write_backends(asking.root, content)
    process = start()
    signal_at(standin, process, 7, signal.SIGKILL)
    assert finished(process)[0] == -signal.SIGKILL
    assert len(standin.seen) - stored_calls(asking) <= CONCURRENCY, "only what was on its way may be lost"

    run_pipeline(asking, find_documents(asking.data), [VISION], Recorder())
    assert len(standin.seen) <= 3 * len(documents) + CONCURRENCY
    assert stored_calls(asking) == 3 * len(documents)
    calls = Warehouse(asking.database).rows("FROM model_calls")
    assert sorted((row["document_id"], row["repeat"]) for row in calls) == [
        (document, number) for document in documents for number in (1, 2, 3)
    ]


@pytest.mark.slow
def test_killed_three_times_in_200_calls(asking: Project, standin: StandIn) -> None:
    """At the first call, in the middle, and near the end: each kill repeats at most the calls that were on their way."""
    documents = add_documents(asking, 200)
    for kills, moment in enumerate((1, 100, 205), 1):
        process = start()
        signal_at(standin, process, moment, signal.SIGKILL)
        assert finished(process)[0] == -signal.SIGKILL
        assert standin.repeated() <= kills * CONCURRENCY
        assert len(standin.seen) - stored_calls(asking) <= kills * CONCURRENCY
    code, _, err = finished(start())
    assert (code, err) == (0, "")
    assert len(standin.seen) == 200 + standin.repeated()
    assert standin.repeated() <= 3 * CONCURRENCY
    assert_complete(asking, documents, kills=3)


@pytest.mark.slow
def test_ctrl_c_waits_for_the_calls_on_their_way_and_a_second_one_does_not(asking: Project, standin: StandIn) -> None:
    documents = add_documents(asking, 20)
    process = start()
    signal_at(standin, process, 8, signal.SIGINT)
    code, _, err = finished(process)
    waiting, stopped = err.splitlines()
    assert code == 130
    assert re.fullmatch(r"Stopping: waiting for the answers to \d calls .* Press Ctrl-C again to leave them\.", waiting)
    assert stopped == "Interrupted. Finished results are kept; run the same command to continue."
    assert len(standin.seen) == stored_calls(asking) == 8, "what was paid for is kept"

    standin.plan = lambda _: "hang"
    process = start()
    assert process.stderr
    wait_for(lambda: standin.in_flight == CONCURRENCY, 60)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("Stopping: waiting for the answers to 8 calls")
    process.send_signal(signal.SIGINT)
    code, _, err = finished(process)
    assert (code, err) == (130, f"{stopped}\n")
    assert standin.in_flight == CONCURRENCY, "it did not wait for them"

    standin.released.set()
    standin.plan = lambda _: "ok"
    assert finished(start())[0] == 0
    assert_complete(asking, documents)


def test_what_it_may_cost_is_said_before_and_a_maximum_refuses_it(
    asking: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_documents(asking, 2)
    result = call(monkeypatch, "run", "--max-cost", "0.001")
    assert "gemini-vision: calls a model for 2 documents, about 0.0055 USD." in result.out
    assert result.code == 1
    assert result.err == (
        "Error: This may cost about 0.0055 USD, more than the maximum of 0.001 USD; no model was asked.\n"
    )
    assert not standin.seen


@pytest.mark.parametrize(
    ("scenario", "status"), [("wrong_key", 400), slow("unauthorized", 401), slow("missing_key", 403)]
)
def test_a_wrong_key_is_one_sentence(
    asking: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch, scenario: str, status: int
) -> None:
    add_documents(asking, 2)
    standin.plan = lambda _: scenario
    result = call(monkeypatch, "run")
    message = f"Error: gemini rejected GEMINI_API_KEY ({status}): check the key and its permissions.\n"
    assert (result.code, result.err) == (1, message)


def test_no_key_is_one_sentence(asking: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    add_documents(asking, 1)
    monkeypatch.delenv("GEMINI_API_KEY")
    by_name = call(monkeypatch, "run", "--backends", VISION)
    assert (by_name.code, by_name.err) == (
        1,
        "Error: Backend gemini-vision cannot run: GEMINI_API_KEY is not set.\n",
    )
    assert not standin.seen


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", slow("http://no-such-host.invalid")])
def test_a_server_that_is_not_there_is_one_sentence(asking: Project, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.01)
    add_documents(asking, 3)
    configure(asking, url, retries=1)
    result = call(monkeypatch, "run")
    assert (result.code, result.err) == (
        1,
        f"Error: 3 documents failed temporarily at the provider: gemini is unreachable at {url.partition('//')[2]}. "
        "All other results are kept: run again later for these.\n",
    )


@pytest.mark.slow
def test_the_demo_fills_the_rows_of_gemini_as_soon_as_there_is_a_key(
    project: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled documents and backends: first as anyone gets them, then with the two variables set."""
    root = TESTS.parent
    shutil.copytree(root / "data" / "demo", project.data / "demo")
    shutil.copy(root / "backends.yaml", project.root)
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", standin.url)
    asked = ["gemini-vision", "rapidocr+gemini", "pdf-text+gemini"]

    def boards() -> dict[str, dict[str, Any]]:
        return {row["backend"]: row for row in Warehouse(project.database).rows("FROM leaderboard")}

    code, _, err = finished(start("--dataset", "demo"))
    assert code == 0
    assert "GEMINI_API_KEY is not set (4 backends)" in err, "one more needs docTR first"
    for backend in asked:
        assert (boards()[backend]["status"], boards()[backend]["message"]) == ("not_run", "GEMINI_API_KEY is not set")

    monkeypatch.setenv("GEMINI_API_KEY", "CANARY-KEY")
    code, out, _ = finished(start("--dataset", "demo"))
    assert code == 0
    for backend, failures in zip(asked, (0, 0, 8), strict=True):
        board = boards()[backend]
        assert (board["status"], board["documents"], board["failures"]) == ("ok", 10, failures)
        assert board["cost_per_document"] == pytest.approx(0.001121 * (10 - failures) / 10)
        assert f"{backend}: calls a model for {10 - failures} documents, about 0.0" in out
    assert len(standin.seen) == len(Warehouse(project.database).rows("FROM model_calls WHERE provider <> 'local'"))


@pytest.mark.slow
def test_the_smoke_test_of_gemini_passes_with_the_stand_in(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is known to work where nobody has a key. It runs only when it is asked for."""
    monkeypatch.setenv("GEMINI_API_KEY", "CANARY-KEY")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", standin.url)
    command = [sys.executable, "-m", "pytest", "-q", f"{TESTS}/live"]
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not standin.seen
    assert subprocess.run([*command, "-m", "live"], stdout=subprocess.DEVNULL).returncode == 0
    assert len(standin.seen) == 2
