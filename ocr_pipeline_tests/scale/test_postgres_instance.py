"""A project whose tables and Dagster instance are on PostgreSQL, and the way back."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_pipeline.api import load_table
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.deployment import DEPLOYMENT_FILE
from ocr_pipeline_tests.scale.projects import leaderboard, make_project, run
from ocr_pipeline_tests.scale.servers import Postgres


def test_scores_are_those_of_the_embedded_run_and_dagster_is_on_the_server(tmp_path: Path, postgres: Postgres) -> None:
    import psycopg2

    dagster = postgres.create("dagster")
    deployment = {
        "warehouse": postgres.url(postgres.create("warehouse")),
        "instance": {"postgres_url": postgres.url(dagster)},
    }
    embedded = make_project(tmp_path / "embedded", 6)
    shared = make_project(tmp_path / "shared", 6, deployment)
    for project in (embedded, shared):
        run(project)
    assert leaderboard(shared) == leaderboard(embedded)
    assert not (shared.data / "warehouse.duckdb").exists()
    assert not list(shared.dagster_home.rglob("*.db"))
    connection = psycopg2.connect(postgres.url(dagster))
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, count(*) FROM runs GROUP BY 1")
        assert [status for status, _ in cursor.fetchall()] == ["SUCCESS"]
    connection.close()
    settings = shared.dagster_home / "dagster.yaml"
    assert "postgresql" not in settings.read_text("utf-8")
    checked = run(shared, "doctor")
    assert f"instance: postgresql:///{dagster}" in checked

    ids = sorted(load_table(shared, "documents")["document_id"])
    said = run(shared, "forget", ids[2], "--files", "--yes")
    assert "Not reached either: Dagster's runs and events in PostgreSQL" in said
    for table in ("documents", "labels", "ocr_text", "ocr_words", "extracted_fields", "field_scores", "scored_cells"):
        assert set(load_table(shared, table)["document_id"]) == {*ids[:2], *ids[3:]}, table
    run(embedded, "forget", ids[2], "--files", "--yes")
    assert leaderboard(shared) == leaderboard(embedded)

    (shared.root / DEPLOYMENT_FILE).unlink()
    run(shared)
    assert leaderboard(shared) == leaderboard(embedded)
    assert settings.read_text("utf-8") == (embedded.dagster_home / "dagster.yaml").read_text("utf-8")


def test_connections_are_used_again(tmp_path: Path, postgres: Postgres) -> None:
    """Dagster itself opens one for each statement. One that the server has closed is replaced."""
    from sqlalchemy import text

    deployment = {"instance": {"postgres_url": postgres.url(postgres.create("dagster"))}}
    with open_instance(make_project(tmp_path / "project", 1, deployment)) as instance:
        events: Any = instance.event_log_storage
        runs: Any = instance.run_storage

        def session() -> int:
            with events.index_connection() as connection:
                return int(connection.execute(text("SELECT pg_backend_pid()")).scalar())

        first = session()
        assert session() == first
        with runs.connect() as other:
            other.execute(text(f"SELECT pg_terminate_backend({first})"))
        assert session() != first


@pytest.mark.parametrize("section", ["warehouse", "instance"])
def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path, section: str) -> None:
    project = make_project(tmp_path / "project", 1)
    url = f"postgresql://ocr@/nothing?host={tmp_path}"
    content = {"warehouse": url} if section == "warehouse" else {"instance": {"postgres_url": url}}
    (project.root / DEPLOYMENT_FILE).write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(AssertionError) as failed:
        run(project)
    assert "postgresql:///nothing cannot be reached" in str(failed.value)
    assert "Traceback" not in str(failed.value)
