"""Engines and backends as objects: what `backends.yaml` configures today, with what was learned and imported so far. Whoever
needs today's fingerprints loads today's backends: `load_backends` is cheap, and what it returns never changes.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from ocr_pipeline.backends.config import BackendConfig, Config, load_config
from ocr_pipeline.backends.engine import Engine
from ocr_pipeline.backends.predictions import Predictions
from ocr_pipeline.backends.registry import build_engine, build_extractor
from ocr_pipeline.backends.requirements import check_requirements
from ocr_pipeline.components import Capabilities, fingerprint_of
from ocr_pipeline.document_schema.loading import load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema, name_in_state
from ocr_pipeline.documents.limits import Limits, TimeLimits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import Extractor, TrainedExtractor
from ocr_pipeline.extraction.sources import SourceReader, Sources, sources_of
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_place, sync_models
from ocr_pipeline.yaml_files import line_of

Built = TypeVar("Built")


@dataclass(frozen=True, kw_only=True)
class Backend:
    """An entry of `backends`.

    `predictions` are those imported for it, None for a backend that extracts documents itself. `members` are the backends
    that an ensemble votes on, or that a cascade asks in this order; a cascade is an ensemble, too.
    """

    name: str
    description: str
    extractor_type: str
    extractor: Extractor
    enabled: bool | tuple[str, ...] = True
    """False: it is not run; names: only on these data sets."""
    engine: Engine | None = None
    predictions: Predictions | None = None
    members: tuple["Backend", ...] = ()
    sources: Sources | None = None
    """What it prefers to what its extractor reads from the page."""
    times: TimeLimits | None = None  # for a document
    repeat: int = 1
    """How often its model is asked about each document."""
    schemas: Mapping[str, DocumentSchema] = field(default_factory=dict)
    """Those of the project."""

    @property
    def engine_name(self) -> str | None:
        return self.engine.name if self.engine else None

    @property
    def capabilities(self) -> Capabilities:
        return self.extractor.capabilities

    @property
    def is_ensemble(self) -> bool:
        return bool(self.members)

    @property
    def asked_later(self) -> tuple["Backend", ...]:
        """The members of a cascade that are asked where those before are not sure enough; none for any other backend."""
        return self.members[1:] if self.capabilities.in_order else ()

    @property
    def engines(self) -> list[Engine]:
        """Its engine, and those of members that it asks itself."""
        return [backend.engine for backend in (self, *self.asked_later) if backend.engine]

    @property
    def may_ask(self) -> bool:
        """Whether extracting a document with it may call a model."""
        return self.capabilities.asks is not None or any(member.capabilities.asks for member in self.asked_later)

    @property
    def reads_transcripts(self) -> bool:
        """Whether it works on the transcripts of a data set: a control, not a competitor."""
        return self.engine is not None and self.engine.capabilities.reads_transcripts

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.extractor, self.reader.settings)

    @cached_property
    def settings(self) -> str:
        """What the fingerprint is made of, as JSON: comparing two of them tells what changed."""
        return json.dumps({**self.extractor.fingerprint(), **self.reader.settings}, sort_keys=True)

    @cached_property
    def reader(self) -> SourceReader:
        """The extractor with the sources that are preferred to it."""
        return SourceReader(self.extractor, self.sources, self.times, self.repeat)

    @property
    def reads_xml(self) -> bool:
        """Whether it has something to read in a document that is XML alone."""
        return self.reader.reads_xml or self.is_ensemble

    def reads_schema(self, schema_state: str | None) -> bool:
        """Whether it reads documents of a schema. `schema_state`: of `documents`; None: invoices."""
        if schema_state is None:
            return True
        if self.capabilities.schemas != "any":
            return False
        return not self.members or any(member.reads_schema(schema_state) for member in self.members)

    def input_of_schema(self, key: str, schema_state: str | None) -> str:
        """What a result is addressed by: the key of what the extractor works on, and what it sees of an own schema."""
        if schema_state is None:
            return key
        schema = self.schemas.get(name_in_state(schema_state))
        return sha256_of(f"{key}+{self.extractor.schema_key(schema) if schema else schema_state}".encode())

    def unavailable(self, dataset: str | None = None) -> str | None:
        """Why the backend cannot run here, or not on this data set, as one sentence; None if it can."""
        if not self.enabled:
            return "disabled in backends.yaml (`enabled: false`)"
        if isinstance(self.enabled, tuple) and not self._is_enabled_for(dataset):
            return f"enabled for {', '.join(self.enabled)} only (`enabled` in backends.yaml)"
        return self.cannot_run(dataset)

    def cannot_run(self, dataset: str | None = None) -> str | None:
        """The same, whether or not it is enabled."""
        problem = self.engine.unavailable() if self.engine else None
        return problem or self.extractor_unavailable(dataset)

    def extractor_unavailable(self, dataset: str | None = None) -> str | None:
        """The same for its extractor alone."""
        if self.members:
            problems = [member.unavailable(dataset) for member in self.members]
            if self.capabilities.in_order:
                found = [f"{of.name}: {problem}" for of, problem in zip(self.members, problems, strict=True) if problem]
                return f"a member cannot run: {found[0]}" if found else None
            return f"none of its members can run: {problems[0]}" if all(problems) else None
        if self.predictions is None:
            return self.extractor.unavailable()
        if not self.predictions.documents:
            return f"no predictions: ocr-pipeline import predictions FILE --backend {self.name}"
        if not self.covers(dataset):
            return f"no predictions of the data set {dataset} were imported"
        return None

    def covers(self, dataset: str | None) -> bool:
        """Whether it has anything to say about a data set: imported predictions cover only theirs, and a backend may be
        enabled for some data sets only."""
        if not self._is_enabled_for(dataset):
            return False
        return self.predictions is None or dataset is None or dataset in self.predictions.datasets

    def _is_enabled_for(self, dataset: str | None) -> bool:
        return not isinstance(self.enabled, tuple) or dataset is None or dataset in self.enabled


@dataclass(frozen=True)
class Backends(Mapping[str, Backend]):
    """The backends of a project by name, in the order of `backends.yaml`."""

    config: Config
    engines: Mapping[str, Engine]
    by_name: Mapping[str, Backend] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Backend:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def runnable(self, names: Iterable[str] | None = None) -> list[str]:
        """Of these backends (None or empty: all), those that can run here."""
        return [name for name in names or self if self[name].unavailable() is None]

    @property
    def limits(self) -> Limits:
        return self.config.limits

    def part_detection(self, dataset: str) -> str | None:
        """How documents of a data set are looked at for several invoices: the version of the detection, None: not at all."""
        if self.config.split_of(dataset) == "off":
            return None
        from ocr_pipeline.extraction.rules.parts import VERSION

        return f"auto-{VERSION}"

    @property
    def providers(self) -> Mapping[str, Provider]:
        return self.config.providers

    @property
    def ensembles(self) -> list[str]:
        return [name for name, backend in self.items() if backend.is_ensemble]

    @property
    def extracting(self) -> list[str]:
        return [name for name, backend in self.items() if not backend.is_ensemble]

    @property
    def competitors(self) -> list[str]:
        """The backends that are no controls."""
        return [name for name, backend in self.items() if not backend.reads_transcripts]

    @property
    def witnesses(self) -> list[str]:
        """The backends with a vote of their own: no controls, and nothing that repeats what others say, as ensembles do."""
        return [name for name in self.extracting if not self[name].reads_transcripts]


def load_backends(project: Project) -> Backends:
    """The backends of `backends.yaml` with today's models, weights and predictions, all of it checked.

    Raises:
        ConfigurationError: the file is missing or wrong, options of engines and extractors included; names the place.
    """
    path = project.config_file
    config, text = load_config(path)
    sync_models(project)
    engines = {
        name: Engine(
            name,
            _located(path, text, ("engines", name), partial(build_engine, entry)),
            config.limits.times(config.limits.max_seconds_of.get(name, config.limits.max_ocr_seconds_per_page)),
        )
        for name, entry in config.engines.items()
    }
    extractors = {
        name: _located(path, text, ("backends", name), partial(build_extractor, entry, config.providers))
        for name, entry in config.backends.items()
    }
    for extractor in extractors.values():
        if extractor.capabilities.knows_own:
            extractor.own = config.own
    backends: dict[str, Backend] = {}
    schemas = load_schemas(project.root)
    for name, entry in sorted(
        config.backends.items(), key=lambda item: bool(extractors[item[0]].capabilities.votes_on)
    ):
        where = ("backends", name, "engine") if entry.engine is not None else ("backends", name)
        _located(path, text, where, partial(check_requirements, entry, extractors[name], config, extractors))
        backend = _backend(project, name, entry, extractors[name], engines, backends, schemas)
        backends[name] = replace(backend, times=backend.capabilities.times(config.limits, name))
    return Backends(config, engines, {name: backends[name] for name in config.backends})


def _backend(
    project: Project,
    name: str,
    entry: BackendConfig,
    extractor: Extractor,
    engines: Mapping[str, Engine],
    extracting: Mapping[str, Backend],
    schemas: Mapping[str, DocumentSchema],
) -> Backend:
    extractor.use_keywords(project.keywords_file)
    engine = engines[entry.engine] if entry.engine is not None else None
    if isinstance(extractor, TrainedExtractor):
        if extractor.capabilities.votes_on:
            extractor.use(project.weights_file(name))
        elif entry.engine is not None:
            extractor.use(project.model_file(entry.engine))
    return Backend(
        name=name,
        description=entry.description,
        extractor_type=entry.extractor,
        extractor=extractor,
        enabled=entry.enabled,
        engine=engine,
        predictions=Predictions.load(open_place(project, "predictions"), name)
        if extractor.capabilities.imports
        else None,
        members=tuple(extracting[member] for member in extractor.capabilities.votes_on),
        sources=sources_of(entry.reads, extractor.capabilities, engine.capabilities if engine else None),
        repeat=entry.repeat,
        schemas=schemas,
    )


def _located(path: Path, text: str, where: tuple[str, ...], build: Callable[[], Built]) -> Built:
    """What `build` returns; its mistake with the file, the line and the place in front."""
    try:
        return build()
    except ConfigurationError as error:
        keys = re.match(r"options((?:\.\w+)*): ", str(error))
        line = line_of(text, (*where, "options", *keys[1].split(".")[1:]) if keys else where)
        raise ConfigurationError(f"{path.name}{line}: {'.'.join(where)}: {error}") from None
