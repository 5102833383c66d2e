"""Options that several commands share."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DatasetOption = Annotated[str | None, typer.Option("--dataset", "-s", help="Only this data set, e.g. demo.")]
FieldOption = Annotated[str | None, typer.Option("--field", "-f", help="Only this field, e.g. total_amount.")]
ScoredFieldOption = Annotated[
    str | None,
    typer.Option("--field", "-f", help="Only this field, e.g. total_amount; all_fields pools all fields."),
]
BackendOption = Annotated[str | None, typer.Option("--backend", "-b", help="Only this backend.")]
TestsetOption = Annotated[
    str | None, typer.Option("--testset", metavar="NAME", help="Only this frozen test set: receipts, or receipts@1.")
]
DocumentsOption = Annotated[
    list[str] | None,
    typer.Option("--documents", "-d", help="Document ids or patterns, comma-separated: [b]demo-*,sroie-x51*[/]."),
]
BackendsOption = Annotated[
    list[str] | None,
    typer.Option("--backends", "-b", help="Backend names or patterns, comma-separated. Default: all that can run."),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        "--max-cost",
        min=0,
        metavar="USD",
        help="Spending limit in USD; models are not called if the estimate exceeds it.",
    ),
]
