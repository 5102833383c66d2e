"""What becomes of each hostile file of the tests: outcome, seconds and peak memory of the process that takes it in.

usage: python benchmarks/hostile_files.py
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline_tests.documents.hostile import measure_all


def main() -> None:
    with TemporaryDirectory() as folder:
        found = list(measure_all(Path(folder), Limits()))
    print(f"{'file':<50} {'outcome':<17} {'seconds':>7} {'peak MB':>7}")
    for file, measured in found:
        name = ascii(file.name.decode(errors="surrogateescape"))[1:-1][:50]
        peak = "ended" if measured.peak_bytes is None else f"{measured.peak_bytes / 1e6:.0f}"
        wrong = "" if measured.outcome == file.outcome else f"  expected {file.outcome}"
        print(f"{name:<50} {measured.outcome:<17} {measured.seconds:7.2f} {peak:>7}{wrong}")
    print(f"{len(found)} files, at most {max(measured.seconds for _, measured in found):.2f} s")


if __name__ == "__main__":
    main()
