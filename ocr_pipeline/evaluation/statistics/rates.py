"""Rates and means that are None, never 0, if there is nothing to count."""

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.intervals import Interval


def rate(part: int, whole: int) -> float | None:
    """Return part / whole."""
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    """Return the mean."""
    return fmean(values) if values else None


def known(values: Sequence[float | None]) -> list[float]:
    """Return the values that are neither None nor NaN."""
    return [float(value) for value in values if value is not None and value == value]


def low(interval: "Interval | None") -> float | None:
    """Return the lower bound."""
    return interval[0] if interval else None


def high(interval: "Interval | None") -> float | None:
    """Return the upper bound."""
    return interval[1] if interval else None
