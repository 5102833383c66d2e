"""Lists of cells, for runs that are asked for parts of shards: a run's tag names its list in the result store.

So a run that is started again, in another process too, does the cells of the first one.
"""

import json
from collections.abc import Iterable
from hashlib import sha256

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.planning.plan import Cell
from ocr_pipeline.store import ResultStore

CELLS_TAG = "ocr_pipeline/cells"
CELL_LISTS = "cells"
CELLS = "cells"
"""Metadata of a materialised shard: how many of its cells were done."""


def store_cells(store: ResultStore, cells: Iterable[Cell]) -> str:
    """Keep a list; returns its key."""
    documents_of: dict[str, list[str]] = {}
    for name, document_id in cells:
        documents_of.setdefault(name, []).append(document_id)
    text = json.dumps(documents_of)
    key = sha256(text.encode()).hexdigest()
    store.put(CELL_LISTS, key, text)
    return key


def load_cells(store: ResultStore, key: str) -> dict[str, list[str]]:
    """Documents by engine or backend ("" for documents and labels).

    Raises:
        WarehouseError: the list was pruned.
    """
    text = store.get(CELL_LISTS, key)
    if text is None:
        raise WarehouseError(
            "The list of the cells of this run was pruned: use `ocr-pipeline run`, which makes a new one."
        )
    return dict(json.loads(text))
