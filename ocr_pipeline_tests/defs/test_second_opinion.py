"""Imported predictions as the second opinion of a cascade, and as values that are a power of ten off."""

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline.training.notes import notes_on_scores
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.defs.test_external import rows, take
from ocr_pipeline_tests.files import PLUGINS, add_image, small_backends, write_backends


@pytest.fixture
def shop(project: Project) -> Project:
    """Three documents; the first member of the cascade is not sure of `d1`."""
    for number in range(3):
        add_image(project, f"shop/d{number}.png", width=40 + number, total=f"{40 + number}.00")
    content = small_backends(project.root)
    content["backends"] = {
        "pixel+sure": {"engine": "pixel", "extractor": f"{PLUGINS}:SureOfEven"},
        "theirs": {"extractor": "external"},
        "ladder": {"extractor": "cascade", "options": {"of": ["pixel+sure", "theirs"], "fields": ["total_amount"]}},
    }
    write_backends(project.root, content)
    return project


@pytest.mark.slow
def test_a_recorded_second_opinion_and_a_scale_suspect(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(monkeypatch)
    take(cli, shop, rows(d0={"total_amount": "4000.00"}, d1={"total_amount": "9.99"}))
    summary = run_pipeline(shop, find_documents(shop.data), ["ladder"], Recorder())
    warehouse = Warehouse(shop.database)
    found = warehouse.rows(
        "SELECT value, cost_usd FROM extractions JOIN extracted_fields f USING (document_id, backend)"
        " WHERE backend = 'ladder' AND f.field = 'total_amount' ORDER BY document_id"
    )
    assert [(row["value"], round(row["cost_usd"], 4)) for row in found] == [
        ("40.00", 0.5),
        ("9.99", 0.51),
        ("42.00", 0.5),
    ], "only of d1, its answer and its cost"
    with warehouse.snapshot() as snapshot:
        [note] = notes_on_scores(shop, load_backends(shop), snapshot)["shop"]
    assert note.startswith("ladder: not trained: fewer than 30 usable labels; every field has the threshold 0.9")

    [suspect] = warehouse.rows("SELECT document_id, backend, value, text, engine FROM scale_suspects")
    assert suspect == {
        "document_id": "shop-d0", "backend": "theirs", "value": "4000.00", "text": "40.00", "engine": "pixel",
    }  # fmt: skip
    limits = warehouse.rows("SELECT document_id, features FROM confidences WHERE backend = 'theirs'")
    assert {row["document_id"] for row in limits if row["features"].get("limit") == 0.45} == {"shop-d0"}
    sentence = "total_amount is given as 4000.00, but 40.00 is printed: this is 40.00 here"
    assert summary.failed_checks["scale_suspect"] == ("WARN", f"{sentence} (shop-d0, theirs).")
    assert sentence in (shop.report / "documents" / "shop-d0.html").read_text("utf-8")
    assert "but 40.00 is printed" in cli.ok("explain", "shop-d0")
    assert "printed 40.00" in cli.ok("errors", "--backend", "theirs")
    [wrong] = [row for row in cli.json("errors", "--backend", "theirs") if row["document_id"] == "shop-d0"]
    assert wrong["scale_text"] == "40.00"


def test_what_repeats_its_members_is_no_witness(shop: Project) -> None:
    from ocr_pipeline.defs.assets.diagnosis import witnesses

    assert witnesses(load_backends(shop)) == ["pixel+sure", "theirs"]
