"""5,000 documents x 5 backends with shards, on files and on PostgreSQL: what is counted. `benchmarks/many.py` measures.

The tests of a project are in their order: the last one adds documents.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.graph import build_graph
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.launch import Launcher, cells_in, parts_of
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, partitions_of
from ocr_pipeline.defs.pipeline import plan_run, run_pipeline
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.defs.sharding import switch
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.planning.plan import EVALUATION, Plan
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse.opened import open_warehouse
from ocr_pipeline_tests.files import text_pdf
from ocr_pipeline_tests.scale.servers import Postgres

many_documents = pytest.importorskip("benchmarks.many_documents")

DOCUMENTS, BACKENDS, NEW = 5000, 5, 6
SHARDS = 16
"""Recording a shard takes 10 to 30 ms."""

_opened: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str | bytes | os.PathLike):
        _opened.append(os.fsdecode(arguments[0]))


@contextmanager
def files_opened(folder: Path) -> Iterator[list[str]]:
    """The files below a folder that this process opens meanwhile."""
    global _opened
    if not hasattr(sys, "_many_watched"):
        sys.addaudithook(_watch)  # there is no way to remove it
        sys._many_watched = True  # type: ignore[attr-defined]
    _opened, found = [], list[str]()
    try:
        yield found
    finally:
        found += [name for name in _opened if name.startswith(f"{folder}{os.sep}")]
        _opened = None


@pytest.fixture(scope="module", params=["files", "postgres"])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All cells are current; nothing is scored, and the last evaluation counts as that of now."""
    deployment: dict[str, Any] = {"shards": {"count": SHARDS}}
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        urls = [postgres.url(postgres.create(name)) for name in ("warehouse", "dagster")]
        deployment |= {"warehouse": urls[0], "instance": {"postgres_url": urls[1]}}
    root = tmp_path_factory.mktemp("many") / "project"
    project: Project = many_documents.make_project(root, DOCUMENTS, deployment, backends=BACKENDS)
    switched = switch(project, on=True, dry_run=False)
    assert (switched.documents, switched.shards) == (DOCUMENTS, SHARDS)
    assert switched.recorded["extractions"] == BACKENDS * SHARDS
    return project


def plan_of(project: Project) -> Plan:
    return plan_run(project, find_documents(project.data), list(load_backends(project)))


def test_a_run_with_nothing_to_do_does_nothing_and_opens_no_document(many: Project) -> None:
    documents = many.data / "documents"
    with files_opened(documents) as opened:
        summary = run_pipeline(many, find_documents(many.data), list(load_backends(many)), NoProgress())
    assert (summary.cells, summary.run_ids) == ({}, [])
    assert opened == []
    with files_opened(documents) as opened:  # the counter counts
        next(documents.rglob("*.pdf")).read_bytes()
    assert len(opened) == 1


def test_a_tick_launches_nothing_and_opens_no_document(many: Project) -> None:
    definitions = build_definitions(many)
    sensor = definitions.get_repository_def().get_sensor_def("arrivals")
    resources = {key: (definitions.resources or {})[key] for key in ("project", "warehouse")}
    cursor = None
    with open_instance(many) as instance, files_opened(many.data / "documents") as opened:
        for _ in range(2):
            with dg.build_sensor_context(
                instance=instance, cursor=cursor, definitions=definitions, resources=resources
            ) as context:
                tick = sensor.evaluate_tick(context)
            assert not tick.run_requests
            assert f"Nothing has arrived; {DOCUMENTS} files" in (tick.skip_message or "")
            cursor = tick.cursor
    assert opened == []
    assert len(cursor or "") < 1000


def rows_of(project: Project) -> dict[tuple[str, str], str]:
    """The run that wrote each cell; asserts that none is there twice."""
    rows = open_warehouse(project).rows("SELECT backend, document_id, run_id FROM extractions")
    runs = {(row["backend"], row["document_id"]): row["run_id"] for row in rows}
    assert len(rows) == len(runs)
    return runs


def test_new_cells_run_exactly_once(many: Project) -> None:
    before = rows_of(many)
    assert len(before) == DOCUMENTS * BACKENDS
    for number in range(NEW):
        page = [(30.0, 150.0, f"Invoice number: N-{number}"), (30.0, 120.0, f"Total EUR {number + 1}.50")]
        (many.data / "documents" / "many" / f"new-{number}.pdf").write_bytes(text_pdf([page]))
    resources = {
        "progress": dg.ResourceDefinition.hardcoded_resource(NoProgress()),
        "project": ProjectResource(root=str(many.root), processes=1),
    }
    recorded: Counter[str] = Counter()
    new = {source.document_id for source in find_documents(many.data)[-NEW:]}
    with open_instance(many) as instance:
        launcher = Launcher(build_graph(many, resources), instance)
        partitions, store = partitions_of(many, load_backends(many)), open_store(many)
        for assets, dimension in (
            (["raw_documents", "ground_truth"], None),
            (["ocr_text"], ENGINE),
            (["extractions"], BACKEND),
        ):
            step = plan_of(many).step(assets[0])
            assert step is not None
            assert {document_id for _, document_id in step.cells} == new
            parts = parts_of(step.cells, dimension, instance, partitions, store)
            [result] = launcher.materialize(assets, parts)
            assert result.success
            for event in result.get_asset_materialization_events():
                recorded[event.asset_key.to_user_string() if event.asset_key else ""] += cells_in(event)
    assert recorded == {"raw_documents": NEW, "ground_truth": NEW, "ocr_text": NEW, "extractions": NEW * BACKENDS}
    after = rows_of(many)
    assert {cell for cell in after if after[cell] != before.get(cell)} == {
        (backend, document_id) for backend in load_backends(many) for document_id in new
    }
    assert before.items() <= after.items()
    assert {step.asset for step in plan_of(many).steps} <= {EVALUATION, "duplicates"}
