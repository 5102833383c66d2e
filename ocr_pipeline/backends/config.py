"""`backends.yaml` as a value: engines, backends, providers, and the safe limits on documents. Builds nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.extraction.own import OwnCompany
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.schemas import ReadFrom
from ocr_pipeline.yaml_files import load_yaml

PROVIDERS: Mapping[str, None] = {"gemini": None, "openai": None}
"""Providers that need no entry."""

# Partition keys must not hold `| , [ ]` or `...`: Dagster gives them a meaning.
EngineName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$", max_length=60)]
BackendName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*$", max_length=60)]


SplitMode = Literal["off", "auto"]
"""What is done with a file that holds several invoices: `off` gives the values of the first one, with a warning; `auto` makes
each invoice a document of its own."""


MAX_REPEAT = 20
"""Of the answers of a model about a document: each costs as much as the first."""


class EngineConfig(BaseModel):
    """An OCR engine: `type` is a shipped type or `package.module:Class` of your own; the default is the entry's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    options: dict[str, Any] = {}


class BackendConfig(BaseModel):
    """A way to extract documents: an engine (or none) and an extractor, a shipped type or `package.module:Class`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    enabled: bool | tuple[str, ...] = True
    """False: never run; names: run on these data sets only."""
    engine: str | None = None
    extractor: str
    reads: tuple[ReadFrom, ...] | None = None
    """What values are read from, the preferred source first: `[xml, code, page]`. None: the page alone, unless the engine says
    otherwise (`auto` does)."""
    repeat: int = Field(default=1, ge=1, le=MAX_REPEAT)
    """How often a model is asked about each document; the first answer is the result, the others say how far it varies."""
    options: dict[str, Any] = {}

    @field_validator("reads")
    @classmethod
    def _page_and_others(cls, value: tuple[ReadFrom, ...] | None) -> tuple[ReadFrom, ...] | None:
        if value is not None and ("page" not in value or len(set(value)) < len(value)):
            raise ValueError("must name the page, and each of xml, code and page once at most")
        return value


class Config(BaseModel):
    """The validated content of `backends.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    own: OwnCompany | None = None
    """The company that the project belongs to."""
    limits: Limits = Limits()
    split: SplitMode | dict[str, SplitMode] = "off"
    """For all data sets, or by data set; those that are not named are off."""
    providers: dict[EngineName, Provider] = {}
    engines: dict[EngineName, EngineConfig] = Field(min_length=1)
    backends: dict[BackendName, BackendConfig] = Field(min_length=1)

    def split_of(self, dataset: str) -> SplitMode:
        """What is done with files of a data set that hold several invoices."""
        return self.split if isinstance(self.split, str) else self.split.get(dataset, "off")

    @model_validator(mode="after")
    def _limits_of_known(self) -> "Config":
        for name in self.limits.max_seconds_of:
            if name not in self.backends and name not in self.engines:
                raise ValueError(f"limits.max_seconds_of: there is no backend or engine {name!r}")
        return self

    @field_validator("split", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """YAML takes a bare `off` for false."""
        if isinstance(value, dict):
            return {name: "off" if mode is False else mode for name, mode in value.items()}
        return "off" if value is False else value

    @model_validator(mode="before")
    @classmethod
    def _type_defaults_to_name(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = {**value, "providers": _named("name", {**PROVIDERS, **(value.get("providers") or {})})}
        return {**value, "engines": _named("type", value["engines"])} if "engines" in value else value


def load_config(path: Path) -> tuple[Config, str]:
    """The configuration, and the text of its file (to find lines in).

    Raises:
        ConfigurationError: the file is missing or wrong; the message names the place.
    """
    return load_yaml(path, Config)


def _named(field: str, entries: Any) -> Any:
    """Entries that know their own name."""
    if not isinstance(entries, dict):
        return entries
    return {
        name: {field: name, **(entry or {})} if entry is None or isinstance(entry, dict) else entry
        for name, entry in entries.items()
    }
