from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder
from ocr_pipeline_tests.files import add_file, add_image


@pytest.fixture
def pipeline(project: Project) -> Iterator[Pipeline]:
    """Six labelled images and a broken PDF, registered as partitions."""
    for number in range(6):
        add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
    add_file(project, "broken.pdf", b"%PDF-1.4 and nothing else")
    recorder = Recorder()
    resources: dict[str, Any] = {
        "progress": dg.ResourceDefinition.hardcoded_resource(recorder),
        "project": ProjectResource(root=str(project.root), processes=1),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(project, build_definitions(project, resources), instance, recorder)
