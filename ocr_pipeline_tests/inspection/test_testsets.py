"""`ocr-pipeline testset` and what is pinned to a test set, in a project that was run."""

import json

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.files import add_label

LOCAL = ("--backends", "pdf-text+rules,page-width")


def ran(run: Cli, *arguments: str) -> str:
    """What a run prints; it may warn about documents that failed."""
    result = run("run", *arguments)
    assert result.code == 0, result.err
    return result.out


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_test_set_before_any_run_on_it(run: Cli, shop: Project) -> None:
    assert "There is no test set yet" in run("testset", "list").err
    assert "shop@1: 4 documents frozen in data/testsets/shop.json." in words(run.ok("testset", "freeze", "shop"))
    assert "Nothing changed since shop@1" in run("testset", "freeze", "shop").err
    assert "shop 1" in words(run.ok("testset", "list"))
    [listed] = json.loads(run.ok("testset", "list", "--json"))
    assert (listed["documents"], listed["changed"]) == (4, None)
    assert run.ok("testset", "check", "shop@1") == "shop@1: unchanged, 4 documents.\n"
    assert "total_amount" in run.ok("testset", "show", "shop")
    missing = run("leaderboard", "--testset", "shop")
    assert (missing.code, missing.err) == (
        1,
        "Error: No backend was run on all documents of shop@1: `ocr-pipeline run --testset shop`.\n",
    )


@pytest.mark.slow
def test_scores_history_and_baselines_of_versions(run: Cli, shop: Project) -> None:
    run.ok("testset", "freeze", "shop")
    assert "test set shop@1, 4 documents" in ran(run, "--testset", "shop", *LOCAL)
    boards = json.loads(run.ok("leaderboard", "--testset", "shop", "--json"))
    assert boards["testset"] == "shop@1"
    whole = json.loads(run.ok("leaderboard", "--json"))
    f1_of = {(row["backend"], row["field"]): row["f1"] for row in whole["fields"]}
    assert boards["evaluations"]
    assert all(row["f1"] == f1_of[row["backend"], row["field"]] for row in boards["evaluations"])
    assert "on shop@1" in run.ok("baseline", "pin", "--testset", "shop")
    assert len(json.loads(run.ok("history", "--testset", "shop", "--json"))) >= 2
    assert {row["testset"] for row in json.loads(run.ok("history", "--json"))} == {""}

    add_label(shop.data / "documents" / "shop" / "b.pdf", supplier_name="Harbour Tools Ltd", total_amount="121.00")
    ran(run, *LOCAL)
    changed = "shop@1 is no longer what was frozen: 1 label changed (shop-b)."
    for command in (("run", "--testset", "shop"), ("leaderboard", "--testset", "shop"), ("testset", "check", "shop")):
        result = run(*command)
        assert result.code == 1
        assert changed in words(result.err)
    run.ok("testset", "freeze", "shop")
    ran(run, "--testset", "shop", *LOCAL)
    shown = words(run.ok("baseline", "show", "--testset", "shop"))
    assert (
        "not compared: the baseline is of shop@1, the latest evaluation of shop@2: 1 label changed (shop-b)." in shown
    )
    refused = run.json("baseline", "show", "--testset", "shop")
    assert all(row["refused"] and row["comparisons"] == [] for row in refused)
    assert "Unpinned" in run.ok("baseline", "clear", "--testset", "shop")
    kept = tables.history.history(Warehouse(shop.database), None, None, "all_fields", "shop@1")
    assert {row.testset for row in kept} == {"shop@1"}, "what was scored on version 1 stays"
