"""The state of a cell and what is done about it: all views agree, for every kind of state, before and after a run."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.project import Project
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.agreeing import Cell, listen
from ocr_pipeline_tests.files import PLUGINS, add_file, add_image, add_label, write_backends
from ocr_pipeline_tests.model_project import KEY
from ocr_pipeline_tests.standin import StandIn

IMAGES = {
    "blocked": 42,
    "changed": 44,
    "down": 41,
    "engine-breaks": 661,
    "labelled": 43,
    "no-text": 662,
    "removed": 45,
    "rules-break": 670,
    "slow": 666,
    "well": 40,
}
"""Widths of documents, which decide what becomes of them."""

OF_RULES = {
    "broken": "failed: document_failed",
    "changed": "stale: document",
    "engine-breaks": "failed: ocr_failed",
    "new": "missing: None",
    "no-text": "failed: ocr_failed",
    "rules-break": "failed: extraction_failed",
    "slow": "failed: ocr_failed",
}
OF_MODEL = {
    "broken": "failed: document_failed",
    "changed": "stale: document",
    "down": "failed: provider_failed",
    "engine-breaks": "failed: ocr_failed",
    "new": "missing: None",
    "no-text": "failed: ocr_failed",
    "slow": "failed: ocr_failed",
}
LATER = {"broken": "failed: document_failed", "new": "missing: None"}
READ = sorted(IMAGES.keys() - {"removed"})
BEFORE = {
    "rules": OF_RULES,
    "model": OF_MODEL,
    "engine": {**dict.fromkeys(READ, "stale: engine"), "changed": "stale: document", **LATER},
    "prompt": {
        **dict.fromkeys(READ, "stale: max_output_tokens"),
        "changed": "stale: document, max_output_tokens",
        **dict.fromkeys(("engine-breaks", "no-text", "slow"), "failed: ocr_failed"),  # there is nothing to ask about
        **LATER,
    },
    "vote": {"changed": "stale: members", "new": "missing: None"},
}
"""By backend, the cells that are not current after the files, an engine and a prompt have changed."""

FAILED = {"broken", "engine-breaks", "no-text", "slow"}
AFTER = {
    "rules": {key: said for key, said in OF_RULES.items() if said.startswith("failed")},
    "model": {key: OF_MODEL[key] for key in FAILED},
    "engine": {"broken": "failed: document_failed"},
    "prompt": {key: OF_MODEL[key] for key in FAILED},
    "vote": {},
}
"""The same after a run, with the provider well again."""


@dataclass
class Shop:
    project: Project
    standin: StandIn
    settings: dict[str, Any]

    def write(self) -> None:
        write_backends(self.project.root, self.settings)


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Documents of every kind, each backend run on them."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with StandIn() as standin:
        settings: dict[str, Any] = {
            "engines": {
                "pixel": {"type": f"{PLUGINS}:TroubledEngine"},
                "other": {"type": f"{PLUGINS}:PixelEngine", "options": {"version": 1}},
            },
            "backends": {
                "rules": {"engine": "pixel", "extractor": f"{PLUGINS}:TroubledExtractor"},
                "model": {"engine": "pixel", "extractor": "gemini"},
                "engine": {"engine": "other", "extractor": f"{PLUGINS}:FirstAmount"},
                "prompt": {"engine": "pixel", "extractor": "gemini", "options": {"max_output_tokens": 1000}},
                "vote": {"extractor": "ensemble", "options": {"of": ["rules", "model"]}},
            },
            "providers": {"gemini": {"base_url": standin.url, "retries": 0, "timeout": 20, "concurrency": 1}},
            "limits": {"max_seconds_of": {"pixel": 0.3}},
        }
        made = Shop(project, standin, settings)
        made.write()
        for name, width in IMAGES.items():
            add_image(project, f"{name}.png", width)
        add_file(project, "broken.png", b"no image")
        faults = {"41.00": "error_500", "42.00": "safety"}
        standin.plan = lambda seen: faults.get(re.findall(r"\d+\.00", seen.text)[-1], "ok")
        assert call(monkeypatch, "run").code == 1, "a document failed for now"
        standin.plan = lambda seen: "ok"
        yield made


@pytest.mark.slow
def test_all_views_agree_in_every_state(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    project = shop.project
    add_image(project, "changed.png", 50)
    add_image(project, "new.png", 51)
    (project.data / "documents/removed.png").unlink()
    add_label(project.data / "documents/labelled.png", total_amount="43.00")
    shop.settings["engines"]["other"]["options"]["version"] = 2
    shop.settings["backends"]["prompt"]["options"]["max_output_tokens"] = 2000
    shop.write()

    said = listen(project, monkeypatch)
    assert said.states == BEFORE
    # What failed for now is planned, too; what an ensemble votes on may change with it.
    retried = {("rules", "rules-break"), ("model", "down")}
    assert said.planned == said.due | retried
    # Files are the business of the sensor `arrivals`; this one and the check look at what was ingested.
    ingested = {cell for cell in said.due if cell[1] not in ("changed", "new")} | {
        ("engine", "changed"),
        ("prompt", "changed"),
    }
    assert said.wanted == ({name for name, _ in ingested}, {key for _, key in ingested})
    assert said.stale == len(ingested)

    began = time.time()
    call(monkeypatch, "run")
    # A member that failed for now succeeds, and is voted on.
    assert materialised(project, began) == said.planned | {("vote", "down")}

    said = listen(project, monkeypatch)
    assert said.states == AFTER
    assert said.planned == {("rules", "rules-break")}
    assert (said.wanted, said.stale) == ((set(), set()), 0)


def materialised(project: Project, since: float) -> set[Cell]:
    """The cells of `extractions` and `ensembles` that were done."""
    with open_instance(project) as instance:
        cells = set()
        for asset in ("extractions", "ensembles"):
            chosen = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), after_timestamp=since)
            for record in instance.fetch_materializations(chosen, limit=1000).records:
                first, _, second = str(record.partition_key).partition("|")  # dimensions are sorted by name
                cells.add((first, second) if asset == "extractions" else (second, first))
        return cells
