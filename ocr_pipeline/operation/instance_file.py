"""What the settings of an old Dagster instance lack: its `dagster.yaml` is written once, and versions add to the template."""

from collections.abc import Iterator, Mapping
from importlib.resources import files

from ocr_pipeline.project import Project

MAX_NAMED = 6
"""Settings that are named."""


def instance_file_gaps(project: Project) -> str | None:
    """What is missing in the instance's file, and how to add it, as a sentence; None: nothing, or there is no file yet."""
    import yaml

    path = project.dagster_home / "dagster.yaml"
    try:
        own = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        return f"{project.relative(path)} cannot be read ({type(error).__name__}): correct it, or delete it to get a new one."
    template = yaml.safe_load((files("ocr_pipeline.defs") / "dagster.yaml").read_text("utf-8"))
    missing = list(_missing(template, own if isinstance(own, Mapping) else {}))
    if not missing:
        return None
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    return (
        f"{project.relative(path)} is of an earlier version; it lacks {', '.join(missing[:MAX_NAMED])}{more}. Add them as in "
        "ocr_pipeline/defs/dagster.yaml, or delete the file while nothing runs: the next command writes a new one."
    )


def _missing(template: Mapping[str, object], own: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    """The settings of the template that are not in the file, as `run_monitoring.poll_interval_seconds: 15`."""
    for name, value in template.items():
        if name not in own:
            yield f"{prefix}{name}: {_shown(value)}"
        elif isinstance(value, Mapping) and isinstance(mine := own[name], Mapping):
            yield from _missing(value, mine, f"{prefix}{name}.")
        elif isinstance(value, list) and isinstance(listed := own[name], list):
            for entry in value:
                if not any(_same_key(entry, other) for other in listed):
                    yield f"{prefix}{name}: {_shown(entry)}"


def _same_key(entry: object, other: object) -> bool:
    """Limits of a queue are told apart by their key."""
    if isinstance(entry, Mapping) and isinstance(other, Mapping) and "key" in entry:
        return bool(entry.get("key") == other.get("key") and entry.get("value") == other.get("value"))
    return entry == other


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_shown(entry)}" for name, entry in value.items()) + "}"
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
