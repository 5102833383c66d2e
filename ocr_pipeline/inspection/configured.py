"""What views of scores need of `backends.yaml` and `evaluation.yaml`, kept beside Dagster's files once it was validated.

Importing what validates takes as long as all else that `ocr-pipeline leaderboard` does.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import ocr_pipeline
from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.project import Project

FILE = "configuration.json"
CONTROL = "oracle"
"""The type of the engine of backends that are controls."""
_VALIDATING = ("backends", "document_schema", "evaluation/scoring", "models", "documents/limits.py", "yaml_files.py")
"""Code that decides whether the files are valid, and what the rules are: kept is what this very code said."""


@dataclass(frozen=True, kw_only=True)
class Configured:
    """`engines`: the type of the engine of each backend, None if it has none; `extractors`: of each backend; `rules`: the
    fingerprint of the rules, and `own`: what documents of other schemas are scored by, by schema."""

    engines: Mapping[str, str | None]
    extractors: Mapping[str, str]
    rules: str
    own: Mapping[str, str]

    @property
    def competitors(self) -> list[str]:
        """The backends that are no controls."""
        return [name for name, engine in self.engines.items() if engine != CONTROL]


def configured(project: Project) -> Configured:
    """As the files say now.

    Raises:
        ConfigurationError: backends.yaml or evaluation.yaml is invalid.
    """
    kept, content = project.dagster_home / FILE, _content(project)
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(kept.read_text("utf-8"))
        if found.pop("content") == content:
            return Configured(**found)
    loaded, is_complete = _load(project)
    if is_complete and project.dagster_home.is_dir():
        from ocr_pipeline.blobs import write_durably

        with suppress(WarehouseError):  # nobody needs it
            write_durably(kept, json.dumps({**asdict(loaded), "content": content}))
    return loaded


def _load(project: Project) -> tuple[Configured, bool]:
    """What the files say, and whether nothing else says more: rules may be in modules and schemas of the project."""
    from ocr_pipeline.backends.config import load_config
    from ocr_pipeline.evaluation.scoring.settings import load_rules

    config, _ = load_config(project.config_file)
    rules = load_rules(project.evaluation_file)
    loaded = Configured(
        engines={
            name: config.engines[entry.engine].type if entry.engine in config.engines else entry.engine
            for name, entry in config.backends.items()
        },
        extractors={name: entry.extractor for name, entry in config.backends.items()},
        rules=rules.fingerprint,
        own=rules.own_fingerprints,
    )
    has_modules = bool(rules.kinds) or any(rule.metrics for rule in rules.fields.values())
    return loaded, not has_modules and not project.schemas.exists()


def _content(project: Project) -> str:
    """Changes with the files and with the code that validates them."""
    package = Path(ocr_pipeline.__file__).parent
    code = [path for name in _VALIDATING for path in _sources(package / name)]
    states = [(str(path.relative_to(package)), path.stat().st_mtime_ns, path.stat().st_size) for path in code]
    parts = [repr(states).encode(), str(project.schemas.exists()).encode()]
    for path in (project.config_file, project.evaluation_file):
        parts.append(path.read_bytes() if path.is_file() else b"-")
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _sources(path: Path) -> Collection[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.py"))
