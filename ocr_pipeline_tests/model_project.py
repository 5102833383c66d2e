"""A project whose backends ask the stand-in: three documents that an engine has read, and some that are only taken in.

Made once per process and copied: taking documents in and reading them starts processes.
"""

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import dagster as dg

from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder
from ocr_pipeline_tests.files import PLUGINS, add_file, add_image, image_bytes, text_pdf, write_backends

KEY = "CANARY-KEY"
"""The stand-in repeats it in its error messages."""

DOCUMENTS = ["d0", "d1", "d2"]
"""Images with labels, 40, 41 and 42 pixels wide: the engine `pixel` reads that as an amount."""
COPY = "copy"
"""The bytes of `d0` once more."""
PDF = "two"
"""Two pages, born digital."""
OTHERS = [f"x{number}" for number in range(7)]
"""Images without labels that no engine has read."""
ALL_DOCUMENTS = [COPY, *DOCUMENTS, PDF, *OTHERS]


def model_backends(root: Path, url: str, **provider: Any) -> dict[str, Any]:
    """A `backends.yaml`; `provider` are settings of both providers."""
    limits = {"concurrency": 1, "timeout": 1.0, "deadline": 10, "retries": 2, "batch_poll": 0.01, **provider}
    pixel = {"type": f"{PLUGINS}:PixelEngine", "options": {"log": str(root / "pixel.log")}}
    return {
        "engines": {"pixel": pixel},
        "backends": {
            "pixel+first": {"engine": "pixel", "extractor": f"{PLUGINS}:FirstAmount"},
            "vision": {"extractor": "gemini"},
            "pixel+gemini": {"engine": "pixel", "extractor": "gemini"},
            "openai-vision": {"extractor": "openai", "options": {"model": "local"}},
            "pixel+openai": {"engine": "pixel", "extractor": "openai", "options": {"model": "local"}},
        },
        "providers": {"gemini": {"base_url": url, **limits}, "openai": {"base_url": f"{url}/v1", **limits}},
    }


def model_project(root: Path, url: str) -> Project:
    """A copy of the project in the folder `root`, with the stand-in at `url`."""
    shutil.copytree(_prepared(), root)
    write_backends(root, model_backends(root, url))
    return Project(root)


def command_project(root: Path, url: str) -> Project:
    """The same for the commands: with the Dagster instance of a first run, and every image read."""
    shutil.copytree(_prepared_by_command(), root)
    write_backends(root, model_backends(root, url))
    return Project(root)


@cache
def _prepared_by_command() -> Path:
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents

    project = _files(_temporary_folder())
    run_pipeline(project, find_documents(project.data), ["pixel+first"], Recorder())
    return project.root


def _files(root: Path) -> Project:
    """The project before anything is run."""
    project = Project(root)
    (root / "data" / "documents").mkdir(parents=True)
    write_backends(root, model_backends(root, "http://127.0.0.1:9"))
    for number in range(3):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    for number, document in enumerate(OTHERS):
        add_image(project, f"{document}.png", width=50 + number)
    add_file(project, f"{COPY}.png", image_bytes(40, 30))
    add_file(project, f"{PDF}.pdf", text_pdf([[(20, 150, "one")], [(20, 150, "two")]]))
    return project


def _temporary_folder() -> Path:
    return Path(mkdtemp(prefix="ocr_pipeline-")) / "project"


@cache
def _prepared() -> Path:
    from ocr_pipeline.definitions import build_definitions
    from ocr_pipeline.defs.resources import ProjectResource

    project = _files(_temporary_folder())
    definitions = build_definitions(project, {"project": ProjectResource(root=str(project.root), processes=1)})
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(project, definitions, instance, Recorder(), ALL_DOCUMENTS)
        assert all(run.success for run in pipeline.documents(ALL_DOCUMENTS))
        assert all(run.success for run in pipeline.ocr(("pixel", document) for document in DOCUMENTS))
    return project.root
