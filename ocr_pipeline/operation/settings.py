"""`operation.yaml`: what happens by itself, when, and what it may cost. The file and every key of it are optional."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, field_validator

from ocr_pipeline.documents.importers.copying import TAKEN_NAMES
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
        raise ValueError("is no time zone like Europe/Berlin") from None
    return value


def _is_free(value: str) -> str:
    if value in TAKEN_NAMES:
        raise ValueError("is a name that is taken")
    return value


class Inbox(_Section):
    """A folder outside of the project, or a URL that fsspec knows, whose files are copied into the data set `name`."""

    url: str
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$", max_length=60), AfterValidator(_is_free)]


class Arrivals(_Section):
    """Files that appear or change are read by the backends that can run here (`backends`: by these), in runs of at most
    `documents_per_run` documents. A run that may cost more than `max_cost_usd` asks no model."""

    every_seconds: PositiveInt = 30
    stale_every_seconds: PositiveInt = 300
    documents_per_run: PositiveInt = 500
    backends: tuple[str, ...] | None = None
    max_cost_usd: NonNegativeFloat = 1.0
    inboxes: tuple[Inbox, ...] = ()

    @field_validator("inboxes")
    @classmethod
    def _names_differ(cls, value: tuple[Inbox, ...]) -> tuple[Inbox, ...]:
        if len({inbox.name for inbox in value}) < len(value):
            raise ValueError("two inboxes have one name")
        return value


Zone = Annotated[str, AfterValidator(_is_zone)]


class Checks(_Section):
    """When every asset check is evaluated, also where nothing else happens: the schedule `daily_checks`."""

    cron: str = "0 6 * * *"
    timezone: Zone = "UTC"


class Reevaluation(_Section):
    """A schedule, `reevaluation_NAME`: remote models are asked again about a fixed set of labelled documents, and compared
    with the baseline.

    `dataset`: the set; `documents`: ids instead of, or out of, a data set. `backends`: those that ask a model by default.
    Nothing is asked that may take the run above `max_cost_usd`, or the month (UTC) above `max_cost_usd_per_month`.
    """

    cron: str = "0 3 * * *"
    timezone: Zone = "UTC"
    dataset: str | None = None
    documents: tuple[str, ...] | None = None
    backends: tuple[str, ...] | None = None
    max_cost_usd: NonNegativeFloat = 1.0
    max_cost_usd_per_month: NonNegativeFloat = 20.0


class Webhook(_Section):
    """A place that alarms are posted to. Its address is a secret: `url_env` names the variable that holds it."""

    url_env: str
    severities: tuple[str, ...] = ("error", "warn")

    def url(self) -> str | None:
        """The address, or None where the variable is not set."""
        return os.environ.get(self.url_env, "").strip() or None


class Alarms(_Section):
    """Who hears of problems, and how often they are looked for."""

    every_seconds: PositiveInt = 60
    webhooks: tuple[Webhook, ...] = ()


class Operation(_Section):
    """All of `operation.yaml`."""

    arrivals: Arrivals = Arrivals()
    reevaluations: dict[Name, Reevaluation] = {"nightly": Reevaluation()}
    checks: Checks = Checks()
    alarms: Alarms = Alarms()


def load_operation(path: Path, backends: set[str]) -> Operation:
    """The settings; those that are not in the file have their defaults, and so has a file that is not there.

    Raises:
        ConfigurationError: a key or a value is wrong, or a backend is not in `backends`.
    """
    if not path.exists() or not path.read_text("utf-8", errors="replace").strip():
        return Operation()
    operation, _ = load_yaml(path, Operation)
    asked = [operation.arrivals.backends, *(one.backends for one in operation.reevaluations.values())]
    for names in asked:
        for name in names or ():
            if name not in backends:
                raise ConfigurationError(
                    f"{path.name}: {name!r} is no backend; known are {', '.join(sorted(backends))}."
                )
    return operation
