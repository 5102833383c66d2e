"""Thresholds and severities of the asset checks: the section `checks` of `evaluation.yaml`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.evaluation.statistics.significance import ALPHA

Severity = Literal["warn", "error"]


class Check(BaseModel):
    """A check and what its failure means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity = "warn"


class RegressionCheck(Check):
    """Fails on a drop of F1 of at least `min_drop` (0..1) with a corrected p below `alpha`."""

    severity: Severity = "error"
    alpha: float = Field(default=ALPHA, gt=0, lt=1)
    min_drop: float = Field(default=0.0, ge=0, le=1)


class FailureRateCheck(Check):
    """Fails if more than this share (0..1) of a backend's documents in a data set failed. `backends`: shares of their own, as
    for a backend that supports text layers only."""

    max: float = Field(default=0.1, ge=0, le=1)
    backends: dict[str, float] = {}


class ConfidenceCheck(Check):
    """Fails if the mean word confidence (0..1) of an engine on a data set is below this."""

    min: float = Field(default=0.7, ge=0, le=1)
    engines: dict[str, float] = {}


class LabelCheck(Check):
    """Fails if more than this share (0..1) of a data set's labels is invalid or inconsistent. Amounts are inconsistent if net
    and tax miss the total by more than `tolerance` in the document's currency."""

    max: float = Field(default=0.0, ge=0, le=1)
    tolerance: float = Field(default=0.05, ge=0)


class DuplicatesCheck(Check):
    """Fails if more than this share (0..1) of a data set's labelled documents are copies of others."""

    max: float = Field(default=0.05, ge=0, le=1)


class LeakageCheck(Check):
    """Fails if more than this many groups of duplicates are in a holdout split and in another one."""

    max: int = Field(default=0, ge=0)


class CostCheck(Check):
    """Fails above this cost per document in US dollars; `backends`: limits of their own. None: no limit."""

    max_per_document: float | None = Field(default=None, ge=0)
    backends: dict[str, float] = {}


class LatencyCheck(Check):
    """Fails above this mean time per document in seconds (engine and extractor together). None: no limit."""

    max_seconds: float | None = Field(default=None, gt=0)
    backends: dict[str, float] = {}


class FreshnessCheck(Check):
    """Fails if the last model call of a backend is older than this. None: no limit."""

    max_age_hours: float | None = Field(default=None, gt=0)


class AcceptedErrorsCheck(Check):
    """Fails if accepted documents that were checked later are wrong more often than was promised, beyond luck."""

    severity: Severity = "error"


class Thresholds(BaseModel):
    """The thresholds of all checks; each has a default."""

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
    accepted_errors: AcceptedErrorsCheck = AcceptedErrorsCheck()


class Accept(BaseModel):
    """Which documents are accepted without a look.

    `fields`: those that have to be right together; None: all that most labels of the data set have. `target`: highest share
    (0..1) of accepted documents that may be wrong, as an upper bound with 95 % confidence. `backend`: in use; None: the
    one with the most documents right. `check_share`: share of the accepted documents that is drawn for a check.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: tuple[str, ...] | None = Field(default=None, min_length=1)
    target: float = Field(default=0.03, ge=0.001, le=0.5)
    backend: str | None = None
    check_share: float = Field(default=0.05, ge=0, le=1)
