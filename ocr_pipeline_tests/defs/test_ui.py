"""The Dagster UI as a person uses it, in a real browser."""

import re
from pathlib import Path

import dagster as dg
import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.defs.pipeline import BACKENDS, Recorder
from ocr_pipeline_tests.defs.server import dg_dev, wait_for
from ocr_pipeline_tests.files import add_image


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
