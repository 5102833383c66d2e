"""Backfills through the real web server and daemon, as the button `Materialize` of the UI launches them.

The daemon looks at backfills every 30 seconds, so this takes minutes.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import EVERY_RUN
from ocr_pipeline_tests.defs.server import dg_dev
from ocr_pipeline_tests.files import add_image, reads

ASSETS = ["raw_documents", "ground_truth", "duplicates", "ocr_text", "extractions", "field_scores", *EVERY_RUN]
BACKENDS = ["pixel+first", "pdf-text+first", "page-width"]
DOCUMENTS = [f"d{number:02}" for number in range(60)]


@pytest.mark.slow
def test_backfills_run_exactly_the_cells_asked_for(project: Project, tmp_path: Path) -> None:
    for number, document in enumerate(DOCUMENTS):
        add_image(project, f"{document}.png", width=40 + number, total=f"{40 + number}.00")
    with dg_dev(project, tmp_path / "log") as server:
        everything = server.backfill(ASSETS, None)
        assert everything.status == "COMPLETED_SUCCESS"
        counts = Counter(asset for asset, _ in everything.cells)
        assert counts == {
            "raw_documents": 60,
            "ground_truth": 60,
            "duplicates": 1,
            "ocr_text": 120,
            "extractions": 180,
            "field_scores": 3,
            **dict.fromkeys(EVERY_RUN, 1),
        }
        assert len(set(everything.cells)) == len(everything.cells)
        assert len(everything.runs) <= 10

        cells = [f"{backend}|{document}" for backend, document in product(BACKENDS, DOCUMENTS)]
        no_rectangle = ["d03|pixel", "d07|pixel", "d08|pixel", "d59|pixel", "d08|pdf-text"]
        with ThreadPoolExecutor() as pool:  # three people press the button at about the same time
            futures = [
                pool.submit(server.backfill, ["extractions"], cells),
                pool.submit(server.backfill, ["ocr_text"], no_rectangle),
                pool.submit(server.backfill, ["raw_documents"], ["d05"]),
            ]
            all_cells, some_cells, one_document = (future.result() for future in futures)

        assert sorted(all_cells.cells) == sorted(("extractions", cell) for cell in cells)
        assert len(all_cells.runs) <= 6
        assert sorted(some_cells.cells) == sorted(("ocr_text", cell) for cell in no_rectangle)
        assert one_document.cells == [("raw_documents", "d05")]
        assert {backfill.status for backfill in (all_cells, some_cells, one_document)} == {"COMPLETED_SUCCESS"}
        assert len(reads(project)) == 60, "a result that was there was computed again"
