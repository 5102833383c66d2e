"""Opens what `deployment.yaml` names: the result store of a project, and the files that its machines share."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from ocr_pipeline.blobs import Blobs, FileLocks, Folder, Locks, write_durably
from ocr_pipeline.coordination.locks import shared_locks
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore

SHARED = ".shared.json"


def open_store(project: Project) -> ResultStore:
    """The results of a project. Raises ConfigurationError."""
    return ResultStore(open_place(project, "results"), open_locks(project))


def open_place(project: Project, folder: str) -> Blobs:
    """A folder of the project's store: `results`, `models` or `predictions`. Raises ConfigurationError."""
    place = load_deployment(project).store
    if not place.remote:
        return Folder(project.root / place.url / folder)
    from ocr_pipeline.object_store import Bucket

    return Bucket(place, f"{folder}/")


def open_locks(project: Project) -> Locks:
    """The locks of a project's results: of all machines that share PostgreSQL, otherwise files of this one."""
    if shared := shared_locks(project):
        return shared
    place = load_deployment(project).store
    return FileLocks(project.data / "locks" if place.remote else project.root / place.url / "results")


class _Shared(BaseModel):
    """What was the same here and in the store after the last `sync_models`: state there, and time and size here, by name."""

    files: dict[str, tuple[str, int, int]] = {}


def sync_models(project: Project) -> None:
    """Make the trained models and weights of this machine and of the store the same, so that every machine has the same
    fingerprints. Does nothing where the store is the folder of the project.

    What changed or was deleted on one side since the last time is so on the other one; of both, this machine's counts.

    Raises:
        ConfigurationError: the store cannot be opened.
        WarehouseError: it does not answer.
    """
    place, folder = open_place(project, "models"), project.data / "models"
    if isinstance(place, Folder) and place.root == folder:
        return
    before, there, here = _load_shared(folder).files, _there(place), _here(folder)
    for name in sorted({*before, *there, *here}):
        state, *stat = before.get(name, (None, None, None))
        if name in here and [*here[name]] != stat and (name in before or name not in there):
            place.write(name, (folder / name).read_bytes())
        elif name in before and name not in here and there.get(name) == state:
            place.delete(name)
        elif name in there and (there[name] != state or name not in here):
            content = place.read(name)
            if content is not None:
                write_durably(folder / name, content)
        elif name not in there:
            (folder / name).unlink(missing_ok=True)
    there, here = _there(place), _here(folder)
    now = _Shared(files={name: (there[name], *here[name]) for name in there.keys() & here.keys()})
    if now.files != before:
        write_durably(folder / SHARED, now.model_dump_json())


def _load_shared(folder: Path) -> _Shared:
    try:
        return _Shared.model_validate_json((folder / SHARED).read_bytes())
    except (OSError, ValidationError):
        return _Shared()


def _there(place: Blobs) -> dict[str, str]:
    return {
        blob.name: f"{blob.etag or blob.modified} {blob.size}"
        for blob in place.list()
        if blob.name.endswith(".json") and "/" not in blob.name
    }


def _here(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path.name: path.stat() for path in folder.glob("[!.]*.json")}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}
