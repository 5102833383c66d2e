"""One document with everything computed from it, as a zip for a bug report."""

import json
import os
import platform
import re
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass, replace
from importlib.metadata import distributions
from pathlib import Path

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.documents.bucket_files import is_file, local_copy
from ocr_pipeline.documents.find import label_of
from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import load_case
from ocr_pipeline.models.provider import KEY_VARIABLE
from ocr_pipeline.models.scrubbing import scrub
from ocr_pipeline.models.stored import CALLS
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse.connection import Warehouse

HIDDEN = "[key]"
"""Replaces an API key."""

README = """\
What ocr_pipeline knows about one document.

document.*        the file itself
label.json        its label, if any
case.json         values, evidence, outcomes, attributions, candidates, fingerprints, runs; boxes relative to the page
words/ENGINE.json what each engine recognised, word by word
calls/KEY.json    each model request and its raw reply
*.yaml            the configuration
versions.json     Python and packages

The archive contains the document: check it before you share it. API keys of the environment and options named like a secret
were removed.
"""


def pack_case(
    project: Project,
    configured: Backends,
    warehouse: Warehouse,
    document_id: str,
    target: Path,
    backends: Sequence[str],
) -> list[str]:
    """Write the zip and return the names in it.

    API keys of the environment are replaced in every text, and so are the values of options that are named like a secret.

    Raises:
        ConfigurationError: the document is not in the database.
        WarehouseError: the file cannot be written.
    """
    with warehouse.snapshot() as snapshot:
        found = load_case(snapshot, replace(scoring_of(project), backends=backends), document_id)
    source = project.path_of(found.document.path)
    texts = {name: _without_keys(text, configured) for name, text in _texts(project, found).items()}
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name, text in texts.items():
                archive.writestr(name, text)
            if is_file(source):
                archive.write(local_copy(source), f"document{source.suffix.lower()}")
            names = archive.namelist()
        temporary.replace(target)
    except OSError as error:
        raise WarehouseError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return names


def _texts(project: Project, found: DocumentCases) -> dict[str, str]:
    """Everything except the document itself, by name in the archive."""
    known = asdict(found)
    readings = known.pop("readings")
    texts = {"README.txt": README, "case.json": _json(known), "versions.json": _json(_versions())}
    for engine, reading in readings.items():
        texts[f"words/{engine}.json"] = _json(reading)
    store = open_store(project)
    for case in found.cases.values():
        for call in case.calls:
            stored = store.get(CALLS, call.call_key)
            if stored is not None:
                texts[f"calls/{call.call_key[:16]}.json"] = stored
    for name, path in (
        ("label.json", label_of(project.path_of(found.document.path), found.document.page_range)),
        ("override.json", project.data / "overrides" / f"{found.document_id}.json"),
        ("backends.yaml", project.config_file),
        ("evaluation.yaml", project.evaluation_file),
    ):
        if path is not None and is_file(path):
            texts[name] = local_copy(path).read_text("utf-8", errors="replace")
    return texts


def _without_keys(text: str, configured: Backends) -> str:
    variables = {*KEY_VARIABLE.values(), "GOOGLE_API_KEY"}
    variables |= {provider.api_key_env for provider in configured.providers.values() if provider.api_key_env}
    for variable in variables:
        key = os.environ.get(variable, "").strip()
        text = scrub(text, key, HIDDEN)
    return _SECRET.sub(rf"\g<before>{HIDDEN}", text)


_SECRET = re.compile(
    r"""(?P<before>\b(?:api_?key|token|secret|password|authorization)\\?["']?\s*[:=]\s*\\?["']?)(?!null\b)[^\s"',}\\]+""",
    re.IGNORECASE,
)
"""Secrets in the options of custom engines and extractors, in YAML, or in JSON within JSON."""


def _versions() -> dict[str, str]:
    packages = {package.metadata["Name"]: package.version for package in distributions()}
    return {"python": platform.python_version(), "system": platform.platform(), **dict(sorted(packages.items()))}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
