"""Copies the report to where `deployment.yaml` wants it: a folder, or a bucket that a web server shows."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ocr_pipeline.blobs import Blobs, Folder, write_durably
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.project import Project

PUBLISHED = ".published.json"
AT_ONCE = 8


def publish(project: Project) -> int:
    """Copy the files of the report that changed since the last time, and delete those that are gone; returns their number.
    The pages come before the overview that links to them. Does nothing where the report is in its own folder.

    Raises:
        ConfigurationError: the place cannot be opened.
        WarehouseError: it does not answer, or the disk is full.
    """
    settings, folder = load_deployment(project).report, project.report
    place: Blobs
    if settings.remote:
        from ocr_pipeline.object_store import Bucket

        place = Bucket(settings)
    elif (target := project.root / settings.url) == folder:
        return 0
    else:
        place = Folder(target)
    before, now = _published(folder, settings.url), dict(_states(folder))
    changed = [name for name, state in now.items() if before.get(name) != state]

    def copy(name: str) -> None:
        place.write(name, (folder / name).read_bytes())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(copy, [name for name in changed if "/" in name]))
        list(pool.map(copy, [name for name in changed if "/" not in name]))
        gone = before.keys() - now.keys()
        list(pool.map(place.delete, gone))
    if changed or gone:
        write_durably(folder / PUBLISHED, json.dumps({"url": settings.url, "files": now}))
    return len(changed) + len(gone)


def _states(folder: Path) -> Iterator[tuple[str, str]]:
    return ((blob.name, f"{blob.modified} {blob.size}") for blob in Folder(folder).list())


def _published(folder: Path, url: str) -> dict[str, str]:
    """What was copied to this place the last time, by name."""
    try:
        content = json.loads((folder / PUBLISHED).read_bytes())
        return dict(content["files"]) if content["url"] == url else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
