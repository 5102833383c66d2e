"""Thresholds and severities of the asset checks: the section `checks` of `evaluation.yaml`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.evaluation.statistics.significance import ALPHA

Severity = Literal["warn", "error"]


class _Check(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity = "warn"


class RegressionCheck(_Check):
    """A drop of F1 of at least `min_drop` (0..1), with a corrected p below `alpha`, fails the check."""

    severity: Severity = "error"
    alpha: float = Field(default=ALPHA, gt=0, lt=1)
    min_drop: float = Field(default=0.0, ge=0, le=1)


class FailureRateCheck(_Check):
    """More failed documents than this share (0..1) of a backend on a data set fail the check. `backends` has its own
    shares for some, as for one that reads text layers only."""

    max: float = Field(default=0.1, ge=0, le=1)
    backends: dict[str, float] = {}


class ConfidenceCheck(_Check):
    """A mean word confidence (0..1) of an engine on a data set below this fails the check."""

    min: float = Field(default=0.7, ge=0, le=1)
    engines: dict[str, float] = {}


class LabelCheck(_Check):
    """More labels that are invalid or contradict themselves than this share (0..1) of a data set fail the check. Amounts
    contradict each other where net and tax miss the total by more than `tolerance` in the document's currency."""

    max: float = Field(default=0.0, ge=0, le=1)
    tolerance: float = Field(default=0.05, ge=0)


class DuplicatesCheck(_Check):
    """More labelled documents that are there a second time than this share (0..1) of a data set fail the check."""

    max: float = Field(default=0.05, ge=0, le=1)


class LeakageCheck(_Check):
    """More groups of duplicates than this that stand in a held-out split and in another one fail the check."""

    max: int = Field(default=0, ge=0)


class CostCheck(_Check):
    """More US dollars per document than this fail the check; `backends` has its own limits for some. None: no limit."""

    max_per_document: float | None = Field(default=None, ge=0)
    backends: dict[str, float] = {}


class LatencyCheck(_Check):
    """More seconds per document (engine and extractor together, the mean) than this fail the check. None: no limit."""

    max_seconds: float | None = Field(default=None, gt=0)
    backends: dict[str, float] = {}


class FreshnessCheck(_Check):
    """An evaluation that is older than this fails the check, when it is looked at again. None: no limit."""

    max_age_hours: float | None = Field(default=None, gt=0)


class Thresholds(BaseModel):
    """All of them; every one has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regression: RegressionCheck = RegressionCheck()
    failure_rate: FailureRateCheck = FailureRateCheck()
    ocr_confidence: ConfidenceCheck = ConfidenceCheck()
    label_integrity: LabelCheck = LabelCheck()
    duplicates: DuplicatesCheck = DuplicatesCheck()
    leakage: LeakageCheck = LeakageCheck()
    cost: CostCheck = CostCheck()
    latency: LatencyCheck = LatencyCheck()
    freshness: FreshnessCheck = FreshnessCheck()
