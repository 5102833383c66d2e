"""What `import einvoice` costs: CPU and wall-clock time for 100 files, and for each file alone.

    python benchmarks/einvoice_import.py --data DATA

DATA holds zugferd/pdf and einvoice-xml; their files are copied under other names until there are 100. CPU time is that of the
import itself: this process without its start, and the child process that parses the files, with its start.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from itertools import cycle
from pathlib import Path

from ocr_pipeline.documents.importers import import_einvoice
from ocr_pipeline.documents.importers.einvoice_labels import label_document

FILES = 100
ROUNDS = 3
LIMIT = 3.0
"""Seconds of CPU time that 100 files may take."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    files = [*sorted((data / "zugferd" / "pdf").glob("*.pdf")), *sorted((data / "einvoice-xml").rglob("*.xml"))]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        for number, file in zip(range(FILES), cycle(files), strict=False):
            shutil.copy(file, source / f"{number:03}{file.suffix}")
        rounds = [measured(source, Path(folder) / f"documents-{number}") for number in range(ROUNDS)]
    wall, own, child = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"{FILES} files, median of {ROUNDS} rounds: {own + child:.2f} s CPU (limit {LIMIT:g}), {wall:.2f} s wall clock"
    )
    print(f"  this process {own:.2f} s, the child that parses {child:.2f} s CPU; load {os.getloadavg()[0]:.1f}")
    costs = sorted((cost(file), file.name) for file in files)
    print(
        f"one file: median {statistics.median(seconds for seconds, _ in costs) * 1000:.1f} ms CPU, most for {costs[-1][1]}:",
        end=" ",
    )
    print(f"{costs[-1][0] * 1000:.0f} ms")
    raise SystemExit(own + child > LIMIT)


def measured(source: Path, documents: Path) -> tuple[float, float, float]:
    """Seconds of one import: wall clock, CPU of this process, CPU of its children."""
    started, cpu, children = time.perf_counter(), time.process_time(), _children()
    report = import_einvoice(source, documents, "bench")
    assert report.labelled >= FILES, report.notes
    return time.perf_counter() - started, time.process_time() - cpu, _children() - children


def cost(file: Path) -> float:
    """CPU seconds to label a file, the second time, when everything is loaded."""
    content = file.read_bytes()
    label_document(content)
    started = time.process_time()
    label_document(content)
    return time.process_time() - started


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
