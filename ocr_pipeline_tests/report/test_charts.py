import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.processes.budget import Budget
from ocr_pipeline.report import drawing
from ocr_pipeline.report.overview import _as_drawn

SIMPLE: drawing.Spec = {
    "data": {"values": [{"x": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}},
}
ENDLESS: drawing.Spec = {
    "data": {"sequence": {"start": 0, "stop": 10}},
    "transform": [{"calculate": "length(split(pad('', 90000000, 'ab'), 'a'))", "as": "x"}],
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}},
}


def test_a_chart_that_cannot_be_drawn_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawing.svg(SIMPLE).startswith('<svg aria-hidden="true" ')
    with monkeypatch.context() as patch:
        patch.setattr(drawing, "_BUDGET", Budget(cpu=0.05, wall=60))
        assert drawing.svg(ENDLESS) == "<p>This chart could not be drawn; the table says the same.</p>"
    assert drawing.svg(SIMPLE).startswith('<svg aria-hidden="true" ')


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_the_crash_of_the_library_is_one_sentence() -> None:
    """It writes the stack of its machine code, which nobody who wanted a report can use."""
    program = f"from ocr_pipeline.report import drawing; assert drawing.draw({SIMPLE!r}) is None"
    done = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500 << 20, 1_500 << 20)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    [line] = done.stderr.splitlines()
    assert line.startswith("A chart of the report could not be drawn (exit code "), done.stderr


def test_a_chart_of_the_last_report_is_drawn_again_only_if_its_data_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "index.html"
    page.write_text(f"<p>F1</p>{drawing.svg(SIMPLE)}<p>the end</p>", "utf-8")
    monkeypatch.setattr(drawing, "_in_worker", _broken)
    drawing._drawing.cache_clear()
    with drawing.keeping([page]):
        assert drawing.svg(SIMPLE) in page.read_text("utf-8")
        with pytest.raises(ZeroDivisionError):
            drawing.svg({**SIMPLE, "data": {"values": [{"x": 2}]}})
    with pytest.raises(ZeroDivisionError):
        drawing.svg(SIMPLE)
    drawing._drawing.cache_clear()


def test_figures_on_an_axis_of_seconds_or_cost_are_as_exact_as_pixels() -> None:
    assert _as_drawn(1.23456) == _as_drawn(1.23412) == 1.23
    assert _as_drawn(0.00012341) == 0.000123
    assert (_as_drawn(1.25), _as_drawn(0.0), _as_drawn(None)) == (1.25, 0.0, None)


def _broken(spec: drawing.Spec) -> str:
    raise ZeroDivisionError
