"""The prompt and the schema that are sent: versioned files, known by the hash of their content.

A change of one of them makes the results of exactly those backends stale that send it. A new version beside the old one
(`prompts/invoice-2.md`, chosen by the option `prompt`) makes it possible to compare the two.
"""

import hashlib
import json
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError

FOLDER = Path(__file__).parent


def prompt(name: str) -> str:
    """The instructions of this name. Raises ConfigurationError."""
    return _read("prompts", name)


def schema(name: str) -> dict[str, object]:
    """The JSON schema of this name. Raises ConfigurationError."""
    return dict(json.loads(_read("schemas", name)))


def examples(name: str) -> str:
    """The examples of this name, for a model that only continues a text. Raises ConfigurationError."""
    return _read("examples", name)


def digest(content: object) -> str:
    """The fingerprint of a prompt or a schema; how a schema is laid out does not count."""
    text = content if isinstance(content, str) else json.dumps(content)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(folder: str, name: str) -> str:
    known = {entry.stem: entry for entry in sorted((FOLDER / folder).iterdir())}
    if name not in known:
        raise ConfigurationError(f"there is no {name!r} in {folder}; known are {', '.join(known)}.")
    return known[name].read_text("utf-8")
