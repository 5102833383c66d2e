"""Prompts, templates of prompts, schemas and examples: versioned files, addressed by the hash of their content.

Changing a file makes the results of the backends that send it stale. To compare two versions, add a new file beside the old
one (`prompts/invoice-2.md`, chosen by the option `prompt`).
"""

import hashlib
import json
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError

FOLDER = Path(__file__).parent


def prompt(name: str) -> str:
    """Load a prompt. Raises ConfigurationError."""
    return _read("prompts", name)


def template(name: str) -> str:
    """Load the prompt for documents of a project's own schema. Raises ConfigurationError."""
    return _read("templates", name)


def schema(name: str) -> dict[str, object]:
    """Load a JSON schema. Raises ConfigurationError."""
    return dict(json.loads(_read("schemas", name)))


def examples(name: str) -> str:
    """Load the examples for a model that only continues text. Raises ConfigurationError."""
    return _read("examples", name)


def digest(content: object) -> str:
    """The fingerprint of a prompt or schema; the formatting of a schema does not count."""
    text = content if isinstance(content, str) else json.dumps(content)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(folder: str, name: str) -> str:
    known = {entry.stem: entry for entry in sorted((FOLDER / folder).iterdir())}
    if name not in known:
        raise ConfigurationError(f"there is no {name!r} in {folder}; known are {', '.join(known)}.")
    return known[name].read_text("utf-8")
