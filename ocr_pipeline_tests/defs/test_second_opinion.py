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
    assert load_backends(shop).witnesses == ["pixel+sure", "theirs"]


@pytest.mark.slow
def test_thresholds_are_learned_from_labels_and_make_cells_stale(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first member is wrong about every second odd amount, and not sure of odd ones; theirs are right."""
    totals = {number: 99 if number % 4 == 1 else 40 + number for number in range(32)}
    for number, total in totals.items():
        add_image(project, f"shop/d{number}.png", width=40 + number, total=f"{total}.00")
    content = small_backends(project.root)
    options = {"of": ["pixel+sure", "theirs"], "fields": ["total_amount"], "threshold": 1.0}
    content["backends"] = {
        "pixel+sure": {"engine": "pixel", "extractor": f"{PLUGINS}:SureOfEven"},
        "theirs": {"extractor": "external"},
        "ladder": {"extractor": "cascade", "options": options},
    }
    write_backends(project.root, content)
    rows = [{"file": f"d{n}.png", "total_amount": f"{total}.00", "cost_usd": 0.01} for n, total in totals.items()]
    take(Cli(monkeypatch), project, rows)

    def run() -> tuple[int, int]:
        """Documents that theirs was asked about, and right totals."""
        run_pipeline(project, find_documents(project.data), ["ladder"], Recorder())
        warehouse = Warehouse(project.database)
        asked = warehouse.rows("FROM extractions WHERE backend = 'ladder' AND cost_usd > 0.505")
        right = warehouse.rows("FROM field_scores WHERE backend = 'ladder' AND outcome = 'correct'")
        return len(asked), len(right)

    assert run() == (16, 32), "of the given threshold, every document would be asked about"
    with Warehouse(project.database).snapshot() as snapshot:
        [note] = notes_on_scores(project, load_backends(project), snapshot)["shop"]
    assert "total_amount 16 of 32 below 0.95, right 24 before and 32 after" in note
    assert "32 of 32 labelled documents were learned on other documents (out of fold)" in note
    assert run_pipeline(project, find_documents(project.data), ["ladder"], Recorder()).cells == {}
