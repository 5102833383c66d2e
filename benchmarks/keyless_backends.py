"""The backends that need no key on real documents: reads, scores, compares, and writes the tables of docs/results.

    python benchmarks/keyless_backends.py DATA FOLDER [--output docs/results/keyless-backends-tables.md]

DATA holds sroie/{img,box,key}, zugferd/pdf and softmatic-receipts-de. FOLDER becomes a project of its own; run again, it
only does what is missing, so that a study that was stopped goes on. Half an hour on two cores the first time. Tesseract
runs twice, as the project has it (English) and with German: its language is a setting that a user must choose.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from ocr_pipeline.evaluation.diagnosis.attribution import STAGES
from ocr_pipeline.warehouse.connection import Warehouse

Row = Mapping[str, Any]
PROJECT = Path(__file__).resolve().parents[1]
BACKENDS = ("rapidocr+rules", "tesseract+rules", "pdf-text+rules", "rapidocr+smollm2", "oracle+rules", "oracle+smollm2")
DATA_SETS = ("sroie", "zugferd", "german")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, default=PROJECT / "docs" / "results" / "keyless-backends-tables.md")
    arguments = parser.parse_args()
    data, folder = arguments.data.resolve(), arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backends.yaml").write_text(yaml.safe_dump(configuration(), sort_keys=False))
    (folder / "evaluation.yaml").write_text("datasets:\n  sroie: {day_first: true}\n")
    labels = folder / "german.csv"
    labels.write_text(german_labels(data / "softmatic-receipts-de"))

    def ocr_pipeline(*command: str | Path) -> None:
        subprocess.run(
            [Path(sys.executable).with_name("ocr-pipeline"), *command],
            check=True,
            env={**os.environ, "OCR_PIPELINE_HOME": str(folder)},
        )

    ocr_pipeline("import", "sroie", data / "sroie")
    ocr_pipeline("import", "einvoice", data / "zugferd" / "pdf", "--name", "zugferd")
    ocr_pipeline("import", "folder", data / "softmatic-receipts-de", "--name", "german", "--labels", labels)
    ocr_pipeline("run")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text("\n".join(report(Warehouse(folder / "data" / "warehouse.duckdb"))))


def configuration() -> dict[str, Any]:
    """The project's own backends that need no key, and Tesseract with German."""
    whole = yaml.safe_load((PROJECT / "backends.yaml").read_text())
    backends = {name: whole["backends"][name] for name in BACKENDS}
    backends["tesseract-de+rules"] = {"engine": "tesseract-de", "extractor": "rules"}
    used = {backend["engine"] for backend in backends.values()}
    engines = {name: entry for name, entry in whole["engines"].items() if name in used}
    engines["tesseract-de"] = {"type": "tesseract", "options": {"languages": ["deu", "eng"]}}
    return {"engines": engines, "backends": backends, "limits": whole["limits"]}


def german_labels(folder: Path) -> str:
    """Date, total and currency of the receipts, from their file names: merchant_DDMMYYYY_items_cents."""
    lines = ["file;invoice_date;total_amount;currency;language"]
    for image in sorted(folder.glob("*.jpg")):
        _, day, *_, cents = image.stem.removesuffix("_B").split("_")
        lines.append(f"{image.name};{day[4:]}-{day[2:4]}-{day[:2]};{int(cents) // 100}.{int(cents) % 100:02};EUR;de")
    return "\n".join(lines) + "\n"


# ---- the tables ------------------------------------------------------------------------------------------------------


def report(warehouse: Warehouse) -> Iterable[str]:
    cores, packages = os.cpu_count(), ("rapidocr", "onnxruntime", "pytesseract", "xllamacpp")
    yield "# The backends without a key: the tables\n"
    yield "Written by `benchmarks/keyless_backends.py`; do not edit. [keyless-backends.md](keyless-backends.md) reads them.\n"
    yield f"{platform.system()}, {cores} cores, Python {platform.python_version()}; " + ", ".join(
        f"{name} {version(name)}" for name in packages
    )
    with warehouse.snapshot() as snapshot:
        tables = {
            name: list(snapshot.rows(f"FROM {name}"))
            for name in (
                "leaderboard",
                "leaderboard_fields",
                "comparisons",
                "rule_sensitivity",
                "attributions",
                "calibrations",
                "risk_coverage",
                "leaderboard_slices",
                "label_issues",
                "consensus",
            )
        }
    for dataset in DATA_SETS:
        of_set = {name: [row for row in rows if row["dataset"] == dataset] for name, rows in tables.items()}
        yield from of_dataset(dataset, of_set)


def of_dataset(name: str, tables: Mapping[str, Sequence[Row]]) -> Iterable[str]:
    fields = {(row["backend"], row["field"]): row for row in tables["leaderboard_fields"]}
    overall = {backend: row for (backend, field), row in fields.items() if field == "all_fields"}
    board = sorted(tables["leaderboard"], key=lambda row: -(overall.get(row["backend"], {}).get("f1") or -1))
    ran = [row for row in board if row["status"] == "ok"]
    names = [row["backend"] for row in ran]
    yield f"\n## {name}\n"
    labels = {row["label_version"] for row in ran}
    yield f"{ran[0]['labelled_documents']} labelled documents, label version {', '.join(sorted(labels))}. F1 in %.\n"
    yield from table(
        [
            *("backend", "failed", "F1 [95 %]", "strict", "lenient"),
            *("precision", "recall", "macro F1", "all right", "s/doc", "Pareto"),
        ],
        (
            [
                row["backend"],
                row["failures"],
                interval(overall[row["backend"]], "f1"),
                *(
                    percent(overall[row["backend"]][column])
                    for column in ("f1_strict", "f1_lenient", "precision", "recall")
                ),
                percent(row["macro_f1"]),
                row["straight_through_documents"],
                f"{row['seconds_per_document']:.2f}" if row["seconds_per_document"] else "–",
                {True: "yes", False: "no", None: "?"}[row["pareto"]],
            ]
            for row in ran
        ),
    )
    for row in board:
        if row["status"] != "ok":
            yield f"\nNot run: {row['backend']}: {row['message']}"
    yield "\nBy field:\n"
    shown = [field for (backend, field) in fields if backend == names[0]]
    yield from table(
        ["field", "n", *names],
        (
            [field, fields[names[0], field]["n"], *(interval(fields[one, field], "f1") for one in names)]
            for field in shown
        ),
    )
    yield "\nPairs, all fields together (difference of F1 in points; p as it is, and corrected by Holm over all pairs):\n"
    pairs = [row for row in tables["comparisons"] if (row["field"], row["rules"]) == ("all_fields", "headline")]
    yield from table(
        ["A", "B", "A − B [95 %]", "p", "p Holm", "documents on which they disagree"],
        (
            [
                row["backend_a"],
                row["backend_b"],
                interval(row, "difference", signed=True),
                f"{row['p']:.4f}",
                f"{row['p_holm']:.4f}",
                f"{row['disagree']} of {row['documents']}",
            ]
            for row in pairs
        ),
    )
    changed = [row for row in tables["rule_sensitivity"] if row["winner_changes"] or row["significance_changes"]]
    yield "\nWhere the answer depends on the rules:" + ("\n" if changed else " nowhere.")
    if changed:
        yield from table(
            ["field", "rules", "best", "second", "difference", "p Holm", "changes"],
            (
                [
                    row["field"],
                    row["rules"],
                    row["best"] or "a tie",
                    row["second"],
                    f"{100 * row['difference']:+.1f}",
                    f"{row['p_holm']:.3f}",
                    "the winner" if row["winner_changes"] else "the significance",
                ]
                for row in changed
            ),
        )
    yield "\nWhose fault the values are that are not right:\n"
    stages = list(dict.fromkeys(STAGES.values()))
    counts = Counter((row["backend"], STAGES[row["attribution"]]) for row in tables["attributions"])
    yield from table(
        ["backend", "values", *stages],
        (
            [one, sum(counts[one, stage] for stage in stages), *(counts[one, stage] for stage in stages)]
            for one in names
        ),
    )
    yield "\nConfidence, and what can be accepted without a look:\n"
    yield from table(
        [
            "backend",
            "calibration error (by chance)",
            "AUC",
            "values accepted at 1 %",
            "wrong of them",
            "at 5 %",
            "wrong",
        ],
        (calibration(row, tables["risk_coverage"]) for row in tables["calibrations"]),
    )
    slices = {
        (f"{row['dimension']} {row['slice']}", row["backend"]): row
        for row in tables["leaderboard_slices"]
        if row["dimension"] in ("confidence", "pages", "language", "document_type") and row["slice"] != "unknown"
    }
    if slices:
        yield "\nSlices, F1 (documents); the confidence is that of the backend's own engine:\n"
        yield from table(
            ["slice", *names],
            (
                [
                    part,
                    *(
                        f"{percent(row['f1'])} ({row['documents']})" if (row := slices.get((part, one))) else "–"
                        for one in names
                    ),
                ]
                for part in dict.fromkeys(part for part, _ in slices)
            ),
        )
    doubtful = Counter(row["field"] for row in tables["label_issues"])
    listed = ", ".join(f"{count} {field}" for field, count in doubtful.items())
    yield f"\nLabels in doubt: {doubtful.total()}" + (f" ({listed})." if listed else ".")


def calibration(row: Row, curve: Sequence[Row]) -> list[Any]:
    if row["status"] != "ok":
        return [row["backend"], row["message"], *[""] * 5]
    mine = [one for one in curve if (one["backend"], one["level"]) == (row["backend"], "document")]
    accepted = {one["target_risk"]: one for one in mine}
    cells = [row["backend"], f"{percent(row['ece'])} ({percent(row['ece_by_chance'])})", f"{row['auc']:.2f}"]
    for target in (0.01, 0.05):
        one = accepted[target]
        cells += [f"{one['accepted']} of {one['n']}", interval(one, "risk") if one["accepted"] else "–"]
    return cells


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def interval(row: Row, name: str, *, signed: bool = False) -> str:
    """A rate or difference in % with its interval."""
    value, low, high = (row[column] for column in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return "–"
    sign = "+" if signed else ""
    return f"{100 * value:{sign}.1f}" + (f" [{100 * low:.0f} to {100 * high:.0f}]" if low is not None else "")


if __name__ == "__main__":
    main()
