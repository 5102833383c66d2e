"""`ocr-pipeline confidence`: how sure the values are, and what can be accepted without a look."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

Row = dict[str, Any]


def confidence(
    backend: Annotated[str | None, typer.Option("--backend", "-b", help="Only this backend.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", "-s", help="Only this data set.")] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Show the reliability curve and the risk-coverage curve.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show how far the confidences can be trusted, and what share can be accepted automatically at what error.

    Every figure is of documents that the calibration has not seen. Intervals hold with 95 %.
    """
    from ocr_pipeline.cli.app import _print_json, console
    from ocr_pipeline.cli.tables import READ_TIMEOUT
    from ocr_pipeline.warehouse.warehouse import Warehouse

    chosen = {name: value for name, value in {"backend": backend, "dataset": dataset}.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in chosen) or "true"
    with Warehouse(find_project().database, lock_timeout=READ_TIMEOUT).snapshot() as snapshot:
        tables = {
            table: snapshot.rows(
                f"FROM {table} WHERE {where} ORDER BY {order}",
                list(chosen.values()),
            )
            for table, order in (
                ("calibrations", "dataset, backend"),
                ("reliability", "dataset, backend, bin"),
                ("risk_coverage", "dataset, backend, level, target_risk NULLS LAST, accepted"),
            )
        }
    if not tables["calibrations"]:
        raise ConfigurationError("There are no confidences yet: run `ocr-pipeline run` first.")
    if as_json:
        _print_json(tables)
        return
    for row in tables["calibrations"]:
        name = f"{row['dataset']}: {row['backend']}"
        if row["status"] != "ok":
            console.print(f"{name}: not calibrated: {row['message']}")
            continue
        of = {table: [r for r in tables[table] if _same(r, row)] for table in ("reliability", "risk_coverage")}
        console.print(_acceptance_table(name, [r for r in of["risk_coverage"] if r["target_risk"] is not None]))
        console.print(
            f"{row['values']} values in {row['documents']} documents, {row['errors']} wrong. Calibration error"
            f" {100 * row['ece']:.1f} % (a perfect one would show {100 * row['ece_by_chance']:.1f} % with so few values),"
            f" AUC {row['auc']:.2f}.",
        )
        if curve:
            console.print(_reliability_table(name, of["reliability"]))
            console.print(_curve_table(name, [r for r in of["risk_coverage"] if r["target_risk"] is None]))
        console.print()


def _same(first: Row, second: Row) -> bool:
    return (first["dataset"], first["backend"]) == (second["dataset"], second["backend"])


def _acceptance_table(name: str, rows: Sequence[Row]) -> Table:
    from ocr_pipeline.cli.tables import titled_table

    table = titled_table(f"{name}: accepted automatically, at most so much wrong among it")
    for column in ("wanted", "what", "from", "accepted", "wrong", "error % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{100 * row['target_risk']:g} %",
            f"{row['level']}s",
            "–" if row["threshold"] is None else f"{row['threshold']:.3f}",
            f"{100 * row['coverage']:.0f} % ({row['accepted']}/{row['n']})",
            str(row["errors"]),
            _risk(row),
        )
    return table


def _reliability_table(name: str, rows: Sequence[Row]) -> Table:
    from ocr_pipeline.cli.tables import titled_table

    table = titled_table(f"{name}: confidence and truth")
    for column in ("n", "confidence %", "right % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        interval = f" \\[{100 * row['accuracy_low']:.0f}–{100 * row['accuracy_high']:.0f}]"
        table.add_row(str(row["n"]), f"{100 * row['confidence']:.1f}", f"{100 * row['accuracy']:.1f}{interval}")
    return table


def _curve_table(name: str, rows: Sequence[Row]) -> Table:
    from ocr_pipeline.cli.tables import titled_table

    table = titled_table(f"{name}: the surest, and how much of them is wrong")
    for column in ("what", "surest", "from", "wrong", "error % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        share = f"{100 * row['coverage']:.0f} % ({row['accepted']}/{row['n']})"
        table.add_row(f"{row['level']}s", share, f"{row['threshold']:.3f}", str(row["errors"]), _risk(row))
    return table


def _risk(row: Row) -> str:
    if row["risk"] is None:
        return "–"
    return f"{100 * row['risk']:.1f} \\[{100 * row['risk_low']:.0f}–{100 * row['risk_high']:.0f}]"
