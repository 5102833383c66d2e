"""The table `findings`: what assets found in documents, kept while what it was made from is unchanged."""

import hashlib
import json
from functools import cache
from importlib.metadata import version

from ocr_pipeline.warehouse.changes import Replacement
from ocr_pipeline.warehouse.connection import Reader

COLUMNS = {
    "findings": {
        "asset": "Asset that found it.",
        "content": "Changes with everything that the result depends on.",
        "result": "As JSON; for the asset alone.",
    }
}


def content_of(asset: str, inputs: object) -> str:
    """Changes with the version of the package and with `inputs`, which is JSON but for values with a text of their own."""
    text = json.dumps([_version(), asset, inputs], default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@cache
def _version() -> str:
    """Python reads and parses a file for it each time."""
    return version("ocr_pipeline")


def kept(reader: Reader, name: str, part: str, content: str) -> str | None:
    """The JSON that was kept under a name for a part (a data set, or all: empty), if it was made from the same."""
    rows = reader.rows(
        "SELECT result FROM findings WHERE asset = ? AND document_id = ? AND content = ?", [name, part, content]
    )
    return rows[0]["result"] if rows else None


def keep(name: str, part: str, content: str, result: str) -> Replacement:
    """To keep JSON, see `kept`."""
    row = {"document_id": part, "asset": name, "content": content, "result": result}
    return Replacement(("document_id", "asset"), [(part, name)], {"findings": [row]})
