"""What a worker process adds to a document: rounds of documents in this process and in a shared worker, in turn.

    python benchmarks/isolation.py [rounds]

Prints medians of wall time and of the CPU time of both processes together. On a busy machine, CPU time is the one to look
at: a call waits for a core twice there, which no code can change.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.extraction.attempt import ExtractionTask, attempt, attempt_limited
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.sources import SourceReader
from ocr_pipeline.schemas import OcrPage, OcrText, Word

ROUNDS, DOCUMENTS = 10, 20


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


def cpu_milliseconds() -> float:
    """CPU time of this process and its workers, to the nanosecond (proc(5): /proc/PID/schedstat)."""
    tasks = [task for pid in (os.getpid(), *children()) for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def measured(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of a call in milliseconds."""
    cpu, wall = cpu_milliseconds(), time.perf_counter()
    call()
    wall = (time.perf_counter() - wall) * 1000
    return wall, cpu_milliseconds() - cpu


def main() -> None:
    limits, reader = Limits(), SourceReader(RulesExtractor())
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS

    def task() -> ExtractionTask:  # made anew: nothing is remembered from the one before
        return ExtractionTask("d", Path("unused"), "0" * 64, receipt(), input_key="key")

    def here(task: ExtractionTask) -> object:
        return attempt(reader, task, limits, None)

    def in_worker(task: ExtractionTask) -> object:
        return attempt_limited(reader, task, limits, None)

    for _ in range(3):  # starts the worker
        here(task())
        in_worker(task())
    times: dict[Callable[[ExtractionTask], object], list[tuple[float, float]]] = {here: [], in_worker: []}
    for _ in range(rounds):
        for call, found in times.items():
            call(task())  # what the other one has displaced from the caches is loaded again
            found += [measured(partial(call, task())) for _ in range(DOCUMENTS)]
    for position, name in enumerate(("wall", "CPU")):
        own, isolated = (statistics.median(time[position] for time in times[call]) for call in (here, in_worker))
        print(
            f"{name}: {own:.2f} ms in this process, {isolated:.2f} ms in a worker, {isolated - own:.2f} ms added a document"
        )
    print(f"{rounds} rounds of {DOCUMENTS} documents, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
