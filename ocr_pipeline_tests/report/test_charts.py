import pytest

from ocr_pipeline.processes.budget import Budget
from ocr_pipeline.report import charts

SIMPLE: charts.Spec = {
    "data": {"values": [{"x": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}},
}
ENDLESS: charts.Spec = {
    "data": {"sequence": {"start": 0, "stop": 10}},
    "transform": [{"calculate": "length(split(pad('', 90000000, 'ab'), 'a'))", "as": "x"}],
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}},
}


def test_a_chart_that_cannot_be_drawn_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert charts.svg(SIMPLE).startswith('<svg aria-hidden="true" ')
    with monkeypatch.context() as patch:
        patch.setattr(charts, "_BUDGET", Budget(cpu=0.05, wall=60))
        assert charts.svg(ENDLESS) == "<p>This chart could not be drawn; the table says the same.</p>"
    assert charts.svg(SIMPLE).startswith('<svg aria-hidden="true" ')
