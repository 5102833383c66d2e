"""A project that commit 541d48e made opens with this version: labels, history and learned models are kept, no model is asked.

Engines and rules have changed since, so documents are recognised and extracted again; the replies of models are not bought
again, because the text of the documents is the same.
"""

import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.agreeing import listen
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.upgrade.make_project import HOST, PORT

ARCHIVE = Path(__file__).with_name("project-541d48e.tar.xz")
CELLS = ["raw_documents", "ground_truth", "ocr_text", "extractions", "ensembles"]

KEPT = {
    "labels": "SELECT document_id, dataset, status, label_sha256 FROM labels ORDER BY ALL",
    "values": "SELECT document_id, field, value FROM ground_truth ORDER BY ALL",
    "results": "SELECT document_id, backend, status, result_key, extractor_fingerprint FROM extractions ORDER BY ALL",
    "fields": "SELECT document_id, backend, field, value FROM extracted_fields ORDER BY ALL",
    "words": "SELECT document_id, engine, result_key, fingerprint FROM ocr_text ORDER BY ALL",
    "calls": "SELECT count(*) FROM model_calls",
    "history": "SELECT DISTINCT evaluation_id, dataset, backend FROM evaluation_history ORDER BY ALL",
    "baselines": "SELECT dataset, backend, evaluation_id FROM evaluation_baselines ORDER BY ALL",
    "scores": "SELECT backend, document_id, field, truth, prediction, kind FROM field_scores ORDER BY ALL",
}

UNCHANGED = ("labels", "values", "baselines")


@pytest.mark.slow
def test_a_project_of_an_earlier_version_has_nothing_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, filter="data")
    root = tmp_path / "project"
    monkeypatch.setenv("DAGSTER_HOME", str(root / ".dagster"))
    assert sorted(materialised(since=0.0)) == ["extractions", "ground_truth", "ocr_text", "raw_documents"]
    before, files_before, began = kept(root), files(root), time.time()
    assert "overrides/shop-03.json" in files_before
    assert "models/pdf-text.json" in files_before, "a trained ranker"
    assert before["baselines"] != []
    assert len(before["history"]) > len(before["baselines"]), "a second evaluation of some backends"

    with StandIn(address=(HOST, PORT)) as standin:
        environment = {**os.environ, "OCR_PIPELINE_HOME": str(root), "OPENAI_API_KEY": "any"}
        command = [sys.executable, "-m", "ocr_pipeline.cli", "run"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    assert standin.seen == [], "no model is asked"
    assert set(materialised(since=began)) <= {"ocr_text", "extractions", "ensembles"}, "engines and rules have changed"
    monkeypatch.setenv("OCR_PIPELINE_HOME", str(root))
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    said = listen(Project(root), monkeypatch)
    assert (said.due, said.wanted, said.stale) == (set(), (set(), set()), 0), "nothing stays stale"
    failed = {(name, key) for name, cells in said.states.items() for key in cells}
    assert said.planned <= failed, "what failed for now may be tried again"
    after = kept(root)
    for name in UNCHANGED:
        assert after[name] == before[name], name
    assert set(before["history"]) <= set(after["history"])
    # Models and weights are learned again if their schema or the words changed.
    assert of_persons(files(root)) == of_persons(files_before)


def files(root: Path) -> dict[str, bytes]:
    """Documents, labels, overrides, imported predictions, and what was learned."""
    data = root / "data"
    folders = ["demo", "documents", "overrides", "predictions", "models"]
    paths = [path for folder in folders for path in (data / folder).rglob("*") if path.is_file()]
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in paths}


def of_persons(found: dict[str, bytes]) -> dict[str, bytes]:
    """The files that only a person changes."""
    return {name: content for name, content in found.items() if not name.startswith("models/")}


def kept(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What an upgrade leaves as it is."""
    with duckdb.connect(str(root / "data" / "warehouse.duckdb"), read_only=True) as connection:
        return {name: connection.execute(query).fetchall() for name, query in KEPT.items()}


def materialised(since: float) -> dict[str, list[str | None]]:
    """The partitions that were materialised, by asset."""
    found = {}
    with dg.DagsterInstance.get() as instance:
        for asset in CELLS:
            chosen = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), after_timestamp=since)
            records = instance.fetch_materializations(chosen, limit=1000).records
            if records:
                found[asset] = [record.partition_key for record in records]
    return found
