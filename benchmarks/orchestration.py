"""What the orchestration of one cell costs: milliseconds per materialisation, four ways side by side.

usage: python benchmarks/orchestration.py [--documents 300]

The work in a cell is as small as it can be (an extractor that is done in microseconds, results in the store already), so
what is measured is Dagster: its events, its SQLite files, its resolution of partitions. "without Dagster" is the same
stage, store and database writes called directly.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BACKEND = "page-width"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300)
    count = parser.parse_args().documents
    ways = [
        ("without Dagster", "direct", count, {}),
        ("one run per cell", "single", min(count, 20), {}),
        ("one run for all cells (ours)", "range", count, {}),
        ("the same, DAGSTER_EVENT_BATCH_SIZE=100", "range", count, {"DAGSTER_EVENT_BATCH_SIZE": "100"}),
    ]
    results: dict[str, list[float]] = {name: [] for name, *_ in ways}
    for _ in range(3):  # interleaved, so that a busy moment of the machine hits every way
        for name, mode, cells, environment in ways:
            answer = subprocess.run(
                [sys.executable, __file__, "--worker", mode, str(cells)],
                env={**os.environ, **environment},
                check=True,
                capture_output=True,
                text=True,
            )
            results[name].append(json.loads(answer.stdout.splitlines()[-1]))
    print("| way | cells | ms per cell: median (min to max) |\n| --- | ---: | ---: |")
    for name, _, cells, _ in ways:
        low, middle, high = sorted(results[name])
        print(f"| {name} | {cells} | {middle:.1f} ({low:.1f} to {high:.1f}) |")


def worker(mode: str, count: int) -> None:
    """Print the milliseconds per cell of one way, on a fresh project and instance."""
    import dagster as dg
    from PIL import Image

    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.definitions import build_definitions
    from ocr_pipeline.defs.instance import register_documents
    from ocr_pipeline.defs.instance_files import instance_environment
    from ocr_pipeline.defs.launch import Launcher, cell_ranges, document_ranges
    from ocr_pipeline.defs.partitions import BACKEND as DIMENSION
    from ocr_pipeline.defs.partitions import Partitions
    from ocr_pipeline.defs.resources import LogProgress
    from ocr_pipeline.project import Project

    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        (project.data / "documents").mkdir(parents=True)
        project.config_file.write_text(
            f"engines: {{pdf-text: }}\nbackends: {{{BACKEND}: {{extractor: 'ocr_pipeline_tests.plugins:PageWidth'}}}}\n"
        )
        documents = [f"d{number:05}" for number in range(count)]
        for number, name in enumerate(documents):
            Image.new("L", (10 + number % 500, 10 + number // 500)).save(project.data / "documents" / f"{name}.png")
        os.environ.update(instance_environment(project))
        definitions = build_definitions(project, {"progress": LogProgress()})
        partitions = Partitions(load_backends(project))
        with dg.DagsterInstance.get() as instance:
            register_documents(instance, documents)
            Launcher(definitions, instance).materialize(
                ["raw_documents"], document_ranges(documents, instance, partitions)
            )
            cells = [(BACKEND, document) for document in documents]
            everything = cell_ranges(cells, DIMENSION, instance, partitions.document_backend)
            Launcher(definitions, instance).materialize(["extractions"], everything)  # fills the result store

            started = time.perf_counter()
            if mode == "direct":
                _directly(project, documents)
            elif mode == "single":
                for cell in cells:
                    spans = cell_ranges([cell], DIMENSION, instance, partitions.document_backend)
                    Launcher(definitions, instance).materialize(["extractions"], spans)
            else:
                Launcher(definitions, instance).materialize(["extractions"], everything)
            print(1000 * (time.perf_counter() - started) / count)


def _directly(project: object, documents: list[str]) -> None:
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.extraction.attempt import ExtractionTask
    from ocr_pipeline.extraction.stage import extract_documents
    from ocr_pipeline.project import Project
    from ocr_pipeline.store import ResultStore
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.connection import Warehouse

    assert isinstance(project, Project)
    configured = load_backends(project)
    warehouse = Warehouse(project.database)
    known = tables.documents.documents(warehouse)
    backend = configured[BACKEND]
    tasks = [
        ExtractionTask(name, project.root / known[name].path, known[name].sha256, None, known[name].sha256)
        for name in documents
    ]
    new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
    for result in extract_documents(backend.extractor_object, tasks, ResultStore(project.results), configured.limits):
        tables.extractions.add_extraction(
            new_rows,
            result.document_id,
            BACKEND,
            result.outcome,
            engine=None,
            extractor=backend.extractor,
            ocr_seconds=None,
            engine_fingerprint=None,
            extractor_fingerprint=backend.fingerprint,
            result_key=result.key,
            run_id="direct",
        )
    warehouse.replace(tables.extractions.EXTRACTION_KEY, [(name, BACKEND) for name in documents], new_rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], int(sys.argv[3]))
    else:
        main()
