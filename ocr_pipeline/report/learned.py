"""The page about trained models: cross-validation, learning curve, calibration, most important features."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline.extraction.learned.model import Model, load_model
from ocr_pipeline.project import Project
from ocr_pipeline.report.charts import Point, learning_chart, reliability_chart
from ocr_pipeline.report.drawing import svg

MAX_FEATURES = 6
"""Features listed per field, the most important first."""


@dataclass(frozen=True, kw_only=True)
class LearnedModel:
    """The model of one engine, and its fingerprint."""

    engine: str
    fingerprint: str
    model: Model

    @property
    def reports(self) -> Mapping[str, Mapping[str, Any]]:
        """What cross-validation says, by field."""
        return {name: field.report for name, field in self.model.fields.items()}

    @property
    def features(self) -> Mapping[str, Sequence[tuple[str, float]]]:
        """The most important features with their share of the gain, by field."""
        return {name: list(report["importance"].items())[:MAX_FEATURES] for name, report in self.reports.items()}

    @property
    def lexicon(self) -> Sequence[tuple[str, str]]:
        """(field, entry) of the names that occur in at least two labels."""
        return [
            (name, entry)
            for name, field in self.model.fields.items()
            for entry in sorted(field.splits["document"].lexicon(None).values(), key=str.casefold)
        ]

    @cached_property
    def charts(self) -> Mapping[str, str | None]:
        """Drawings; None without data."""
        curve = list(_points(self.reports, "curve", "labels", 1))
        calibration = list(_points(self.reports, "calibration", "confidence", 100))
        return {
            "curve": svg(learning_chart(curve)) if curve else None,
            "calibration": svg(reliability_chart(calibration)) if calibration else None,
        }


def _points(reports: Mapping[str, Mapping[str, Any]], kind: str, x: str, factor: float) -> Iterator[Point]:
    """Accuracies with their intervals in percent; each field is a series."""
    for name, report in reports.items():
        for point in report[kind]:
            interval = wilson(point["right"], point["n"])
            if interval is not None:
                yield {
                    "backend": name,
                    x: factor * point[x],
                    "accuracy": 100 * point["right"] / point["n"],
                    "accuracy_low": 100 * interval[0],
                    "accuracy_high": 100 * interval[1],
                }


def learned_models(project: Project, engines: Iterable[str]) -> list[LearnedModel]:
    """The models in use; engines without a trained model are left out."""
    found = []
    for engine in engines:
        model, fingerprint = load_model(project.model_file(engine))
        if model is not None and fingerprint is not None:
            found.append(LearnedModel(engine=engine, fingerprint=fingerprint, model=model))
    return found
