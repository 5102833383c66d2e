"""Forgetting documents: their rows, results, model replies, predictions, files and pages, and what Dagster recorded of them.

Invoices hold personal data. At the end every file of the project is searched for what is left.
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ocr_pipeline.documents.beside import beside
from ocr_pipeline.documents.bucket_files import CACHE, is_file
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.identifiers import is_recorded, remember_ids
from ocr_pipeline.documents.overrides import overrides_file
from ocr_pipeline.documents.splits import split_file
from ocr_pipeline.documents.transcripts import transcript_file
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.stage import STAGE as EXTRACTION
from ocr_pipeline.models.batch import JOBS
from ocr_pipeline.models.stored import CALLS, REFUSED, REPLACED
from ocr_pipeline.ocr.stage import STAGE as OCR
from ocr_pipeline.planning.cell_lists import CELL_LISTS
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_place, open_store, sync_models
from ocr_pipeline.store import Entry, ResultStore, write_durably
from ocr_pipeline.warehouse import forgetting, tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.forgetting import Traces

MAX_SEARCHED = 200_000_000
"""Bytes of a file that is searched for traces at the end."""


@dataclass(frozen=True)
class Known:
    """What is known of documents that are to be forgotten. `ids`: with the parts of split files. `same`: other documents with
    the same content. `calls`: keys of their model calls."""

    ids: tuple[str, ...]
    files: tuple[SourceFile, ...]
    hashes: tuple[str, ...]
    same: tuple[str, ...]
    calls: frozenset[str]
    traces: Traces


@dataclass
class Forgotten:
    """What was deleted, as counts by what it was."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, count: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + count


def look_up(project: Project, warehouse: Warehouse, asked: Sequence[str], sources: Iterable[SourceFile]) -> Known:
    """Find out what there is of documents.

    Raises:
        ConfigurationError: one of them is not known, or is a part of a file.
    """
    on_disk = {source.document_id: source for source in sources}
    with warehouse.snapshot() as snapshot:
        rows = tables.documents.documents(snapshot)
        parents = {key: row.parent_id for key, row in rows.items()}
        ids = _with_parts(asked, parents | {key: source.parent for key, source in on_disk.items()})
        hashes = {row.sha256 for key in ids if (row := rows.get(key)) and row.sha256}
        same = [key for key, row in rows.items() if row.sha256 in hashes and key not in ids and not row.file_deleted]
        texts = forgetting.texts_of(snapshot, ids)
        calls = frozenset(forgetting.model_calls_of(snapshot, ids))
    files = tuple(on_disk[key] for key in asked if key in on_disk)
    paths = {row.path for key in ids if (row := rows.get(key))} | {project.relative(source.path) for source in files}
    names = [*ids, *hashes, *paths, *(Path(path).name for path in paths)]
    return Known(ids, files, tuple(sorted(hashes)), tuple(same), calls, Traces(tuple(dict.fromkeys(names)), texts))


def _with_parts(asked: Sequence[str], parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """These documents and their parts. `parents`: of every document, the one that it is a part of."""
    for document_id in asked:
        if document_id not in parents:
            raise ConfigurationError(f"Unknown document {document_id!r}; `ocr-pipeline documents` lists all documents.")
        if parent := parents[document_id]:
            raise ConfigurationError(f"{document_id} is a part of {parent}: forget {parent}, with all of its parts.")
    return tuple(dict.fromkeys([*asked, *(key for key, parent in parents.items() if parent in asked)]))


def files_of(project: Project, known: Known) -> list[Path]:
    """The files of the documents themselves: document, label, transcript, decisions, split."""
    found = [
        path
        for source in known.files
        for path in (source.path, source.label, transcript_file(source.path), beside(source.path, ".json"))
    ]
    found += [overrides_file(project.data, key) for key in known.ids]
    found += [split_file(project.data, key) for key in known.ids]
    return sorted({path for path in found if path is not None and is_file(path)})


def forget_results(project: Project, warehouse: Warehouse, known: Known) -> Forgotten:
    """Delete rows, results, model replies, predictions, trained models and the report. What others need of it is made again
    without a model call."""
    done = Forgotten()
    done.add("rows of the database", forgetting.delete_documents(warehouse, known.ids, known.hashes))
    pattern = known.traces.pattern()
    store = open_store(project)
    for stage in (CALLS, REPLACED, REFUSED, JOBS):
        for entry in _entries(store, stage):
            if entry.key.partition(".")[0] in known.calls or pattern.search(_text_of(store, entry)):
                store.delete(entry)
                done.add("model replies", 1)
    for entry in _entries(store, CELL_LISTS):
        if pattern.search(_text_of(store, entry)):
            store.delete(entry)
            done.add("lists of cells", 1)
    used = {OCR: tables.words.result_keys(warehouse), EXTRACTION: tables.extractions.result_keys(warehouse)}
    for stage, keys in used.items():  # results do not name their document: all that no cell uses
        for entry in _entries(store, stage):
            if entry.key not in keys:
                store.delete(entry)
                done.add("stored results", 1)
    done.add("predictions", _forget_predictions(project, known))
    for path in sorted((project.data / "models").glob("*.json")):
        path.unlink()  # may hold words of every document that it was trained on; trained again by the next run
        done.add("trained models", 1)
    sync_models(project)
    for folder in (project.report, project.data / CACHE):
        if folder.is_dir():
            shutil.rmtree(folder)
    _forget_names(project, known)
    return done


def _entries(store: ResultStore, stage: str) -> list[Entry]:
    """All entries of a stage, damaged ones included."""
    return [*store.entries(stage), *store.entries(stage, ".json.damaged")]


def _text_of(store: ResultStore, entry: Entry) -> str:
    return store.read(entry).decode("utf-8", errors="replace")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _forget_predictions(project: Project, known: Known) -> int:
    deleted, place, pattern = 0, open_place(project, "predictions"), known.traces.pattern()
    blobs = list(place.list())
    for manifest in sorted(blob.name for blob in blobs if blob.name.endswith("/manifest.json")):
        content = json.loads(place.read(manifest) or "{}")
        documents = content.get("documents", {})
        gone = {key: documents.pop(key) for key in known.ids if key in documents}
        if gone:
            place.write(manifest, (json.dumps(content, indent=1) + "\n").encode())
        used, unused = ({row["sha256"] for row in rows.values()} for rows in (documents, gone))
        backend = manifest.removesuffix("manifest.json")
        for name in (blob.name for blob in blobs if blob.name.startswith(backend) and blob.name != manifest):
            row = PurePosixPath(name).stem
            if row not in used and (
                row in unused or pattern.search((place.read(name) or b"").decode("utf-8", "replace"))
            ):
                place.delete(name)
                deleted += 1
    return deleted


def _forget_names(project: Project, known: Known) -> None:
    """Lists of documents beside the data, by id or by path."""
    if is_recorded(project.data):
        remember_ids(project.data, {}, without=known.ids)
    for path in sorted(project.data.glob("*.json")):
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        names = set(known.traces.names)
        if (kept := _without(content, names)) != content:
            write_durably(path, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _without(value: object, names: set[str]) -> object:
    if isinstance(value, dict):
        return {
            key: _without(entry, names)
            for key, entry in value.items()
            if key not in names and not (isinstance(entry, str) and entry in names)
        }
    if isinstance(value, list):
        return [_without(entry, names) for entry in value if not (isinstance(entry, str) and entry in names)]
    return value


def forget_events(project: Project, known: Known) -> int:
    """Remove the documents from the files of the Dagster instance. Returns the number of its rows and logs."""
    pattern, changed = known.traces.pattern(), 0
    for path in sorted(project.dagster_home.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix == ".db":
            changed += forgetting.scrub_sqlite(path, known.traces)
        elif path.suffix in (".out", ".err", ".log") and pattern.search(_text(path)):
            path.unlink()
            changed += 1
    return changed


def what_is_left(project: Project, known: Known) -> list[Path]:
    """Files of the project that still name the documents or hold their texts, their own files left out."""
    pattern, own = known.traces.pattern(), set(files_of(project, known))
    folders = (project.data, project.dagster_home)
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in own and path.stat().st_size < MAX_SEARCHED and pattern.search(_text(path))
    ]
