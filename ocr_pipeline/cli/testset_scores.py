"""Scores on a frozen test set: `run --testset` and `leaderboard --testset`."""

from collections.abc import Sequence

from ocr_pipeline.cli.known_ids import keep_ids
from ocr_pipeline.cli.output import console, counted, interval, opened, plain, points, print_json, titled_table
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.testsets import version_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.scoring.settings import Rules, load_rules
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.testsets import require_unchanged
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.history import PinnableEntry


def documents_of_testset(project: Project, title: str, sources: Sequence[SourceFile]) -> list[SourceFile]:
    """The documents of a test set among `sources`.

    Raises:
        ConfigurationError: one of them is not there, or is not what was frozen.
    """
    testset, version = version_of(project.testsets, title)
    chosen = [source for source in sources if source.document_id in version.documents]
    if missing := sorted(version.documents.keys() - {source.document_id for source in chosen}):
        raise ConfigurationError(
            f"{testset.title(version)} has {counted(len(missing), 'document')} that are not selected or do not exist, e.g. "
            f"{missing[0]}."
        )
    if opened(project).exists():
        with opened(project).snapshot() as snapshot:
            require_unchanged(project, snapshot, title)
    return chosen


def show_testset(
    project: Project, title: str, dataset: str | None = None, *, fields: bool = False, as_json: bool = False
) -> None:
    """Print the latest evaluation of each backend on a version of a test set.

    Raises:
        ConfigurationError: something changed since it was frozen, or no backend was run on all of it.
    """
    keep_ids()
    scoring = scoring_of(project)
    with opened(project).snapshot() as snapshot:
        testset, version = require_unchanged(project, snapshot, title)
        name = testset.title(version)
        every = tables.history.history(snapshot, dataset, None, None, name)
        latest = {(row.dataset, row.backend): row.evaluation_id for row in every}
    shown = [
        row
        for row in every
        if latest[row.dataset, row.backend] == row.evaluation_id and row.backend in scoring.backends
    ]
    rows = of_rules(shown, load_rules(project.evaluation_file), scoring.version)
    if not rows:
        raise ConfigurationError(
            f"No backend was run on all documents of {name}: `ocr-pipeline run --testset {title}`."
        )
    if as_json:
        print_json({"testset": name, "frozen_at": version.frozen_at, "evaluations": rows})
        return
    for of_dataset in dict.fromkeys(row.dataset for row in rows):
        _print(name, of_dataset, [row for row in rows if row.dataset == of_dataset], fields=fields)


def of_rules(rows: Sequence[PinnableEntry], rules: Rules, version: int) -> list[PinnableEntry]:
    """The rows of evaluations by these rules, those of their documents' schemas included, and this version of the code."""
    fields: dict[str, set[str]] = {}
    for row in rows:
        fields.setdefault(row.evaluation_id, set()).add(row.field)
    made_by = {key: rules.fingerprint_of(names) for key, names in fields.items()}
    return [row for row in rows if (row.rules, row.scoring_version) == (made_by[row.evaluation_id], version)]


def _print(name: str, dataset: str, rows: Sequence[PinnableEntry], *, fields: bool) -> None:
    pooled = sorted((row for row in rows if row.field == ALL_FIELDS), key=lambda row: -(row.f1 or 0))
    table = titled_table(f"{dataset}: test set {name}, {counted(pooled[0].documents, 'document')}")
    for column in ("backend", *(["field"] if fields else [])):
        table.add_column(column, overflow="fold")
    for column in ("n", "w/m/s", "F1 % \\[95 %]", "evaluated (UTC)", "id"):
        table.add_column(column, justify="right", no_wrap=True)
    for board in pooled:
        shown = [row for row in rows if row.backend == board.backend] if fields else [board]
        for row in shown:
            table.add_row(
                plain(row.backend),
                *([row.field] if fields else []),
                str(row.n),
                f"{row.wrong}/{row.missing}/{row.spurious}",
                points(row.f1) + interval(row.f1_low, row.f1_high),
                f"{row.evaluated_at:%Y-%m-%d %H:%M}",
                row.evaluation_id[:8],
            )
    table.caption = "Backends that were run on all of its documents. `baseline pin --testset` pins these evaluations."
    table.caption_justify = "left"
    console.print(table)
