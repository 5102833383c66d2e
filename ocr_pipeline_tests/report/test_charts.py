import resource
import subprocess
import sys

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


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_the_crash_of_the_library_is_one_sentence() -> None:
    """It writes the stack of its machine code, which nobody who wanted a report can use."""
    program = f"from ocr_pipeline.report import charts; assert charts.draw({SIMPLE!r}) is None"
    done = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500 << 20, 1_500 << 20)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    [line] = done.stderr.splitlines()
    assert line.startswith("A chart of the report could not be drawn (exit code "), done.stderr
