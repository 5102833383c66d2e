"""`operation.yaml`: automation, schedules and budgets. The file and all of its keys are optional."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, field_validator

from ocr_pipeline.documents.importers.copying import RESERVED_NAMES
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.yaml_files import load_yaml

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=40)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_zone(value: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not an IANA time zone (example: Europe/Berlin)") from None
    return value


def _is_free(value: str) -> str:
    if value in RESERVED_NAMES:
        raise ValueError("is a reserved name")
    return value


Interval = Annotated[int, Field(gt=0, le=7 * 86_400)]
"""Seconds between two ticks of a sensor."""


class Inbox(_Section):
    """A folder outside the project, or an fsspec URL, whose files are copied into the data set `name`."""

    url: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$", max_length=60), AfterValidator(_is_free)]


class Arrivals(_Section):
    """Processing of new and changed files, in runs of at most `documents_per_run` documents.

    A file is taken once it has not changed for `unchanged_seconds`, and between two ticks. `backends` defaults to all that are
    available. If the estimate of a run exceeds `max_cost_usd`, no model is called.
    """

    every_seconds: Interval = 30
    stale_every_seconds: Interval = 300
    unchanged_seconds: NonNegativeFloat = 10
    documents_per_run: PositiveInt = 500
    backends: tuple[str, ...] | None = None
    max_cost_usd: NonNegativeFloat = 1.0
    inboxes: tuple[Inbox, ...] = ()

    @field_validator("inboxes")
    @classmethod
    def _names_differ(cls, value: tuple[Inbox, ...]) -> tuple[Inbox, ...]:
        if len({inbox.name for inbox in value}) < len(value):
            raise ValueError("two inboxes have the same name")
        return value


Zone = Annotated[str, AfterValidator(_is_zone)]


class Checks(_Section):
    """The schedule `daily_checks`, which evaluates all asset checks even if nothing else runs."""

    cron: str = "0 6 * * *"
    timezone: Zone = "UTC"


class Reevaluation(_Section):
    """A schedule `reevaluation_NAME`: calls remote models again for a fixed set of labelled documents and compares the
    scores with the baseline.

    `dataset` and `documents` (ids) select the documents. `backends` defaults to all that call a model. No model is called if
    the estimate exceeds `max_cost_usd` for the run or `max_cost_usd_per_month` for the month (UTC).
    """

    cron: str = "0 3 * * *"
    timezone: Zone = "UTC"
    dataset: str | None = None
    documents: tuple[str, ...] | None = None
    backends: tuple[str, ...] | None = None
    max_cost_usd: NonNegativeFloat = 1.0
    max_cost_usd_per_month: NonNegativeFloat = 20.0


class Webhook(_Section):
    """A receiver of alarms. The address is a secret: `url_env` names the environment variable that holds it."""

    url_env: Annotated[str, Field(min_length=1)]
    severities: tuple[str, ...] = ("error", "warn")

    def url(self) -> str | None:
        """The address, or None if the variable is not set."""
        return os.environ.get(self.url_env, "").strip() or None


class Alarms(_Section):
    """Receivers of alarms and the interval at which problems are checked."""

    every_seconds: Interval = 60
    webhooks: tuple[Webhook, ...] = ()


UNATTENDED_USD = 1.0
"""US dollars that a run or a backfill from the UI may spend on models if nothing else is set."""


class Operation(_Section):
    """The content of `operation.yaml`.

    `max_cost_usd` is the most that any run may spend on models, however it is started: a command, a job, a sensor, a schedule,
    or a backfill with all of its runs. Not set: commands have the limit of their option, the UI has 1 USD.
    """

    max_cost_usd: NonNegativeFloat | None = None
    arrivals: Arrivals = Arrivals()
    reevaluations: dict[Name, Reevaluation] = {"nightly": Reevaluation()}
    checks: Checks = Checks()
    alarms: Alarms = Alarms()

    def limit(self, asked: float | None) -> float | None:
        """What a run may spend that was started with this limit; None: no limit."""
        return min((usd for usd in (asked, self.max_cost_usd) if usd is not None), default=None)

    def unattended_limit(self, asked: float | None) -> float:
        """The same for a run from the UI, which always has a limit."""
        limit = self.limit(asked)
        return UNATTENDED_USD if limit is None else limit


def load_operation(path: Path, backends: set[str] | None = None) -> Operation:
    """Load the settings; missing keys, or a missing file, mean defaults.

    Raises:
        ConfigurationError: a key or value is invalid, or a backend is not in `backends` (None: not checked).
    """
    if not path.exists() or not path.read_text("utf-8", errors="replace").strip():
        return Operation()
    operation, _ = load_yaml(path, Operation)
    selections = [operation.arrivals.backends, *(settings.backends for settings in operation.reevaluations.values())]
    for name in (name for names in selections for name in names or ()):
        if backends is not None and name not in backends:
            raise ConfigurationError(
                f"{path.name}: unknown backend {name!r}; available: {', '.join(sorted(backends))}."
            )
    return operation
