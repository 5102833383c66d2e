"""The public names of the package, as a user imports them."""

import subprocess
import sys

import pytest

import ocr_pipeline
from ocr_pipeline import Project, load_table, run
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline_tests.files import add_image, small_backends, write_backends


@pytest.fixture
def shop(project: Project) -> Project:
    write_backends(project.root, small_backends(project.root))
    add_image(project, "shop/a.png", 40, total="40.00")
    add_image(project, "shop/b.png", 50)
    return project


def test_every_public_name_is_there_and_documented() -> None:
    for name in ocr_pipeline.__all__:
        assert getattr(ocr_pipeline, name).__doc__, name
    with pytest.raises(AttributeError, match="nothing"):
        ocr_pipeline.nothing  # noqa: B018


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import ocr_pipeline; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) == {"ocr_pipeline"}


def test_run_and_look_at_the_scores(shop: Project) -> None:
    summary = run(shop, documents=["shop-a"], backends=["pixel+first", "page-width"])
    assert summary.cells["extractions"] == 2
    scores = load_table(shop, "field_scores")
    assert dict(zip(scores["backend"], scores["outcome"], strict=True)) == {
        "pixel+first": "correct",
        "page-width": "correct",
    }
    assert set(load_table(shop, "documents")["document_id"]) == {"shop-a"}


def test_names_that_are_not_there(shop: Project) -> None:
    with pytest.raises(ConfigurationError, match="There is no backend 'pixel' in this project"):
        run(shop, backends=["pixel"])
    with pytest.raises(ConfigurationError, match="Unknown document 'shop-z'"):
        run(shop, documents=["shop-z"])
    with pytest.raises(ConfigurationError, match="There is no table 'verdict'"):
        load_table(shop, "verdict")
    assert load_table(shop, "documents").empty
