"""What the orchestration costs, this checkout beside another one: A B A B, medians of the rounds.

usage: python benchmarks/house.py OTHER_CHECKOUT [--documents 500] [--rounds 5] [--other-python PYTHON]

- run with nothing to do, on documents that two engine-backed backends and one without an engine have extracted
- `ocr-pipeline --help`
- importing the definitions beside importing dagster
- milliseconds per materialised cell (`benchmarks/orchestration.py` of each checkout, results from the store)

Each checkout runs in its own process with its own project folder; both projects hold the same files.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]
PLUGINS = "ocr_pipeline_tests.plugins"
BACKENDS = {
    "engines": {"pixel": {"type": f"{PLUGINS}:PixelEngine"}, "pdf-text": None},
    "backends": {
        "pixel+first": {"engine": "pixel", "extractor": f"{PLUGINS}:FirstAmount"},
        "pixel+rules": {"engine": "pixel", "extractor": "rules"},
        "page-width": {"extractor": f"{PLUGINS}:PageWidth"},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--other-python", default=None, help="default: .venv/bin/python of the other checkout")
    options = parser.parse_args()
    other_python = options.other_python or str(options.other / ".venv" / "bin" / "python")
    pythons = {HERE: sys.executable, options.other.resolve(): other_python}
    with tempfile.TemporaryDirectory() as folder:
        projects = {checkout: Path(folder) / f"project{index}" for index, checkout in enumerate(pythons)}
        for checkout, python in pythons.items():
            write_project(projects[checkout], options.documents)
            cli(checkout, python, projects[checkout], "run")
            cli(checkout, python, projects[checkout], "run")
        seconds: dict[str, dict[Path, list[float]]] = {}
        for _ in range(options.rounds):
            for checkout, python in pythons.items():
                project = projects[checkout]
                measured = {
                    f"run, nothing to do, {options.documents} documents (s)": cli(checkout, python, project, "run"),
                    "--help (s)": cli(checkout, python, project, "--help"),
                    "import dagster (s)": timed(checkout, python, "-c", "import dagster"),
                    "import the definitions (s)": timed(checkout, python, "-c", "import ocr_pipeline.definitions"),
                    "orchestration (ms per cell)": per_cell(checkout, python),
                }
                for name, value in measured.items():
                    seconds.setdefault(name, {}).setdefault(checkout, []).append(value)
    print(f"| | {HERE.name} | {options.other.name} | ratio |\n| --- | ---: | ---: | ---: |")
    for name, values in seconds.items():
        mine, others = (median(values[checkout]) for checkout in pythons)
        print(f"| {name} | {mine:.2f} | {others:.2f} | {mine / others:.2f} |")
    loading = {name: median(seconds[name][HERE]) for name in ("import the definitions (s)", "import dagster (s)")}
    print(
        f"\nDefinitions beside dagster alone: {loading['import the definitions (s)'] / loading['import dagster (s)']:.2f}"
    )


def write_project(root: Path, documents: int) -> None:
    """Small images, every second with a label."""
    import yaml
    from PIL import Image

    folder = root / "data" / "documents"
    folder.mkdir(parents=True)
    log = {"options": {"log": str(root / "pixel.log")}}
    engines = {**BACKENDS["engines"], "pixel": {**BACKENDS["engines"]["pixel"], **log}}  # type: ignore[dict-item]
    content = yaml.safe_dump({**BACKENDS, "engines": engines}, sort_keys=False)
    (root / "backends.yaml").write_text(content, "utf-8")
    for number in range(documents):
        path = folder / f"d{number:05}.png"
        Image.new("RGB", (10 + number % 300, 30 + number // 300), "white").save(path)
        if number % 2:
            label = {"invoice": {"total_amount": f"{10 + number % 300}.00"}}
            path.with_name(f"{path.name}.json").write_text(json.dumps(label), "utf-8")


def cli(checkout: Path, python: str, project: Path, *arguments: str) -> float:
    return timed(checkout, python, "-m", "ocr_pipeline.cli", *arguments, OCR_PIPELINE_HOME=str(project))


def per_cell(checkout: Path, python: str) -> float:
    """The default way of the checkout to launch all cells in one run."""
    command = [python, str(checkout / "benchmarks" / "orchestration.py"), "--worker", "range", "200"]
    answer = subprocess.run(
        command, cwd=checkout, env=environment(checkout), check=True, capture_output=True, text=True
    )
    return float(json.loads(answer.stdout.splitlines()[-1]))


def timed(checkout: Path, python: str, *arguments: str, **variables: str) -> float:
    started = time.perf_counter()
    # `python -m` looks into the working directory first: without cwd, both checkouts would run the code of one of them.
    command = [python, *arguments]
    subprocess.run(command, cwd=checkout, env=environment(checkout, **variables), check=True, capture_output=True)
    return time.perf_counter() - started


def environment(checkout: Path, **variables: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("DAGSTER_", "OCR_PIPELINE_"))}
    return {**inherited, "PYTHONPATH": str(checkout), **variables}


if __name__ == "__main__":
    main()
