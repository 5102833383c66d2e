"""`ocr-pipeline train`: learn from the labels of now, and say what that is worth."""

from rich.table import Table

from ocr_pipeline.cli.output import JsonOption, alone, console, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def train(as_json: JsonOption = False) -> None:
    """Train what learns from labels, where labels or words have changed, and show its cross-validation.

    `ocr-pipeline run` does so by itself before it reads. Documents must have been read by the engine before.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.pipeline import train_models
    from ocr_pipeline.report.learned import learned_models
    from ocr_pipeline.training.models import MIN_LABELS
    from ocr_pipeline.training.promotion import learning_engines

    project = find_project()
    configured = load_backends(project)
    engines = learning_engines(configured)
    if not engines:
        raise ConfigurationError(
            "No backend of backends.yaml that can run here has the extractor `learned`; docs/learned.md shows how to add one."
        )
    with alone(project):
        train_models(project)
    models = learned_models(project, engines)
    if as_json:
        print_json([{"engine": one.engine, "model": one.fingerprint, "fields": one.reports} for one in models])
        return
    for one in models:
        table = _table(f"{one.engine}: {one.model.documents} labelled documents, out of fold, right in %")
        for name, report in one.reports.items():
            shares = (report[key] for key in ("by_document", "by_vendor", "rules", "possible"))
            accepted = f"{report['accepted']['accepted']}/{report['accepted']['n']}"
            table.add_row(name, str(report["documents"]), *map(_percent, shares), accepted)
        console.print(table)
        for kind, rows in one.model.rows.items():
            report = rows.report
            console.print(
                f"line items of {kind}: of {report['rows']} rows that the rules find, {report['dropped_invented']} of "
                f"{report['invented']} spurious ones are dropped, and {report['dropped_items']} others."
            )
        for name, count in one.model.too_few.items():
            console.print(f"{name}: left to the rules, {count} labels with a choice are too few.", style="dim")
    for engine in engines:
        if engine not in {one.engine for one in models}:
            console.print(
                f"{engine}: nothing was learned yet: that takes {MIN_LABELS} labelled documents that it has read "
                "(`ocr-pipeline run`, then `labels suggest`)."
            )


def _table(title: str) -> Table:
    table = titled_table(title)
    table.add_column("field", no_wrap=True)
    for name in ("labels", "learned", "new vendors", "rules", "possible", "accepted"):
        table.add_column(name, justify="right")
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
