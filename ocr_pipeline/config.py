"""`backends.yaml`: which engines and backends the project compares, and the safe limits on documents.

Adding an engine, a model or a combination is one entry there and no code.
"""

import importlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, ValidationError, model_validator

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.extraction.base import Extractor, learns, members_of, reads_predictions, unavailable
from ocr_pipeline.extraction.external.kept import Predictions
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.project import Project
from ocr_pipeline.store import fingerprint_of
from ocr_pipeline.yaml_files import line_of, load_yaml

ENGINE_TYPES: Mapping[str, str] = {
    "rapidocr": "ocr_pipeline.ocr.rapidocr:RapidOcr",
    "tesseract": "ocr_pipeline.ocr.tesseract:Tesseract",
    "pdf-text": "ocr_pipeline.ocr.pdf_text:PdfText",
    "oracle": "ocr_pipeline.ocr.oracle:Oracle",
    "doctr": "ocr_pipeline.ocr.doctr:DocTr",
}
EXTRACTOR_TYPES: Mapping[str, str] = {
    "rules": "ocr_pipeline.extraction.rules:RulesExtractor",
    "gemini": "ocr_pipeline.extraction.llm.extractor:GeminiExtractor",
    "openai": "ocr_pipeline.extraction.llm.extractor:OpenAiExtractor",
    "smollm2": "ocr_pipeline.extraction.smollm2:SmolLm2Extractor",
    "external": "ocr_pipeline.extraction.external.extractor:External",
    "learned": "ocr_pipeline.extraction.learned.extractor:LearnedExtractor",
    "ensemble": "ocr_pipeline.extraction.ensemble.extractor:EnsembleExtractor",
}

PROVIDERS: Mapping[str, None] = {"gemini": None, "openai": None}
"""Providers that are there without an entry."""

METHODS = {"engine": ("fingerprint", "unavailable", "read"), "extractor": ("fingerprint", "extract")}

# Partition keys must not hold `| , [ ]` or `...`: Dagster gives them a meaning.
EngineName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$", max_length=60)]
BackendName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*$", max_length=60)]


class EngineConfig(BaseModel):
    """An OCR engine: `type` is one of `ENGINE_TYPES` or `package.module:Class` of your own; the default is its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    options: dict[str, Any] = {}

    @cached_property
    def engine(self) -> OcrEngine:
        return cast(OcrEngine, _build(self.type, ENGINE_TYPES, self.options, "engine"))

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.engine)


class BackendConfig(BaseModel):
    """A way to read documents: an engine (or none) and an extractor (`EXTRACTOR_TYPES` or `package.module:Class`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    engine: str | None = None
    extractor: str
    options: dict[str, Any] = {}
    _providers: Mapping[str, Provider] = PrivateAttr(default_factory=dict)

    @cached_property
    def extractor_object(self) -> Extractor:
        return cast(Extractor, _build(self.extractor, EXTRACTOR_TYPES, self._all_options(), "extractor"))

    def _all_options(self) -> dict[str, Any]:
        """The options, with the entry of `providers` in place of its name. `gemini` and `openai` name themselves."""
        name = self.options.get("provider", self.extractor if self.extractor in PROVIDERS else None)
        if name is None:
            return self.options
        if name not in self._providers:
            raise ConfigurationError(f"options.provider: unknown provider; known are {', '.join(self._providers)}.")
        return {**self.options, "provider": self._providers[name]}

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.extractor_object)

    @cached_property
    def settings(self) -> str:
        """What the fingerprint is made of, as JSON: two of them say what changed."""
        return json.dumps(self.extractor_object.fingerprint(), sort_keys=True)


class Config(BaseModel):
    """The validated content of `backends.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: Limits = Limits()
    providers: dict[EngineName, Provider] = {}
    engines: dict[EngineName, EngineConfig] = Field(min_length=1)
    backends: dict[BackendName, BackendConfig] = Field(min_length=1)
    _project: Project = PrivateAttr(default=Project(Path()))

    @model_validator(mode="before")
    @classmethod
    def _type_defaults_to_name(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = {**value, "providers": _named("name", {**PROVIDERS, **(value.get("providers") or {})})}
        return {**value, "engines": _named("type", value["engines"])} if "engines" in value else value

    @model_validator(mode="after")
    def _backends_know_the_providers(self) -> "Config":
        for backend in self.backends.values():
            backend._providers = self.providers
        return self

    def unavailable(self, backend: str, dataset: str | None = None) -> str | None:
        """Why this backend cannot run here, or not on this data set, as one sentence; None where it can."""
        engine = self.engine_of(backend)
        problem = engine.engine.unavailable() if engine else None
        return problem or self.extractor_unavailable(backend, dataset)

    def extractor_unavailable(self, backend: str, dataset: str | None = None) -> str | None:
        """The same of its extractor alone."""
        members = members_of(self.backends[backend].extractor_object)
        if members:
            problems = [self.unavailable(member, dataset) for member in members]
            return f"none of its members can run: {problems[0]}" if all(problems) else None
        predictions = self.predictions_of(backend)
        if predictions is None:
            return unavailable(self.backends[backend].extractor_object)
        if not predictions.documents:
            return f"no predictions: ocr-pipeline import predictions FILE --backend {backend}"
        if dataset is not None and dataset not in predictions.datasets:
            return f"no predictions of the data set {dataset} were imported"
        return None

    def predictions_of(self, backend: str) -> Predictions | None:
        """What is imported for this backend now, or None for one that reads documents itself."""
        if not reads_predictions(self.backends[backend].extractor_object):
            return None
        return Predictions.load(self._project.predictions, backend)

    @cached_property
    def ensembles(self) -> dict[str, tuple[str, ...]]:
        """The members of each backend that works on the results of others."""
        of = {name: members_of(backend.extractor_object) for name, backend in self.backends.items()}
        return {name: members for name, members in of.items() if members}

    def engine_of(self, backend: str) -> EngineConfig | None:
        engine = self.backends[backend].engine
        return None if engine is None else self.engines[engine]


def _named(field: str, entries: Any) -> Any:
    """Entries that know their own name."""
    if not isinstance(entries, dict):
        return entries
    return {
        name: {field: name, **(entry or {})} if entry is None or isinstance(entry, dict) else entry
        for name, entry in entries.items()
    }


def load_config(path: Path) -> Config:
    """Read and validate `backends.yaml`, options of engines and extractors included.

    Raises:
        ConfigurationError: the file is missing or wrong; the message names the place.
    """
    config, text = load_yaml(path, Config)
    config._project = Project(path.parent)
    for name, engine in config.engines.items():
        _check(path, text, ("engines", name), lambda engine=engine: engine.engine)
    for name, backend in config.backends.items():
        _check(path, text, ("backends", name, "engine"), lambda name=name: _check_engine(config, name))
        _check(path, text, ("backends", name), lambda backend=backend: backend.extractor_object)
        if learns(backend.extractor_object) and backend.engine:
            backend.extractor_object.use(config._project.model_file(backend.engine))  # type: ignore[attr-defined]
        if members_of(backend.extractor_object):
            _check(path, text, ("backends", name), lambda name=name: _check_members(config, name))
            backend.extractor_object.use(config._project.weights_file(name))  # type: ignore[attr-defined]
    return config


def _check_engine(config: Config, backend: str) -> None:
    engine = config.backends[backend].engine
    if engine is None:
        return
    if engine not in config.engines:
        raise ConfigurationError(f"there is no engine {engine!r}; known are {', '.join(config.engines)}.")
    if reads_predictions(config.backends[backend].extractor_object):
        raise ConfigurationError("predictions that are imported need no engine.")


def _check_members(config: Config, backend: str) -> None:
    if config.backends[backend].engine is not None:
        raise ConfigurationError("an ensemble needs no engine: it works on what its members have read.")
    for member in members_of(config.backends[backend].extractor_object):
        if member not in config.backends:
            raise ConfigurationError(
                f"options.of: there is no backend {member!r}; known are {', '.join(config.backends)}."
            )
        if members_of(config.backends[member].extractor_object):
            raise ConfigurationError(f"options.of: {member!r} is an ensemble itself.")


def _check(path: Path, text: str, where: tuple[str, ...], build: Any) -> None:
    try:
        build()
    except ConfigurationError as error:
        keys = re.match(r"options((?:\.\w+)*): ", str(error))
        line = line_of(text, (*where, "options", *keys[1].split(".")[1:]) if keys else where)
        raise ConfigurationError(f"{path.name}{line}: {'.'.join(where)}: {error}") from None


def _build(name: str, known: Mapping[str, str], options: Mapping[str, Any], what: str) -> object:
    target = known.get(name, name)
    if ":" not in target:
        raise ConfigurationError(f"unknown {what} {name!r}; known are {', '.join(known)}, or package.module:Class.")
    module, _, attribute = target.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - whatever a module of the user's own raises while it is imported
        raise ConfigurationError(f"the {what} {name!r} cannot be imported: {error}.") from None
    try:
        built = factory(**options)
    except ValidationError as error:
        raise ConfigurationError(f"options.{describe(error)}") from None
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"options: {error}.") from None
    missing = [method for method in METHODS[what] if not callable(getattr(built, method, None))]
    if missing:
        raise ConfigurationError(f"{name!r} is no {what}: it has no method {missing[0]!r}.")
    return built
