"""The pause of the re-evaluation: a file with its reason, until somebody has mended it or its time is over."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably


def _file(project: Project) -> Path:
    return project.data / "results" / "paused.json"


class Pause(BaseModel):
    """`reason` is a sentence. `until` is None where only `ocr-pipeline resume` ends it."""

    reason: str
    since: datetime
    until: datetime | None = None

    def __str__(self) -> str:
        ends = f"It goes on by itself on {self.until:%Y-%m-%d}." if self.until else "`ocr-pipeline resume` goes on."
        return f"{self.reason} {ends}"


def pause(project: Project, reason: str, until: datetime | None = None) -> None:
    """Pause the re-evaluation; `reason` is a sentence."""
    write_durably(_file(project), Pause(reason=reason, since=datetime.now(UTC), until=until).model_dump_json())


def paused(project: Project) -> Pause | None:
    """The pause that holds now, or None."""
    try:
        found = Pause.model_validate_json(_file(project).read_bytes())
    except (OSError, ValueError):
        return None
    return None if found.until and datetime.now(UTC) >= found.until else found


def resume(project: Project) -> bool:
    """End the pause; whether there was one."""
    existed = _file(project).exists()
    _file(project).unlink(missing_ok=True)
    return existed
