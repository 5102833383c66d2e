"""Projects of small PDFs for the scale tests, and the product's own run on them."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ocr_pipeline.api import load_table
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.files import PLUGINS, add_label, text_pdf, write_backends
from ocr_pipeline_tests.scale.engine import Event, events_of
from ocr_pipeline_tests.scale.servers import S3, Postgres, RayCluster

REPOSITORY = Path(__file__).resolve().parents[2]

Cell = tuple[str, str]


def make_project(
    root: Path, documents: int, deployment: Mapping[str, Any] | None = None, *, seconds: float = 0.0, name: str = "d"
) -> Project:
    """A project of invoices of a page, each with a total of its own and a label; every fifth label is wrong.

    Its engines are `pdf-text` and `sleeping`, which takes `seconds` for a page and notes what it does.
    """
    folder = root / "data" / "documents"
    folder.mkdir(parents=True)
    for number in range(documents):
        lines = [
            (20.0, 170.0, f"Muster & Söhne {number} GmbH".replace("ö", "oe")),
            (20.0, 150.0, f"Invoice No. 2026-{number:05}"),
            (20.0, 130.0, "Date: 03.04.2026"),
            (20.0, 90.0, f"Total EUR {number + 10}.50"),
        ]
        path = folder / f"{name}{number:04}.pdf"
        path.write_bytes(text_pdf([lines], media_box=(0, 0, 300 + number, 200)))
        add_label(path, total_amount=f"{number + (11 if number % 5 == 0 else 10)}.50", invoice_id=f"2026-{number:05}")
    options = {"events": str(root / "events"), "seconds": seconds}
    engines = {
        "sleeping": {"type": "ocr_pipeline_tests.scale.engine:NotingEngine", "options": options},
        "pdf-text": None,
    }
    backends = {
        "sleeping+first": {"engine": "sleeping", "extractor": f"{PLUGINS}:FirstAmount"},
        "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
    }
    write_backends(root, {"engines": engines, "backends": backends})
    if deployment:
        (root / "deployment.yaml").write_text(yaml.safe_dump(dict(deployment)), "utf-8")
    return Project(root)


def ray_workers(cluster: RayCluster) -> dict[str, Any]:
    """The section `workers`."""
    return {"kind": "ray", "address": cluster.address}


def on_servers(cluster: RayCluster, postgres: Postgres, s3: S3) -> dict[str, Any]:
    """A deployment.yaml with a new database for tables, another for Dagster, and a new bucket for results."""
    return {
        "workers": ray_workers(cluster),
        "warehouse": postgres.url(postgres.create("warehouse")),
        "instance": {"postgres_url": postgres.url(postgres.create("dagster"))},
        "store": {"url": f"s3://{s3.create('store')}", "endpoint": s3.endpoint, "region": "us-east-1"},
    }


def command(project: Project, *arguments: str, **environment: str) -> dict[str, Any]:
    """What `subprocess` needs to start `ocr-pipeline` in a project."""
    return {
        "args": [sys.executable, "-m", "ocr_pipeline.cli", *arguments],
        "env": {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            ROOT_VARIABLE: str(project.root),
            "COLUMNS": "300",
            "OMP_NUM_THREADS": "1",
            **environment,
        },
        "cwd": project.root,
        "text": True,
    }


def run(project: Project, *arguments: str, **environment: str) -> str:
    """`ocr-pipeline run` to its end; returns what it prints."""
    started = command(project, *(arguments or ("run",)), **environment)
    done = subprocess.run(**started, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    output: str = done.stdout
    return output


def cells(project: Project, table: str, dimension: str) -> dict[Cell, str]:
    """The result key of each cell of a table; asserts that none is there twice."""
    frame = load_table(project, table)
    counts = Counter(zip(frame[dimension], frame["document_id"], strict=True))
    assert set(counts.values()) <= {1}, counts.most_common(3)
    return dict(zip(counts, frame["result_key"], strict=True))


def events(project: Project) -> list[Event]:
    """What the engine `sleeping` did so far."""
    return events_of(project.root / "events")


def leaderboard(project: Project) -> list[dict[str, Any]]:
    """The rows of the leaderboard without what a clock says."""
    frame = load_table(project, "leaderboard")
    timed = [
        column
        for column in frame.columns
        if "second" in column or column.endswith("_at") or column in ("run_id", "pareto")
    ]
    rows: list[dict[str, Any]] = frame.drop(columns=timed).astype(str).to_dict("records")
    return sorted(rows, key=str)
