"""What each document page was made from, so that only pages are written again whose content changed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables import states

_NOT_SHOWN = ("run_id", "scored_at", "judged_at", "computed_at", "found_at", "updated_at", "content")
"""Columns that change with every run and that no page shows."""

_CELLS = ("ocr_text", "extractions")
"""The run that made a cell is shown, so these tables count with all columns."""

_TABLES = (
    *("documents", "labels", "ground_truth", "ground_truth_line_items", "ground_truth_tax_lines", "ground_truth_rows"),
    *("label_issues", "duplicates", *_CELLS, "field_scores", "evidence_scores", "line_item_cells"),
    *("attributions", "model_calls"),
)
"""Words, values and candidates are left out: they belong to the results that `ocr_text` and `extractions` name. Confidences
are in files of their own."""


def document_states(reader: Reader, extra: str) -> dict[str, str]:
    """By document, a text that changes when anything on its page does. `extra` applies to all of them."""
    found = states.document_states(reader, _TABLES, without=_NOT_SHOWN, whole=_CELLS)
    return {document_id: f"{extra} {state}" for document_id, state in found.items()}


def code_version() -> str:
    """Changes when templates or the code that fills them do."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    here = Path(__file__).parent
    yield from here.glob("*.py")
    yield from (here / "templates").iterdir()
    yield from (here.parent / "inspection").glob("*.py")
