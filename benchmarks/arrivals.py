"""What a tick of the sensor `arrivals` costs with many files: all new, while they are taken in, when nothing happens.

    python benchmarks/arrivals.py [--files 10000]

The real sensor on a project of its own. Runs are not launched: the rows that a run would write are made here.
"""

import argparse
import tempfile
import time
from pathlib import Path

import dagster as dg

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.operation.arrivals import MIN_RETRY_DELAY
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse, utc_now

BACKENDS = "engines: {pdf-text: null}\nbackends: {pdf-text+rules: {engine: pdf-text, extractor: rules}}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    number = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        folder = project.data / "documents" / "many"
        folder.mkdir(parents=True)
        project.config_file.write_text(BACKENDS)
        for index in range(number):
            (folder / f"{index:06}.png").write_bytes(b"x" * 100_000 + str(index).encode())
            (folder / f"{index:06}.png.json").write_text('{"invoice": {}}')
        definitions = build_definitions(project)
        repository = definitions.get_repository_def()
        sensor = repository.get_sensor_def("arrivals")
        resources = {key: definitions.resources[key] for key in ("project", "warehouse")}
        print(f"{number} files of 100 kB with labels\n")
        print("| tick | seconds | documents asked for | cursor |\n| --- | ---: | ---: | ---: |")
        with open_instance(project) as instance:
            cursor = None

            def tick(what: str) -> None:
                nonlocal cursor
                started = time.perf_counter()
                with dg.build_sensor_context(
                    instance=instance, cursor=cursor, definitions=definitions, resources=resources
                ) as context:
                    result = sensor.evaluate_tick(context)
                seconds, cursor = time.perf_counter() - started, result.cursor
                [asked] = [
                    request.run_config["ops"]["process_documents"]["config"]["documents"]
                    for request in result.run_requests or ()
                ] or [[]]
                print(f"| {what} | {seconds:.2f} | {len(asked)} | {len(cursor or '') / 1e3:.0f} kB |")

            tick("the first, all files new")
            tick("files are read")
            tick("files are read")
            fill(project)
            tick("all were taken in")
            tick("nothing happens")
            for index in range(50):
                (folder / f"{index:06}.png").write_bytes(b"changed" + str(index).encode())
            tick("50 files changed")
            tick("50 files are read")
    print(f"\nFiles that a run did not ingest are retried after {MIN_RETRY_DELAY:.0f} s.")


def fill(project: Project) -> None:
    """The rows of documents and labels, as a run writes them."""
    now, documents, labels = utc_now(), [], []
    for source in find_documents(project.data):
        content = source.path.read_bytes()
        same = {"document_id": source.document_id, "dataset": "many", "run_id": "r", "updated_at": now, "status": "ok"}
        facts = {"path": source.path.name, "size_bytes": len(content), "sha256": sha256_of(content)}
        documents.append({**same, **facts})
        labels.append({**same, "label_sha256": "a" * 64})
    Warehouse(project.database).replace_all({"documents": documents, "labels": labels})


if __name__ == "__main__":
    main()
