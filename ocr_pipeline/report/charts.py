"""The charts of the report: Vega-Lite specifications, drawn to SVG when the report is built.

The browser draws nothing: charts need no script and appear in print. Colours are CSS variables of the page, so that one
drawing serves the light and the dark theme.
"""

from collections.abc import Mapping, Sequence

from ocr_pipeline.report.drawing import INK, MUTED, Spec

Point = Mapping[str, str | float | bool | None]
"""One thing to draw: values by name."""

SERIES = [f"var(--series-{number})" for number in range(1, 8)]
"""Colours that people with colour blindness can tell apart (Okabe and Ito); each series also has its own shape."""
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]


def scores_chart(rows: Sequence[Point]) -> Spec:
    """F1 of each backend with its interval. Rows: backend, f1, f1_low, f1_high in percent, best first."""
    y = {"field": "backend", "type": "nominal", "sort": None, "title": None, "axis": {"grid": False, "ticks": False}}
    x = {
        "field": "f1",
        "type": "quantitative",
        "scale": {"domain": [0, 100]},
        "title": "F1 over all fields in %, with 95 % interval",
    }
    return {
        "width": 520,
        "height": {"step": 26},
        "data": {"values": list(rows)},
        "layer": [
            {"mark": {"type": "bar", "height": 8, "color": "var(--bar)"}, "encoding": {"y": y, "x": x}},
            {
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5},
                "encoding": {"y": y, "x": {"field": "f1_low", "type": "quantitative"}, "x2": {"field": "f1_high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "color": INK, "opacity": 1},
                "encoding": {"y": y, "x": x},
            },
        ],
    }


def pareto_chart(rows: Sequence[Point], cost: str, title: str) -> Spec:
    """F1 against seconds or cost per document; backends on the Pareto front are filled.

    Rows: backend, f1, f1_low, f1_high in percent, `cost`, pareto (bool).
    """
    x: Spec = {"field": cost, "type": "quantitative", "title": title}
    if all(isinstance(value := row[cost], int | float) and value > 0 for row in rows):
        x["scale"] = {"type": "log", "nice": True}
        x["axis"] = {"tickCount": 5, "format": "~g"}
    y = {"field": "f1", "type": "quantitative", "title": "F1 in %", "scale": {"domain": [0, 100]}}
    fill = {"condition": {"test": "datum.pareto", "value": "var(--accent)"}, "value": "var(--page)"}
    return {
        "width": 520,
        "height": 260,
        "data": {"values": list(rows)},
        "layer": [
            {
                "mark": {"type": "rule", "color": MUTED},
                "encoding": {"x": x, "y": {**y, "field": "f1_low"}, "y2": {"field": "f1_high"}},
            },
            {
                "mark": {"type": "point", "size": 90, "opacity": 1, "stroke": "var(--accent)", "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "fill": fill},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 9, "dy": -7, "fontSize": 12, "color": INK},
                "encoding": {"x": x, "y": y, "text": {"field": "backend"}},
            },
        ],
    }


def reliability_chart(rows: Sequence[Point]) -> Spec:
    """Accuracy against confidence, in bins of equal size. Rows: backend, confidence, accuracy, accuracy_low,
    accuracy_high, all in percent."""
    x = {"field": "confidence", "type": "quantitative", "title": "confidence in %", "scale": {"domain": [0, 100]}}
    y = {"field": "accuracy", "type": "quantitative", "title": "right in %", "scale": {"domain": [0, 100]}}
    return {
        "width": 360,
        "height": 300,
        "data": {"values": list(rows)},
        "layer": [
            {
                "data": {"values": [{"confidence": 0, "accuracy": 0}, {"confidence": 100, "accuracy": 100}]},
                "mark": {"type": "line", "color": MUTED, "strokeDash": [4, 4], "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "rule", "opacity": 0.6},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "accuracy_low"},
                    "y2": {"field": "accuracy_high"},
                    "color": _colour(rows),
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": _colour(rows), "shape": _shape(rows)},
            },
        ],
    }


def risk_chart(rows: Sequence[Point]) -> Spec:
    """Error rate of the accepted values against their share. Rows: backend, coverage, risk in percent."""
    x: Spec = {
        "field": "coverage",
        "type": "quantitative",
        "title": "accepted without review, in %",
        "scale": {"domain": [0, 100]},
    }
    y: Spec = {"field": "risk", "type": "quantitative", "title": "wrong of these, in %", "scale": {"domainMin": 0}}
    return _lines(rows, x, y, width=360, height=300)


def history_chart(rows: Sequence[Point]) -> Spec:
    """F1 over time. Rows: backend, evaluated_at (ISO 8601), f1, f1_low, f1_high in percent."""
    x = {"field": "evaluated_at", "type": "temporal", "title": None, "axis": {"labelOverlap": "greedy", "tickCount": 6}}
    y = {"field": "f1", "type": "quantitative", "title": "F1 in %", "scale": {"domain": [0, 100]}}
    return {
        "width": 640,
        "height": 280,
        "data": {"values": list(rows)},
        "layer": [
            {
                "mark": {"type": "rule", "opacity": 0.5},
                "encoding": {"x": x, "y": {**y, "field": "f1_low"}, "y2": {"field": "f1_high"}, "color": _colour(rows)},
            },
            {
                "mark": {"type": "line", "point": {"filled": True, "size": 45}, "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "color": _colour(rows), "shape": _shape(rows)},
            },
        ],
    }


def trend_chart(rows: Sequence[Point], what: str, title: str) -> Spec:
    """A figure of each backend by day. Rows: backend, day (ISO 8601) and the figure `what`."""
    x: Spec = {"field": "day", "type": "temporal", "title": None, "axis": {"labelOverlap": "greedy", "tickCount": 6}}
    y: Spec = {"field": what, "type": "quantitative", "title": title, "scale": {"domainMin": 0}}
    return _lines(rows, x, y, width=640, height=220)


def learning_chart(rows: Sequence[Point]) -> Spec:
    """Accuracy by number of labels. Rows: backend (name of the series), labels, accuracy, accuracy_low, accuracy_high in
    percent."""
    counts = sorted({value for row in rows if isinstance(value := row["labels"], int | float)})
    axis = {"values": counts, "grid": False}
    x = {"field": "labels", "type": "quantitative", "title": "labels", "scale": {"type": "log"}, "axis": axis}
    y = {"field": "accuracy", "type": "quantitative", "title": "right in %", "scale": {"zero": False}}
    bounds = {"x": x, "y": {**y, "field": "accuracy_low"}, "y2": {"field": "accuracy_high"}, "color": _colour(rows)}
    points = {"x": x, "y": y, "color": _colour(rows), "shape": _shape(rows)}
    line = {"type": "line", "point": {"filled": True, "size": 45}, "strokeWidth": 2}
    return {
        "width": 360,
        "height": 300,
        "data": {"values": list(rows)},
        "layer": [
            {"mark": {"type": "rule", "opacity": 0.5}, "encoding": bounds},
            {"mark": line, "encoding": points},
        ],
    }


def _lines(rows: Sequence[Point], x: Spec, y: Spec, *, width: int, height: int) -> Spec:
    """A line with points for each backend."""
    return {
        "width": width,
        "height": height,
        "data": {"values": list(rows)},
        "mark": {"type": "line", "point": {"filled": True, "size": 45}, "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": _colour(rows), "shape": _shape(rows)},
    }


def _colour(rows: Sequence[Point]) -> Spec:
    return _series(rows, SERIES)


def _shape(rows: Sequence[Point]) -> Spec:
    return _series(rows, SHAPES)


def _series(rows: Sequence[Point], values: Sequence[str]) -> Spec:
    """Backends keep their colour and shape from chart to chart, as far as the colours suffice."""
    backends = list(dict.fromkeys(row["backend"] for row in rows))
    scale = {"domain": backends, "range": [values[index % len(values)] for index in range(len(backends))]}
    return {"field": "backend", "type": "nominal", "scale": scale}
