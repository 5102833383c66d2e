"""Writes the report: pages about data sets, and one page per document if it changed."""

import json
import os
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.document_schema.loading import known_fields
from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.inspection import repeats
from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import BATCH, cases_of
from ocr_pipeline.models.stored import CALLS, StoredCall
from ocr_pipeline.project import Project
from ocr_pipeline.report import overview
from ocr_pipeline.report.confidences import confidences_file, write_confidences
from ocr_pipeline.report.differences import differences
from ocr_pipeline.report.documents import document_page, in_script, rotations
from ocr_pipeline.report.drawing import keeping
from ocr_pipeline.report.learned import learned_models
from ocr_pipeline.report.listing import Listing, add_thumbnails, document_list
from ocr_pipeline.report.pages import write_images
from ocr_pipeline.report.pairs import pairs
from ocr_pipeline.report.parts import first_part, list_parts, remove_other_parts, unlisted_pages, worst_first
from ocr_pipeline.report.state import code_version, document_states
from ocr_pipeline.storage import open_store
from ocr_pipeline.store import ResultStore
from ocr_pipeline.training.promotion import learning_engines
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.current import Scoring

SIGNS = {"correct": "✓", "wrong": "✗", "missing": "∅", "spurious": "+", "both_empty": "·"}
MANIFEST = "manifest.json"
"""What each page was made from; also marks a folder as a report, which may be overwritten."""


@dataclass(frozen=True)
class Built:
    """The page to open, and how many document pages were written, left unchanged and removed."""

    index: Path
    written: int
    unchanged: int
    removed: int


def build_site(
    project: Project, configured: Backends, warehouse: Warehouse, folder: Path, dataset: str | None = None
) -> Built:
    """Write the report to `folder`; document pages only if they changed.

    Args:
        dataset: only this data set.

    Raises:
        ConfigurationError: the folder contains something else, or the data set is unknown.
        WarehouseError: the database or the folder cannot be used.
    """
    manifest = folder / MANIFEST
    # A run that was killed while it wrote the manifest, the first file of a report, leaves it under its temporary name.
    if not manifest.is_file() and any(
        path.is_file() and not path.name.startswith(f".{MANIFEST}.") for path in folder.rglob("*")
    ):
        raise ConfigurationError(f"{folder} contains files that are not a report: choose an empty or new folder.")
    if dataset is not None and all(row.dataset != dataset for row in tables.documents.documents(warehouse).values()):
        raise ConfigurationError(f"The database has no data set {dataset!r}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _read(manifest)
        if not manifest.exists():  # first of all: what has it is a report, however little else a killed run left
            _write(manifest, "{}")
        for name in ("assets", "documents", "calls", "images"):
            (folder / name).mkdir(exist_ok=True)
        with keeping(folder.glob("*.html")):
            return _build(project, configured, warehouse, folder, dataset, before)
    except OSError as error:
        raise WarehouseError(f"The report cannot be written to {folder}: {error.strerror}.") from None


def _build(
    project: Project,
    configured: Backends,
    warehouse: Warehouse,
    folder: Path,
    dataset: str | None,
    before: dict[str, str],
) -> Built:
    """The database is open only while rows are read, so that writers do not wait for pages and images."""
    backends = list(configured)
    scoring, fields = replace(scoring_of(project), backends=backends), known_fields(project.root)
    with warehouse.snapshot() as snapshot:
        scores = tables.current.states(snapshot, scoring)
        notice, of_all = scores.notice(dataset), scores.notice()
        listing = document_list(snapshot, scoring, fields, ATTRIBUTIONS, dataset)
        worst_first(listing)
        ids = first_part(listing)
        views = _overview(snapshot, scoring, dataset, configured.competitors, fields)
        views["index.html"]["notes"] = repeats.notes(project, configured, snapshot)
        differing = differences(snapshot, backends, fields, dataset)
        hashes = {key: row.sha256 or "" for key, row in tables.documents.documents(snapshot).items()}
        states = document_states(snapshot, f"{code_version()} {scoring.rules} {notice or ''}".strip())
    with warehouse.snapshot(only=ids) as snapshot:
        sure = tables.confidence.shown_confidences(snapshot, scoring)
    pages = Pages(folder, notice)
    write_assets(folder)
    models = learned_models(project, learning_engines(configured))
    for name, values in {
        **views,
        "documents.html": {"ids": ids},
        "ab.html": {},
        "learned.html": {"models": models},
    }.items():
        pages.write(name, **values)
    neighbours = dict(
        zip(ids, zip([None, *ids], [*ids[1:], None], strict=False), strict=False)
    )  # no ids: one pair too many
    wanted = {key: f"{states.get(key, '')} {neighbours[key]} {backends}" for key in ids}
    stale = [
        key for key in ids if before.get(key) != wanted[key] or not (folder / "documents" / f"{key}.html").exists()
    ]
    store = open_store(project)
    for start in range(0, len(stale), BATCH):
        part = stale[start : start + BATCH]
        with warehouse.snapshot(only=part) as snapshot:
            batch = list(cases_of(snapshot, scoring, part, of_all))
        for found in batch:
            write_document(project, configured, pages, store, found, *neighbours[found.document_id])
    write_confidences(folder / "assets", ids, sure)
    _write_list(folder, listing, hashes)
    _write_data(folder / "assets" / "ab-data.js", "ocrPipelineDifferences", differing)
    removed = _remove(folder, (before.keys() | unlisted_pages(folder, set(ids))) - set(ids))
    _write(folder / MANIFEST, json.dumps(wanted, indent=0))
    return Built(folder / "index.html", len(stale), len(ids) - len(stale), removed)


def _write_list(folder: Path, listing: Listing, hashes: dict[str, str]) -> None:
    """The data of the list of documents, after the images: it names the thumbnails that exist."""
    add_thumbnails(listing, hashes, {path.name for path in (folder / "images").iterdir()})
    written = set()
    for file, name, part in list_parts(listing):
        _write_data(folder / "assets" / file, name, part)
        written.add(file)
    remove_other_parts(folder / "assets", written)


def _write_data(path: Path, name: str, value: object) -> None:
    """Data for a script that opened from a file cannot load JSON."""
    _write(path, f"window.{name} = {in_script(in_script(value))};\n")


def _overview(
    reader: Reader, scoring: Scoring, dataset: str | None, competitors: Collection[str], fields: Collection[str]
) -> dict[str, dict[str, Any]]:
    """The values of each page about data sets."""
    sets = overview.data_sets(reader, scoring, dataset, competitors)
    names = [data_set.name for data_set in sets]
    issues = tables.diagnosis.queued_issues(reader, scoring, dataset)
    return {
        "index.html": {
            "data_sets": sets,
            "linked": fields,
            "unlabelled": overview.unlabelled(reader, dataset),
        },
        "comparisons.html": {"comparisons": [(name, pairs(reader, name, scoring)) for name in names]},
        "confidence.html": {"confidences": [overview.confidence(reader, name, scoring) for name in names]},
        "history.html": {"histories": [overview.history(reader, name) for name in names]},
        "labels.html": {"issues": issues},
    }


def write_document(
    project: Project,
    configured: Backends,
    pages: "Pages",
    store: ResultStore,
    found: DocumentCases,
    previous: str | None,
    following: str | None,
) -> None:
    """Write the page of a document, with its images and model calls."""
    images: set[str] = set()
    sha256 = found.document.sha256
    if sha256 and found.pages:
        path, part = project.path_of(found.document.path), found.document.page_range
        images = write_images(
            path,
            sha256,
            rotations(found),
            pages.folder / "images",
            configured.limits,
            part,
            drawn=found.document.is_drawn,
        )
    calls = {}
    for backend, case in found.cases.items():
        if case.calls:
            name = calls[backend] = f"{found.document_id}.{backend}.html"
            texts = [(call, _texts(store, call.call_key)) for call in case.calls]
            pages.write(f"calls/{name}", "calls.html.j2", document_id=found.document_id, backend=backend, calls=texts)
    pages.write(
        f"documents/{found.document_id}.html",
        "document.html.j2",
        view=document_page(found, images),
        calls=calls,
        previous=previous,
        next=following,
        confidences=confidences_file(found.document_id),
    )


def _texts(store: ResultStore, call_key: str) -> list[tuple[str, str]] | None:
    """What was asked in a call and what came back, as (title, text); None where it is not kept any more."""
    stored = store.load(CALLS, call_key, StoredCall)
    if stored is None:
        return None
    request = stored.request
    if "instructions" not in request:
        return [("Asked", json.dumps(request, indent=1, ensure_ascii=False)), ("Raw reply", stored.raw)]
    texts = [("Instructions", request["instructions"])]
    for part in request.get("parts", []):
        sent = part.get("text") or f"{part.get('media_type')}, {part.get('bytes')} bytes, sha256 {part.get('sha256')}"
        texts.append(("Sent", sent))
    for repair in request.get("repairs", []):
        texts.append(("Complaint about the reply before", repair.get("complaint", "")))
    return [*texts, ("Schema", json.dumps(request.get("json_schema"), indent=1)), ("Raw reply", stored.raw)]


class Pages:
    """Renders templates into a folder."""

    def __init__(self, folder: Path, notice: str | None) -> None:
        from ocr_pipeline.report.templating import environment

        self.folder = folder
        self._notice = notice
        self._templates = environment()

    def write(self, name: str, template: str | None = None, **values: Any) -> None:
        """Write the page `name`; a page in a folder has its assets one level up."""
        root = "../" * name.count("/")
        page = self._templates.get_template(template or f"{name}.j2")
        _write(self.folder / name, page.render(page=name, root=root, signs=SIGNS, notice=self._notice, **values))


def _write(path: Path, text: str) -> None:
    """Replace a page atomically, so that a reader sees the old or the new page."""
    content = text.encode("utf-8", "replace")
    temporary = path.with_name(f".{path.name[:80]}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def write_assets(folder: Path) -> None:
    with as_file(files("ocr_pipeline.report") / "assets") as assets:
        for path in assets.iterdir():
            shutil.copyfile(path, folder / "assets" / path.name)


def _remove(folder: Path, ids: Iterable[str]) -> int:
    """Remove the pages of deleted documents."""
    count = 0
    for document_id in ids:
        for path in [folder / "documents" / f"{document_id}.html", *(folder / "calls").glob(f"{document_id}.*.html")]:
            path.unlink(missing_ok=True)
        count += 1
    return count


def _read(manifest: Path) -> dict[str, str]:
    try:
        return dict(json.loads(manifest.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
