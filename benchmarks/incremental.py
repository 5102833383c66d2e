"""What a run costs after one document or label of many changed, beside a full evaluation: CPU seconds by stage.

    python benchmarks/incremental.py [--documents 500] [--rounds 3] [--learned] [--folder FOLDER] [--other CHECKOUT]
        [--first]

Makes a project of invented receipts (pages that look different, their words in transcripts, read by two engines that
make mistakes of their own), runs it once, and then in turn: changes a label, changes a document, and evaluates
everything. The stages after extraction (scores, leaderboard, comparisons, diagnosis, report, checks) are counted apart.
Processes that a run starts, for pages and charts, count with it. `--first` also measures a first run from nothing.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_pipeline.schemas import OcrText

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--learned", action="store_true", help="with backends that learn from labels")
    parser.add_argument("--folder", type=Path, help="where the project is made and kept, to use it again")
    parser.add_argument("--other", type=Path, help="another checkout, whose full evaluation is measured too")
    parser.add_argument("--first", action="store_true", help="with a first run from nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.folder or Path(folder)
        if not (root / "backends.yaml").exists():
            write_project(root, options.documents, learned=options.learned)
            measure(root, HERE.parent)
        rows: dict[str, list[dict[str, float]]] = {}
        if options.first:
            rows["first run"] = [first_run(options.documents, learned=options.learned)]
        for number in range(options.rounds):
            change_label(root, 7 + number)
            rows.setdefault("one label changed", []).append(measure(root, HERE.parent))
            change_document(root, 11 + number)
            rows.setdefault("one document changed", []).append(measure(root, HERE.parent))
            (root / "evaluation.yaml").write_text(f"# {number} {time.time()}\n", "utf-8")
            forget_evaluation(root)
            rows.setdefault("full evaluation", []).append(measure(root, HERE.parent))
            if options.other:
                forget_evaluation(root)
                rows.setdefault(f"full evaluation, {options.other.name}", []).append(measure(root, options.other))
    names = list(dict.fromkeys(name for row in rows.values() for entry in row for name in entry))
    print("| CPU s | " + " | ".join(rows) + " |\n| --- |" + " ---: |" * len(rows))
    for name in names:
        print(
            f"| {name} | " + " | ".join(f"{median(row.get(name, 0) for row in rows[key]):.2f}" for key in rows) + " |"
        )


def write_project(root: Path, documents: int, *, learned: bool) -> None:
    """Pages with the words of their transcripts, and labels."""
    import yaml
    from synthetic_documents import receipt

    folder = root / "data" / "documents"
    folder.mkdir(parents=True)
    for number in range(documents):
        text, label = receipt(random.Random(f"incremental {number}"))
        path = folder / f"d{number:05}.png"
        draw(text, path)
        path.with_name(f"{path.name}.transcript.json").write_text(text.model_dump_json(), "utf-8")
        values = label.model_dump(mode="json", exclude_unset=True, exclude={"boxes"})
        path.with_name(f"{path.name}.json").write_text(json.dumps(values), "utf-8")
    engine = "slipping_engine:SlippingEngine"
    extractors = ["rules", "learned"] if learned else ["rules"]
    names = ("clear", "blurred")
    backends = {f"{name}+{by}": {"engine": name, "extractor": by} for name in names for by in extractors}
    backends["oracle+rules"] = {"engine": "oracle", "extractor": "rules"}
    if learned:
        backends["vote"] = {"extractor": "ensemble", "options": {"of": [f"{name}+rules" for name in names]}}
    engines = {
        "oracle": None,
        "clear": {"type": engine, "options": {"share": 0.005}},
        "blurred": {"type": engine, "options": {"share": 0.03}},
    }
    content = yaml.safe_dump({"engines": engines, "backends": backends}, sort_keys=False)
    (root / "backends.yaml").write_text(content, "utf-8")


def first_run(documents: int, *, learned: bool) -> dict[str, float]:
    """CPU seconds of a run of a new project."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), documents, learned=learned)
        return measure(Path(folder), HERE.parent)


def draw(text: "OcrText", path: Path) -> None:
    """The words of the first page in their places, small."""
    from PIL import Image, ImageDraw

    page = text.pages[0]
    size = (400, round(400 * page.height / page.width))
    image = Image.new("L", size, 255)
    canvas = ImageDraw.Draw(image)
    for word in page.words:
        canvas.text((word.box[0] * size[0], word.box[1] * size[1]), word.text, 0)
    image.save(path)


def change_label(root: Path, number: int) -> None:
    path = root / "data" / "documents" / f"d{number:05}.png.json"
    label = json.loads(path.read_text("utf-8"))
    label["invoice"]["total_amount"] = f"{float(label['invoice'].get('total_amount') or 1) + 1:.2f}"
    path.write_text(json.dumps(label), "utf-8")


def change_document(root: Path, number: int) -> None:
    from PIL import Image

    path = root / "data" / "documents" / f"d{number:05}.png"
    page = Image.open(path).convert("L")
    page.putpixel((0, 0), (int(page.getpixel((0, 0))) + 1) % 256)  # type: ignore[arg-type]
    page.save(path)


def forget_evaluation(root: Path) -> None:
    """Everything that was made from results is gone: the next run evaluates all of it."""
    import shutil

    import duckdb

    made = {"field_scores", "line_item_scores", "line_item_cells", "evidence_scores", "repeat_scores", "leaderboard"}
    made |= {"leaderboard_fields", "comparisons", "leaderboard_slices", "attributions", "label_issues", "confidences"}
    made |= {"calibrations", "consensus", "scale_suspects", "scored_cells", "findings"}
    [database] = root.glob("**/*.duckdb")
    with duckdb.connect(database) as connection:
        known = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        for table in made & known:
            connection.execute(f'DELETE FROM "{table}"')
    shutil.rmtree(root / "data" / "report")


def measure(root: Path, checkout: Path) -> dict[str, float]:
    """CPU seconds of a run, by step, with the processes that it starts. Bytecode is kept, as an installation has it."""
    left_out = ("DAGSTER_", "OCR_PIPELINE_", "PYTHONDONTWRITEBYTECODE")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    own = {"PYTHONPATH": f"{checkout}:{HERE}", "OCR_PIPELINE_HOME": str(root)}
    own["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "incremental-bytecode")
    python = checkout / ".venv" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, __file__, "--worker"]
    answer = subprocess.run(command, env=inherited | own, check=True, stdout=subprocess.PIPE, text=True, cwd=checkout)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def worker() -> None:
    """Run once, in this process; print the CPU seconds of each launch as JSON."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs import pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.progress import NoProgress
    from ocr_pipeline.project import find_project

    seconds: dict[str, float] = {}
    execute = pipeline.Execution._execute

    def timed(self: Any, plan: Any) -> None:
        before, step = _cpu(), plan.steps[0].asset
        execute(self, plan)
        seconds[step] = seconds.get(step, 0.0) + _cpu() - before

    pipeline.Execution._execute = timed  # type: ignore[method-assign]
    project = find_project()
    names = [name for name, backend in load_backends(project).items() if backend.unavailable() is None]
    pipeline.run_pipeline(project, find_documents(project.data), names, NoProgress())
    print(json.dumps({**seconds, "the whole run": _cpu()}))


def _cpu() -> float:
    """CPU seconds of this process and of all that it started, also of those that still run (on Linux)."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used) + _of_descendants()


def _of_descendants() -> float:
    processes: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            entries = path.read_text().rpartition(")")[2].split()
            processes[int(path.parent.name)] = int(entries[1]), sum(map(int, entries[11:15]))
    ticks, parents = 0, {os.getpid()}
    while parents:
        children = {child for child, (parent, _) in processes.items() if parent in parents}
        ticks += sum(processes[child][1] for child in children)
        parents = children
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    if sys.argv[1:2] == ["--worker"]:
        worker()
    else:
        main()
