"""The plan of a project: what it predicts is what a run does."""

import shutil
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import yaml

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.members import with_members
from ocr_pipeline.defs.pipeline import plan_run, run_pipeline
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.planning.ingested import ingested_scope
from ocr_pipeline.planning.plan import Cell, Mode, Plan, Scope, make_plan
from ocr_pipeline.planning.states import CellState, document_states
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline_tests.files import add_file, add_image, small_backends, write_backends

NAMES = ["pixel+first", "page-width", "both"]
ASSETS = ["raw_documents", "ground_truth", "ocr_text", "extractions", "ensembles"]


class Everything:
    """Records that know every cell, and an evaluation of what is there."""

    def cells(self, asset: str) -> Collection[Cell]:
        return [(name, key) for name in ("", "pixel", *NAMES) for key in ("s-a", "s-b", "s-c")]

    def ever(self, asset: str) -> bool:
        return True

    def is_evaluated(self, reader: Reader) -> bool:
        return True


@pytest.fixture
def shop(project: Project) -> Project:
    return _with_two_images(project)


def _with_two_images(project: Project) -> Project:
    _configure(project.root)
    add_image(project, "s/a.png", 40, total="40.00")
    add_image(project, "s/b.png", 50)
    return project


def _configure(root: Path) -> None:
    settings = small_backends(root)
    settings["backends"]["both"] = {"extractor": "ensemble", "options": {"of": ["pixel+first", "page-width"]}}
    write_backends(root, settings)


@cache
def _after_a_run() -> Path:
    root = Path(mkdtemp(prefix="ocr_pipeline-")) / "project"
    (root / "data" / "documents").mkdir(parents=True)
    run(_with_two_images(Project(root)))
    return root


@pytest.fixture
def begun(project: Project) -> Project:
    """A copy of the project after a run of all backends."""
    shutil.copytree(_after_a_run(), project.root, dirs_exist_ok=True)
    _configure(project.root)
    return project


def plan(project: Project, mode: Mode = "due", names: list[str] | None = None) -> Plan:
    return make_plan(
        Scope(
            project=project,
            backends=load_backends(project),
            names=names or NAMES,
            sources=find_documents(project.data),
            mode=mode,
            records=Everything(),
        )
    )


def counts(plan: Plan) -> dict[str, int]:
    return {step.asset: len(step.cells) for step in plan.steps if step.asset in ASSETS}


def run(project: Project) -> dict[str, int]:
    cells = run_pipeline(project, find_documents(project.data), NAMES, NoProgress()).cells
    return {asset: cells[asset] for asset in ASSETS if asset in cells}


def merged(counted: dict[str, int]) -> dict[str, int]:
    """Ensembles count as extractions where they are cells of that asset."""
    rest = {asset: count for asset, count in counted.items() if asset != "ensembles"}
    return {**rest, "extractions": rest.get("extractions", 0) + counted.get("ensembles", 0)}


def test_a_new_project_is_planned_to_the_end_and_run_as_planned(shop: Project) -> None:
    planned = plan_run(shop, find_documents(shop.data), NAMES)
    assert counts(planned) == {
        "raw_documents": 2, "ground_truth": 2, "ocr_text": 2, "extractions": 4, "ensembles": 2,
    }  # fmt: skip
    assert planned.steps[-1].asset == "evaluation"
    assert merged(run(shop)) == merged(counts(planned))
    assert plan(shop).steps == ()


def test_a_changed_file_makes_its_own_cells_due_and_says_why(begun: Project) -> None:
    add_image(begun, "s/b.png", 60)
    planned = plan(begun)
    assert counts(planned) == {"raw_documents": 1, "ocr_text": 1, "extractions": 2, "ensembles": 1}
    reasons = {step.asset: dict(step.reasons) for step in planned.steps if step.asset in ASSETS}
    assert reasons == {
        "raw_documents": {"stale: file": 1},
        "ocr_text": {"stale: document": 1},
        "extractions": {"stale: document": 2},
        "ensembles": {"stale: members": 1},
    }


def test_a_changed_option_names_the_setting(begun: Project) -> None:
    settings = small_backends(begun.root)
    settings["backends"]["pixel+first"]["options"] = {"version": 7}
    settings["backends"]["both"] = {"extractor": "ensemble", "options": {"of": ["pixel+first", "page-width"]}}
    write_backends(begun.root, settings)
    planned = plan(begun)
    assert counts(planned) == {"extractions": 2, "ensembles": 2}
    assert dict(planned.steps[0].reasons) == {"stale: version": 2}
    assert {(state.name, state.state) for state in planned.states if state.due} == {
        ("pixel+first", "stale"),
        ("both", "stale"),
    }


def test_a_changed_engine_is_named(begun: Project) -> None:
    path = begun.root / "backends.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["engines"]["pixel"]["options"] = {**settings["engines"]["pixel"].get("options", {}), "version": 2}
    path.write_text(yaml.safe_dump(settings))
    reasons = {step.asset: dict(step.reasons) for step in plan(begun).steps if step.asset in ASSETS}
    assert reasons == {
        "ocr_text": {"stale: engine": 2},
        "extractions": {"stale: engine": 2},
        "ensembles": {"stale: members": 2},
    }


@pytest.mark.slow
def test_what_scores_are_made_from_is_scored_again(shop: Project) -> None:
    def due() -> list[str]:
        return [step.asset for step in plan_run(shop, find_documents(shop.data), NAMES).steps]

    run(shop)
    assert due() == []
    shop.evaluation_file.write_text("fields:\n  total_amount:\n    within: '0.10'\n")
    assert due() == ["evaluation"]
    run(shop)
    assert due() == []
    (shop.report / "index.html").unlink()
    assert due() == ["evaluation"]


@pytest.mark.slow
def test_files_are_hashed_until_they_are_ingested_and_not_after(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []

    def counting(sources: Sequence[SourceFile], *arguments: Any, **options: Any) -> list[CellState]:
        hashed.append(len(sources))
        return document_states(sources, *arguments, **options)

    monkeypatch.setattr("ocr_pipeline.planning.files.document_states", counting)
    run(shop)
    assert hashed == [2], "the plans after `raw_documents` read no file"
    path = shop.root / "backends.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["backends"]["pixel+first"]["options"] = {"version": 7}
    path.write_text(yaml.safe_dump(settings))
    hashed.clear()
    assert run(shop)["extractions"] == 2
    assert hashed == [2], "nor do the plans after a later step, if nothing was to be ingested"


def test_the_modes(begun: Project) -> None:
    add_image(begun, "s/c.png", 60)
    assert counts(plan(begun)) == {
        "raw_documents": 1, "ground_truth": 1, "ocr_text": 1, "extractions": 2, "ensembles": 1,
    }  # fmt: skip
    assert counts(plan(begun, "stale")) == {}
    assert counts(plan(begun, "all"))["extractions"] == 6


def test_a_deleted_file(begun: Project) -> None:
    (begun.data / "documents/s/b.png").unlink()
    first, *rest = plan(begun).steps
    assert (first.asset, first.documents) == ("deleted_documents", ["s-b"])
    assert [step.asset for step in rest] == ["duplicates", "evaluation"]


@pytest.mark.slow
def test_documents_as_they_were_ingested(shop: Project) -> None:
    add_file(shop, "s/broken.png", b"no image")
    run(shop)
    add_image(shop, "s/b.png", 60)
    add_image(shop, "s/new.png", 70)
    backends = load_backends(shop)
    for with_failed, expected in ((True, ["s-a", "s-b", "s-broken"]), (False, ["s-a", "s-b"])):
        scope = ingested_scope(shop, backends, NAMES, with_failed=with_failed)
        assert [source.document_id for source in scope.sources] == expected
        assert {state.state for state in make_plan(scope).states} <= {"current", "failed"}, "no file is read"


def test_planning_changes_nothing(shop: Project) -> None:
    plan_run(shop, find_documents(shop.data), NAMES)
    assert not shop.database.exists()
    assert not Path(shop.results).exists()


class NeverTrained(Everything):
    """Records of a project where no model was trained yet."""

    def ever(self, asset: str) -> bool:
        return asset != "extractor_model"


@pytest.mark.parametrize(
    ("name", "engines"),
    [
        ("pixel+first", None),
        ("page-width", None),
        ("first", None),
        ("pixel+learned", ["pixel"]),
        ("voting", ["pixel"]),
        ("careful", ["pixel"]),
        ("other+learned", ["other"]),
    ],
)
def test_only_models_that_the_chosen_backends_use_are_trained(
    shop: Project, monkeypatch: pytest.MonkeyPatch, name: str, engines: list[str] | None
) -> None:
    """Those of members of ensembles and of later steps of cascades included."""
    settings = small_backends(shop.root)
    settings["engines"]["other"] = settings["engines"]["pixel"]
    settings["backends"] |= {
        "pixel+learned": {"engine": "pixel", "extractor": "learned"},
        "other+learned": {"engine": "other", "extractor": "learned"},
        "first": {"extractor": "ensemble", "options": {"of": ["pixel+first", "page-width"]}},
        "voting": {"extractor": "ensemble", "options": {"of": ["pixel+first", "pixel+learned"]}},
        "careful": {"extractor": "cascade", "options": {"of": ["pixel+first", "pixel+learned"]}},
    }
    write_backends(shop.root, settings)
    monkeypatch.setattr("ocr_pipeline.planning.plan.is_due", lambda *_: True)  # as if all had new labels
    backends = load_backends(shop)
    names, sources = with_members(backends, [name]), find_documents(shop.data)
    scope = Scope(project=shop, backends=backends, names=names, sources=sources, records=NeverTrained())
    step = make_plan(scope).step("extractor_model")
    assert (step and [engine for engine, _ in step.cells]) == engines
