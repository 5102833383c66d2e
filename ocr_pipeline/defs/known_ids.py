"""Keeps the ids of documents that the project knows from before ids were made from the path alone: docs/decisions/0017."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

from ocr_pipeline.documents.find import data_path, files_of
from ocr_pipeline.documents.identifiers import (
    BUNDLED,
    document_ids,
    earlier_ids,
    is_recorded,
    load_known_ids,
    remember_ids,
)
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_place

_PART = re.compile(r"-p\d+(-\d+)?$")


def keep_known_ids(project: Project, *, at_run: bool = False) -> None:
    """Write down, once, the ids of documents that the project knows and that are not those of new documents.

    They are in the database; without one, they are the earlier ids that overrides, splits, predictions or Dagster mention.

    Args:
        at_run: look for them again, and write the list even if it is empty, as soon as there is a document that is not one of
            the bundled ones: from then on, new ids are in use.

    Raises:
        ConfigurationError, WarehouseError: the list or the database cannot be read or written.
    """
    if is_recorded(project.data) and not at_run:
        return
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
    if ids or (at_run and has_own and not is_recorded(project.data)):
        remember_ids(project.data, ids)


def _of_database(project: Project) -> dict[str, str]:
    """The ids of the documents in the database by path."""
    from ocr_pipeline.warehouse.opened import open_warehouse

    warehouse = open_warehouse(project)
    if not warehouse.exists():
        return {}
    from ocr_pipeline.warehouse import tables

    found = {}
    for key, row in tables.documents.documents(warehouse).items():
        path = project.path_of(row.path)
        # A deleted file got a path that never existed, `data/documents/ID`, from versions up to November 2026.
        if row.parent_id is None and path.is_relative_to(project.data) and not (row.file_deleted and path.name == key):
            found[data_path(path, project.data)] = key
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
