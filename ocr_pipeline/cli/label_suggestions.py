"""`ocr-pipeline labels suggest`: what to label next."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, opened, plain, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.agreement import Suggestion
from ocr_pipeline.inspection.summaries import suggestions
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
        datasets = {row.document_id: row.dataset for row in tables.diagnosis.consensus(snapshot)}
        ranking = suggestions(snapshot, dataset)[:count] if datasets else []
    if not datasets:
        raise ConfigurationError("No extractions yet; run `ocr-pipeline run` first.")
    suggested = [
        _DatasetSuggestion(**vars(suggestion), dataset=datasets[suggestion.document_id]) for suggestion in ranking
    ]
    if as_json:
        print_json([asdict(suggestion) for suggestion in suggested])
        return
    if not suggested:
        console.print("Every document with extractions is labelled or duplicates a labelled one.")
        return
    table = titled_table("Label next")
    table.add_column("document", overflow="fold", ratio=1)
    table.add_column("uncertainty", justify="right", no_wrap=True)
    table.add_column("least certain fields", overflow="fold", ratio=1)
    for suggestion in suggested:
        table.add_row(plain(suggestion.document_id), f"{suggestion.score:.2f}", ", ".join(suggestion.unsure_fields))
    console.print(table)
