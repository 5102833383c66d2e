"""`ocr-pipeline doctor`: what works here, what does not, and what to do about it."""

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.ocr.workers import available_cores
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.warehouse.connection import Warehouse

PACKAGES = ("dagster", "duckdb", "rapidocr", "onnxruntime", "pypdfium2")
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True)
class Check:
    """One finding. `note` is no fault; `bad` stops something from working."""

    name: str
    state: Literal["ok", "note", "bad"]
    message: str


def examine() -> list[Check]:
    """Look at everything that a run needs. Brings an older database to this version's schema; changes nothing else."""
    checks = [
        Check("python", "ok", f"{platform.python_version()} on {platform.system()}, {available_cores()} cores"),
        *(_package(name) for name in PACKAGES),
    ]
    try:
        project = find_project()
        configured = load_backends(project)
    except OcrPipelineError as error:
        return [*checks, Check("backends.yaml", "bad", str(error))]
    checks += [
        Check("project", "ok", str(project.root)),
        Check("backends.yaml", "ok", f"{len(configured.engines)} engines, {len(configured)} backends"),
        *_engines(configured),
        *_extractors(configured),
        _keys(),
        _documents(project),
        _database(project),
        _disk(project),
    ]
    return checks


def _package(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "bad", "not installed; run `make install`")


def _engines(configured: Backends) -> list[Check]:
    return [
        Check(f"engine {name}", "note" if problem else "ok", f"cannot run: {problem}" if problem else "can run")
        for name, engine in configured.engines.items()
        for problem in (engine.unavailable(),)
    ]


def _extractors(configured: Backends) -> list[Check]:
    """Backends whose extractor cannot run: a key, a package or an import is missing."""
    return [
        Check(f"backend {name}", "note", f"not run: {problem}")
        for name in configured
        if (problem := configured[name].extractor_unavailable())
    ]


def _keys() -> Check:
    present = [name for name in KEYS if os.environ.get(name)]
    message = f"set: {', '.join(present)}" if present else f"none of {', '.join(KEYS)} is set"
    return Check("keys", "ok" if present else "note", message)


def _documents(project: Project) -> Check:
    sources = find_documents(project.data)
    labelled = sum(source.label is not None for source in sources)
    return Check("documents", "ok" if sources else "note", f"{len(sources)}, {labelled} with a label file")


def _database(project: Project) -> Check:
    path = project.relative(project.database)
    if not project.database.exists():
        return Check("database", "note", f"{path} is not there yet; `ocr-pipeline run` makes it")
    try:
        rows = Warehouse(project.database, lock_timeout=1).rows(
            "SELECT (SELECT max(version) FROM schema_version) AS schema, (SELECT count(*) FROM documents) AS documents,"
            " (SELECT count(*) FROM extractions) AS extractions"
        )
    except OcrPipelineError as error:
        return Check("database", "bad", str(error))
    found = rows[0]
    return Check(
        "database",
        "ok",
        f"{path}, schema {found['schema']}, {found['documents']} documents, {found['extractions']} extractions",
    )


def _disk(project: Project) -> Check:
    free = shutil.disk_usage(project.root).free / 1e9
    return Check("disk", "ok" if free > 1 else "bad", f"{free:.0f} GB free")
