"""`review` and the queue of `label`, on rows as the asset writes them."""

from typing import Any

import pytest

from ocr_pipeline.labelling.session import Session
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse, utc_now
from ocr_pipeline_tests.cli.test_cli import Cli, taken_in
from ocr_pipeline_tests.cli.test_cli import _terminal as _terminal
from ocr_pipeline_tests.cli.test_cli import run as run
from ocr_pipeline_tests.files import add_image

KEY = {"dataset": "shop", "backend": "page-width"}
UNSURE = {"total_amount": "backends disagree (confidence 0.412; accepted from 0.962)"}


def row(document_id: str, **values: Any) -> dict[str, Any]:
    accepted = {"status": "accepted", "confidence": 0.99, "fields": [], "reasons": {}}
    common = {"threshold": 0.9, "labelled": False, "sampled": False, "computed_at": utc_now()}
    return {**KEY, "document_id": document_id, **accepted, **common, **values}


def proof(target: float, **values: Any) -> dict[str, Any]:
    counts = {"threshold": 0.9, "labelled": 620, "accepted": 279, "errors": 1, "bound": 0.0169, "needed": 99}
    chosen = {"field": "all", "fields": ["supplier_name", "total_amount"], "wanted": target == 0.03}
    return {**KEY, **chosen, "target": target, **counts, "computed_at": utc_now(), **values}


@pytest.fixture
def reviewed(project: Project) -> Project:
    for number, name in enumerate("abcd"):
        add_image(project, f"shop/{name}.png", 40 + number)
    taken_in(project)
    check = {"status": "check", "confidence": 0.4, "fields": ["total_amount"], "reasons": UNSURE}
    foreign = {"status": "check", "confidence": 0.99, "reasons": {"": "country SE: 0 labelled documents, 20 needed"}}
    nothing = {"threshold": None, "accepted": 299, "errors": 2, "bound": 0.021, "needed": 299, "smallest": 0.021}
    Warehouse(project.database).replace_all(
        {
            "review": [row("shop-a"), row("shop-b", **check), row("shop-c", **foreign), row("shop-d", sampled=True)],
            "acceptances": [proof(0.03), proof(0.01, **nothing)],
        }
    )
    return project


def test_it_says_what_is_accepted_and_what_is_missing(run: Cli, reviewed: Project) -> None:
    out = " ".join(run.ok("review").split())
    assert "Accept 45 % of documents (279 of 620; 1 wrong, at most 1.7 % with 95 % confidence)." in out
    assert "3 % together 0.900 279 of 620 1 1.7 %" in out
    assert "1 % together – none – – 299 without an error needed; 2.1 % can be proved" in out
    assert (
        "4 documents without a label of all these fields: 2 accepted, 2 to look at, 1 of the accepted drawn for a check."
        in out
    )
    assert "shop-b total_amount: backends disagree (confidence 0.412; accepted from 0.962)" in out
    assert "shop-c country SE: 0 labelled documents, 20 needed" in out
    assert "shop-d accepted; drawn for a check" in out
    assert "shop-a" not in out
    data = run.json("review")
    assert [entry["status"] for entry in data["review"]] == ["check", "check", "accepted", "accepted"]
    assert data["acceptances"][0]["sentence"].startswith("accept 45 %")


def test_nothing_was_reviewed_yet(run: Cli, project: Project) -> None:
    assert run.fails("review").startswith("Nothing to review yet; label documents and run")


def test_the_label_page_goes_through_what_is_to_be_looked_at(reviewed: Project) -> None:
    session = Session(reviewed, Warehouse(reviewed.database), order="review")
    assert [entry.document_id for entry in session.queue()] == ["shop-b", "shop-c", "shop-d"]
    assert session.queue()[0].unsure_fields == ["total_amount"]
    assert session.next_document("shop-b") == "shop-c"
    (reviewed.data / "documents/shop/b.png.json").write_text('{"invoice": {"total_amount": "41.00"}}')
    assert [entry.document_id for entry in session.queue()] == ["shop-c", "shop-d"]
    page = session.page("shop-c")
    assert "To review: country SE: 0 labelled documents, 20 needed." in page.notes
    session.pages.close()


def test_an_unknown_queue_is_said(run: Cli, reviewed: Project) -> None:
    assert "Unknown queue 'x'; choose from suggested, review." in run.fails("label", "--queue", "x", "--no-open")
