"""Predictions that were made elsewhere, from the command that imports them to their row of the leaderboard."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.selection import choose_backends
from ocr_pipeline.cli.status import backend_status
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.pages import Document, sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Extraction, LineItem
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_image, small_backends, write_backends

SHOP = ["shop-d0", "shop-d1", "shop-d2"]
OTHER = "other-e0"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(monkeypatch)


@pytest.fixture
def shop(project: Project) -> Project:
    """Three labelled documents of the data set `shop`, one of `other`, and a backend `theirs` for predictions."""
    for number in range(3):
        add_image(project, f"shop/d{number}.png", width=40 + number, total=f"{40 + number}.00")
    add_image(project, "other/e0.png", width=50, total="50.00")
    configure(project)
    return project


def configure(project: Project, **options: Any) -> None:
    backends = small_backends(project.root)
    backends["backends"] = {"page-width": backends["backends"]["page-width"]}
    backends["backends"]["theirs"] = {"extractor": "external", "options": options}
    write_backends(project.root, backends)


def rows(**changes: Any) -> list[dict[str, Any]]:
    """One row for each document of `shop`; `d1={...}` changes the row of d1, `d1=None` leaves it out."""
    found = []
    for number in range(3):
        row = {"file": f"d{number}.png", "total_amount": f"{40 + number}.00", "cost_usd": 0.01, "seconds": 2 + number}
        change = changes.get(f"d{number}", {})
        if change is not None:
            found.append({**row, **change})
    return found


def write(project: Project, content: list[dict[str, Any]], name: str = "theirs.jsonl") -> str:
    path = project.root / name
    if path.suffix == ".csv":
        columns = list(dict.fromkeys(key for row in content for key in row))
        lines = [";".join(columns), *(";".join(str(row.get(column, "")) for column in columns) for row in content)]
        path.write_text("\n".join(lines))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return str(path)


def take(run: Cli, project: Project, content: list[dict[str, Any]], *options: str, name: str = "theirs.jsonl") -> str:
    """Import, and what the command says of it."""
    result = run("import", "predictions", write(project, content, name), "--backend", "theirs", *options)
    assert (result.code, result.err) == (0, "")
    return result.out


def do(project: Project) -> RunSummary:
    return run_pipeline(project, find_documents(project.data), ["page-width", "theirs"], Recorder())


def boards(project: Project, dataset: str = "shop") -> dict[str, Any]:
    found = Warehouse(project.database).rows("FROM leaderboard WHERE dataset = ? AND backend = 'theirs'", [dataset])
    assert len(found) == 1
    return found[0]


def scores(project: Project) -> list[dict[str, Any]]:
    return Warehouse(project.database).rows(
        "SELECT document_id, field, truth, prediction, outcome, result_key FROM field_scores"
        " WHERE backend = 'theirs' ORDER BY document_id, field"
    )


def stale(project: Project) -> dict[str, str]:
    """Documents of `theirs` whose cell is not current, with the state and the reason."""
    configured, sources = load_backends(project), find_documents(project.data)
    [row] = backend_status(project, configured, sources, ["theirs"])
    return {cell.document_id: f"{cell.state}: {cell.why}" for cell in row.cells}


def not_opened() -> Document:
    raise AssertionError("a prediction needs no look at the document")


def kept(project: Project) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in project.predictions.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_from_the_file_to_the_leaderboard_and_back(shop: Project, run: Cli) -> None:
    configured = load_backends(shop)
    assert choose_backends(configured, None, find_documents(shop.data))[1] == {
        "theirs": "no predictions: ocr-pipeline import predictions FILE --backend theirs"
    }
    output = take(run, shop, rows(d1={"total_amount": "9.99"}))
    assert "3 new, 0 changed, 0 unchanged predictions for shop." in output
    assert do(shop).cells["extractions"] == 4 + 3, "page-width everywhere, theirs on one data set"

    board = boards(shop)
    assert (board["status"], board["documents"], board["failures"], board["missing_documents"]) == ("ok", 3, 0, 0)
    assert (board["accurate_documents"], board["seconds_per_document"], board["reported"]) == (2, 3.0, True)
    assert board["cost_per_document"] == pytest.approx(0.01)
    ours = Warehouse(shop.database).rows("FROM leaderboard WHERE backend = 'page-width' AND reported")
    assert ours == []
    board = boards(shop, "other")
    assert (board["status"], board["message"]) == ("not_run", "no predictions of the data set other were imported")
    shown = run.ok("leaderboard", "--dataset", "shop")
    assert "theirs: seconds and cost as reported, not measured here." in shown
    assert shown.count("as reported") == 1

    # the same file again changes nothing
    before = kept(shop)
    assert "0 new, 0 changed, 3 unchanged" in take(run, shop, rows(d1={"total_amount": "9.99"}))
    assert kept(shop) == before
    assert stale(shop) == {}

    # a changed prediction makes its own cell stale, and one that is gone counts as missing
    assert "0 new, 2 changed, 1 unchanged" in take(run, shop, rows(d1={}, d2={"total_amount": "1.00"}))
    assert stale(shop) == {"shop-d1": "stale: prediction", "shop-d2": "stale: prediction"}
    output = take(run, shop, rows(d1={"total_amount": "9.99"}, d2=None))
    assert "1 removed" in output
    assert "shop: no prediction for 1 document (shop-d2): counted as missing." in output
    assert stale(shop) == {"shop-d2": "stale: prediction"}, "d1 is again what was extracted"
    assert do(shop).cells["extractions"] == 1
    board = boards(shop)
    assert (board["documents"], board["failures"], board["accurate_documents"]) == (3, 1, 1)
    assert board["cost_per_document"] is None, "nobody said what the third one cost"
    [failed] = Warehouse(shop.database).rows("FROM extractions WHERE status = 'failed'")
    assert (failed["document_id"], failed["reason"]) == ("shop-d2", "no_prediction")
    missing = [row for row in scores(shop) if row["outcome"] == "missing"]
    assert [row["document_id"] for row in missing] == ["shop-d2"]

    # another mapping needs no new import
    configure(shop, fields={"total_amount": "their_total"})
    assert stale(shop) == dict.fromkeys(SHOP, "stale: fields")


@pytest.mark.slow
def test_without_the_database_and_the_stored_results_the_same_scores_come_back(shop: Project, run: Cli) -> None:
    take(run, shop, rows(d1={"total_amount": "9.99"}, d2=None))
    do(shop)
    before = scores(shop)
    assert [row["outcome"] for row in before] == ["correct", "wrong", "missing"]
    shop.database.unlink()
    shutil.rmtree(shop.results)
    shutil.rmtree(shop.dagster_home)
    do(shop)
    assert scores(shop) == before


def test_a_cell_that_is_asked_for_in_the_ui_without_predictions_of_its_data_set(shop: Project, run: Cli) -> None:
    import dagster as dg

    from ocr_pipeline.definitions import build_definitions
    from ocr_pipeline.defs.instance import register_documents
    from ocr_pipeline.defs.launch import Launcher, cell_ranges, document_ranges
    from ocr_pipeline.defs.partitions import BACKEND, Partitions

    take(run, shop, rows(d0={"model": "m", "version": "7", "line_items": [{"amount": 1}]}, d1=None))
    definitions, partitions = build_definitions(shop), Partitions(load_backends(shop))
    documents = [*SHOP, OTHER]
    with dg.DagsterInstance.ephemeral() as instance:
        register_documents(instance, documents)
        Launcher(definitions, instance).materialize(["raw_documents"], document_ranges(documents, instance, partitions))
        cells = [("theirs", document) for document in documents]
        ranges = cell_ranges(cells, BACKEND, instance, partitions.document_backend)
        results = Launcher(definitions, instance).materialize(["extractions"], ranges)
        assert all(result.success for result in results)
        metadata = {
            str(event.partition).partition("|")[2]: event.materialization.metadata
            for result in results
            for event in result.get_asset_materialization_events()
        }
    table = {row["document_id"]: row for row in Warehouse(shop.database).rows("FROM extractions")}
    assert {key: row["reason"] for key, row in table.items()} == {
        "shop-d0": None,
        "shop-d1": "no_prediction",
        "shop-d2": None,
    }
    assert (table["shop-d0"]["reported_model"], table["shop-d0"]["reported_model_version"]) == ("m", "7")
    assert len(Warehouse(shop.database).rows("FROM extracted_line_items")) == 1
    assert metadata[OTHER]["status"].value == "not_run"
    assert metadata["shop-d0"]["model_version"].value == "7"


def test_csv_gives_what_json_lines_give(shop: Project, run: Cli) -> None:
    def extractions() -> list[Extraction]:
        configured = load_backends(shop)
        predictions = configured["theirs"].predictions
        assert predictions is not None
        return [
            configured["theirs"].extractor.extract(
                ExtractionInput(document_id=key, open=not_opened, text=None, prediction=predictions.text_of(key))
            )
            for key in SHOP
        ]

    items = [{"description": "Tea", "amount": "1.50"}]
    content = rows(d0={"supplier_name": "Shop; Co", "invoice_date": "2024-12-31", "line_items": items})
    take(run, shop, content)
    before = extractions()
    assert before[0].invoice.supplier_name == "Shop; Co"
    assert before[0].invoice.line_items == [LineItem(description="Tea", amount=Decimal("1.50"))]
    content[0]["line_items"] = '"' + json.dumps(items).replace('"', '""') + '"'
    content[0]["supplier_name"] = '"Shop; Co"'
    assert "3 changed" in take(run, shop, content, name="theirs.csv"), "rows are kept as they were in the file"
    assert extractions() == before


def test_names_of_documents(shop: Project, run: Cli) -> None:
    first = shop.data / "documents" / "shop" / "d0.png"
    names = ["shop-d0", "d0", "d0.png", "shop/d0.png", "documents/shop/d0", str(first), sha256_of(first.read_bytes())]
    for name in names:
        take(run, shop, [{"document": name, "total_amount": 1}])
        assert list(json.loads((shop.predictions / "theirs" / "manifest.json").read_text())["documents"]) == ["shop-d0"]


def test_a_hash_means_every_copy_of_a_document(shop: Project, run: Cli) -> None:
    copy = add_image(shop, "shop/copy.png", width=40)
    output = take(run, shop, [{"sha256": sha256_of(copy.read_bytes()).upper(), "total_amount": 40}])
    assert "2 new" in output
    assert "no prediction for 2 documents (shop-d1, shop-d2)" in output


def test_predictions_of_other_data_sets_stay(shop: Project, run: Cli) -> None:
    take(run, shop, rows())
    assert "1 new, 0 changed, 0 unchanged predictions for other." in take(
        run, shop, [{"file": "e0", "total_amount": 50}]
    )
    kept_documents = json.loads((shop.predictions / "theirs" / "manifest.json").read_text())["documents"]
    assert sorted(kept_documents) == [OTHER, *SHOP]


def test_what_was_not_understood_is_said_by_field_and_line(shop: Project, run: Cli) -> None:
    output = take(
        run,
        shop,
        rows(
            d0={"total_amount": "1.234,56", "colour": "red", "invoice_date": "31/12/2024"},
            d1={"total_amount": "9,99", "tax_lines": [{"rate": "x", "kind": "VAT"}]},
            d2={"due_date": "2024-12-31"},
        ),
    )
    assert "total_amount: 2 values cannot be read (line 1, line 2): each has to be a number like 1234.50, or" in output
    assert "invoice_date: 1 value cannot be read (line 1)" in output
    assert "tax_lines.rate: 1 value cannot be read (line 2)" in output
    assert "Not used: colour, tax_lines.kind." in output
    absent = output.partition("In no row: ")[2].partition("\n")[0]
    assert "due_date" not in absent
    assert {"invoice_date", "tax_lines", "supplier_name"} <= set(absent.rstrip(".").split(", "))
    assert "1.234,56" not in output, "no content of a document"
    configure(shop, decimal_separator=",", day_first=True)
    assert "cannot be read (line 1" not in take(run, shop, rows(d0={"total_amount": "1.234,56"}))


REFUSED = {
    "unknown": (
        [*rows(), {"file": "x"}, {"file": "y\x1b[31m"}],
        "2 of 5 rows name no document that is here (x in line 4, y⟨U+001B⟩[31m in line 5): leave them out with --skip-unknown",
    ),
    "all unknown": (
        [{"file": "x"}],
        "1 of 1 rows name no document that is here (x in line 1): `ocr-pipeline documents`",
    ),
    "twice": ([*rows(), {"file": "shop-d1"}], "theirs.jsonl, line 4: the same document as in line 2"),
    "no name": (
        [*rows(), {"total_amount": 1}],
        "theirs.jsonl, line 4: nothing names the document (document, document_id,",
    ),
    "no text": ([*rows(), {"file": ["a"]}], "theirs.jsonl, line 4: the name of the document has to be a text."),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_nothing_is_half_imported(shop: Project, run: Cli, content: list[dict[str, Any]], message: str) -> None:
    take(run, shop, rows(d0=None))
    before = kept(shop)
    assert message in run.fails("import", "predictions", write(shop, content), "--backend", "theirs")
    assert kept(shop) == before


def test_a_name_that_several_documents_have(shop: Project, run: Cli) -> None:
    add_image(shop, "other/d0.png", width=60)
    file = write(shop, rows())
    message = run.fails("import", "predictions", file, "--backend", "theirs")
    assert message.startswith("1 of 3 rows name several documents (d0.png in line 1): write paths or ids")
    assert not shop.predictions.exists()
    assert "3 new" in take(run, shop, rows(), "--dataset", "shop")


def test_unknown_documents_can_be_left_out(shop: Project, run: Cli) -> None:
    output = take(run, shop, [*rows(), {"file": "x"}], "--skip-unknown")
    assert "3 new" in output
    assert "1 of 4 rows name no document that is here (x in line 4); they are left out." in output


def test_a_backend_has_to_be_an_entry(shop: Project, run: Cli) -> None:
    file = write(shop, rows())
    result = run("import", "predictions", file, "--backend", "azure")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        "Error: There is no backend azure in backends.yaml: add these lines under `backends:`, and import again.",
        "  azure:",
        "    description: Predictions that were made elsewhere",
        "    extractor: external",
    ]
    with (shop.root / "backends.yaml").open("a") as file_of_backends:  # `backends` is the last key
        file_of_backends.write("\n".join(result.err.splitlines()[1:]) + "\n")
    assert run("import", "predictions", file, "--backend", "azure").code == 0

    assert "page-width reads documents itself" in run("import", "predictions", file, "--backend", "page-width").err
    assert "may contain a-z, 0-9" in run.fails("import", "predictions", file, "--backend", "../theirs")
    assert not (shop.data / "theirs").exists()


def test_settings_that_make_no_sense_are_refused_with_their_line(shop: Project) -> None:
    configure(shop, fields={"totl": "x"})
    with pytest.raises(ConfigurationError, match=r"backends.yaml, line \d+: backends.theirs: .*unknown field 'totl'"):
        load_backends(shop)
    backends = small_backends(shop.root)
    backends["backends"]["theirs"] = {"engine": "pixel", "extractor": "external"}
    write_backends(shop.root, backends)
    with pytest.raises(ConfigurationError, match="imported predictions need no engine"):
        load_backends(shop)


def test_a_damaged_import_is_one_sentence(shop: Project, run: Cli) -> None:
    take(run, shop, rows())
    for path in (shop.predictions / "theirs").glob("*/*.json"):
        path.unlink()
    predictions = load_backends(shop)["theirs"].predictions
    assert predictions is not None
    text = predictions.text_of("shop-d0")
    assert text is not None
    with pytest.raises(
        ConfigurationError, match=r"A prediction of theirs is gone from .* or damaged: import them again"
    ):
        text()
    assert "3 unchanged" in take(run, shop, rows())
    assert json.loads(text())["file"] == "d0.png"
    (shop.predictions / "theirs" / "manifest.json").write_text("{")
    assert "manifest.json cannot be read: delete it" in run.fails("import", "predictions", "x", "--backend", "theirs")


@pytest.mark.slow
def test_unreadable_values_are_wrong_and_told_in_one_line(
    shop: Project, run: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    configure(shop, null_values={"cost_usd": 0.01})
    output = take(run, shop, rows(d0={"total_amount": "RM 40"}, d1={"total_amount": "RM 41", "currency": "RM"}))
    assert "total_amount: 2 values cannot be read (line 1, line 2)" in output
    assert "They count as wrong." in output
    do(shop)
    told = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
    assert told == ["theirs: imported values that cannot be read, scored as wrong: 3 (2 total_amount, 1 currency)."]
    assert [(row["outcome"], row["prediction"]) for row in scores(shop)] == [
        ("wrong", None), ("wrong", None), ("correct", "42.00"),
    ]  # fmt: skip
    [judged] = Warehouse(shop.database).rows("SELECT DISTINCT attribution FROM attributions WHERE backend = 'theirs'")
    assert judged["attribution"] == "normalisation"
    assert boards(shop)["cost_per_document"] is None, "0.01 was said to mean unknown"
