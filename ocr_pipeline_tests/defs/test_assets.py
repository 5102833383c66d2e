"""What the assets write, what they tell Dagster, and what one bad document does to the others."""

from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from ocr_pipeline.defs.resources import WarehouseResource
from ocr_pipeline.documents.looks import Looks
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.defs.pipeline import DOCUMENTS, EVALUATION, EVERY_RUN, Pipeline, message_of
from ocr_pipeline_tests.files import add_file, add_image, add_label, image_bytes, reads


def test_every_asset_is_documented(pipeline: Pipeline) -> None:
    specs = {spec.key.to_user_string(): spec for spec in pipeline.definitions.resolve_all_asset_specs()}
    assert set(specs) == {
        "raw_documents",
        "ground_truth",
        "duplicates",
        "ocr_text",
        "extractions",
        "ensembles",
        "field_scores",
        *EVERY_RUN,
    }
    for name, spec in specs.items():
        assert spec.description, name
        assert spec.group_name in ("documents", "reading", "evaluation", "diagnosis", "report"), name
        assert spec.owners, name
        assert spec.code_version, name
        if name == "report":
            continue
        assert "duckdb" in spec.kinds, name
        schema = spec.metadata["dagster/column_schema"]
        assert "document_id" in {column.name for column in schema.columns} or name in EVALUATION


def test_lineage_is_exact_per_cell(pipeline: Pipeline) -> None:
    mapping = pipeline.partitions.ocr_to_extractions

    def upstream(*cells: str) -> set[str]:
        partitions = pipeline.partitions
        with dg.partition_loading_context(dynamic_partitions_store=pipeline.instance):
            result = mapping.get_upstream_mapped_partitions_result_for_partitions(
                downstream_partitions_subset=partitions.document_backend.subset_with_partition_keys(cells),
                downstream_partitions_def=partitions.document_backend,
                upstream_partitions_def=partitions.document_engine,
            )
        return set(result.partitions_subset.get_partition_keys())

    assert upstream("pixel+first|d1") == {"d1|pixel"}
    assert upstream("pdf-text+first|d2") == {"d2|pdf-text"}
    assert upstream("page-width|d1") == set()
    assert upstream("page-width|d1", "pixel+first|d5", "pdf-text+first|d0") == {"d5|pixel", "d0|pdf-text"}


def test_a_broken_document_is_a_row_and_stops_nobody(pipeline: Pipeline) -> None:
    pipeline.everything()
    documents = {row["document_id"]: row for row in pipeline.warehouse.rows("FROM documents")}
    assert set(documents) == set(DOCUMENTS)
    assert (documents["broken"]["status"], documents["broken"]["reason"]) == ("failed", "unreadable")
    assert documents["d3"]["status"] == "ok"
    extractions = pipeline.warehouse.rows("FROM extractions WHERE backend = 'pixel+first'")
    failed = {row["document_id"]: row["reason"] for row in extractions if row["status"] == "failed"}
    assert failed == {"broken": "document_failed"}


def test_scores_and_leaderboard(pipeline: Pipeline) -> None:
    add_label(pipeline.project.data / "documents" / "broken.pdf", total_amount="7.00")
    add_label(pipeline.project.data / "documents" / "d0.png", total_amount="99.00", supplier_name=None)
    pipeline.everything()
    board = {row["backend"]: row for row in pipeline.warehouse.rows("FROM leaderboard")}
    total = {
        row["backend"]: row for row in pipeline.warehouse.rows("FROM leaderboard_fields WHERE field = 'total_amount'")
    }
    # 7 labelled documents: 5 right, d0 wrong by its label, broken missing
    assert (total["pixel+first"]["n"], total["pixel+first"]["correct"]) == (7, 5)
    assert (total["pixel+first"]["wrong"], total["pixel+first"]["missing"]) == (1, 1)
    assert total["pixel+first"]["precision"] == pytest.approx(5 / 6)
    assert total["pixel+first"]["recall"] == pytest.approx(5 / 7)
    assert board["pixel+first"]["failures"] == 1
    assert board["pixel+first"]["whole_document_accuracy"] == pytest.approx(5 / 7)
    assert total["pdf-text+first"]["missing"] == 7
    assert total["pdf-text+first"]["precision"] is None
    assert board["pixel+first"]["fingerprints"]
    assert board["pixel+first"]["label_version"]


def test_a_backend_that_was_not_run_has_no_score(pipeline: Pipeline) -> None:
    pipeline.documents()
    pipeline.extract([("page-width", "d0"), ("page-width", "d1")])
    pipeline.launch(["field_scores"], [("pixel+first", "page-width")])
    pipeline.launch(["leaderboard"], [None])
    board = {row["backend"]: row for row in pipeline.warehouse.rows("FROM leaderboard")}
    assert (board["pixel+first"]["status"], board["pixel+first"]["message"]) == ("not_run", "not requested yet")
    assert board["pixel+first"]["whole_document_accuracy"] is None
    assert (board["page-width"]["status"], board["page-width"]["documents"]) == ("ok", 2)
    assert board["page-width"]["missing_documents"] == 4


def test_a_cell_without_its_upstream_is_refused_and_not_scored(pipeline: Pipeline) -> None:
    [result] = pipeline.ocr([("pixel", "d0")])
    assert "materialise raw_documents" in message_of(result)
    pipeline.documents()
    [result] = pipeline.extract([("pixel+first", "d0")])
    assert "materialise ocr_text of pixel" in message_of(result)
    assert pipeline.warehouse.rows("FROM extractions") == []


@pytest.mark.slow
def test_results_come_from_the_store_the_second_time(pipeline: Pipeline) -> None:
    pipeline.everything()
    assert len(reads(pipeline.project)) == 6
    pipeline.everything()
    assert len(reads(pipeline.project)) == 6
    assert pipeline.recorder.cached["ocr pixel"] == 6
    assert pipeline.recorder.cached["page-width"] == 6


def test_two_documents_with_the_same_bytes_are_read_once(pipeline: Pipeline) -> None:
    pipeline.documents()
    pipeline.ocr([("pixel", "d1")])
    add_image(pipeline.project, "copy.png", width=41)
    pipeline.instance.add_dynamic_partitions("documents", ["copy"])
    pipeline.documents(["copy"])
    pipeline.ocr([("pixel", "copy")])
    assert reads(pipeline.project) == ["41x30"]
    assert ("pixel", "copy") in pipeline.keys("ocr_text", "engine")


def test_a_file_that_changed_behind_the_back_of_raw_documents(pipeline: Pipeline) -> None:
    pipeline.documents()
    add_file(pipeline.project, "d0.png", image_bytes(77, 30))
    pipeline.ocr([("pixel", "d0")])
    [row] = pipeline.warehouse.rows("FROM ocr_text")
    assert (row["status"], row["reason"], row["result_key"]) == ("failed", "changed_file", None)
    pipeline.documents(["d0"])
    pipeline.ocr([("pixel", "d0")])
    pipeline.extract([("pixel+first", "d0")])
    [field] = pipeline.warehouse.rows("FROM extracted_fields")
    assert field["value_amount"] == Decimal(77)


def test_the_look_of_a_document_is_kept_when_it_is_ingested(pipeline: Pipeline) -> None:
    """So that `duplicates` opens no file, and a killed run need not make it again."""
    pipeline.documents()
    looks = Looks(ResultStore(pipeline.project.results))
    ingested = pipeline.warehouse.rows("SELECT sha256 FROM documents WHERE status = 'ok'")
    assert len(ingested) == len(DOCUMENTS) - 1  # one is broken
    assert all(looks.get(row["sha256"]) for row in ingested)


def test_the_metadata_of_a_cell_is_its_own(pipeline: Pipeline) -> None:
    pipeline.documents()
    pipeline.ocr([("pixel", document) for document in DOCUMENTS])
    [result] = pipeline.extract([("pixel+first", document) for document in DOCUMENTS])
    values = {
        str(event.partition): event.materialization.metadata for event in result.get_asset_materialization_events()
    }
    assert "43.00" in str(values["pixel+first|d3"]["values"].value)
    assert values["pixel+first|d3"]["dagster/partition_row_count"].value == 1
    assert values["pixel+first|broken"]["status"].value == "failed"
    assert "43.00" not in str(values["pixel+first|d1"]["values"].value)


def test_text_of_a_document_is_harmless_in_metadata(pipeline: Pipeline) -> None:
    hostile = "[click](javascript:alert(1)) <script>x</script> | a | `b`"
    add_label(pipeline.project.data / "documents" / "d0.png", supplier_name=hostile)
    [result] = pipeline.documents(["d0"])
    [text] = [
        str(event.materialization.metadata["values"].value)
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("ground_truth")
    ]
    row = text.splitlines()[2]
    assert "<" not in row
    assert "](" not in row
    assert "`" not in row
    assert row.count("|") == 3


def test_assets_store_nothing_beside_the_warehouse(pipeline: Pipeline) -> None:
    """An asset without a return annotation is pickled into the instance's storage."""
    pipeline.everything()
    storage = Path(pipeline.instance.storage_directory())
    names = {spec.key.to_user_string() for spec in pipeline.definitions.resolve_all_asset_specs()}
    assert not [path for path in storage.rglob("*") if path.name in names]


def test_a_connection_is_closed_after_an_exception(pipeline: Pipeline) -> None:
    """The stock resource leaves it open, and the file locked."""
    resource = WarehouseResource(database=str(pipeline.project.database))
    with pytest.raises(ZeroDivisionError), resource.get_connection():
        raise ZeroDivisionError
    with resource.get_connection() as connection:
        assert connection.execute("SELECT 42").fetchone() == (42,)
