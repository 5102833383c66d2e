"""The main job as a user starts it: only what is missing, nothing twice, also after a kill."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import mkdtemp

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.launch import Launcher
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError, WarehouseError
from ocr_pipeline.ocr.stage import OcrOutcome
from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import EVERY_RUN, Recorder
from ocr_pipeline_tests.defs.server import wait_for
from ocr_pipeline_tests.files import (
    PLUGINS,
    add_file,
    add_image,
    add_label,
    image_bytes,
    reads,
    small_backends,
    write_backends,
)

EVALUATED = dict.fromkeys(EVERY_RUN, 1)
ALL = ["pixel+first", "pdf-text+first", "page-width"]


def run(project: Project, backends: list[str] | None = None, documents: list[str] | None = None) -> RunSummary:
    sources = [s for s in find_documents(project.data) if documents is None or s.document_id in documents]
    return run_pipeline(project, sources, backends or ALL, Recorder())


@pytest.fixture
def three(project: Project) -> Project:
    """A project with three labelled images."""
    return _with_three_images(project)


def _with_three_images(project: Project) -> Project:
    for number in range(3):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    return project


@cache
def _after_a_run() -> Path:
    root = Path(mkdtemp(prefix="ocr_pipeline-")) / "project"
    (root / "data" / "documents").mkdir(parents=True)
    write_backends(root, small_backends(root))
    run(_with_three_images(Project(root)))
    return root


@pytest.fixture
def begun(project: Project) -> Project:
    """A copy of that project after a run of all backends."""
    shutil.copytree(_after_a_run(), project.root, dirs_exist_ok=True)
    write_backends(project.root, small_backends(project.root))
    return project


def test_first_run_does_everything_and_the_second_does_nothing(three: Project) -> None:
    first = run(three)
    assert first.cells == {
        "raw_documents": 3,
        "ground_truth": 3,
        "duplicates": 1,
        "ocr_text": 6,
        "extractions": 9,
        "field_scores": 3,
        **EVALUATED,
    }
    again = run(three)
    assert again.cells == {}
    failed = "documents: pdf-text+first failed on 3 of 3 documents."
    cells = "3 cells failed; `ocr-pipeline documents` says why."
    assert again.failed_checks == {"failure_rate": ("WARN", failed), "no_failed_cells": ("WARN", cells)}
    assert sorted(reads(three)) == ["40x30", "41x30", "42x30"]


@pytest.mark.slow
def test_only_the_cells_asked_for(three: Project) -> None:
    run(three, ["pixel+first", "page-width"], ["d0", "d2"])
    warehouse = Warehouse(three.database)
    assert {row["document_id"] for row in warehouse.rows("FROM documents")} == {"d0", "d2"}
    assert {(row["engine"], row["document_id"]) for row in warehouse.rows("FROM ocr_text")} == set(
        product(["pixel"], ["d0", "d2"])
    )
    assert {(row["backend"], row["document_id"]) for row in warehouse.rows("FROM extractions")} == set(
        product(["pixel+first", "page-width"], ["d0", "d2"])
    )


@pytest.mark.slow
def test_a_change_redoes_exactly_what_depends_on_it(begun: Project) -> None:
    add_file(begun, "d1.png", image_bytes(99, 30))
    assert run(begun).cells == {
        "raw_documents": 1,
        "ocr_text": 2,
        "extractions": 2,  # pdf-text+first failed before and fails now: there is still no text to work on
        "duplicates": 1,
        "field_scores": 3,
        **EVALUATED,
    }
    add_label(begun.data / "documents" / "d2.png", total_amount="1.00")
    assert run(begun).cells == {"ground_truth": 1, "duplicates": 1, "field_scores": 3, **EVALUATED}

    backends = small_backends(begun.root)
    backends["engines"]["pixel"]["options"]["version"] = 2
    write_backends(begun.root, backends)
    assert run(begun).cells == {"ocr_text": 3, "extractions": 3, "field_scores": 3, **EVALUATED}

    backends["backends"]["pixel+first"]["options"] = {"version": 2}
    write_backends(begun.root, backends)
    assert run(begun).cells == {"extractions": 3, "field_scores": 3, **EVALUATED}


@pytest.mark.slow
def test_a_document_whose_file_is_gone_is_reported_once_and_leaves_the_scores(begun: Project) -> None:
    warehouse = Warehouse(begun.database)
    [before] = warehouse.rows("FROM documents WHERE document_id = 'd1'")
    for path in (begun.data / "documents").glob("d1.png*"):
        path.unlink()
    assert run(begun).gone == ["d1"]
    assert run(begun).gone == []
    [document] = warehouse.rows("FROM documents WHERE document_id = 'd1'")
    kept = ("dataset", "path", "sha256", "media_type", "pages")
    assert [document[name] for name in kept] == [before[name] for name in kept]
    assert (document["status"], document["reason"]) == ("failed", "missing_file")
    assert {row["documents"] for row in warehouse.rows("FROM leaderboard")} == {2}
    with open_instance(begun) as instance:
        assert list(instance.get_dynamic_partitions("documents")) == ["d0", "d2"]
    add_image(begun, "d1.png", width=41, total="41.00")
    run(begun)
    assert {row["documents"] for row in warehouse.rows("FROM leaderboard")} == {3}
    assert len(reads(begun)) == 3


@pytest.mark.slow
def test_what_is_configured_no_more_leaves_the_leaderboard(begun: Project) -> None:
    backends = small_backends(begun.root)
    del backends["backends"]["page-width"]
    write_backends(begun.root, backends)
    run(begun, ["pixel+first", "pdf-text+first"])
    boards = Warehouse(begun.database).rows("FROM leaderboard")
    assert {row["backend"] for row in boards} == {"pixel+first", "pdf-text+first"}


@pytest.mark.slow
def test_a_document_that_moves_to_another_data_set(begun: Project) -> None:
    """Scores of backends that are not run again still name the old data set: they are in no score."""
    (begun.data / "documents" / "mine").mkdir()
    (begun.data / "documents" / "d1.png").rename(begun.data / "documents" / "mine" / "d1.png")
    (begun.data / "documents" / "d1.png.json").rename(begun.data / "documents" / "mine" / "d1.png.json")
    run(begun, ["page-width"])
    boards = Warehouse(begun.database).rows("FROM leaderboard WHERE status = 'ok' ORDER BY dataset, backend")
    assert [(row["dataset"], row["backend"], row["documents"]) for row in boards] == [
        ("documents", "page-width", 2),
        ("documents", "pdf-text+first", 2),
        ("documents", "pixel+first", 2),
        ("mine", "page-width", 1),
    ]


@pytest.mark.slow
def test_a_changed_label_changes_the_scores_of_every_backend(begun: Project) -> None:
    (begun.data / "documents" / "d1.png.json").unlink()
    run(begun, ["page-width"])
    boards = Warehouse(begun.database).rows("FROM leaderboard")
    assert {(row["backend"], row["labelled_documents"]) for row in boards} == {(name, 2) for name in ALL}
    assert len({row["label_version"] for row in boards}) == 1


@pytest.mark.slow
def test_scores_that_are_out_of_date_are_in_no_score(begun: Project) -> None:
    """Extracted again from the UI, but not scored again."""
    warehouse = Warehouse(begun.database)
    with warehouse.connect(read_only=False) as connection:
        connection.execute(
            "UPDATE extractions SET result_key = 'new' WHERE document_id = 'd1' AND backend = 'page-width'"
        )
    with open_instance(begun) as instance:
        Launcher(build_definitions(begun), instance).materialize(["leaderboard"], [None])
    boards = {row["backend"]: row for row in warehouse.rows("FROM leaderboard")}
    assert (boards["page-width"]["labelled_documents"], boards["page-width"]["missing_documents"]) == (2, 1)
    assert (boards["pixel+first"]["labelled_documents"], boards["pixel+first"]["missing_documents"]) == (3, 0)


@pytest.mark.slow
def test_the_cost_is_what_the_extractor_says(begun: Project) -> None:
    boards = {row["backend"]: row for row in Warehouse(begun.database).rows("FROM leaderboard")}
    assert boards["pixel+first"]["cost_per_document"] == 0.5
    assert boards["page-width"]["cost_per_document"] is None, "unknown is not 0"


@pytest.mark.slow
def test_two_runs_at_once_read_nothing_twice(project: Project) -> None:
    backends = small_backends(project.root)
    backends["engines"]["pixel"]["options"]["seconds"] = 0.2
    write_backends(project.root, backends)
    for number in range(6):
        add_image(project, f"d{number}.png", width=40 + number)
    command = [sys.executable, "-m", "ocr_pipeline.cli", "run"]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [line for process in both for line in process.communicate(timeout=120)[1].splitlines()]
    assert [process.returncode for process in both] == [0, 0], errors
    assert Counter(reads(project)) == {f"{40 + number}x30": 1 for number in range(6)}
    checks = "warn: failure_rate: documents: pdf-text+first failed on 6 of 6 documents."
    cells = "warn: no_failed_cells: 6 cells failed; `ocr-pipeline documents` says why."
    waiting, *others = sorted(errors, key=lambda line: not line.startswith("Waiting for `"))
    assert waiting.endswith("UTC) to end in this project.")
    assert sorted(others) == [
        checks,
        checks,
        cells,
        cells,
    ]


@pytest.mark.slow
def test_a_damaged_instance_is_one_sentence(begun: Project) -> None:
    (begun.dagster_home / "dagster.yaml").write_text("run_coordinator: [nonsense")
    with pytest.raises(ConfigurationError, match=r"^The Dagster instance in .* cannot be opened \(\w+\): correct"):
        run(begun)


@pytest.mark.slow
def test_runs_are_recorded_on_the_instance(three: Project) -> None:
    summary = run(three)
    with dg.DagsterInstance.from_config(str(three.dagster_home)) as instance:
        runs = {run.run_id: run.status for run in instance.get_runs()}
        assert set(summary.run_ids) == set(runs)
        assert set(runs.values()) == {dg.DagsterRunStatus.SUCCESS}
        materialized = instance.get_materialized_partitions(dg.AssetKey("extractions"))
        assert materialized == {f"{backend}|d{number}" for backend, number in product(ALL, range(3))}
        assert not instance.telemetry_enabled


@pytest.mark.slow
def test_cells_that_the_instance_does_not_know_are_recorded_again(begun: Project) -> None:
    """As after a kill between writing rows and recording them, or after the instance's folder was deleted."""
    shutil.rmtree(begun.dagster_home)
    assert run(begun).cells["extractions"] == 9
    assert len(reads(begun)) == 3


@pytest.mark.slow
def test_a_locked_database_is_one_sentence_and_nothing_is_lost(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run(three, ["page-width"])
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; held = duckdb.connect({str(three.database)!r}); print('up', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()
    monkeypatch.setattr(Warehouse.__init__, "__defaults__", (0.2, None))
    with pytest.raises(WarehouseError, match=rf"in use by .* \(process {holder.pid}\); close it there"):
        run(three)
    holder.communicate(b"\n")
    assert run(three).cells["extractions"] == 6


def test_a_wrong_setting_that_a_worker_process_finds_is_the_message(three: Project) -> None:
    add_image(three, "wrong.png", width=664)
    content = small_backends(three.root)
    content["engines"]["pixel"]["type"] = f"{PLUGINS}:TroubledEngine"
    write_backends(three.root, content)
    with pytest.raises(OcrPipelineError, match=r"^The key is wrong\.$"):
        run(three)


@pytest.mark.slow
def test_the_cause_of_a_failed_run_is_the_message(three: Project) -> None:
    run(three, ["page-width"])
    three.results.rename(three.data / "elsewhere")
    three.results.write_text("a file where the folder of results should be")
    with pytest.raises(OcrPipelineError) as caught:
        run(three)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("reads_before_kill", [0, 6, 11])
def test_killed_and_run_again(project: Project, reads_before_kill: int) -> None:
    """SIGKILL while OCR is at work: the next run finishes, and reads nothing again whose result was stored."""
    backends = small_backends(project.root)
    backends["engines"]["pixel"]["options"]["seconds"] = 0.2
    write_backends(project.root, backends)
    for number in range(12):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    process = subprocess.Popen(
        [sys.executable, "-m", "ocr_pipeline.cli", "run", "--backends", "pixel+first"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ.copy(),
    )
    wait_for(lambda: project.dagster_home.exists() and len(reads(project)) >= reads_before_kill, 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stored = _stored_pages(project)
    assert len(stored) >= reads_before_kill - available_cores(), "only what was in flight may be lost"

    run(project, ["pixel+first"])
    again = Counter(reads(project))
    assert set(again) == {f"{40 + number}x30" for number in range(12)}
    assert all(again[page] == 1 for page in stored)
    [board] = [row for row in Warehouse(project.database).rows("FROM leaderboard") if row["status"] == "ok"]
    assert board["accurate_documents"] == 12
    with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
        assert not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))


def _stored_pages(project: Project) -> set[str]:
    outcomes = [OcrOutcome.model_validate_json(path.read_text()) for path in _results(project)]
    return {f"{page.width}x{page.height}" for outcome in outcomes if outcome.text for page in outcome.text.pages}


def _results(project: Project) -> list[Path]:
    return sorted((project.results / "ocr").glob("*/[!.]*.json"))


@pytest.mark.slow
def test_ctrl_c_ends_with_one_sentence_and_the_next_run_goes_on(project: Project) -> None:
    backends = small_backends(project.root)
    backends["engines"]["pixel"]["options"]["seconds"] = 0.3
    write_backends(project.root, backends)
    for number in range(12):
        add_image(project, f"d{number}.png", width=40 + number)
    process = subprocess.Popen(
        [sys.executable, "-m", "ocr_pipeline.cli", "run", "--backends", "pixel+first"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(reads(project)) >= 2, 60)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "Interrupted. Finished results are kept; run the same command to continue."
    run(project, ["pixel+first"])
    assert set(reads(project)) == {f"{40 + number}x30" for number in range(12)}
