"""The pause of the re-evaluation: a file with its reason, until somebody has mended it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably


def _file(project: Project) -> Path:
    return project.data / "results" / "paused.json"


def pause(project: Project, reason: str) -> None:
    """Pause the re-evaluation; `reason` is a sentence."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    write_durably(_file(project), json.dumps({"reason": reason, "since": since}))


def paused(project: Project) -> str | None:
    """Why the re-evaluation is paused, as a sentence, or None."""
    try:
        return str(json.loads(_file(project).read_text("utf-8"))["reason"])
    except (OSError, ValueError, KeyError):
        return None


def resume(project: Project) -> bool:
    """End the pause; whether there was one."""
    existed = _file(project).exists()
    _file(project).unlink(missing_ok=True)
    return existed
