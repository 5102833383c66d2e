"""`deploy/`: what a machine without Docker can know about the compose file, and about the secrets beside it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.project import Project

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPLICATION = {name: service for name, service in SERVICES.items() if service.get("image") == "ocr_pipeline:cluster"}


def test_all_machines_have_one_image_that_is_built_once() -> None:
    assert APPLICATION.keys() == {"head", "worker", "dev", "run"}
    assert [name for name, service in SERVICES.items() if "build" in service] == ["head"]
    assert (DEPLOY / APPLICATION["head"]["build"]["context"] / APPLICATION["head"]["build"]["dockerfile"]).is_file()


def test_only_the_ui_and_the_report_have_ports_on_the_loopback_address() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "dev": ["127.0.0.1:3000:3000", "127.0.0.1:3001:3001"]
    }
    assert "network_mode" not in TEXT


@pytest.mark.parametrize("name", ["head", "worker"])
def test_objects_of_ray_fit_into_its_shared_memory(name: str) -> None:
    [memory] = re.findall(
        r"--object-store-memory=(\d+)", " ".join(SERVICES[name]["entrypoint"] + SERVICES[name]["command"])
    )
    assert SERVICES[name]["shm_size"] == "1gb"
    assert int(memory) < 2**30


def test_who_needs_a_server_waits_until_it_answers() -> None:
    for name in ("dev", "run"):
        waits = {server: wait["condition"] for server, wait in SERVICES[name]["depends_on"].items()}
        assert waits == {
            "postgres": "service_healthy",
            "bucket": "service_completed_successfully",
            "head": "service_healthy",
        }
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "head"))
    assert (
        "-h" in SERVICES["postgres"]["healthcheck"]["test"]
    )  # not the socket of the server that only makes the databases


def test_every_variable_is_required_and_in_the_example() -> None:
    example = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) == example
    assert set(re.findall(r"(?<!\$)\$\{(\w+):\?", TEXT)) == example


def test_the_project_finds_the_servers_of_the_compose_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(DEPLOY / "deployment.yaml", tmp_path)
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    found = load_deployment(Project(tmp_path))
    urls = [found.workers.address, found.warehouse.url, found.instance.postgres_url, found.store.endpoint]
    hosts = [re.sub(r".*//(?:.*@)?([\w-]+).*", r"\1", str(url)) for url in urls]
    assert hosts == ["head", "postgres", "postgres", "s3"]
    assert set(hosts) <= SERVICES.keys()


def test_the_file_with_the_secrets_gets_into_no_commit_and_no_image() -> None:
    for name, pattern in ((".gitignore", ".env"), (".dockerignore", "**/.env")):
        assert pattern in (ROOT / name).read_text("utf-8").splitlines()


def test_nodes_in_kubernetes_have_probes_that_need_no_dashboard() -> None:
    """The operator's own ask one, for which the image has no packages: no node would ever be ready."""
    cluster = next(yaml.safe_load_all((DEPLOY / "kubernetes" / "cluster.yaml").read_text("utf-8")))
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    for group in groups:
        [container] = group["template"]["spec"]["containers"]
        ports = {container[probe]["tcpSocket"]["port"] for probe in ("readinessProbe", "livenessProbe")}
        assert ports == ({10001, 6379} if group is groups[0] else {int(group["rayStartParams"]["node-manager-port"])})
