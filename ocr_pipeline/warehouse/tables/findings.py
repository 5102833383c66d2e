"""The table `findings`: what assets found in documents, kept while what it was made from is unchanged."""

import hashlib
import json
from functools import cache
from importlib.metadata import version

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
