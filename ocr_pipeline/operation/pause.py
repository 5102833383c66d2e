"""Pauses the scheduled re-evaluation: a file with the reason, valid until `resume` or a date."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably


def _file(project: Project) -> Path:
    return project.data / "results" / "paused.json"


class Pause(BaseModel):
    """`reason` is a sentence. `until` is None if only `ocr-pipeline resume` ends the pause."""

    reason: str
    since: datetime
    until: datetime | None = None

    def __str__(self) -> str:
        end = (
            f"Resumes automatically on {self.until:%Y-%m-%d}." if self.until else "Continue with `ocr-pipeline resume`."
        )
        return f"{self.reason} {end}"


def pause(project: Project, reason: str, until: datetime | None = None) -> None:
    """Pause the re-evaluation; `reason` is a sentence."""
    write_durably(_file(project), Pause(reason=reason, since=datetime.now(UTC), until=until).model_dump_json())


def paused(project: Project) -> Pause | None:
    """The pause in effect, or None."""
    try:
        current = Pause.model_validate_json(_file(project).read_bytes())
    except (OSError, ValueError):
        return None
    return None if current.until and datetime.now(UTC) >= current.until else current


def resume(project: Project) -> bool:
    """End the pause. Returns whether a pause was in effect or expired."""
    existed = _file(project).exists()
    _file(project).unlink(missing_ok=True)
    return existed
