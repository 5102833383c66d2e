"""Which backends and engines are independent readers, by the components that they are made of."""

from collections.abc import Collection, Mapping

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.evaluation.diagnosis.voices import Voice
from ocr_pipeline.models.families import model_family


def backend_voices(backends: Backends, reported: Mapping[str, Collection[str]]) -> dict[str, Voice]:
    """The voice of each backend that has one: controls, ensembles and cascades repeat what others say.

    Args:
        reported: models by backend, as imported predictions name them.
    """
    return {name: _voice(backends[name], reported.get(name, ())) for name in backends.witnesses}


def _voice(backend: Backend, reported: Collection[str]) -> Voice:
    engines = backend.engine.component.families if backend.engine else frozenset[str]()
    if backend.capabilities.imports:
        return Voice(engines, frozenset(map(model_family, reported)) or frozenset({backend.name}))
    return Voice(engines, backend.extractor.families)


def engine_voices(backends: Backends) -> dict[str, Voice]:
    """The voices of all engines that backends use; that of transcripts is a person's."""
    engines = [engine for name in backends for engine in backends[name].engines]
    return {engine.name: Voice(engine.component.families, frozenset()) for engine in engines}
