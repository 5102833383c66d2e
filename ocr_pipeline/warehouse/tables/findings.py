"""The table `findings`: what assets found in documents, kept while what it was made from is unchanged."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from ocr_pipeline.warehouse.connection import Reader, Warehouse

COLUMNS = {
    "findings": {
        "asset": "Asset that found it.",
        "content": "Changes with everything that the result depends on.",
        "result": "As JSON; for the asset alone.",
    }
}


class Findings:
    """What an asset found in each document.

    Args:
        asset: its name.
        inputs: by document, everything that the result depends on, as JSON; a document that is not there has no findings.
    """

    def __init__(self, reader: Reader, asset: str, inputs: Mapping[str, object]) -> None:
        self._asset = asset
        self._contents = {document_id: content_of(asset, of_document) for document_id, of_document in inputs.items()}
        rows = reader.rows("SELECT document_id, content, result FROM findings WHERE asset = ?", [asset])
        self._gone = [row["document_id"] for row in rows if row["document_id"] not in inputs]
        self._results: dict[str, object] = {
            row["document_id"]: json.loads(row["result"])
            for row in rows
            if self._contents.get(row["document_id"]) == row["content"]
        }
        self.stale = sorted(inputs.keys() - self._results.keys())
        """Documents to look at again."""

    def of(self, document_id: str) -> object:
        """What was found, as JSON."""
        return self._results[document_id]

    def add(self, warehouse: Warehouse, results: Mapping[str, object]) -> None:
        """Store the results of the stale documents, as JSON."""
        self._results.update(results)
        rows = [
            {
                "document_id": document_id,
                "asset": self._asset,
                "content": self._contents[document_id],
                "result": json.dumps(results[document_id], ensure_ascii=False),
            }
            for document_id in self.stale
        ]
        keys = [(document_id, self._asset) for document_id in (*self.stale, *self._gone)]
        warehouse.replace(("document_id", "asset"), keys, {"findings": rows})


def content_of(asset: str, inputs: object) -> str:
    """Changes with the version of the package and with `inputs`, which is JSON but for values with a text of their own."""
    text = json.dumps([_version(), asset, inputs], default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@cache
def _version() -> str:
    """Python reads and parses a file for it each time."""
    return version("ocr_pipeline")
