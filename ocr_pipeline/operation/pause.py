"""Pauses the scheduled re-evaluation on all machines: an entry with the reason, valid until `resume` or a date."""

from datetime import UTC, datetime

from pydantic import BaseModel

from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_place

NAME = "paused.json"
"""In the result store."""


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
    text = Pause(reason=reason, since=datetime.now(UTC), until=until).model_dump_json()
    open_place(project, "results").write(NAME, text.encode())


def paused(project: Project) -> Pause | None:
    """The pause in effect, or None."""
    try:
        current = Pause.model_validate_json(open_place(project, "results").read(NAME) or b"")
    except ValueError:
        return None
    return None if current.until and datetime.now(UTC) >= current.until else current


def resume(project: Project) -> bool:
    """End the pause. Returns whether a pause was in effect or expired."""
    place = open_place(project, "results")
    existed = place.read(NAME) is not None
    place.delete(NAME)
    return existed
