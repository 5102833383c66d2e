"""One node against two: 200 cells of an engine that sleeps for 0.2 s, one cell a task."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ocr_pipeline.deployment import Place
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.object_store import Bucket
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import text_pdf
from ocr_pipeline_tests.plugins import PixelEngine
from ocr_pipeline_tests.scale.servers import ray_cluster, s3_server, with_keys

CELLS, SECONDS, ROUNDS = 200, 0.2, 3


def main() -> None:
    """Three rounds in turn, on a store in a bucket; the workers are started before the clock is."""
    with s3_server() as s3, with_keys(s3), ray_cluster(nodes=1) as cluster, documents() as tasks:
        seconds: dict[int, list[float]] = {1: [], 2: []}
        workers = RayWorkers(cluster.address)
        for _ in range(ROUNDS):
            for nodes in (1, 2):
                if nodes == 2:
                    second = cluster.add_node()
                place = Place(url=f"s3://{s3.create()}", endpoint=s3.endpoint, region="us-east-1")
                results = partial(
                    read_documents, store=ResultStore(Bucket(place), _NoLocks()), limits=Limits(), workers=workers
                )
                list(results(PixelEngine(version=100), tasks[: 8 * nodes]))  # warm
                started = time.perf_counter()
                found = list(results(PixelEngine(seconds=SECONDS), tasks))
                seconds[nodes].append(time.perf_counter() - started)
                assert sum(result.key is not None for result in found) == CELLS
                print(f"{nodes} nodes: {CELLS} cells in {seconds[nodes][-1]:.1f} s", flush=True)
            cluster.kill_node(second)
        ratio = statistics.median(seconds[1]) / statistics.median(seconds[2])
        print(f"ratio of the medians: {ratio:.2f}")


class _NoLocks:
    @contextmanager
    def held(self, name: str, timeout: float = -1) -> Iterator[None]:
        yield


@contextmanager
def documents() -> Iterator[list[OcrTask]]:
    """As many PDFs as cells."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = []
        for number in range(CELLS):
            content = text_pdf([[(20.0, 90.0, f"Total EUR {number}.50")]], media_box=(0, 0, 200 + number, 200))
            path = Path(folder) / f"{number}.pdf"
            path.write_bytes(content)
            tasks.append(OcrTask(path.name, path, sha256_of(content)))
        yield tasks
