"""Drawing charts in a worker process, each once: what a page of the last report shows already is taken from there."""

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.shared import call_isolated
from ocr_pipeline.processes.worker import Isolated

logger = logging.getLogger(__name__)

Spec = dict[str, object]
"""A Vega-Lite specification."""

INK, LINE, MUTED = "var(--ink)", "var(--line)", "var(--muted)"
_CONFIG: Spec = {
    "background": None,
    "font": "inherit",
    "view": {"stroke": None},
    "axis": {
        **dict.fromkeys(("labelColor", "titleColor"), INK),
        **dict.fromkeys(("gridColor", "domainColor", "tickColor"), LINE),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 220,
    },
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "labelLimit": 260, "title": None},
    "header": {"labelColor": INK, "titleColor": INK},
}


_BUDGET = Budget(cpu=30, wall=120)
"""Of one chart; drawing one takes 20 ms, the first one a second."""


def svg(spec: Spec) -> str:
    """The drawing of a specification, or a sentence in its place. Everything in the data is escaped by Vega."""
    configured = {**spec, "config": _CONFIG}
    made_from = _made_from(configured)
    if kept := _kept.get().get(made_from):
        return kept
    drawn = draw(configured)
    if drawn is None:
        return "<p>This chart could not be drawn; the table says the same.</p>"
    # Hidden: the table beside it says the same in words.
    return drawn.replace("<svg ", f'<svg aria-hidden="true" data-made-from="{made_from}" ', 1)


@contextmanager
def keeping(pages: Iterable[Path]) -> Iterator[None]:
    """Charts that these pages have already, drawn from the same data, are not drawn again meanwhile."""
    kept = {}
    for page in pages:
        for chart in _CHART.finditer(page.read_text("utf-8", "replace")):
            kept[chart[1]] = chart[0]
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


_kept: ContextVar[Mapping[str, str]] = ContextVar("kept", default=MappingProxyType({}))
"""Charts by what they were made from."""
_CHART = re.compile(r'<svg aria-hidden="true" data-made-from="([0-9a-f]+)" .*?</svg>', re.DOTALL)


def _made_from(spec: Spec) -> str:
    text = json.dumps([version("vl-convert-python"), spec], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def draw(spec: Spec) -> str | None:
    """The SVG of a specification; None if the chart library takes too long, or crashes its process.

    It is a JavaScript engine, which ends its process when memory runs out.
    """
    try:
        return call_isolated(_drawing(), _BUDGET, spec)
    except (OverBudget, WorkerDied) as error:
        logger.warning("A chart of the report could not be drawn (%s); its table says the same.", error)
        return None


@cache
def _drawing() -> Isolated[[Spec], str]:
    return Isolated(_in_worker)


def _in_worker(spec: Spec) -> str:
    import vl_convert

    with _silent():
        return str(vl_convert.vegalite_to_svg(spec))


@contextmanager
def _silent() -> Iterator[None]:
    """What the library writes when it crashes, 60 lines of its stack, is lost: the caller says it in a sentence."""
    standard_error, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nothing)
