"""What the OCR stage costs beside the engine itself, how much memory it takes, and how fast unchanged documents pass.

usage: python benchmarks/ocr_stage.py ratio  [--data ../shared/data/sroie] [--rounds 3]
       python benchmarks/ocr_stage.py memory [--pages 120 480]
       python benchmarks/ocr_stage.py rerun  [--documents 500 2000]

`ratio`: the same 60 receipts, read in turn by

- the bare engine: RapidOCR's own call with the settings of decision 0003, images read by OpenCV, a process per core that
  loads its models once and takes the next file when it is done;
- our engine in that same loop: with orientation, the closer look and the reading order, without the stage;
- the stage: as `ocr_text` runs it, with its checks, its worker processes and its result store.

The start of the processes is in all three times.

`memory`: highest memory of the process and of a worker while the stage reads so many receipts. (Their sum would depend
on which large pages happen to meet.) The receipts are repeated with a different tail behind the JPEG's end, so that
each is a content of its own.

`rerun`: the main job again on documents that did not change, small images and rules, seconds of the second run.
"""

import argparse
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document, sha256_of
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.store import ResultStore

PAGES = 60
_reader: Callable[[Path], Any]  # in a process of the bare loop


def bare_reader() -> Callable[[Path], Any]:
    import cv2
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.return_word_box": True,
            "Det.limit_type": "max",
            "Det.limit_side_len": 960,
            "Rec.rec_img_shape": [3, 48, 32],
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        }
    )
    return lambda path: len(engine(cv2.imread(str(path))).txts or ())


def our_reader() -> Callable[[Path], Any]:
    engine, limits = RapidOcr(), Limits()
    return lambda path: len(engine.read(open_document(path.read_bytes(), limits))[0].words)


def prepare(make: Callable[[], Callable[[Path], Any]]) -> None:
    global _reader
    _reader = make()


def read_one(path: Path) -> int:
    return _reader(path)


def in_a_loop(make: Callable[[], Callable[[Path], Any]], paths: list[Path], processes: int) -> float:
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes, prepare, (make,)) as pool:
        list(pool.imap_unordered(read_one, paths))
    return time.perf_counter() - started


def in_the_stage(paths: list[Path], processes: int) -> float:
    tasks = [OcrTask(path.name, path, sha256_of(path.read_bytes())) for path in paths]
    with temporary() as folder:
        started = time.perf_counter()
        results = list(read_documents(RapidOcr(), tasks, ResultStore(folder), Limits(), LocalWorkers(processes)))
        seconds = time.perf_counter() - started
    assert all(result.outcome.text for result in results)
    return seconds


def ratio(data: Path, rounds: int) -> None:
    paths = sorted((data / "img").glob("*.jpg"))[:PAGES]
    processes = available_cores()
    print(f"{len(paths)} receipts, {processes} processes, {rounds} rounds in turn")
    ways: dict[str, Callable[[], float]] = {
        "bare RapidOCR": lambda: in_a_loop(bare_reader, paths, processes),
        "our engine in the same loop": lambda: in_a_loop(our_reader, paths, processes),
        "the stage": lambda: in_the_stage(paths, processes),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(way())
            print(f"  {name:<28} {seconds[name][-1]:7.2f} s", flush=True)
    bare = statistics.median(seconds["bare RapidOCR"])
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(
            f"{name:<28} {middle:7.2f} s ({min(values):.2f} to {max(values):.2f})  {middle / bare:.3f} of the bare engine"
        )
    ours = [
        stage / engine
        for stage, engine in zip(seconds["the stage"], seconds["our engine in the same loop"], strict=True)
    ]
    print(f"stage / our engine, round by round: {', '.join(f'{value:.3f}' for value in ours)}")


def memory(data: Path, counts: list[int]) -> None:
    originals = sorted((data / "img").glob("*.jpg"))
    for count in counts:
        with temporary() as folder:
            tasks = []
            for number in range(count):
                content = originals[number % len(originals)].read_bytes() + str(number // len(originals)).encode()
                path = folder / f"{number}.jpg"
                path.write_bytes(content)
                tasks.append(OcrTask(path.name, path, sha256_of(content)))
            with peak_memory() as peak:
                started = time.perf_counter()
                for result in read_documents(
                    RapidOcr(), tasks, ResultStore(folder / "results"), Limits(), LocalWorkers(available_cores())
                ):
                    assert result.outcome.text
                seconds = time.perf_counter() - started
        own = peak.pop(os.getpid())
        print(
            f"{count:>5} pages: this process {own / 1e6:,.0f} MB, the largest worker {max(peak.values()) / 1e6:,.0f} MB,"
            f" {seconds:.0f} s",
            flush=True,
        )


def rerun(counts: list[int]) -> None:
    from PIL import Image
    from rich.console import Console

    from ocr_pipeline.cli.progress import TerminalProgress
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.project import Project

    for count in counts:
        with temporary() as folder:
            (folder / "data/documents").mkdir(parents=True)
            (folder / "backends.yaml").write_text(
                "engines: {tesseract: {options: {longest_side: 320}}}\n"
                "backends: {tesseract+rules: {engine: tesseract, extractor: rules}}\n"
            )
            for number in range(count):
                image = Image.new("L", (40 + number % 100, 40 + number // 100), 255)
                image.save(folder / f"data/documents/{number:05}.png")
                (folder / f"data/documents/{number:05}.json").write_text('{"invoice": {"total_amount": "1.00"}}')
            project, seconds = Project(folder), []
            for _ in range(3):
                started = time.perf_counter()
                with TerminalProgress(Console(quiet=True)) as progress:
                    run_pipeline(project, find_documents(project.data), ["tesseract+rules"], progress)
                seconds.append(time.perf_counter() - started)
            again = min(seconds[1:])
            print(
                f"{count:>6} documents: first {seconds[0]:.1f} s, again {again:.2f} s = {count / again:.0f} a second",
                flush=True,
            )


@contextmanager
def temporary() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def peak_memory() -> Iterator[dict[int, int]]:
    """The highest proportional memory, in bytes, of this process and of each of its descendants; looked at every 0.2 s."""
    peak, done = {}, threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            for process in family(os.getpid()):
                peak[process] = max(peak.get(process, 0), proportional_memory(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def family(process: int) -> list[int]:
    """A process and its descendants."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        children = []
    threads = Path(f"/proc/{process}/task")
    for thread in threads.iterdir() if threads.exists() else ():
        if thread.name != str(process):
            try:
                children += (thread / "children").read_text().split()
            except OSError:
                continue
    return [process, *(descendant for child in children for descendant in family(int(child)))]


def proportional_memory(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ratio", "memory", "rerun"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sroie"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, nargs="+", default=[120, 480])
    parser.add_argument("--documents", type=int, nargs="+", default=[500, 2000])
    options = parser.parse_args()
    if options.what == "ratio":
        ratio(options.data, options.rounds)
    elif options.what == "memory":
        memory(options.data, options.pages)
    else:
        rerun(options.documents)


if __name__ == "__main__":
    main()
