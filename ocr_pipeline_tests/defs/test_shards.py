"""With shards as partitions, every route does exactly the cells that were asked for; a switch changes no result."""

from collections.abc import Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs import partitions
from ocr_pipeline.defs.assets import reading
from ocr_pipeline.defs.instance import open_instance, record_shards
from ocr_pipeline.defs.jobs import ProcessConfig
from ocr_pipeline.defs.launch import Launcher, parts_of
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, partitions_of
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.defs.sharding import with_enabled
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import BACKENDS, DOCUMENTS, Cells, Pipeline, Recorder, message_of
from ocr_pipeline_tests.files import add_file, add_image, reads

SHARDS = {"shards": {"enabled": True, "count": 4}}


def documents_of(project: Project) -> None:
    for number in range(6):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    add_file(project, "broken.pdf", b"%PDF-1.4 and nothing else")


@pytest.fixture
def sharded(project: Project) -> Iterator[Pipeline]:
    """The documents of `pipeline` in four shards."""
    (project.root / "deployment.yaml").write_text(yaml.safe_dump(SHARDS))
    documents_of(project)
    recorder = Recorder()
    resources: dict[str, Any] = {
        "progress": dg.ResourceDefinition.hardcoded_resource(recorder),
        "project": ProjectResource(root=str(project.root), processes=1),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        record_shards(instance, 4)
        yield Pipeline(project, build_definitions(project, resources), instance, recorder, ())


def launch(pipeline: Pipeline, asset: str, cells: Cells, dimension: str | None) -> list[dg.ExecuteInProcessResult]:
    configured = partitions_of(pipeline.project, load_backends(pipeline.project))
    store = open_store(pipeline.project)
    parts = parts_of(sorted(cells), dimension, pipeline.instance, configured, store)
    return Launcher(pipeline.definitions, pipeline.instance).materialize([asset], parts)


def shard_of(document_id: str, shards: int = 4) -> str:
    return partitions.shard_of(document_id, shards)


def said(monkeypatch: pytest.MonkeyPatch, *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    result = call(monkeypatch, *arguments)
    assert result.code == code, result.err
    return " ".join((result.out + result.err).split())


def test_the_shard_of_a_document_never_changes() -> None:
    assert [shard_of(key, 256) for key in ("d0", "many-0000000-5beaf0ff", "broken")] == ["035", "220", "234"]
    counts = [0] * 16
    for number in range(4000):
        counts[int(shard_of(f"document-{number}", 16))] += 1
    assert min(counts) > 200


def test_a_choice_of_cells_is_one_run_of_exactly_these_cells(sharded: Pipeline) -> None:
    [documents] = launch(sharded, "raw_documents", {("", key) for key in DOCUMENTS}, None)
    assert documents.success
    asked = {("pixel", "d0"), ("pixel", "d2"), ("pixel", "d5"), ("pdf-text", "d2"), ("pdf-text", "broken")}
    results = launch(sharded, "ocr_text", asked, ENGINE)
    assert sharded.keys("ocr_text", "engine") == asked
    recorded = {str(event.partition) for one in results for event in one.get_asset_materialization_events()}
    assert recorded == {f"{engine}|{shard_of(document)}" for engine, document in asked}
    asked = {("pixel+first", "d0"), ("pixel+first", "d5"), ("page-width", "d1"), ("pdf-text+first", "d2")}
    [result] = launch(sharded, "extractions", asked, BACKEND)
    assert sharded.keys("extractions", "backend") == asked
    # Started again, as the UI does it: the same cells, not all of its shards.
    sharded.warehouse.replace(["backend"], [(name,) for name in BACKENDS], {"extractions": []})
    kept = {name: value for name, value in result.dagster_run.tags.items() if "partition" in name or "cells" in name}
    again = sharded.run(["extractions"], tags=kept)
    assert again.success
    assert sharded.keys("extractions", "backend") == asked


def test_a_shard_in_the_ui_is_every_cell_of_it(sharded: Pipeline) -> None:
    key = shard_of("d1")
    inside = {document for document in DOCUMENTS if shard_of(document) == key}
    assert sharded.run(["raw_documents", "ground_truth"], partition_key=key).success
    assert {row["document_id"] for row in sharded.warehouse.rows("FROM documents")} == inside
    assert {row["document_id"] for row in sharded.warehouse.rows("FROM labels")} == inside
    one = sharded.run(["ocr_text"], partition_key=dg.MultiPartitionKey({"shard": key, "engine": "pixel"}))
    assert one.success
    assert sharded.keys("ocr_text", "engine") == {("pixel", document) for document in inside}
    [event] = one.get_asset_materialization_events()
    assert (str(event.partition), event.materialization.metadata["cells"].value) == (f"pixel|{key}", len(inside))
    nowhere = next(other for other in "0123" if other != key)
    refused = sharded.run(["ocr_text"], partition_key=dg.MultiPartitionKey({"shard": nowhere, "engine": "pixel"}))
    assert not refused.success
    assert "Materialise raw_documents first" in message_of(refused)


def test_a_range_of_a_backfill_is_all_of_its_shards(sharded: Pipeline) -> None:
    tags = {"dagster/asset_partition_range_start": "0", "dagster/asset_partition_range_end": "3"}
    assert sharded.run(["raw_documents", "ground_truth"], tags=tags).success
    tags = {"dagster/asset_partition_range_start": "pixel|1", "dagster/asset_partition_range_end": "pdf-text|2"}
    result = sharded.run(["ocr_text"], tags=tags)
    asked = set(product(["pixel", "pdf-text"], [document for document in DOCUMENTS if shard_of(document) in "12"]))
    assert sharded.keys("ocr_text", "engine") == asked
    assert len(result.get_asset_materialization_events()) == 4
    tags = {"dagster/asset_partition_range_start": "page-width|3", "dagster/asset_partition_range_end": "page-width|0"}
    wrong = sharded.run(["extractions"], tags=tags)
    assert not wrong.success
    assert "wrong order" in message_of(wrong)


def cells_in_tables(project: Project) -> Cells:
    rows = Warehouse(project.database).rows("FROM extractions")
    return {(row["backend"], row["document_id"]) for row in rows}


def leaderboard(project: Project) -> list[dict[str, Any]]:
    times = ("run_id", "evaluated_at", "seconds")
    rows = Warehouse(project.database).rows("FROM leaderboard ORDER BY ALL")
    return [{name: value for name, value in row.items() if not name.startswith(times)} for row in rows]


def test_commands_and_the_job_work_with_shards_and_a_switch_changes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents_of(project)
    said(monkeypatch, "run")
    before, read = leaderboard(project), reads(project)
    text = "# ours\nshards: {count: 4}  # few\n"
    (project.root / "deployment.yaml").write_text(text)
    assert "to record" in said(monkeypatch, "shards", "on", "--dry-run")
    assert (project.root / "deployment.yaml").read_text() == text
    assert "recorded" in said(monkeypatch, "shards", "on")
    with open_instance(project) as instance:
        recorded = instance.get_materialized_partitions(dg.AssetKey("extractions"))
    assert {f"page-width|{shard_of(key)}" for key in DOCUMENTS} <= recorded
    assert "nothing, everything is current" in said(monkeypatch, "run")

    add_image(project, "late.png", width=77, total="77.00")
    assert "1 raw_documents" in (output := said(monkeypatch, "run", "--backends", "pixel+first,page-width"))
    assert "2 extractions" in output
    assert reads(project) == [*read, "77x30"]
    new = {("pixel+first", "late"), ("page-width", "late")}
    assert cells_in_tables(project) == {*product(BACKENDS, DOCUMENTS), *new}
    with open_instance(project) as instance:
        job = build_definitions(project).resolve_job_def("process")
        config = dg.RunConfig(ops={"process_documents": ProcessConfig(documents=["late"])})
        assert job.execute_in_process(instance=instance, run_config=config).success
    assert cells_in_tables(project) == set(product(BACKENDS, [*DOCUMENTS, "late"]))

    assert "recorded" in said(monkeypatch, "shards", "off")
    assert "nothing, everything is current" in said(monkeypatch, "run")
    with open_instance(project) as instance:
        assert "pdf-text+first|late" in instance.get_materialized_partitions(dg.AssetKey("extractions"))
        assert set(instance.get_dynamic_partitions("documents")) == {*DOCUMENTS, "late"}
    (project.data / "documents" / "late.png").unlink()
    said(monkeypatch, "run")
    assert [row | {"fingerprints": None} for row in leaderboard(project)] == [
        row | {"fingerprints": None} for row in before
    ]


def test_after_a_switch_the_page_of_an_asset_reads_no_earlier_record(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents_of(project)
    said(monkeypatch, "run", "--backends", "pixel+first,page-width")
    (project.root / "deployment.yaml").write_text("shards:\n  count: 4\n")
    said(monkeypatch, "shards", "on")
    configured = partitions_of(project, load_backends(project))
    with open_instance(project) as instance:
        storage, read = instance.event_log_storage, list[int | None]()
        materialized = storage.get_materialized_partitions

        def watched(*arguments: Any, **options: Any) -> set[str]:
            read.append(options.get("after_cursor"))
            return materialized(*arguments, **options)

        monkeypatch.setattr(storage, "get_materialized_partitions", watched)
        shown = get_and_update_asset_status_cache_value(
            instance, dg.AssetKey("extractions"), configured.document_backend
        )
        assert read == []
        assert shown
        statuses = shown.deserialize_materialized_partition_subsets(configured.document_backend)
        assert set(statuses.get_partition_keys()) == {
            f"{backend}|{shard_of(document)}" for backend, document in cells_in_tables(project)
        }


def test_words_are_loaded_together_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WORDS_AT_A_TIME", 100)
    monkeypatch.setattr(reading, "DOCUMENTS_AT_A_TIME", 3)
    words = {"a": 60, "b": 40, "c": 1, "d": 500, "e": None}
    ocr: Any = {key: SimpleNamespace(words=count) for key, count in words.items()}
    batches = list(reading._read_together([*"abcdefghi"], ocr))
    assert ["".join(batch) for batch in batches] == ["ab", "c", "d", "efg", "hi"]


def test_a_file_that_was_edited_by_hand_switches_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    documents_of(project)
    (project.root / "deployment.yaml").write_text(yaml.safe_dump(SHARDS))
    assert "`ocr-pipeline shards on`" in said(monkeypatch, "run", code=1)
    assert not project.database.exists() or not cells_in_tables(project)


def test_above_the_limit_a_run_says_what_to_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    documents_of(project)
    (project.root / "deployment.yaml").write_text("shards: {from_documents: 6}")
    assert "`ocr-pipeline shards on --dry-run`" in said(monkeypatch, "run", "--backends", "page-width")
    with open_instance(project) as instance:
        assert "page-width|d0" in instance.get_materialized_partitions(dg.AssetKey("extractions"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "shards:\n  enabled: true\n"),
        ("# mine\nstore: data  # here\n", "# mine\nstore: data  # here\n\nshards:\n  enabled: true\n"),
        (
            "shards:\n    count: 64  # few\nstore: data\n",
            "shards:\n    enabled: true\n    count: 64  # few\nstore: data\n",
        ),
        ("shards: {count: 64}\n", "shards: {enabled: true, count: 64}\n"),
        ("shards:\n  count: 64\n  enabled: false # off\n", "shards:\n  count: 64\n  enabled: true # off\n"),
        ("shards:\n", "shards:\n  enabled: true\n"),
    ],
)
def test_the_setting_is_edited_in_place(before: str, after: str) -> None:
    assert with_enabled(before, True) == after


def test_a_file_that_cannot_be_edited_is_left() -> None:
    with pytest.raises(ConfigurationError, match="yourself"):
        with_enabled("shards: &same {count: 4}\nother: *same\n", True)
