"""`ocr-pipeline leaderboard --by`: F1 by slice."""

from ocr_pipeline.cli.output import (
    check_known,
    console,
    interval,
    no_scores,
    opened,
    plain,
    points,
    print_json,
    print_notice,
    titled_table,
)
from ocr_pipeline.project import Project


def show_slices(project: Project, dimension: str, dataset: str | None, *, as_json: bool) -> None:
    """F1 of all fields pooled, one row per slice and one column per backend.

    Raises:
        ConfigurationError: unknown dimension, or nothing was scored.
    """
    from ocr_pipeline.evaluation.ranking.slices import DIMENSIONS
    from ocr_pipeline.inspection.current import scoring_of, slices

    check_known("dimension", dimension, DIMENSIONS)
    with opened(project).snapshot() as snapshot:
        view = slices(snapshot, scoring_of(project), dimension, dataset)
        rows = view.rows
        if not rows and not view.stale:
            raise no_scores(snapshot, dataset=dataset)
    print_notice(view.notice, as_json=as_json)
    if as_json:
        print_json(rows)
        return
    for name in dict.fromkeys(row.dataset for row in rows):
        here = [row for row in rows if row.dataset == name]
        backends = list(dict.fromkeys(row.backend for row in here))
        table = titled_table(f"{name}: F1 in % [95 %] by {dimension}, all fields pooled")
        table.add_column(dimension, overflow="fold")
        table.add_column("docs", justify="right", no_wrap=True)
        for backend in backends:
            table.add_column(backend, justify="right", overflow="fold")
        for slice_name in dict.fromkeys(row.slice for row in here):
            cells = {row.backend: row for row in here if row.slice == slice_name}
            documents = [str(cells[backend].documents) if backend in cells else "0" for backend in backends]
            shown = documents[:1] if len(set(documents)) == 1 else ["/".join(documents)]
            f1 = [
                points(cells[backend].f1) + interval(cells[backend].f1_low, cells[backend].f1_high)
                if backend in cells
                else "–"
                for backend in backends
            ]
            table.add_row(plain(slice_name), *shown, *f1)
        console.print(table)
