"""What importing the definitions costs beside importing dagster alone, as whole processes.

usage: python benchmarks/import_time.py
"""

import subprocess
import sys
import time
from statistics import median

MODULES = ("dagster", "ocr_pipeline.definitions")


def main() -> None:
    seconds: dict[str, list[float]] = {module: [] for module in MODULES}
    for _ in range(11):
        for module in MODULES:  # interleaved, so that a busy moment hits both
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
            seconds[module].append(time.perf_counter() - started)
    for module, values in seconds.items():
        print(f"import {module}: median {median(values):.2f} s ({min(values):.2f} to {max(values):.2f})")
    print(f"ratio of the medians: {median(seconds[MODULES[1]]) / median(seconds[MODULES[0]]):.2f}")


if __name__ == "__main__":
    main()
