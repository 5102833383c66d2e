"""What a worker process adds to a document: calls in this process and in a shared worker, in turn, medians of five rounds.

python benchmarks/isolation.py
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.extraction.attempt import ExtractionTask, attempt, attempt_limited
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.sources import SourceReader
from ocr_pipeline.processes.budget import cpu_seconds
from ocr_pipeline.schemas import OcrPage, OcrText, Word

ROUNDS, DOCUMENTS = 5, 40


def receipt(lines: int = 40) -> OcrText:
    """A receipt of 160 words."""
    words = [
        Word(
            text=text,
            box=(0.1 + 0.2 * column, line / 50, 0.25 + 0.2 * column, (line + 1) / 50),
            confidence=0.9,
            page=1,
            line=line,
        )
        for line in range(lines)
        for column, text in enumerate(("Item", f"{line}", "x", f"{line}.{line:02}"))
    ]
    return OcrText(pages=[OcrPage(page=1, width=800, height=2000, words=words, seconds=0)])


def milliseconds(call: Callable[[ExtractionTask], object]) -> tuple[float, float]:
    """Wall and CPU time per document. Every document is made anew: nothing is remembered from the one before."""
    tasks = [ExtractionTask("d", Path("unused"), "0" * 64, receipt(), input_key="key") for _ in range(DOCUMENTS)]
    wall, cpu = time.perf_counter(), _cpu_seconds()
    for task in tasks:
        call(task)
    return (time.perf_counter() - wall) * 1000 / DOCUMENTS, (_cpu_seconds() - cpu) * 1000 / DOCUMENTS


def _cpu_seconds() -> float:
    """Of this process and its workers."""
    return cpu_seconds(os.getpid())


def main() -> None:
    limits, reader = Limits(), SourceReader(RulesExtractor())
    task = ExtractionTask("d", Path("unused"), "0" * 64, receipt(), input_key="key")
    rounds: dict[str, list[tuple[float, float]]] = {"here": [], "worker": []}
    attempt_limited(reader, task, limits, None)  # starts the worker
    attempt(reader, task, limits, None)
    for _ in range(ROUNDS):
        rounds["here"].append(milliseconds(lambda task: attempt(reader, task, limits, None)))
        rounds["worker"].append(milliseconds(lambda task: attempt_limited(reader, task, limits, None)))
    for name, measured in rounds.items():
        wall, cpu = (statistics.median(values) for values in zip(*measured, strict=True))
        print(f"{name}: {wall:.2f} ms a document, {cpu:.2f} ms of CPU time")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
