"""The Dagster UI as a person uses it, in a real browser."""

import http.client
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.defs.pipeline import BACKENDS, Recorder
from ocr_pipeline_tests.defs.server import Server, dg_dev, wait_for
from ocr_pipeline_tests.files import add_image
from ocr_pipeline_tests.web.foreign import foreign_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.slow
def test_graph_grid_cell_and_check(project: Project, tmp_path: Path) -> None:
    """Look at the graph and at a cell, materialise that cell, and go from a check to the page of a document."""
    for number in range(3):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    run_pipeline(project, find_documents(project.data), BACKENDS, Recorder())
    key = dg.AssetKey("extractions")
    with dg_dev(project, tmp_path / "log") as server, headless() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        page.set_default_timeout(30_000)
        page.goto(f"{server.url}/assets/report?view=lineage&lineageScope=upstream&lineageDepth=6")
        for asset in ("raw_documents", "ocr_text", "extractions", "field_scores", "report"):
            page.get_by_text(asset, exact=True).first.wait_for()

        page.goto(f"{server.url}/assets/extractions?view=partitions")
        page.get_by_text("pixel+first", exact=True).first.click()
        page.get_by_text("d1", exact=True).first.click()
        page.get_by_text("ocr-pipeline explain d1 --backend pixel+first").wait_for()
        before = len(server.instance.fetch_materializations(key, limit=100).records)
        page.get_by_role("button", name=re.compile("Materialize")).first.click()
        page.get_by_role("button", name=re.compile("Launch")).last.click()

        def done() -> bool:
            records = server.instance.fetch_materializations(key, limit=100).records
            return len(records) > before and {record.partition_key for record in records[: len(records) - before]} == {
                "pixel+first|d1"
            }

        wait_for(done, 120)
        page.goto(f"{server.url}/assets/extractions?view=checks")
        page.get_by_text("no_failed_cells").first.click()
        page.get_by_text("3 cells failed").first.wait_for()
        page.get_by_text("[Show Markdown]").last.click()
        link = page.get_by_role("link", name="d0").first
        assert (link.get_attribute("href") or "").endswith("/documents/d0.html")
        _logs_sockets_and_queries_work(server, browser)
        _no_foreign_page_commands(server, browser)
        _only_guarded_ports(server)


def _logs_sockets_and_queries_work(server: Server, browser: "Browser") -> None:
    """What of the UI needs more than JSON requests."""
    [run, *_] = server.instance.get_runs(limit=1)
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.set_default_timeout(30_000)
    received: list[object] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    page.goto(f"{server.url}/runs/{run.run_id}")
    page.get_by_text("RUN_SUCCESS").first.wait_for()
    page.wait_for_timeout(200)
    assert any("pipelineRunLogs" in str(frame) for frame in received)

    logs = "query($key: [String!]!) { capturedLogsMetadata(logKey: $key) { stderrDownloadUrl } }"
    steps = server.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.LOGS_CAPTURED)
    key = steps[0].get_dagster_event().logs_captured_data.file_key
    address = server.query(logs, key=[run.run_id, "compute_logs", key])["capturedLogsMetadata"]["stderrDownloadUrl"]
    with page.expect_download() as download:
        page.evaluate("address => { location.href = address }", address)
    assert download.value.path().exists()

    page.goto(f"{server.url}/graphql")
    page.locator(".graphiql-query-editor .CodeMirror").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("{version}")
    page.get_by_label("Execute query").first.click()
    page.get_by_text(dg.__version__).first.wait_for()


def _no_foreign_page_commands(server: Server, browser: "Browser") -> None:
    before = server.query("{ instance { autoMaterializePaused } }")["instance"]["autoMaterializePaused"]
    command = f"mutation {{ setAutoMaterializePaused(paused: {str(not before).lower()}) }}"
    with foreign_site(server.url, command) as port:
        for host in ("localhost", "127.0.0.1"):
            page = browser.new_page()
            page.goto(f"http://{host}:{port}/")
            page.wait_for_function("document.title == 'tried'")
    assert server.query("{ instance { autoMaterializePaused } }")["instance"]["autoMaterializePaused"] is before
    server.query(command)  # which works from here
    assert server.query("{ instance { autoMaterializePaused } }")["instance"]["autoMaterializePaused"] is not before


def _only_guarded_ports(server: Server) -> None:
    """Everything that `dev` started listens to two ports, both behind the guard."""
    sockets = {
        os.readlink(link)
        for process in server.processes()
        for link in Path(f"/proc/{process}/fd").iterdir()
        if link.is_symlink()
    }
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    ports = {
        int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets
    }
    assert len(ports) == 2
    for port in ports:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/", headers={"Host": "example.com"})
        assert connection.getresponse().status == 403
