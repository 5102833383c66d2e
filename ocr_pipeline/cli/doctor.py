"""`ocr-pipeline doctor`: what works here, what does not, and how to fix it."""

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import track

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.cli.options import JsonOption
from ocr_pipeline.cli.output import console, counted, plain, print_json
from ocr_pipeline.cli.set_aside import lost_labels, set_aside
from ocr_pipeline.defs.known_ids import keep_known_ids
from ocr_pipeline.deployment import load_deployment, without_password
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.installing import install_command
from ocr_pipeline.operation.instance_file import instance_file_gaps
from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.storage import open_store
from ocr_pipeline.store import is_sealed, unsealed
from ocr_pipeline.warehouse.opened import open_warehouse, shown_name

PACKAGES = ("dagster", "duckdb", "rapidocr", "onnxruntime", "pypdfium2")
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True)
class Check:
    """Result of one check: `note` is informative, `bad` means that something cannot work."""

    name: str
    state: Literal["ok", "note", "bad"]
    message: str


def doctor(
    as_json: JsonOption = False,
    verify: Annotated[bool, typer.Option("--verify", help="Also check that every stored result is intact.")] = False,
) -> None:
    """Check packages, engines, keys, documents and database.

    Exit code 1 if something is broken.
    """
    checks = examine()
    if verify:
        checks += _stored_results()
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        signs = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]bad [/]"}
        for check in checks:
            console.print(f"{signs[check.state]} {check.name}: {plain(check.message)}", soft_wrap=True)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)


def examine() -> list[Check]:
    """Check everything that a run needs. Migrates an older database to the current schema; changes nothing else."""
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
        Check(
            "backends.yaml",
            "ok",
            f"{counted(len(configured.engines), 'engine')}, {counted(len(configured), 'backend')}",
        ),
        *_engines(configured),
        *_extractors(configured),
        _keys(),
        *_documents(project),
        _database(project),
        _instance(project),
        _disk(project),
    ]
    return checks


def _package(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "bad", f"not installed: {install_command(name)}")


def _engines(configured: Backends) -> list[Check]:
    return [
        Check(f"engine {name}", "note" if problem else "ok", f"cannot run: {problem}" if problem else f"ready{variant}")
        for name, engine in configured.engines.items()
        for problem in (engine.unavailable(),)
        for variant in (engine.component.variant and f" ({engine.component.variant})",)
    ]


def _extractors(configured: Backends) -> list[Check]:
    """Backends whose extractor cannot run because a key, a package or an import is missing."""
    return [
        Check(f"backend {name}", "note", f"cannot run: {problem}")
        for name in configured
        if (problem := configured[name].extractor_unavailable())
    ]


def _keys() -> Check:
    present = [name for name in KEYS if os.environ.get(name)]
    message = f"set: {', '.join(present)}" if present else f"none of {', '.join(KEYS)} is set"
    return Check("keys", "ok" if present else "note", message)


def _documents(project: Project) -> list[Check]:
    try:
        keep_known_ids(project)
        sources = find_documents(project.data)
        noted = [Check("files", "note", sentence) for sentence in set_aside(project)]
        noted += [Check("labels", "note", sentence) for sentence in lost_labels(project)]
    except OcrPipelineError as error:
        return [Check("documents", "bad", str(error))]
    labelled = sum(source.label is not None for source in sources)
    found = f"{counted(len(sources), 'document')}, {labelled} with a label file"
    return [Check("documents", "ok" if sources else "note", found), *noted]


def _database(project: Project) -> Check:
    try:
        warehouse = open_warehouse(project, lock_timeout=1)
        path = shown_name(project)
        if not warehouse.exists():
            return Check("database", "note", f"{path} does not exist yet; `ocr-pipeline run` creates it")
        size = warehouse.size()
    except OcrPipelineError as error:
        return Check("database", "bad", str(error))
    return Check(
        "database",
        "ok",
        f"{path}, schema {size.schema}, {counted(size.documents, 'document')},"
        f" {counted(size.extractions, 'extraction')}",
    )


def _instance(project: Project) -> Check:
    gaps = instance_file_gaps(project)
    if gaps:
        return Check("instance", "note", gaps)
    if url := load_deployment(project).instance.postgres_url:
        from ocr_pipeline.defs.instance import open_instance

        try:
            open_instance(project).dispose()
        except OcrPipelineError as error:
            return Check("instance", "bad", str(error))
        return Check("instance", "ok", without_password(url))
    exists = (project.dagster_home / "dagster.yaml").exists()
    return Check("instance", "ok", project.relative(project.dagster_home) if exists else "made by the first run")


def _stored_results() -> list[Check]:
    """Reads every entry of the result store."""
    try:
        store = open_store(find_project())
    except OcrPipelineError:
        return []  # said already
    entries = sorted(store.entries(), key=store.shown)
    damaged, unverifiable = [], 0
    to = Console(stderr=True)
    for entry in track(entries, "Reading stored results", console=to, transient=True, disable=not to.is_terminal):
        content = store.read(entry)
        if unsealed(content) is None:
            damaged.append(store.shown(entry))
        unverifiable += not is_sealed(content)
    found = counted(len(entries), "stored result")
    if unverifiable:
        found += f", {unverifiable} of them without a hash, from an older version"
    if not damaged:
        return [Check("stored results", "ok", f"{found}; none is damaged")]
    advice = (
        "Restore these files from a backup, or delete them: what is missing is made again when it is needed, and a model is "
        "asked, and paid, again for what lies in calls/"
    )
    return [Check("stored results", "bad", f"{found}; {len(damaged)} damaged: {', '.join(damaged)}. {advice}")]


def _disk(project: Project) -> Check:
    free = shutil.disk_usage(project.root).free / 1e9
    return Check("disk", "ok" if free > 1 else "bad", f"{free:.0f} GB free")
