"""Time to replace a cell: DuckDB file against PostgreSQL, one and two writing processes in turn.

    python -m benchmarks.postgres_warehouse postgresql://... [CELLS]

The URL is of an empty database. A cell has 122 rows; each writer replaces its cells twice, 25 at a time.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, BATCH, ROUNDS = 122, 25, 3


def write(where: str, name: str, cells: int) -> None:
    """Print milliseconds a cell of the first and the second time."""
    from ocr_pipeline.warehouse.connection import Warehouse
    from ocr_pipeline.warehouse.opening import Opening
    from ocr_pipeline.warehouse.postgres import Postgres

    database: Path | Opening = Postgres(where) if where.startswith("postgres") else Path(where)
    warehouse = Warehouse(database)
    warehouse.replace_all({"repeat_spread": []})  # makes the tables
    cell = {"engine": "e", "status": "ok", "fingerprint": "f", "updated_at": "2026-01-01 00:00:00"}
    word = {"engine": "e", "page": 1, "line": 0, "text": "Rechnung", "x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}
    sys.stdin.readline()
    for _ in range(2):
        began = time.perf_counter()
        for start in range(0, cells, BATCH):
            keys = [f"{name}{number}" for number in range(start, min(start + BATCH, cells))]
            words = [{**word, "document_id": key, "word": number} for key in keys for number in range(ROWS - 1)]
            tables = {"ocr_text": [{**cell, "document_id": key} for key in keys], "ocr_words": words}
            warehouse.replace(("document_id", "engine"), [(key, "e") for key in keys], tables)
        print(f"{(time.perf_counter() - began) * 1000 / cells:.2f}", flush=True)


def measure(where: str, writers: int, cells: int, turn: int) -> tuple[float, float]:
    """Milliseconds a cell over all writers: first time, again."""
    command = [sys.executable, "-m", "benchmarks.postgres_warehouse", "--write", where]
    started = [
        subprocess.Popen([*command, f"t{turn}w{number}", str(cells)], stdin=-1, stdout=-1, text=True)
        for number in range(writers)
    ]
    time.sleep(8)  # all have opened the database
    outputs = [process.communicate("\n")[0].split() for process in started] if writers == 1 else _together(started)
    first, again = zip(*((float(a), float(b)) for a, b in outputs), strict=True)
    return statistics.mean(first) / writers, statistics.mean(again) / writers


def _together(started: list["subprocess.Popen[str]"]) -> list[list[str]]:
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate()[0].split() for process in started]


def main(url: str, cells: int) -> None:
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for turn in range(ROUNDS):
        for name in ("duckdb", "postgres"):
            for writers in (1, 2):
                with tempfile.TemporaryDirectory() as folder:
                    where = url if name == "postgres" else str(Path(folder) / "w.duckdb")
                    found.setdefault((name, writers), []).append(measure(where, writers, cells, turn))
    for (name, writers), values in found.items():
        first, again = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{name}, {writers} writer(s): {first:.1f} ms a cell, again {again:.1f}")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200)
