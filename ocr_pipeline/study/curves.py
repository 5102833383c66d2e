"""The risk-coverage curves as one drawing: which share of the surest values is wrong, with bounds."""

from ocr_pipeline.study.scored import Results

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"]
"""Okabe and Ito."""


def curves(results: Results) -> str | None:
    """SVG; None if no backend gives confidence."""
    points = [
        {
            "backend": row.backend,
            "accepted": 100 * row.coverage,
            "wrong": 100 * row.risk,
            "low": 100 * row.risk_low,
            "high": 100 * row.risk_high,
        }
        for row in results.risk
        if row.level == "value" and row.target_risk is None
        if row.risk is not None and row.risk_low is not None and row.risk_high is not None
    ]
    if not points:
        return None
    import vl_convert

    x = {"field": "accepted", "type": "quantitative", "title": "surest values accepted without a look, in %"}
    colour = {
        "field": "backend",
        "type": "nominal",
        "scale": {"range": COLOURS},
        "legend": {"title": None, "labelLimit": 260},
    }
    axis = {"type": "quantitative", "title": "of these wrong, in % (95 %)"}
    specification = {
        "width": 560,
        "height": 320,
        "background": "white",
        "data": {"values": points},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.12},
                "encoding": {"x": x, "y": {"field": "low", **axis}, "y2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "line", "point": True},
                "encoding": {"x": x, "y": {"field": "wrong", **axis}, "color": colour},
            },
        ],
    }
    return str(vl_convert.vegalite_to_svg(specification))
