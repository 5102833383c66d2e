"""`dagster.yaml` follows `deployment.yaml`, and keeps what the user wrote."""

from importlib.resources import files
from typing import Any

import pytest
import yaml

from ocr_pipeline.defs import instance_files
from ocr_pipeline.defs.instance_files import URL_VARIABLE, instance_environment
from ocr_pipeline.defs.ray_job import environment_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import ROOT_VARIABLE, Project

TEMPLATE = (files("ocr_pipeline.defs") / "dagster.yaml").read_text("utf-8")
SERVERS = """
warehouse: postgresql://db/warehouse
instance:
  postgres_url: postgresql://ocr:${DB_PASSWORD}@db/dagster
"""
LAUNCHER = """
  run_launcher: {address: "http://head:8265", cpus: 0, resources: {runs: 1}}
"""


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if they were installed."""
    monkeypatch.setattr(instance_files, "find_spec", lambda _: object())
    monkeypatch.setenv("DB_PASSWORD", "hunter2")


def written(project: Project, deployment: str) -> str:
    project.deployment_file.write_text(deployment)
    instance_environment(project)
    return (project.dagster_home / "dagster.yaml").read_text("utf-8")


def section(text: str, name: str) -> Any:
    return yaml.safe_load(text).get(name)


def test_storage_and_launcher_come_and_go_with_deployment(project: Project) -> None:
    assert written(project, "") == TEMPLATE
    with_both = written(project, SERVERS + LAUNCHER)
    assert section(with_both, "storage") == {"postgres": {"postgres_url": {"env": URL_VARIABLE}}}
    assert section(with_both, "run_launcher") == {
        "module": "ocr_pipeline.run_launcher",
        "class": "RayJobLauncher",
        "config": {"ray": {"address": "http://head:8265", "num_cpus": 0.0, "resources": {"runs": 1.0}}},
    }
    assert "hunter2" not in with_both
    assert written(project, SERVERS + LAUNCHER) == with_both
    moved = written(project, SERVERS + LAUNCHER.replace("head", "other"))
    assert section(moved, "run_launcher")["config"]["ray"]["address"] == "http://other:8265"
    assert section(written(project, SERVERS), "run_launcher") is None
    assert written(project, "") == TEMPLATE


@pytest.mark.parametrize("name", ["storage", "run_launcher"])
def test_a_section_of_the_user_is_kept(project: Project, name: str) -> None:
    project.dagster_home.mkdir(exist_ok=True)
    own = f"{TEMPLATE}\n{name}:\n  module: mine\n  class: Mine\n\nconcurrency: {{}}\n"
    (project.dagster_home / "dagster.yaml").write_text(own)
    text = written(project, SERVERS + LAUNCHER)
    assert text.count(f"\n{name}:") == 1
    assert section(text, name) == {"module": "mine", "class": "Mine"}
    assert {"storage", "run_launcher", "concurrency", "run_monitoring"} <= set(yaml.safe_load(text))
    assert written(project, "") == own


def test_a_job_takes_secrets_from_its_own_node(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="is not on this node"):
        environment_of(project)
    project.deployment_file.write_text(SERVERS + LAUNCHER)
    environment = environment_of(project)
    assert environment[URL_VARIABLE] == "postgresql+psycopg2://ocr:hunter2@db/dagster"
    assert environment[ROOT_VARIABLE] == str(project.root)
    assert environment["DAGSTER_HOME"] == str(project.dagster_home)
    monkeypatch.delenv("DB_PASSWORD")
    with pytest.raises(ConfigurationError, match="variable DB_PASSWORD is not set"):
        environment_of(project)


def test_the_launcher_needs_its_package(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_files, "find_spec", lambda name: None if name == "dagster_ray" else object())
    with pytest.raises(ConfigurationError, match="needs the package dagster-ray: "):
        written(project, SERVERS + LAUNCHER)
    assert section(written(project, SERVERS), "storage")
