"""Risk and coverage of each backend by the confidence that it gives itself, as somebody has it who runs that backend alone.

The confidences of the project (table `confidences`) also know how far other backends agree, paid ones among them, so they
would answer another question.
"""

from collections.abc import Sequence

from ocr_pipeline.evaluation.diagnosis.acceptance import Acceptance, acceptance
from ocr_pipeline.evaluation.statistics.calibration import risk_threshold
from ocr_pipeline.report.drawing import draw
from ocr_pipeline.study.scored import FIELDS, NAMES, Results
from ocr_pipeline.training.examples import families, folds_of, vendor_of

MIN_DOCUMENTS = 30
"""With fewer, a threshold for 1 % error means nothing."""
TARGETS = (0.01, 0.05)
"""Wanted errors. Thresholds are what was counted on other folds, not proved: the table shows what then happens."""
ALL_VALUES = "all four fields"
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"]
"""Okabe and Ito."""


def curve(results: Results, backend: str, fields: Sequence[str], level: str) -> list[Acceptance]:
    """Thresholds for wanted errors, out of fold by vendor, and the share of wrong values among the surest. A value that is
    missing is one to look at. Empty: the backend gives no confidence, or too few documents are labelled."""
    import numpy as np

    sure = results.confidences[backend]
    keys = sorted(key for key, score in results.scores[backend].items() if key[1] in fields and score.truth is not None)
    documents = sorted({document for document, _ in keys})
    if not sure or len(documents) < MIN_DOCUMENTS:
        return []
    folds = folds_of(families([(vendor_of(results.labels[key], key), key) for key in documents]))
    fold_of = dict(zip(documents, folds, strict=True))
    return acceptance(
        level,
        np.array([sure.get(key, 0.0) for key in keys]),
        np.array([results.scores[backend][key].is_right for key in keys]),
        np.array([fold_of[document] for document, _ in keys]),
        targets=TARGETS,
        choose=risk_threshold,
    )


def curves(results: Results) -> dict[str, list[Acceptance]]:
    """Of every backend: all four fields together, then each field."""
    groups = {ALL_VALUES: FIELDS, **{NAMES[field]: (field,) for field in FIELDS}}
    return {
        name: [row for level, fields in groups.items() for row in curve(results, name, fields, level)]
        for name in results.backends
    }


def drawing(found: dict[str, list[Acceptance]]) -> str | None:
    """The curves over all four fields as SVG, of the best seven backends; None if no backend gives confidence."""
    drawn = [name for name, rows in found.items() if rows][: len(COLOURS)]
    points = [
        {
            "backend": name,
            "accepted": 100 * row.coverage,
            "wrong": 100 * row.risk,
            "low": 100 * row.risk_low,
            "high": 100 * row.risk_high,
        }
        for name in drawn
        for row in found[name]
        if row.level == ALL_VALUES and row.target_risk is None
        if row.risk is not None and row.risk_low is not None and row.risk_high is not None
    ]
    if not points:
        return None
    x = {"field": "accepted", "type": "quantitative", "title": "surest values accepted without a look, in %"}
    legend = {"title": None, "labelLimit": 260, "symbolOpacity": 1}
    colour = {"field": "backend", "type": "nominal", "scale": {"range": COLOURS}, "legend": legend}
    axis = {"type": "quantitative", "title": "of these wrong, in % (95 %)"}
    area = {"x": x, "y": {"field": "low", **axis}, "y2": {"field": "high"}, "color": colour}
    specification = {
        "width": 560,
        "height": 320,
        "background": "white",
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "area", "opacity": 0.12}, "encoding": area},
            {
                "mark": {"type": "line", "point": True},
                "encoding": {"x": x, "y": {"field": "wrong", **axis}, "color": colour},
            },
        ],
    }
    return draw(specification)
