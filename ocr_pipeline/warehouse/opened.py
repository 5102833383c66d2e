"""Opens the warehouse that `deployment.yaml` names; without one, the DuckDB file of the project."""

from pathlib import Path

from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.opening import Opening


def open_warehouse(project: Project, lock_timeout: float = 60.0) -> Warehouse:
    """The warehouse of a project. Raises ConfigurationError if `deployment.yaml` is invalid or a package is missing.

    Args:
        lock_timeout: seconds to wait while another process holds the file, or the server cannot be reached.
    """
    return Warehouse(server_of(project, lock_timeout) or database_file(project), lock_timeout)


def server_of(project: Project, lock_timeout: float = 60.0) -> Opening | None:
    """What opens the server with the warehouse of a project; None if it is a file."""
    if not project.deployment_file.is_file():
        return None
    from ocr_pipeline.deployment import load_deployment

    database = load_deployment(project).warehouse
    if database.kind == "postgres":
        from ocr_pipeline.warehouse.postgres import Postgres

        return Postgres(database.url, lock_timeout)
    if database.kind == "motherduck":
        from ocr_pipeline.warehouse.motherduck import MotherDuck

        return MotherDuck(database.url)
    return None


def database_file(project: Project) -> Path:
    """The DuckDB file with the tables, unless they are on a server."""
    if not project.deployment_file.is_file():
        return project.database
    from ocr_pipeline.deployment import load_deployment

    database = load_deployment(project).warehouse
    return project.root / database.url if database.kind == "duckdb" else project.database


def shown_name(project: Project) -> str:
    """What the warehouse of a project is called in messages: a file relative to the project."""
    server = server_of(project)
    return server.name if server else project.relative(database_file(project))
