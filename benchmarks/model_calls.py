"""How many calls a second the extraction stage makes, compared with what their number at once and their latency allow.

usage: python benchmarks/model_calls.py [--rounds 3] [--case N:LATENCY:DOCUMENTS ...]

A stand-in server in a process of its own answers each call after LATENCY seconds; N calls are made at once. Documents are
tiny images, so what is measured is everything but the model: threads, the SDK, locks, stored replies, rows, Dagster. In
each round every case is run three ways, one after the other, so that a busy moment of the machine hits all:

- stage: `extract_documents`, with its store, on its own.
- asset: the same within a Dagster run, from the first document to the last one that is done.
- run: that whole Dagster run, with the events it writes before and after.

`ideal` is DOCUMENTS x LATENCY / N. Documents are whole: the last calls leave places empty, so at a constant latency no
program can be faster than `possible`, which is ceil(DOCUMENTS / N) x LATENCY: with 32 at once and 200 documents that is
89 % of the ideal. With one at a time fewer documents are enough. Loading the SDK, once per process, is measured on its own.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from PIL import Image

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import open_instance, register_documents
from ocr_pipeline.defs.launch import Launcher, cell_ranges, document_ranges
from ocr_pipeline.defs.partitions import BACKEND, Partitions
from ocr_pipeline.documents.pages import read_bytes, sha256_of
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse

NAME = "gemini-vision"


@dataclass(frozen=True)
class Case:
    at_once: int
    latency: float
    documents: int

    @classmethod
    def parse(cls, text: str) -> "Case":
        at_once, latency, documents = text.split(":")
        return cls(int(at_once), float(latency), int(documents))

    @property
    def ideal(self) -> float:
        return self.documents * self.latency / self.at_once

    @property
    def possible(self) -> float:
        return math.ceil(self.documents / self.at_once) * self.latency


CASES = [Case(1, 1, 40), Case(8, 1, 200), Case(32, 1, 200), Case(32, 1, 640)]


@dataclass
class Stopwatch:
    """A `Progress` that notes when the asking began and when the last document was done."""

    began: float = 0.0
    ended: float = 0.0

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        self.began = time.perf_counter()

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        assert not cached
        assert not failed
        self.ended = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", type=Case.parse, nargs="+", default=CASES)
    arguments = parser.parse_args()
    os.environ["GEMINI_API_KEY"] = "any"
    started = time.perf_counter()
    import google.genai  # noqa: F401

    print(f"google-genai loaded in {time.perf_counter() - started:.1f} s")
    seconds: dict[Case, list[tuple[float, ...]]] = {case: [] for case in arguments.case}
    for _ in range(arguments.rounds):
        for case, found in seconds.items():
            with project_of(case) as project:
                found.append((stage(project), *asset(project)))
                print(case, *(f"{value:.2f}" for value in found[-1]), file=sys.stderr, flush=True)
    print(
        "| at once | latency s | documents | ideal s | possible s | way | s: best, median | % of ideal | % of possible |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | --- | --- | --- | --- |")
    for case, found in seconds.items():
        for way, values in zip(("stage", "asset", "run"), zip(*found, strict=True), strict=True):
            two = (min(values), statistics.median(values))
            took = ", ".join(f"{value:.2f}" for value in two)
            ideal, possible = (
                ", ".join(f"{100 * bound / value:.0f}" for value in two) for bound in (case.ideal, case.possible)
            )
            print(
                f"| {case.at_once} | {case.latency:g} | {case.documents} | {case.ideal:.2f} | {case.possible:.2f} "
                f"| {way} | {took} | {ideal} | {possible} |"
            )


@contextmanager
def project_of(case: Case) -> Iterator[Project]:
    """A project with the documents of a case, taken in, and a stand-in that it asks."""
    server = subprocess.Popen(
        [sys.executable, "-m", "ocr_pipeline_tests.standin", str(case.latency)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    url = server.stdout.readline().split("BASE_URL=")[1].strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Project(Path(folder))
            (project.data / "documents").mkdir(parents=True)
            project.config_file.write_text(
                f"engines: {{pdf-text: }}\nbackends: {{{NAME}: {{extractor: gemini}}}}\n"
                f"providers: {{gemini: {{base_url: '{url}', concurrency: {case.at_once}}}}}\n"
            )
            for number in range(case.documents):
                image = Image.new("L", (10 + number % 500, 10 + number // 500))
                image.save(project.data / "documents" / f"{name_of(number)}.png")
            yield project
    finally:
        server.kill()
        server.wait()


def name_of(number: int) -> str:
    return f"d{number:05}"


def stage(project: Project) -> float:
    """Seconds of the stage alone, with a result store of its own."""
    configured = load_backends(project)
    extractor = configured[NAME].extractor
    store = ResultStore(project.root / "store-of-the-stage")
    paths = sorted((project.data / "documents").iterdir())
    hashes = {path: sha256_of(read_bytes(path, configured.limits)) for path in paths}
    tasks = [ExtractionTask(path.stem, path, hashes[path], None, hashes[path]) for path in paths]
    started = time.perf_counter()
    results = list(extract_documents(extractor, tasks, store, configured.limits, ModelCalls(store)))
    took = time.perf_counter() - started
    assert all(result.key and not result.cached for result in results)
    return took


def asset(project: Project) -> tuple[float, float]:
    """Seconds of the asking within a Dagster run, and of the whole run."""
    watch = Stopwatch()
    progress = dg.ResourceDefinition.hardcoded_resource(watch)
    definitions = build_definitions(project, {"progress": progress})
    partitions = Partitions(load_backends(project))
    documents = sorted(path.stem for path in (project.data / "documents").iterdir())
    with open_instance(project) as instance:
        register_documents(instance, documents)
        ranges = document_ranges(documents, instance, partitions)
        assert Launcher(definitions, instance).materialize(["raw_documents"], ranges)[-1].success
        cells = [(NAME, document) for document in documents]
        started = time.perf_counter()
        spans = cell_ranges(cells, BACKEND, instance, partitions.document_backend)
        assert Launcher(definitions, instance).materialize(["extractions"], spans)[-1].success
        took = time.perf_counter() - started
    assert len(tables.extractions.extraction_cells(Warehouse(project.database), NAME)) == len(documents)
    return watch.ended - watch.began, took


if __name__ == "__main__":
    main()
