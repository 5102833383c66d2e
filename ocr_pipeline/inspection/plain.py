"""Whether the configuration alone says what a view of the leaderboard needs to know about its backends.

Building backends loads their engines and extractors, which takes longer than all else that the command does.
"""

from collections.abc import Collection

from ocr_pipeline.backends.config import load_config
from ocr_pipeline.project import Project

_ENGINES = ("rapidocr", "tesseract", "pdf-text", "auto", "doctr")
_CONTROL = "oracle"
_EXTRACTORS = ("rules", "codes", "einvoice", "external", "smollm2", "learned", "ensemble")
"""There is nothing to note about what these read, as long as they have learned nothing."""


def is_plain(project: Project, ran: Collection[str]) -> bool:
    """Whether there is nothing to note about the backends that ran, and nothing in them that only they know: none has learned,
    asks models or is a component of the project."""
    config, _ = load_config(project.config_file)
    known = [backend for name, backend in config.backends.items() if name in ran]
    engines = {config.engines[backend.engine].type for backend in known if backend.engine}
    extractors = {backend.extractor for backend in known}
    has_learned = any((project.data / "models").glob("*.json"))
    return extractors <= {*_EXTRACTORS} and engines <= {*_ENGINES, _CONTROL} and not has_learned


def plain_competitors(project: Project) -> list[str]:
    """The backends that are no controls, if all that ran are plain."""
    config, _ = load_config(project.config_file)
    controls = {name for name, engine in config.engines.items() if engine.type == _CONTROL}
    return [name for name, backend in config.backends.items() if backend.engine not in controls]
