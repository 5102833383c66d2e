"""`ocr-pipeline confidence`: how reliable the confidences are, and what can be accepted without review."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import BackendOption, DatasetOption, JsonOption
from ocr_pipeline.cli.output import (
    console,
    counted,
    interval,
    opened,
    points,
    print_json,
    print_notice,
    titled_table,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.current import confidences, scoring_of
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse.tables.confidence import CalibrationRow, ReliabilityRow, RiskRow


def confidence(
    backend: BackendOption = None,
    dataset: DatasetOption = None,
    curve: Annotated[bool, typer.Option("--curve", help="Show the reliability and risk-coverage curves.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how far confidences can be trusted.

    Also shows which share of values can be accepted without review at which error rate. All figures are from documents that
    were held out of the calibration, with 95 % intervals.
    """
    filters = {name: value for name, value in {"backend": backend, "dataset": dataset}.items() if value is not None}
    project = find_project()
    with opened(project).snapshot() as snapshot:
        view = confidences(snapshot, scoring_of(project), filters)
    if not view.calibrations and not view.stale:
        raise ConfigurationError("No confidences yet; run `ocr-pipeline run` first.")
    print_notice(view.notice, as_json=as_json)
    if as_json:
        names = ("calibrations", "reliability", "risk_coverage")
        print_json({name: getattr(view, name) for name in names})
        return
    for row in view.calibrations:
        reliability = [
            point for point in view.reliability if (point.dataset, point.backend) == (row.dataset, row.backend)
        ]
        coverage = [
            point for point in view.risk_coverage if (point.dataset, point.backend) == (row.dataset, row.backend)
        ]
        _print_calibration(row, reliability, coverage, curve=curve)


def _print_calibration(
    row: CalibrationRow, reliability: Sequence[ReliabilityRow], coverage: Sequence[RiskRow], *, curve: bool
) -> None:
    name = f"{row.dataset}: {row.backend}"
    if row.status != "ok":
        console.print(f"{name}: not calibrated: {row.message}")
        return
    console.print(_acceptance_table(name, [point for point in coverage if point.target_risk is not None]))
    console.print(
        f"{counted(row.values, 'value')} in {counted(row.documents, 'document')}, {row.errors} wrong. Calibration"
        f" error {points(row.ece)} % (a perfectly calibrated backend would show {points(row.ece_by_chance)} % with"
        f" this few values), AUC {row.auc or 0:.2f}.",
    )
    if curve:
        console.print(_reliability_table(name, reliability))
        console.print(_curve_table(name, [point for point in coverage if point.target_risk is None]))
    console.print()


def _acceptance_table(name: str, rows: Sequence[RiskRow]) -> Table:
    table = titled_table(f"{name}: accepted without review, by maximum error")
    for column in ("max. error", "unit", "threshold", "accepted", "wrong", "error % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{100 * (row.target_risk or 0):g} %",
            f"{row.level}s",
            "–" if row.threshold is None else f"{row.threshold:.3f}",
            f"{100 * row.coverage:.0f} % ({row.accepted}/{row.n})",
            str(row.errors),
            _risk(row),
        )
    return table


def _reliability_table(name: str, rows: Sequence[ReliabilityRow]) -> Table:
    table = titled_table(f"{name}: confidence and accuracy")
    for column in ("n", "confidence %", "right % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            str(row.n),
            f"{100 * row.confidence:.1f}",
            points(row.accuracy) + interval(row.accuracy_low, row.accuracy_high),
        )
    return table


def _curve_table(name: str, rows: Sequence[RiskRow]) -> Table:
    table = titled_table(f"{name}: error of the most confident values")
    for column in ("unit", "most confident", "threshold", "wrong", "error % \\[95 %]"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        share = f"{100 * row.coverage:.0f} % ({row.accepted}/{row.n})"
        table.add_row(f"{row.level}s", share, f"{row.threshold or 0:.3f}", str(row.errors), _risk(row))
    return table


def _risk(row: RiskRow) -> str:
    return points(row.risk) + interval(row.risk_low, row.risk_high)
