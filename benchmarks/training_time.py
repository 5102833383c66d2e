"""CPU time and scores of training the learned extractor, beside another checkout of this project.

    python benchmarks/training_time.py --other ../base [--rounds 3] [--data ../shared/data]

Trains on `sroie-train-words` in turn with this checkout and the other one (A B A B), each in a process of its own with the
`.venv` of its checkout, on one thread. Prints the medians, their ratio, peak memory, and by field the share of labels that are
right out of fold.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIELDS = ("total_amount", "invoice_date", "supplier_name", "supplier_address")

CHILD = """
import json, resource, sys, tempfile, time
from pathlib import Path
sys.path.insert(0, "benchmarks")
from learned_accuracy import example, sroie
try:
    from ocr_pipeline.training.models import train_model
except ImportError:  # checkouts before the package `training`
    from ocr_pipeline.extraction.learned.training import train_model
with tempfile.TemporaryDirectory() as folder:
    examples = [example(case) for case in sroie(Path(sys.argv[1]), Path(folder))]
began = time.process_time()
model = train_model(examples, "rapidocr")
seconds = time.process_time() - began
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "model.json")
    size = (Path(folder) / "model.json").stat().st_size
fields = {name: [field.report["by_document"], field.report["by_vendor"]] for name, field in model.fields.items()}
print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "size": size / 1e6, "documents": len(examples), "fields": fields}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    results: dict[str, list[dict[str, Any]]] = {"this": [], "other": []}
    for _ in range(arguments.rounds):
        results["other"].append(measured(arguments.other.resolve(), arguments.data.resolve()))
        results["this"].append(measured(here, arguments.data.resolve()))
        print(f"other {results['other'][-1]['seconds']:.1f} s, this {results['this'][-1]['seconds']:.1f} s", flush=True)
    report(results["this"], results["other"])


def measured(checkout: Path, data: Path) -> dict[str, Any]:
    own = checkout / ".venv" / "bin" / "python"
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [str(own if own.exists() else sys.executable), "-c", CHILD, str(data)]
    result = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    return dict(json.loads(result.stdout.splitlines()[-1]))


def report(this: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> None:
    seconds, before = (statistics.median(result["seconds"] for result in results) for results in (this, other))
    print(
        f"\n{this[0]['documents']} receipts: {before:.1f} s of CPU before, {seconds:.1f} s now: {seconds / before:.2f}x"
    )
    for name, unit in (("peak", "MB of memory at most"), ("size", "MB model file")):
        print(f"{other[0][name]:.0f} {unit} before, {this[0][name]:.0f} now")
    print(
        "\n| right out of fold | by document, before | now | by vendor, before | now |\n| --- | --- | --- | --- | --- |"
    )
    for field in FIELDS:
        (by_document, by_vendor), (old_document, old_vendor) = this[0]["fields"][field], other[0]["fields"][field]
        print(f"| {field} | {old_document:.4f} | {by_document:.4f} | {old_vendor:.4f} | {by_vendor:.4f} |")


if __name__ == "__main__":
    main()
