"""`ocr-pipeline labels suggest`: what to label next."""

from dataclasses import asdict, dataclass, fields
from typing import Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, opened, plain, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.agreement import Consensus, Suggestion
from ocr_pipeline.evaluation.diagnosis.agreement import suggest as rank
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables


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
        entries = tables.diagnosis.consensus(snapshot)
        confidences = tables.confidence.confidences_by_value(snapshot)
        groups = tables.documents.groups(snapshot)
        labelled = {key for key, row in tables.labels.labels(snapshot).items() if row.valid}
    if not entries:
        raise ConfigurationError("No extractions yet; run `ocr-pipeline run` first.")
    datasets = {row.document_id: row.dataset for row in entries}
    names = [field.name for field in fields(Consensus)]
    consensus = (
        Consensus(**{name: getattr(row, name) for name in names}) for row in entries if dataset in (None, row.dataset)
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
