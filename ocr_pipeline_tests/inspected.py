"""A small project in which everything that can be inspected is there: right and wrong values with words, a model call, a
failed document, two pages, hostile texts. Made once per process and copied."""

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import PLUGINS, add_file, add_image, add_label, text_pdf, write_backends
from ocr_pipeline_tests.standin import StandIn

KEY = "CANARY-KEY-0815"

INVOICE: list[tuple[float, float, str]] = [
    (20, 180, "Harbour Tools Ltd"),
    (20, 150, "Invoice 4711"),
    (20, 135, "Date 2026-03-05"),
    (20, 90, "Net 100.00"),
    (20, 75, "VAT 20% 20.00"),
    (20, 60, "Total 120.00"),
    (20, 45, "Cash 150.00"),
]
BACKENDS = ["pdf-text+rules", "pdf-text+gemini", "page-width", "hostile"]


def inspected(root: Path) -> Project:
    """A copy of the project in the folder `root`."""
    shutil.copytree(_prepared(), root)
    return Project(root)


@cache
def _prepared() -> Path:
    project = Project(Path(mkdtemp(prefix="ocr_pipeline-")) / "project")
    (project.data / "documents").mkdir(parents=True)
    first = add_file(project, "shop/a.pdf", text_pdf([INVOICE]))
    # The label says what the page does not: the rules are wrong about the total, and right about the rest.
    add_label(
        first, supplier_name="Harbour Tools Ltd", invoice_id="4711", invoice_date="2026-03-05", total_amount="150.00"
    )
    second = add_file(project, "shop/b.pdf", text_pdf([INVOICE[:3], INVOICE[3:]]))
    add_label(second, supplier_name="Harbour Tools Ltd", total_amount="120.00", currency=None)
    add_image(project, "shop/c.png", width=300, height=200, total="300.00")
    hostile = "<script>window.hacked = 5</script> \u202eevil \x1b[31m =1+1"
    add_label(
        add_file(project, "shop/d.pdf", text_pdf([[*INVOICE[:2], (20, 100, "<b>bold</b> [x](javascript:1)")]])),
        supplier_name=hostile,
        invoice_id="4711",
    )
    with StandIn() as standin, pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(project.root))
        patch.setenv("GEMINI_API_KEY", KEY)
        patch.delenv("GOOGLE_GEMINI_BASE_URL", raising=False)
        write_backends(
            project.root,
            {
                "engines": {"pdf-text": None},
                "backends": {
                    "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
                    "pdf-text+gemini": {"engine": "pdf-text", "extractor": "gemini"},
                    "page-width": {"extractor": f"{PLUGINS}:PageWidth"},
                    "hostile": {"extractor": f"{PLUGINS}:Hostile"},
                },
                "providers": {"gemini": {"base_url": standin.url, "retries": 0}},
            },
        )
        home = os.environ.pop("DAGSTER_HOME", None)
        run_pipeline(project, find_documents(project.data), BACKENDS, Recorder())
        os.environ.pop("DAGSTER_HOME", None)
        if home is not None:
            os.environ["DAGSTER_HOME"] = home
    return project.root
