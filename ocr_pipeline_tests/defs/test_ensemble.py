"""An ensemble in the pipeline: after its members, redone when one of them reads something else."""

from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.planning.states import extraction_states
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_image, add_label, small_backends, write_backends

MEMBERS = ["pixel+first", "page-width", "pdf-text+first"]


def configure(project: Project, **options: Any) -> None:
    content = small_backends(project.root)
    # its name sorts before its members, and the file has it first: the order of work is another one
    ensemble = {"all-of-them": {"extractor": "ensemble", "options": {"of": MEMBERS}}}
    content["backends"] = {**ensemble, **content["backends"]}
    content["backends"]["pixel+first"]["options"] = options
    write_backends(project.root, content)


def run(project: Project, *backends: str) -> RunSummary:
    return run_pipeline(project, find_documents(project.data), backends or ["all-of-them"], Recorder())


def states(project: Project) -> set[tuple[str, str | None]]:
    configured = load_backends(project)
    with Warehouse(project.database).snapshot() as snapshot:
        found = extraction_states(configured, ["all-of-them"], ["d0", "d1", "d2"], snapshot)
    return {(one.state, one.why) for one in found}


@pytest.mark.slow
def test_it_votes_on_what_its_members_have_read(project: Project) -> None:
    configure(project)
    for number in range(3):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    run(project, "pixel+first")
    assert states(project) == {("missing", None)}
    done = run(project)
    assert (done.cells["extractions"], done.cells["ensembles"]) == (6, 3), "two new members, then the ensemble"
    rows = Warehouse(project.database).rows("FROM extractions WHERE backend = 'all-of-them' ORDER BY document_id")
    assert [(row["document_id"], row["status"], row["engine"]) for row in rows] == [
        (f"d{number}", "ok", None) for number in range(3)
    ]
    members = Warehouse(project.database).rows("FROM extractions WHERE document_id = 'd0' AND status = 'ok'")
    taken = sum(row["seconds"] + (row["ocr_seconds"] or 0) for row in members if row["backend"] in MEMBERS)
    assert rows[0]["seconds"] >= taken > 0
    [score] = Warehouse(project.database).rows(
        "FROM leaderboard_fields WHERE backend = 'all-of-them' AND field = 'total_amount'"
    )
    assert score["f1"] == 1.0
    assert states(project) == {("current", None)}
    assert run(project).cells == {}

    configure(project, version=2)
    run(project, "pixel+first")
    assert states(project) == {("stale", "members")}
    assert run(project).cells["ensembles"] == 3
    assert states(project) == {("current", None)}


@pytest.mark.slow
def test_weights_are_learned_from_labels_and_make_its_cells_stale(project: Project) -> None:
    configure(project)
    for number in range(32):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00" if number % 3 else "1.00")
    run(project)
    path = project.weights_file("all-of-them")
    weights, fingerprint = load_weights(path, MEMBERS)
    assert weights is not None
    assert (weights.documents, set(weights.fields)) == (32, {"total_amount"})
    assert run(project).cells == {}
    add_label(project.data / "documents" / "d0.png", total_amount="40.00")
    assert run(project).cells["ensembles"] == 32
    assert load_weights(path, MEMBERS)[1] != fingerprint


@pytest.mark.slow
def test_a_document_that_no_member_can_read_is_left_out(project: Project) -> None:
    content = small_backends(project.root)
    content["backends"] = {
        "pdf-text+first": content["backends"]["pdf-text+first"],
        "again": content["backends"]["pdf-text+first"],
        "both": {"extractor": "ensemble", "options": {"of": ["pdf-text+first", "again"]}},
    }
    write_backends(project.root, content)
    add_image(project, "d0.png")
    assert run(project, "both").cells["extractions"] == 2
    assert not Warehouse(project.database).rows("FROM extractions WHERE backend = 'both'")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"options": {"of": ["pixel+first", "nobody"]}}, "there is no backend 'nobody'"),
        ({"options": {"of": ["pixel+first", "all-of-them"]}}, "'all-of-them' is an ensemble or cascade itself"),
        ({"options": {"of": ["pixel+first"]}}, "two backends or more"),
        ({"options": {"of": MEMBERS}, "engine": "pixel"}, "an ensemble needs no engine"),
        ({}, "options"),
    ],
)
def test_wrong_settings_are_named(project: Project, entry: dict[str, Any], problem: str) -> None:
    configure(project)
    content = small_backends(project.root)
    content["backends"]["all-of-them"] = {"extractor": "ensemble", "options": {"of": MEMBERS}}
    content["backends"]["wrong"] = {"extractor": "ensemble", **entry}
    write_backends(project.root, content)
    with pytest.raises(ConfigurationError, match=problem):
        load_backends(project)
