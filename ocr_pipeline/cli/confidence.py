"""`ocr-pipeline confidence`: how reliable the confidences are, and what can be accepted without review."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import BackendOption, DatasetOption, JsonOption
from ocr_pipeline.cli.output import Row, console, counted, opened, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

ORDER = {
    "calibrations": "dataset, backend",
    "reliability": "dataset, backend, bin",
    "risk_coverage": "dataset, backend, level, target_risk NULLS LAST, accepted",
}


def confidence(
    backend: BackendOption = None,
    dataset: DatasetOption = None,
    curve: Annotated[bool, typer.Option("--curve", help="Show the reliability and risk-coverage curves.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how far confidences can be trusted.

    And which share of values can be accepted without review at which error rate. All figures are from documents that were
    held out of the calibration, with 95 % intervals.
    """
    filters = {name: value for name, value in {"backend": backend, "dataset": dataset}.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in filters) or "true"
    with opened(find_project()).snapshot() as snapshot:
        tables = {
            table: snapshot.rows(f"FROM {table} WHERE {where} ORDER BY {order}", list(filters.values()))
            for table, order in ORDER.items()
        }
    if not tables["calibrations"]:
        raise ConfigurationError("No confidences yet; run `ocr-pipeline run` first.")
    if as_json:
        print_json(tables)
        return
    for row in tables["calibrations"]:
        reliability, coverage = (
            [other for other in tables[table] if _same(other, row)] for table in ("reliability", "risk_coverage")
        )
        _print_calibration(row, reliability, coverage, curve=curve)


def _print_calibration(row: Row, reliability: Sequence[Row], coverage: Sequence[Row], *, curve: bool) -> None:
    name = f"{row['dataset']}: {row['backend']}"
    if row["status"] != "ok":
        console.print(f"{name}: not calibrated: {row['message']}")
        return
    console.print(_acceptance_table(name, [point for point in coverage if point["target_risk"] is not None]))
    console.print(
        f"{counted(row['values'], 'value')} in {counted(row['documents'], 'document')}, {row['errors']} wrong. Calibration"
        f" error {100 * row['ece']:.1f} % (a perfectly calibrated backend would show {100 * row['ece_by_chance']:.1f} % with"
        f" this few values), AUC {row['auc']:.2f}.",
    )
    if curve:
        console.print(_reliability_table(name, reliability))
        console.print(_curve_table(name, [point for point in coverage if point["target_risk"] is None]))
    console.print()


def _same(first: Row, second: Row) -> bool:
    return (first["dataset"], first["backend"]) == (second["dataset"], second["backend"])


def _acceptance_table(name: str, rows: Sequence[Row]) -> Table:
    table = titled_table(f"{name}: accepted without review, by maximum error")
    for column in ("max. error", "unit", "threshold", "accepted", "wrong", "error % \\[95 %]"):
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
    table = titled_table(f"{name}: confidence and accuracy")
    for column in ("n", "confidence %", "right % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        interval = f" \\[{100 * row['accuracy_low']:.0f}–{100 * row['accuracy_high']:.0f}]"
        table.add_row(str(row["n"]), f"{100 * row['confidence']:.1f}", f"{100 * row['accuracy']:.1f}{interval}")
    return table


def _curve_table(name: str, rows: Sequence[Row]) -> Table:
    table = titled_table(f"{name}: error of the most confident values")
    for column in ("unit", "most confident", "threshold", "wrong", "error % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        share = f"{100 * row['coverage']:.0f} % ({row['accepted']}/{row['n']})"
        table.add_row(f"{row['level']}s", share, f"{row['threshold']:.3f}", str(row["errors"]), _risk(row))
    return table


def _risk(row: Row) -> str:
    if row["risk"] is None:
        return "–"
    return f"{100 * row['risk']:.1f} \\[{100 * row['risk_low']:.0f}–{100 * row['risk_high']:.0f}]"
