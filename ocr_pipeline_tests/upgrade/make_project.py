"""Made `project-541d48e.tar.xz` beside it: a small project with a history, as commit 541d48e left it on disk.

usage, in a checkout of 541d48e with its environment:
    PYTHONHASHSEED=0 PYTHONPATH=. .venv/bin/python .../ocr_pipeline_tests/upgrade/make_project.py OUTPUT.tar.xz

It must not be made again with later code: the point of the archive is that earlier code made it.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from datetime import date
from pathlib import Path

HOST, PORT = "127.14.85.41", 18541
"""Where the stand-in must listen, also when the project is opened: the address is part of what identifies a reply."""

DEMO = ["design-studio-invoice.pdf", "joinery-invoice-swiss-qr-bill.pdf", "office-supplies-credit-note.png"]
INVOICES, FULLY_LABELLED, CHOICES = 32, 8, 22
"""Born-digital invoices, those with more labels than the total, and those with two amounts to choose from. Enough to train
`learned` (20 choices) and the weights of an ensemble (30 labels) for one field; rankers of a
second field would double the archive."""

BACKENDS = {
    "engines": {"rapidocr": {"options": {"detection_side": 960}}, "pdf-text": None, "oracle": None},
    "backends": {
        "rapidocr+rules": {"engine": "rapidocr", "extractor": "rules"},
        "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
        "oracle+rules": {"engine": "oracle", "extractor": "rules"},
        "pdf-text+learned": {"engine": "pdf-text", "extractor": "learned"},
        "both": {"extractor": "ensemble", "options": {"of": ["rapidocr+rules", "pdf-text+rules"]}},
        "service": {"extractor": "external"},
        "pdf-text+openai": {"engine": "pdf-text", "extractor": "openai", "options": {"model": "local"}},
    },
    "providers": {"openai": {"base_url": f"http://{HOST}:{PORT}/v1", "concurrency": 1, "retries": 0}},
}


def main(archive: Path) -> None:
    from ocr_pipeline.project import Project
    from ocr_pipeline_tests.standin import StandIn, server

    class AtAddress(server._Server):
        def __init__(self, _address: object, handler: object) -> None:
            super().__init__((HOST, PORT), handler)  # type: ignore[arg-type]

    server._Server = AtAddress  # type: ignore[misc, assignment]
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project")
        add_documents(project)
        predictions = Path(folder) / "predictions.jsonl"
        rows = [{"document_id": "demo-design-studio-invoice", "total_amount": "1.00", "currency": "EUR"}]
        rows += [{"document_id": "demo-office-supplies-credit-note", "invoice_date": "2026-01-02"}]
        predictions.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        with StandIn():
            command(project, "import", "predictions", str(predictions), "--backend", "service")
            command(project, "run")
            command(project, "baseline", "pin")
            decide(project)
            command(project, "run")
            command(project, "run")
        pack(project.root, archive)


def add_documents(project: object) -> None:
    """Demo documents with their labels and a transcript, and invented invoices."""
    from ocr_pipeline.project import Project
    from ocr_pipeline_tests.files import add_file, add_label, text_pdf, write_backends

    assert isinstance(project, Project)
    (project.data / "demo").mkdir(parents=True)
    for name in DEMO:
        for file in (name, Path(name).with_suffix(".json").name):
            shutil.copy(Path("data/demo") / file, project.data / "demo")
    shutil.copy("evaluation.yaml", project.root)
    write_backends(project.root, BACKENDS)
    draw = random.Random(0)
    for number in range(INVOICES):
        total = draw.randrange(1000, 90000) / 100
        supplier = f"{draw.choice(['Harbour', 'Mill', 'Oak', 'River'])} {draw.choice(['Tools', 'Paper', 'Foods'])} Ltd"
        lines = [supplier, f"Invoice {4000 + number}", f"Total EUR {total:.2f}"]
        lines += [f"Cash {total + 10:.2f}"] if number < CHOICES else []
        path = add_file(
            project,
            f"shop/{number:02}.pdf",
            text_pdf([[(20.0, 180.0 - 15 * row, text) for row, text in enumerate(lines)]]),
        )
        fields = {"supplier_name": supplier, "invoice_id": str(4000 + number)} if number < FULLY_LABELLED else {}
        add_label(path, total_amount=f"{total:.2f}", **fields)
    add_transcript(project.data / "documents" / "shop" / "00.pdf")


def add_transcript(path: Path) -> None:
    """A transcript with one word, as a data set would ship it."""
    word = {"text": "Total 12.00", "box": [10, 10, 90, 30], "confidence": None, "page": 1, "line": 0}
    page = {"page": 1, "width": 300, "height": 200, "words": [word], "seconds": 0}
    path.with_name(f"{path.name}.transcript.json").write_text(json.dumps({"pages": [page]}), "utf-8")


def decide(project: object) -> None:
    """An override: scores change, and a second evaluation of each backend is recorded."""
    from ocr_pipeline.documents.overrides import Decision, write_decision
    from ocr_pipeline.project import Project

    assert isinstance(project, Project)
    decision = Decision(choice="value", label="4003", value="4003-A", decided_on=date(2026, 11, 28))
    write_decision(project.data, "shop-03", "invoice_id", decision)


def command(project: object, *arguments: str) -> None:
    from ocr_pipeline.project import Project

    assert isinstance(project, Project)
    environment = {**os.environ, "OCR_PIPELINE_HOME": str(project.root), "OPENAI_API_KEY": "any"}
    subprocess.run([sys.executable, "-m", "ocr_pipeline.cli", *arguments], env=environment, check=True)


def pack(root: Path, archive: Path) -> None:
    """Everything but the report (it is built from the rest) and lock files."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        parts = Path(entry.name).parts
        return None if "report" in parts or "running" in parts or entry.name.endswith(".lock") else entry

    with tarfile.open(archive, "w:xz", preset=9) as tar:
        tar.add(root, "project", filter=kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
