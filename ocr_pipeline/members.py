"""What the members of an ensemble have read, and the weights that labels teach of it."""

from collections.abc import Iterable, Sequence

from ocr_pipeline.config import Config
from ocr_pipeline.extraction.base import MemberResults
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.extraction.ensemble.training import FEWEST, Voted, learn_weights, training_key
from ocr_pipeline.extraction.stage import STAGE, ExtractionOutcome
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.store import ResultStore, write_durably
from ocr_pipeline.warehouse import diagnosis, queries
from ocr_pipeline.warehouse.warehouse import Reader, Warehouse


def member_results(
    reader: Reader, store: ResultStore, members: Sequence[str], documents: Iterable[str]
) -> dict[str, MemberResults]:
    """What the members have read in each document; none for documents that all of them failed on, or have not read."""
    cells = {member: queries.extraction_cells(reader, member) for member in members}
    found = {}
    for document_id in documents:
        rows = {name: row for name in members if (row := cells[name].get(document_id)) and row["status"] == "ok"}
        given: dict[str, Extraction] = {}
        for name, row in rows.items():
            outcome = store.load(STAGE, row["result_key"], ExtractionOutcome)
            if outcome and outcome.extraction:
                given[name] = outcome.extraction
        if given:
            engines = {row["engine"]: row["ocr_seconds"] for row in rows.values() if row["engine"]}
            seconds = [*engines.values(), *(row["seconds"] for row in rows.values())]
            costs = [row["cost_usd"] for row in rows.values()]
            found[document_id] = MemberResults(given, _sum(seconds), _sum(costs))
    return found


def _sum(numbers: Sequence[float | None]) -> float | None:
    """None where one is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def train_weights(project: Project, config: Config, warehouse: Warehouse, ensemble: str) -> bool:
    """Learn what the votes of the members are worth, where labels or results have changed; whether there are new weights."""
    members = config.ensembles[ensemble]
    with warehouse.snapshot() as snapshot:
        labels, groups = queries.valid_labels(snapshot), diagnosis.groups(snapshot)
        keys: dict[str, dict[str, str]] = {}
        for member in members:
            for document_id, row in queries.extraction_cells(snapshot, member).items():
                if document_id in labels and row["status"] == "ok" and row["result_key"]:
                    keys.setdefault(document_id, {})[member] = row["result_key"]
        key = training_key(
            keys, {one: labels[one] for one in keys}, {one: groups[one] for one in keys if one in groups}
        )
        path = project.weights_file(ensemble)
        before, _ = load_weights(path, members)
        if len(keys) < FEWEST or (before and before.training == key):
            return False
        results = member_results(snapshot, ResultStore(project.results), members, sorted(keys))
    documents = [
        Voted(document_id, groups.get(document_id, document_id), found.extractions, labels[document_id])
        for document_id, found in results.items()
    ]
    write_durably(path, learn_weights(documents, members, key).model_dump_json())
    return True
