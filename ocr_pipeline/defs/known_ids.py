"""Keeps the ids of documents that the project knows from before ids were made from the path alone: docs/decisions/0017."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from ocr_pipeline.documents.find import SourceFile, data_path, files_of
from ocr_pipeline.documents.identifiers import (
    BUNDLED,
    document_ids,
    earlier_ids,
    is_recorded,
    load_known_ids,
    new_id,
    remember_ids,
)
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_place
from ocr_pipeline.untrusted import path_of_printable

_PART = re.compile(r"-p\d+(-\d+)?$")


def keep_known_ids(project: Project, at_run: Sequence[SourceFile] | None = None) -> bool:
    """Write down, once, the ids of documents that the project knows and that are not those of new documents.

    They are in the database; without one, they are the earlier ids that overrides, splits, predictions or Dagster mention.

    Args:
        at_run: the documents that were found, at the start of a run: look for ids again, and write the list even if it is
            empty, as soon as there is a document that is not one of the bundled ones: from then on, new ids are in use.

    Returns whether ids were written: then the documents have to be found again.

    Raises:
        ConfigurationError, WarehouseError: the list or the database cannot be read or written.
    """
    if is_recorded(project.data) and (at_run is None or _are_all_kept(project, at_run)):
        return False
    on_disk = [data_path(path, project.data) for path, kind in files_of(project.data) if kind == "document"]
    recorded = load_known_ids(project.data)
    known = _of_database(project)
    if not is_recorded(project.data):
        mentioned = set(_mentioned(project))
        known = {path: key for path, key in earlier_ids(on_disk).items() if key in mentioned} | known
    new = document_ids({*on_disk, *known}, recorded)
    ids = {
        path: key
        for path, key in known.items()
        if new[path] != key and path not in recorded and key not in recorded.values()
    }
    has_own = any(
        path.removeprefix("demo/") not in BUNDLED for path in on_disk
    )  # a checkout stays clean after the demo
    if ids or (at_run is not None and has_own and not is_recorded(project.data)):
        remember_ids(project.data, ids)
        return True
    return False


def _are_all_kept(project: Project, found: Sequence[SourceFile]) -> bool:
    """Whether every document in the database is found by its id, or would be if its file were there."""
    ids = {data_path(source.path, project.data): source.document_id for source in found if not source.parent}
    ids |= load_known_ids(project.data)
    return all((ids.get(path) or new_id(path)) == key for path, key in _of_database(project).items())


def _of_database(project: Project) -> dict[str, str]:
    """The ids of the documents in the database by path."""
    from ocr_pipeline.warehouse.opened import open_warehouse

    warehouse = open_warehouse(project)
    if not warehouse.exists():
        return {}
    from ocr_pipeline.warehouse import tables

    found, below = {}, os.path.join(project.data, "")
    for row in tables.document_files.stored_files(warehouse):
        path = os.path.join(project.root, path_of_printable(row.path))
        # A deleted file got a path that never existed, `data/documents/ID`, from versions up to November 2026.
        if (
            not row.is_part
            and path.startswith(below)
            and not (row.file_deleted and os.path.basename(path) == row.document_id)
        ):
            found[data_path(path, project.data)] = row.document_id
    return found


def _mentioned(project: Project) -> Iterator[str]:
    """Ids that files of the project name, and Dagster."""
    for folder in ("overrides", "splits"):
        for path in (project.data / folder).glob("*.json"):
            yield from {path.stem, _PART.sub("", path.stem)}
    predictions = open_place(project, "predictions")
    for name in sorted(blob.name for blob in predictions.list() if blob.name.endswith("/manifest.json")):
        yield from _documents_of(predictions.read(name))
    from ocr_pipeline.warehouse.opened import open_warehouse

    if not open_warehouse(project).exists() and (project.dagster_home / "dagster.yaml").exists():
        from ocr_pipeline.defs.instance import open_instance
        from ocr_pipeline.defs.partitions import DOCUMENTS

        with open_instance(project) as instance:
            yield from instance.get_dynamic_partitions(DOCUMENTS)


def _documents_of(manifest: bytes | None) -> Iterator[str]:
    with suppress(ValueError, KeyError, TypeError):  # a broken one is told where it is used
        for key in json.loads(manifest or b"")["documents"]:
            yield from {key, _PART.sub("", key)}
