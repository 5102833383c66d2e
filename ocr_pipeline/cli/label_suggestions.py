"""`ocr-pipeline labels suggest`: what to label next."""

from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from typing import Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, opened, plain, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.agreement import Consensus, Suggestion
from ocr_pipeline.evaluation.diagnosis.agreement import suggest as rank
from ocr_pipeline.project import find_project


@dataclass(frozen=True)
class _DatasetSuggestion(Suggestion):
    dataset: str


def suggest(
    dataset: DatasetOption = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of documents.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Suggest which unlabelled documents to label next.

    Documents on which backends disagree or are unsure come first.
    """
    with opened(find_project()).snapshot() as snapshot:
        entries = snapshot.rows("FROM consensus ORDER BY document_id")
        confident = snapshot.rows("SELECT document_id, field, confidence FROM confidences WHERE confidence IS NOT NULL")
        groups = {row["document_id"]: row["group_id"] for row in snapshot.rows("FROM duplicates")}
        labelled = {row["document_id"] for row in snapshot.rows("FROM labels WHERE status = 'ok'")}
    if not entries:
        raise ConfigurationError("No extractions yet; run `ocr-pipeline run` first.")
    confidences: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for row in confident:
        confidences[row["document_id"], row["field"]].append(row["confidence"])
    datasets = {row["document_id"]: row["dataset"] for row in entries}
    names = [field.name for field in fields(Consensus)]
    consensus = (
        Consensus(**{name: row[name] for name in names}) for row in entries if dataset in (None, row["dataset"])
    )
    suggestions = [
        _DatasetSuggestion(**vars(suggestion), dataset=datasets[suggestion.document_id])
        for suggestion in rank(consensus, confidences, groups, labelled)[:count]
    ]
    if as_json:
        print_json([asdict(suggestion) for suggestion in suggestions])
        return
    if not suggestions:
        console.print("Every document with extractions is labelled or duplicates a labelled one.")
        return
    table = titled_table("Label next")
    table.add_column("document", overflow="fold", ratio=1)
    table.add_column("uncertainty", justify="right", no_wrap=True)
    table.add_column("least certain fields", overflow="fold", ratio=1)
    for suggestion in suggestions:
        table.add_row(plain(suggestion.document_id), f"{suggestion.score:.2f}", ", ".join(suggestion.unsure_fields))
    console.print(table)
