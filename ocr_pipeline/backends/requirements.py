"""Whether a backend of `backends.yaml` gives its extractor what that declares to need."""

from collections.abc import Mapping

from ocr_pipeline.backends.config import BackendConfig, Config
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import Extractor, ModelExtractor, TrainedExtractor
from ocr_pipeline.extraction.sources import sources_of


def check_requirements(
    entry: BackendConfig, extractor: Extractor, config: Config, extractors: Mapping[str, Extractor]
) -> None:
    """Check that the entry gives the extractor what it declares to need.

    Raises:
        ConfigurationError: it does not.
    """
    can = extractor.capabilities
    if entry.engine is not None:
        if entry.engine not in config.engines:
            raise ConfigurationError(f"there is no engine {entry.engine!r}; known are {', '.join(config.engines)}.")
        if can.imports:
            raise ConfigurationError("imported predictions need no engine.")
        if can.votes_on:
            raise ConfigurationError("an ensemble needs no engine: it works on what its members extracted.")
        if can.requires == "pages":
            raise ConfigurationError(f"the extractor {entry.extractor!r} works on pages and needs no engine.")
    elif can.requires == "words":
        raise ConfigurationError(f"the extractor {entry.extractor!r} works on words: name an engine.")
    if can.asks is not None and not isinstance(extractor, ModelExtractor):
        raise ConfigurationError(f"{entry.extractor!r} asks a model, so it must be a ModelExtractor.")
    if entry.repeat > 1 and can.asks is None:
        raise ConfigurationError("`repeat` is for backends that ask a model; this one always gives the same answer.")
    if (can.learns or can.votes_on) and not isinstance(extractor, TrainedExtractor):
        raise ConfigurationError(f"{entry.extractor!r} learns from labels, so it must be a TrainedExtractor.")
    sources_of(entry.reads, can, None)
    for member in can.votes_on:
        if member not in extractors:
            raise ConfigurationError(f"options.of: there is no backend {member!r}; known are {', '.join(extractors)}.")
        if extractors[member].capabilities.votes_on:
            raise ConfigurationError(
                f"options.of: {member!r} is an ensemble or cascade itself, which cannot be a member."
            )
        if can.in_order and extractors[member].capabilities.batch:
            raise ConfigurationError(
                f"options.of: {member!r} asks in batches; a cascade asks about one document after the other: "
                "use `mode: interactive`."
            )
