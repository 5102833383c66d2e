"""Real OCR on two nodes: the same words as in this machine's processes."""

from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.processes.workers import LocalWorkers, Workers
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import encoded, text_image
from ocr_pipeline_tests.scale.servers import RayCluster

PAGES = 20


def test_twenty_pages_have_the_same_words(cluster: RayCluster, tmp_path: Path) -> None:
    tasks = []
    for number in range(PAGES):
        lines = [
            f"Invoice {number * 7919}",
            f"03.{number % 12 + 1:02}.2026",
            f"Total EUR {number * 13 + 1},{number + 10}",
        ]
        content = encoded(text_image(lines, size=24, width=600), "PNG")
        path = tmp_path / f"{number}.png"
        path.write_bytes(content)
        tasks.append(OcrTask(path.name, path, sha256_of(content)))

    def words(workers: Workers, folder: str) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
        results = read_documents(RapidOcr(), tasks, ResultStore(tmp_path / folder), Limits(), workers)
        texts = {result.document_id: result.outcome.text for result in results}
        assert all(texts.values())
        return {name: [(word.text, word.box) for word in text.words()] for name, text in texts.items() if text}

    there = words(RayWorkers(cluster.address), "there")
    assert len(there) == PAGES
    assert there == words(LocalWorkers(1), "here")
