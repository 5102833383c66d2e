"""One definition of a current score: after a rule, a label or a result has changed, every view says the same."""

import json
from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.project import Project
from ocr_pipeline.report.site import build_site
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli

NOTICE = "scores are stale ({} changed since); refresh with `ocr-pipeline run`."


def words(text: str) -> str:
    return " ".join(text.split())


def change_a_rule(project: Project) -> None:
    project.evaluation_file.write_text("fields:\n  total_amount:\n    within: 100\n")


def score_count(project: Project) -> int:
    return len(Warehouse(project.database).rows("FROM field_scores"))


@pytest.mark.parametrize(
    "command", [("leaderboard",), ("leaderboard", "--by", "pages"), ("errors",), ("attribution",), ("confidence",)]
)
def test_a_changed_rule_makes_every_score_stale(run: Cli, shop: Project, command: tuple[str, ...]) -> None:
    before = words(run.ok(*command))
    assert "stale" not in before
    change_a_rule(shop)
    n = score_count(shop)
    shown = words(run(*command).out)
    assert shown == f"{n} of {n} {NOTICE.format('comparison rules')}"


def test_comparisons_and_label_issues(run: Cli, shop: Project) -> None:
    change_a_rule(shop)
    for command in (("compare",), ("compare", "pdf-text+rules", "page-width"), ("labels", "issues")):
        assert NOTICE.format("comparison rules") in words(run(*command).out)


def test_json_stays_json_and_the_notice_goes_to_standard_error(run: Cli, shop: Project) -> None:
    change_a_rule(shop)
    result = run("errors", "--json")
    assert (result.code, json.loads(result.out)) == (0, [])
    assert NOTICE.format("comparison rules") in words(result.err)


def test_explain(run: Cli, shop: Project) -> None:
    assert "total_amount 150.00 ✗ 120.00" in words(run.ok("explain", "shop-a", "-f", "total_amount"))
    change_a_rule(shop)
    shown = words(run.ok("explain", "shop-a", "-f", "total_amount"))
    assert NOTICE.format("comparison rules") in shown
    assert "total_amount 150.00 ? 120.00" in shown


def test_the_report(shop: Project, tmp_path: Path) -> None:
    change_a_rule(shop)
    folder = tmp_path / "report"
    build_site(shop, load_backends(shop), Warehouse(shop.database), folder)
    for page in ("index", "comparisons", "confidence", "labels", "documents", "documents/shop-a"):
        assert "scores are stale (comparison rules changed since)" in (folder / f"{page}.html").read_text("utf-8"), page
    listing = (folder / "assets" / "list-data.js").read_text("utf-8")
    assert '\\"outcomes\\":[[' not in listing.replace("\\\\", "\\")


def test_a_changed_label_makes_its_own_scores_stale(run: Cli, shop: Project) -> None:
    before = run.json("errors")
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE labels SET label_sha256 = 'another' WHERE document_id = 'shop-a'")
    result = run("errors", "--json")
    stale = len(Warehouse(shop.database).rows("FROM field_scores WHERE document_id = 'shop-a'"))
    assert json.loads(result.out) == [row for row in before if row["document_id"] != "shop-a"]
    assert words(result.err) == f"{stale} of {score_count(shop)} {NOTICE.format('labels')}"
    shown = words(run.ok("leaderboard"))
    assert NOTICE.format("labels") in shown
    assert "pdf-text+rules" in shown, "the rest is still current"


def test_a_leaderboard_older_than_the_scores_is_stale(run: Cli, shop: Project) -> None:
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE field_scores SET scored_at = scored_at + INTERVAL 1 DAY")
    for command in ("leaderboard", "compare", "confidence"):
        assert words(run.ok(command)) == "Scored since: these figures are stale; refresh with `ocr-pipeline run`."
