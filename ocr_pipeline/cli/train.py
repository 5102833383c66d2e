"""`ocr-pipeline train`: learn from the current labels, with cross-validation."""

from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.options import JsonOption
from ocr_pipeline.cli.output import alone, console, counted, points, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.report.learned import LearnedModel, learned_models
from ocr_pipeline.training.models import MIN_LABELS
from ocr_pipeline.training.promotion import learning_engines

KeywordsOption = Annotated[
    bool,
    typer.Option(
        "--keywords",
        help="Learn keywords from all documents with OCR text, labelled or not, and write them to keywords.yaml; no models.",
    ),
]


def train(keywords: KeywordsOption = False, as_json: JsonOption = False) -> None:
    """Train the models that learn from your labels.

    Retrains only if labels or OCR text changed, and shows the cross-validation. `ocr-pipeline run` trains by itself before
    it extracts. Documents need OCR text of the engine.
    """
    from ocr_pipeline.defs.parts import train_models

    project = find_project()
    if keywords:
        _learn_keywords(project, as_json)
        return
    configured = load_backends(project)
    engines = learning_engines(configured)
    if not engines:
        raise ConfigurationError(
            "No backend that can run here uses the extractor `learned`; docs/learned.md shows how to add one."
        )
    with alone(project):
        train_models(project)
    models = learned_models(project, engines)
    if as_json:
        print_json([{"engine": model.engine, "model": model.fingerprint, "fields": model.reports} for model in models])
        return
    for model in models:
        _print_model(model)
    trained = {model.engine for model in models}
    for engine in engines:
        if engine not in trained:
            console.print(
                f"{engine}: no model yet; training needs {MIN_LABELS} labelled documents with OCR text of this engine "
                "(`ocr-pipeline run`, then `ocr-pipeline labels suggest`)."
            )


def _learn_keywords(project: Project, as_json: bool) -> None:
    """Write `keywords.yaml` and show what it holds."""
    from ocr_pipeline.training.keyword_file import write_keywords

    configured = load_backends(project)
    with alone(project):
        content = write_keywords(project, list(configured.engines))
    if as_json:
        print_json(content.model_dump())
        return
    if not project.keywords_file.exists():
        console.print(
            f"No new words: {counted(content.documents, 'document')} with a proven sum, no word that is common beside such "
            "sums and unknown. Nothing was written."
        )
        return
    table = titled_table(f"keywords learned from {counted(content.documents, 'document')} with a proven sum")
    for name in ("class", "phrase", "documents", "against", "weight"):
        table.add_column(name, justify="left" if name in ("class", "phrase") else "right")
    for keyword_class, entries in content.keywords.items():
        for entry in entries:
            table.add_row(keyword_class, entry.phrase, str(entry.documents), str(entry.against), f"{entry.weight:.2f}")
    console.print(table)
    console.print(
        f"Written to {project.relative(project.keywords_file)}. Review it; results of the rules are stale now."
    )


def _print_model(trained: LearnedModel) -> None:
    documents = counted(trained.model.documents, "labelled document")
    table = _table(f"{trained.engine}: {documents}, cross-validated, right in %")
    for name, report in trained.reports.items():
        shares = (report[key] for key in ("by_document", "by_vendor", "rules", "possible"))
        accepted = f"{report['accepted']['accepted']}/{report['accepted']['n']}"
        table.add_row(name, str(report["documents"]), *map(points, shares), accepted)
    console.print(table)
    for kind, rows in trained.model.rows.items():
        report = rows.report
        console.print(
            f"line items of {kind}: rules extract {counted(report['rows'], 'row')}; the model drops"
            f" {report['dropped_invented']} of {report['invented']} spurious rows and {report['dropped_items']} real ones."
        )
    for name, count in trained.model.too_few.items():
        console.print(
            f"{name}: not trained: {counted(count, 'usable label')}, {MIN_LABELS} needed; rules are used", style="dim"
        )


def _table(title: str) -> Table:
    table = titled_table(title)
    table.add_column("field", no_wrap=True)
    for name in ("labels", "learned", "new vendors", "rules", "possible", "accepted"):
        table.add_column(name, justify="right")
    return table
