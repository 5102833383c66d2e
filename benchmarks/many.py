"""100,000 documents x 5 backends on one machine: orchestration of 2,000 new cells, a run with nothing to do, ticks, scores.

    python -m benchmarks.many [--documents 100000] [--postgres] [--no-shards] [--folder FOLDER] [--only STAGE ...]

The rows and Dagster's records of all documents are those of one that was really run, multiplied by SQL: `many_documents.py`.
Each stage is a process of its own: its CPU seconds, without those of the extractors' workers and of PostgreSQL, and the
largest memory it had. A folder is kept and used again, but not with --postgres, which starts a server for the time.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.many_documents import make_project, set_evaluated
from benchmarks.many_page import print_page

if TYPE_CHECKING:
    from ocr_pipeline.project import Project

NEW = 400
"""Documents that no backend was run on."""
STAGES = ("made", "shards", "orchestration", "idle", "ticks", "page", "scores")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--shards", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stage(arguments.stage, arguments.folder, arguments.documents, with_shards=arguments.shards)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, _databases(arguments.postgres) as environment:
        root = arguments.folder or Path(name) / "project"
        where = "PostgreSQL" if arguments.postgres else "DuckDB and SQLite"
        print(f"| {arguments.documents:,} documents x 5 backends, {where} | |\n| --- | ---: |", flush=True)
        shared = ["--folder", str(root), "--documents", str(arguments.documents)]
        shared += [] if arguments.shards else ["--no-shards"]
        for chosen in arguments.only:
            command = [sys.executable, "-m", "benchmarks.many", "--stage", chosen, *shared]
            subprocess.run(command, env=os.environ | environment, check=True)


@contextmanager
def _databases(postgres: bool) -> Iterator[dict[str, str]]:
    """Empty databases for a warehouse and an instance, as variables of the environment; none for files."""
    from ocr_pipeline_tests.scale.servers import postgres_server

    with postgres_server() if postgres else nullcontext() as server:
        names = ("warehouse", "instance") if server else ()
        yield {f"MANY_{name.upper()}": server.url(server.create(name)) for name in names if server}


def stage(name: str, root: Path, documents: int, *, with_shards: bool) -> None:
    """Print the rows of one stage."""
    from ocr_pipeline.project import Project

    deployment: dict[str, object] = {}
    if "MANY_WAREHOUSE" in os.environ:
        deployment = {
            "warehouse": os.environ["MANY_WAREHOUSE"],
            "instance": {"postgres_url": os.environ["MANY_INSTANCE"]},
        }
    project = Project(root)
    if name == "made":
        if not root.exists():
            with measured("made"):
                make_project(root, documents, deployment, new=NEW)
    elif name == "shards":
        _switch(project, with_shards)
    else:
        {"orchestration": _orchestration, "idle": _idle, "ticks": _ticks, "page": print_page, "scores": _scores}[name](
            project
        )
    print(f"| largest memory of this process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB |")


def _switch(project: "Project", on: bool) -> None:
    from ocr_pipeline.defs.sharding import switch

    with measured(f"shards {'on' if on else 'off'}"):
        switch(project, on=on, dry_run=False)
    set_evaluated(project)


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print the CPU and wall seconds of a block."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    print(f"| {what} | {time.process_time() - cpu:.1f} s CPU, {time.perf_counter() - wall:.1f} s |", flush=True)


def _idle(project: "Project") -> None:
    """A run that finds nothing to do, with the number of documents that it opens."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.progress import NoProgress

    opened: list[str] = []
    below = f"{project.data}/documents/"

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(below):
            opened.append(arguments[0])

    sys.addaudithook(watch)
    with measured("`run` with nothing to do"):
        summary = run_pipeline(project, find_documents(project.data), list(load_backends(project)), NoProgress())
    print(f"| its cells, and the files of documents that it opened | {sum(summary.cells.values())}, {len(opened)} |")


def _ticks(project: "Project") -> None:
    import dagster as dg

    from ocr_pipeline.definitions import build_definitions
    from ocr_pipeline.defs.instance import open_instance

    definitions = build_definitions(project)
    sensor = definitions.get_repository_def().get_sensor_def("arrivals")
    resources = {key: definitions.resources[key] for key in ("project", "warehouse")}  # type: ignore[index]
    with open_instance(project) as instance:
        cursor = None
        for what in ("the first tick of arrivals", "the next tick"):
            with (
                measured(what),
                dg.build_sensor_context(
                    instance=instance, cursor=cursor, definitions=definitions, resources=resources
                ) as context,
            ):
                cursor = sensor.evaluate_tick(context).cursor
        print(f"| its cursor | {len(cursor or '')} bytes |")


def _orchestration(project: "Project") -> None:
    """The new cells of all backends, less what extractors, the result store, and rows of the warehouse need."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.graph import build_graph
    from ocr_pipeline.defs.instance import open_instance
    from ocr_pipeline.defs.launch import Launcher, parts_of
    from ocr_pipeline.defs.partitions import BACKEND, partitions_of
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.storage import open_store

    spent = _not_orchestration()
    backends = load_backends(project)
    ids = [source.document_id for source in find_documents(project.data)][-NEW:]
    cells = [(name, document_id) for name in backends for document_id in ids]
    with open_instance(project) as instance:
        started = time.process_time()
        parts = parts_of(cells, BACKEND, instance, partitions_of(project, backends), open_store(project))
        launcher = Launcher(build_graph(project), instance)
        built = time.process_time() - started
        results = launcher.materialize(["extractions"], parts)
        total = time.process_time() - started
    assert all(result.success for result in results)
    own = total - sum(spent.values())
    counted = ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items())
    print(
        f"| {len(cells):,} new cells in {len(results)} runs: parts and graph {built:.1f} s CPU, all {total:.1f} s | |"
    )
    print(f"| of which {counted}; the rest a cell | {1000 * own / len(cells):.2f} ms CPU |")
    set_evaluated(project)


def _not_orchestration() -> dict[str, float]:
    """CPU seconds from now on of what is not orchestration; what one of these calls is counted once, there."""
    from ocr_pipeline.extraction import stage as extraction
    from ocr_pipeline.store import ResultStore
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.connection import Snapshot, Warehouse

    spent: dict[str, float] = {}
    inner: list[float] = []

    def count(name: str, owner: Any, function: str) -> None:
        spent.setdefault(name, 0.0)
        original = getattr(owner, function)

        def call(*args: Any, **options: Any) -> Any:
            started = time.process_time()
            inner.append(0.0)
            try:
                return original(*args, **options)
            finally:
                took = time.process_time() - started
                spent[name] += took - inner.pop()
                if inner:
                    inner[-1] += took

        setattr(owner, function, call)

    count("extractors", extraction, "attempt_limited")
    for function in ("load", "keep"):
        count("result store", ResultStore, function)
    count("making rows", tables.extractions, "add_extraction")
    count("writing rows", Warehouse, "replace")
    count("loading words", tables.words, "ocr_texts")
    for function in ("select", "rows"):
        count("other queries", Snapshot, function)
    return spent


def _scores(project: "Project") -> None:
    """The asset `field_scores` of all backends, if nothing was scored before. Cycles are not searched for, as in a run."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.collecting import collection_paused
    from ocr_pipeline.defs.graph import build_graph
    from ocr_pipeline.defs.instance import open_instance
    from ocr_pipeline.defs.launch import Launcher, backend_ranges
    from ocr_pipeline.defs.partitions import partitions_of
    from ocr_pipeline.warehouse.opened import open_warehouse

    backends = load_backends(project)
    with open_instance(project) as instance, measured("scores of all"), collection_paused():
        ranges = backend_ranges(backends, partitions_of(project, backends))
        [result] = Launcher(build_graph(project), instance).materialize(["field_scores"], ranges)
    assert result.success
    [scored] = open_warehouse(project).rows("SELECT count(*) AS cells FROM scored_cells")
    print(f"| scored cells | {scored['cells']:,} |")


if __name__ == "__main__":
    main()
