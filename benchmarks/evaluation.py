"""What an evaluation costs: seconds and memory of scoring, leaderboard, comparisons, slices and history.

    python benchmarks/evaluation.py [--documents 1000 3000 10000]

Makes a database with 5 backends and 10 labelled fields per document, each backend wrong or silent in a share of the values
of its own, and runs every step as the assets do, database included. Each size runs in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BACKENDS = [f"backend-{number}" for number in range(5)]
FIELDS = {
    "supplier_name": "'Supplier ' || (i % 97) || ' GmbH & Co. KG'",
    "supplier_address": "(i % 211) || ' Long Street, ' || (i % 53) || ' Town'",
    "invoice_id": "'INV-' || i",
    "invoice_date": "DATE '2024-01-01' + (i % 700)::INTEGER",
    "due_date": "DATE '2024-02-01' + (i % 700)::INTEGER",
    "currency": "['EUR', 'USD', 'MYR'][1 + i % 3]",
    "net_amount": "(i % 9000) / 7 + 1",
    "total_tax_amount": "(i % 900) / 7 + 1",
    "total_amount": "(i % 9900) / 7 + 2",
    "amount_due": "(i % 9900) / 7 + 2",
}
MONEY, DATES = ("net_amount", "total_tax_amount", "total_amount", "amount_due"), ("invoice_date", "due_date")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[1_000, 3_000, 10_000])
    sizes = parser.parse_args().documents
    results = []
    for size in sizes:
        command = [sys.executable, __file__, "--worker", str(size)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(answer.stdout.splitlines()[-1]))
    print("| step | " + " | ".join(f"{size:,} documents" for size in sizes) + " |\n| --- |" + " ---: |" * len(sizes))
    for name in results[0]:
        unit = "MB" if name == "peak memory" else "s"
        print(f"| {name} | " + " | ".join(f"{result[name]:.1f} {unit}" for result in results) + " |")


def make_database(path: Path, documents: int) -> None:
    """Labels and extractions, written by the database itself."""
    from ocr_pipeline.warehouse.connection import Warehouse

    with Warehouse(path).connect(read_only=False) as connection:
        run = connection.execute
        run("SELECT setseed(0.5)")
        run("CREATE TEMP TABLE docs AS SELECT i, 'd' || lpad(i::VARCHAR, 6, '0') AS id FROM range(?) t(i)", [documents])
        run(
            "INSERT INTO documents BY NAME SELECT id AS document_id, 'bench' AS dataset, id AS path, 1 + i % 3 AS pages,"
            " 'ok' AS status, now()::TIMESTAMP AS updated_at FROM docs"
        )
        run(
            "INSERT INTO labels BY NAME SELECT id AS document_id, 'bench' AS dataset, 'ok' AS status, id AS label_sha256,"
            " ['de', 'en'][1 + i % 2] AS language, 'test' AS split, now()::TIMESTAMP AS updated_at FROM docs"
        )
        for field, value in FIELDS.items():
            typed = f"({value})::VARCHAR AS value"
            if field in MONEY:
                typed = f"({value})::DECIMAL(24, 2)::VARCHAR AS value, ({value})::DECIMAL(24, 2) AS value_amount"
            elif field in DATES:
                typed += f", {value} AS value_date"
            run(f"INSERT INTO ground_truth BY NAME SELECT id AS document_id, '{field}' AS field, {typed} FROM docs")
        for number, backend in enumerate(BACKENDS):
            run(
                "INSERT INTO extractions BY NAME SELECT id AS document_id, ? AS backend, 'engine' AS engine,"
                " 'x' AS extractor, 'ok' AS status, 0.1 + random() AS seconds, 1 + random() AS ocr_seconds, 0.0 AS cost_usd,"
                " 'e' AS engine_fingerprint, ? AS extractor_fingerprint, id AS result_key, now()::TIMESTAMP AS updated_at"
                " FROM docs",
                [backend, backend],
            )
            run(
                "INSERT INTO extracted_fields BY NAME WITH g AS (SELECT *, random() AS luck FROM ground_truth)"
                " SELECT document_id, ? AS backend, field,"
                "  CASE WHEN luck < ? THEN left(value, length(value) - 1) || 'x' ELSE value END AS value,"
                "  CASE WHEN luck < ? THEN value_amount + 1 ELSE value_amount END AS value_amount,"
                "  CASE WHEN luck < ? THEN value_date + 1 ELSE value_date END AS value_date"
                " FROM g WHERE luck < 0.97",
                [backend, *[0.05 + 0.01 * number] * 3],
            )
        run(
            "INSERT INTO ocr_text BY NAME SELECT id AS document_id, 'engine' AS engine, 'ok' AS status,"
            " 0.7 + 0.3 * random() AS mean_confidence, 'e' AS fingerprint, now()::TIMESTAMP AS updated_at FROM docs"
        )


def worker(documents: int) -> None:
    """Run every step once and print its seconds as JSON."""
    from ocr_pipeline.evaluation.ranking.stage import (
        comparison_rows,
        leaderboard_rows,
        levels_of,
        new_evaluations,
        slice_rows,
    )
    from ocr_pipeline.evaluation.scoring.document import Comparer
    from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES
    from ocr_pipeline.evaluation.scoring.stage import label_versions, score_backend
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.connection import Warehouse
    from ocr_pipeline.warehouse.tables.current import Scoring
    from ocr_pipeline.warehouse.tables.scores import NewScores

    seconds: dict[str, float] = {}

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began, worked = time.perf_counter(), time.process_time()
        yield
        processor = time.process_time() - worked
        seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - began
        seconds["CPU of all"] = seconds.get("CPU of all", 0.0) + processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{documents}: {step}: {seconds[step]:.1f} s, {processor:.1f} s CPU, peak {peak:.0f} MB", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        make_database(path, documents)
        target = Warehouse(path)
        rules = DEFAULT_RULES
        scoring = Scoring.by(BACKENDS, rules)
        with timed("read labels"), target.snapshot() as snapshot:
            labels = tables.labels.valid_labels(snapshot)
        datasets, comparer = dict.fromkeys(labels, "bench"), Comparer(rules)
        scores = []
        for backend in BACKENDS:  # one after the other, as the asset does it
            with timed("read values"), target.snapshot() as snapshot:
                origins = tables.scores.origins(snapshot, backend)
                extractions = tables.extractions.extractions(snapshot, backend)
            with timed("score"):
                scored = score_backend(backend, labels, extractions, datasets, comparer)
            scores.append(NewScores(backend=backend, documents=scored, origins=origins))
            del extractions, origins, scored
        with timed("write the scores"):
            tables.scores.replace_scores(target, scores, rules=rules, run_id="r")
        del scores, comparer
        with timed("leaderboard"):
            with target.snapshot() as snapshot:
                current = tables.score_columns.score_columns(snapshot, scoring)
                lists = tables.scores.current_lists(snapshot, scoring)
                runs = tables.extractions.extraction_runs(snapshot, BACKENDS)
            boards, fields = leaderboard_rows(
                current, lists, runs, labels, datasets, BACKENDS, lambda dataset, backend: None
            )
            tables.ranking.replace_leaderboard(target, boards, fields, "r")
        del current
        with timed("comparisons"):
            levels = list(tables.scores.RULES)
            with target.snapshot() as snapshot:
                columns = tables.score_columns.outcome_columns(snapshot, scoring, levels)
            compared, sensitivity = comparison_rows(levels_of(columns, levels))
            tables.comparisons.replace_comparisons(target, compared, sensitivity, "r")
        with timed("slices"):
            with target.snapshot() as snapshot:
                columns = tables.score_columns.outcome_columns(snapshot, scoring)
            features = tables.documents.document_features(target)
            confidences = tables.words.confidences(target, BACKENDS)
            tables.ranking.replace_slices(target, slice_rows(columns, features, confidences))
        with timed("history"):
            with target.snapshot() as snapshot:
                columns = tables.score_columns.outcome_columns(snapshot, scoring)
            versions = label_versions(labels, datasets)
            new = new_evaluations(columns, {key: key for key in labels}, runs, versions, {})
            tables.history.append_evaluations(target, new, "r")
    processor = seconds.pop("CPU of all")
    seconds["all"] = sum(seconds.values())
    seconds["all, CPU time"] = processor
    seconds["peak memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(int(sys.argv[2]))
    else:
        main()
