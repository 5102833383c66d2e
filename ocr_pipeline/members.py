"""What the members of an ensemble have read, and the weights that labels teach of it."""

from collections.abc import Mapping, Sequence

from ocr_pipeline.config import Config
from ocr_pipeline.extraction.base import MemberResults
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.extraction.ensemble.training import FEWEST, Voted, learn_weights, training_key
from ocr_pipeline.extraction.stage import STAGE, ExtractionOutcome
from ocr_pipeline.pending import member_cells
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.store import ResultStore, write_durably
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.extractions import ExtractionCell


def member_results(store: ResultStore, cells: Mapping[str, ExtractionCell]) -> MemberResults | None:
    """What the members have read in a document, from its `cells` by member; None where no result is in the store."""
    given: dict[str, Extraction] = {}
    for name, row in cells.items():
        outcome = store.load(STAGE, row.result_key, ExtractionOutcome) if row.result_key else None
        if outcome and outcome.extraction:
            given[name] = outcome.extraction
    if not given:
        return None
    engines = {row.engine: row.ocr_seconds for row in cells.values() if row.engine}
    seconds = [*engines.values(), *(row.seconds for row in cells.values())]
    return MemberResults(given, _sum(seconds), _sum([row.cost_usd for row in cells.values()]))


def _sum(numbers: Sequence[float | None]) -> float | None:
    """None where one is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def train_weights(project: Project, config: Config, warehouse: Warehouse, ensemble: str) -> bool:
    """Learn what the votes of the members are worth, where labels or results have changed; whether there are new weights."""
    members = config.ensembles[ensemble]
    with warehouse.snapshot() as snapshot:
        labels, groups = tables.labels.valid_labels(snapshot), tables.documents.groups(snapshot)
        cells = {one: rows for one, rows in member_cells(members, snapshot).items() if one in labels}
    keys = {one: {member: str(row.result_key) for member, row in rows.items()} for one, rows in cells.items()}
    key = training_key(keys, {one: labels[one] for one in keys}, {one: groups[one] for one in keys if one in groups})
    path = project.weights_file(ensemble)
    before, _ = load_weights(path, members)
    if len(keys) < FEWEST or (before and before.training == key):
        return False
    store = ResultStore(project.results)
    documents = [
        Voted(document_id, groups.get(document_id, document_id), found.extractions, labels[document_id])
        for document_id in sorted(cells)
        if (found := member_results(store, cells[document_id]))
    ]
    write_durably(path, learn_weights(documents, members, key).model_dump_json())
    return True
