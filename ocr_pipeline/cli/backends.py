"""`ocr-pipeline backends`: what backends.yaml configures."""

from dataclasses import asdict, dataclass

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.options import JsonOption
from ocr_pipeline.cli.output import console, counted, plain, print_json, titled_table
from ocr_pipeline.project import find_project


@dataclass(frozen=True)
class BackendStatus:
    """`not_run` is the reason why the backend cannot run here."""

    backend: str
    engine: str | None
    extractor: str
    description: str
    not_run: str | None


def backends(as_json: JsonOption = False) -> None:
    """List configured backends and whether they can run."""
    configured = load_backends(find_project())
    rows = [
        BackendStatus(name, backend.engine_name, backend.extractor_type, backend.description, backend.unavailable())
        for name, backend in configured.items()
    ]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = titled_table(counted(len(rows), "backend"))
    for name in ("backend", "engine", "extractor"):
        table.add_column(name, overflow="fold")
    table.add_column("", overflow="fold", ratio=1)
    for row in rows:
        note = f"[yellow]cannot run: {plain(row.not_run)}[/]" if row.not_run else plain(row.description)
        table.add_row(row.backend, row.engine or "–", plain(row.extractor), note)
    console.print(table)
