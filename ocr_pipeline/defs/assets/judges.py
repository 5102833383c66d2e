"""What the assets of the group `diagnosis` have in common: who read a document, and what their findings are made by."""

from collections.abc import Mapping

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.evaluation.diagnosis.truth import Sources, split_by_source
from ocr_pipeline.evaluation.diagnosis.voices import Voice
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader


def made_by(configured: Backends, rules: Rules | None = None, voices: Mapping[str, Voice] | None = None) -> object:
    """All that holds for every document, as JSON: how backends are made, what scores are made by (`rules`), and who is
    independent of whom (`voices`)."""
    backends = [
        [
            name,
            backend.engine_name,
            backend.extractor_type,
            backend.fingerprint,
            backend.reads_transcripts,
            backend.capabilities.calibrated,
        ]
        for name, backend in configured.items()
    ]
    scored_by = [rules.fingerprint, rules.own_fingerprints] if rules else None
    heard = [[name, *map(sorted, voice)] for name, voice in (voices or {}).items()]
    return [backends, configured.competitors, configured.witnesses, list(configured.engines), scored_by, heard]


def sources_of(reader: Reader, configured: Backends) -> dict[str, Sources]:
    """By document, what backends read from the page, from codes and from XML."""
    extractors = {name: backend.extractor_type for name, backend in configured.items()}
    values = tables.sources.sourced_values(reader, configured.competitors)
    return {key: split_by_source(of_document, extractors) for key, of_document in values.items()}


def transcripts_of(configured: Backends) -> str | None:
    """The engine that gives transcripts."""
    return next((name for name, engine in configured.engines.items() if engine.capabilities.reads_transcripts), None)
