"""Gemini itself, with a key that pays: `make smoke-gemini`. Nothing else runs it.

One demo document, once as text and once as the PDF. Whether the values are right is for the leaderboard that it prints;
what must hold is that both are read, with usage and price.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.files import write_backends

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
DOCUMENT = "design-studio-invoice"
MAX_USD = 0.03
"""Two calls with at most 4096 tokens of output each, at 2.50 USD per million, and a few thousand of input; no repair."""


@pytest.mark.live
def test_text_and_vision_of_one_document(project: Project) -> None:
    assert os.environ.get("GEMINI_API_KEY"), "GEMINI_API_KEY is not set"
    for suffix in (".pdf", ".json"):
        shutil.copy(DEMO / (DOCUMENT + suffix), project.data / "documents")
    options = {"max_output_tokens": 4096, "repair": False}
    backends = {
        "gemini-vision": {"extractor": "gemini", "options": options},
        "pdf-text+gemini": {"engine": "pdf-text", "extractor": "gemini", "options": options},
    }
    provider = {"timeout": 60, "retries": 2}
    write_backends(
        project.root, {"engines": {"pdf-text": None}, "backends": backends, "providers": {"gemini": provider}}
    )
    command = [sys.executable, "-m", "ocr_pipeline.cli", "run", "--max-cost", str(MAX_USD)]
    assert subprocess.run(command).returncode == 0
    warehouse = Warehouse(project.database)
    calls = {row["backend"]: row for row in warehouse.rows("FROM model_calls")}
    for row in warehouse.rows("FROM extractions"):
        call = calls.pop(row["backend"])
        print(f"{row['backend']}: {call['model_version']}, {call['seconds']:.1f} s, {call['cost_usd']:.4f} USD")
        assert (row["status"], row["message"]) == ("ok", None)
        assert call["finish"] == "complete"
        assert call["input_tokens"] > 0
        assert call["output_tokens"] > 0
        assert 0 < call["cost_usd"] < MAX_USD
    assert not calls
    totals = warehouse.rows("FROM extracted_fields WHERE field = 'total_amount' AND value IS NOT NULL")
    assert {row["backend"] for row in totals} == set(backends)
