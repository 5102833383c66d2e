"""What the members of an ensemble extracted: the rows it works on, their key, and the results themselves."""

from collections.abc import Iterable, Mapping, Sequence

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.extraction.base import MemberResults
from ocr_pipeline.extraction.stage import STAGE, ExtractionOutcome
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell

Cells = Mapping[str, ExtractionCell]
"""The rows of `extractions` of one document, by member."""


def member_cells(ensemble: Backend, reader: Reader) -> dict[str, Cells]:
    """The rows with a result, by document and member, in the order of the members."""
    cells: dict[str, dict[str, ExtractionCell]] = {}
    for member in ensemble.members:
        for document_id, row in tables.extractions.extraction_cells(reader, member.name).items():
            if row.result_key and not row.failed:
                cells.setdefault(document_id, {})[member.name] = row
    return dict(cells)


def members_key(cells: Cells) -> str:
    """What the members extracted from a document, as one key."""
    return sha256_of("+".join(f"{member}={row.result_key}" for member, row in cells.items()).encode())


def member_results(store: ResultStore, cells: Cells) -> MemberResults | None:
    """What the members extracted from a document; None if no result is in the store."""
    extractions: dict[str, Extraction] = {}
    for member, row in cells.items():
        outcome = store.load(STAGE, row.result_key, ExtractionOutcome) if row.result_key else None
        if outcome and outcome.extraction:
            extractions[member] = outcome.extraction
    if not extractions:
        return None
    engines = {row.engine: row.ocr_seconds for row in cells.values() if row.engine}
    seconds = [*engines.values(), *(row.seconds for row in cells.values())]
    return MemberResults(extractions, _sum(seconds), _sum([row.cost_usd for row in cells.values()]))


def _sum(numbers: Sequence[float | None]) -> float | None:
    """None if one of them is unknown."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def with_members(backends: Backends, names: Iterable[str]) -> list[str]:
    """These backends, in the order of the configuration, with the members of each ensemble that can run here. Of a cascade,
    with the first: it asks the others itself; but imported predictions cost nothing and help to learn its thresholds."""
    wanted = set(names)
    for name in list(wanted):
        asked = [member for member in backends[name].asked_later if member.predictions is None]
        members = [member for member in backends[name].members if member not in asked]
        wanted |= {member.name for member in members if member.unavailable() is None}
    return [name for name in backends if name in wanted]
