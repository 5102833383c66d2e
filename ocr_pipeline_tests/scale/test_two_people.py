"""Two people run different backends at once, from project folders on two machines that share PostgreSQL and S3 only."""

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_pipeline.api import load_table
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_image, write_backends
from ocr_pipeline_tests.model_project import KEY, model_backends
from ocr_pipeline_tests.models.conftest import standin
from ocr_pipeline_tests.scale.projects import cells, command, run
from ocr_pipeline_tests.scale.servers import S3, Postgres, until
from ocr_pipeline_tests.standin import StandIn, answers
from ocr_pipeline_tests.standin.server import Seen

__all__ = ["standin"]

DOCUMENTS = 8
BACKENDS = ("vision", "pixel+gemini")
PRICE = {"gemini-3.5-flash-lite": {"input": 1000.0, "output": 0.0}}
"""A thousand tokens are a dollar."""


@pytest.fixture
def people(
    tmp_path: Path, postgres: Postgres, s3: S3, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> list[Project]:
    """The same documents and backends in two folders."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    standin.latency = 0.2
    deployment = {
        "warehouse": postgres.url(postgres.create("warehouse")),
        "instance": {"postgres_url": postgres.url(postgres.create("dagster"))},
        "store": {"url": f"s3://{s3.create('store')}", "endpoint": s3.endpoint, "region": "us-east-1"},
    }
    projects = []
    for name in ("anna", "ben"):
        project = Project(tmp_path / name)
        (project.data / "documents").mkdir(parents=True)
        for number in range(DOCUMENTS):
            add_image(project, f"d{number}.png", width=40 + number, total=f"{40 + number}.00")
        backends = model_backends(project.root, standin.url, concurrency=2, timeout=120, deadline=240, prices=PRICE)
        backends["engines"]["pixel"]["options"]["log"] = "pixel.log"
        del backends["providers"]["openai"]
        backends["backends"] = {key: backends["backends"][key] for key in ("pixel+first", *BACKENDS)}
        write_backends(project.root, backends)
        (project.root / "deployment.yaml").write_text(yaml.safe_dump(deployment), "utf-8")
        projects.append(project)
    return projects


def start(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    made: dict[str, Any] = command(project, "run", *arguments, GEMINI_API_KEY=KEY)
    return subprocess.Popen(**made, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_both_finish_and_each_cell_is_there_once(people: list[Project], standin: StandIn) -> None:
    runs = [start(project, "--backends", name) for project, name in zip(people, BACKENDS, strict=True)]
    outputs = [started.communicate(timeout=280)[0] for started in runs]
    assert [started.returncode for started in runs] == [0, 0], outputs
    for project in people:
        assert len(cells(project, "extractions", "backend")) == 2 * DOCUMENTS
        board = load_table(project, "leaderboard")
        done = board[board["backend"].isin(BACKENDS)]
        assert list(done["documents"]) == [DOCUMENTS, DOCUMENTS]
    assert len(standin.seen) == 2 * DOCUMENTS
    assert standin.repeated() == 0
    assert standin.most_in_flight <= 2
    for project in people:
        assert "nothing, everything is current" in run(
            project, "run", "--backends", ",".join(BACKENDS), GEMINI_API_KEY=KEY
        )
    assert len(standin.seen) == 2 * DOCUMENTS


def test_they_do_not_spend_more_than_the_limit_together(
    people: list[Project], standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimate of each is below the limit, that of both is not; the second begins when the first has spent."""
    monkeypatch.setattr(answers, "PROMPT_TOKENS", 2400)
    url = load_deployment(people[0]).warehouse.url
    limit, together = 2.5 * DOCUMENTS, False

    def plan(_: Seen) -> str:
        nonlocal together
        if len(standin.seen) > 2 and not together:
            together = until(lambda: len(_rows(url, "SELECT owner FROM coordination_limits")) == 2)
        return "ok"

    standin.plan = plan
    runs = []
    for project, name in zip(people, BACKENDS, strict=True):
        runs.append(start(project, "--backends", name, "--max-cost", str(limit)))
        assert until(lambda: len(standin.seen) >= 2)
    outputs = [started.communicate(timeout=280)[0] for started in runs]
    assert together
    assert 1 in [started.returncode for started in runs], outputs
    assert any("Spending limit of 20 USD" in output for output in outputs), outputs
    assert limit - 2 * 2.5 <= len(standin.seen) * 2.4 <= limit, outputs


def _rows(url: str, query: str) -> list[tuple[Any, ...]]:
    import psycopg2

    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def test_the_second_who_wants_the_same_cells_waits(people: list[Project], standin: StandIn) -> None:
    runs = [start(project, "--backends", "vision") for project in people]
    outputs = [started.communicate(timeout=280)[0] for started in runs]
    assert [started.returncode for started in runs] == [0, 0], outputs
    assert sum("Waiting for" in output for output in outputs) == 1
    assert len(standin.seen) == DOCUMENTS
    assert len(cells(people[0], "extractions", "backend")) == DOCUMENTS
