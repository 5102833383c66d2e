"""Seconds from the start of a process to the values of one file, beside RapidOCR alone.

    python benchmarks/first_file.py FILE [--rounds 5]

In turn, in new processes: `ocr-pipeline read FILE --backend rapidocr+rules --json`, and a script that imports RapidOCR with
the same settings and recognises the same file. Medians; on a loaded machine, only the ratio of CPU seconds is comparable.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

ALONE = """
import sys, cv2
from rapidocr import RapidOCR
params = {"Global.use_cls": False, "Det.limit_type": "max", "Det.limit_side_len": 960, "Rec.rec_img_shape": [3, 48, 32],
          "EngineConfig.onnxruntime.intra_op_num_threads": 1, "Global.log_level": "error"}
print(len(RapidOCR(params=params)(cv2.imread(sys.argv[1])).txts))
"""


def seconds(command: list[str]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a process and its children."""
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, cpu


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    commands = {
        "ocr-pipeline read": [
            *(sys.executable, "-m", "ocr_pipeline.cli", "read", options.file),
            *("--backend", "rapidocr+rules", "--json"),
        ],
        "RapidOCR alone": [sys.executable, "-c", ALONE, options.file],
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            measured[name].append(seconds(command))
    for name, rounds in measured.items():
        walls, cpus = zip(*rounds, strict=True)
        print(
            f"{name}: {statistics.median(walls):.2f} s, {statistics.median(cpus):.2f} CPU s (medians of {len(rounds)})"
        )


if __name__ == "__main__":
    main()
