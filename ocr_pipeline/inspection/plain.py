"""Whether the configuration alone says what a view of the leaderboard needs to know about its backends.

Building backends loads their engines and extractors, which takes longer than all else that the command does.
"""

from collections.abc import Collection

from ocr_pipeline.inspection.configured import CONTROL, configured
from ocr_pipeline.project import Project

_ENGINES = ("rapidocr", "tesseract", "pdf-text", "auto", "doctr")
_EXTRACTORS = ("rules", "codes", "einvoice", "external", "smollm2", "learned", "ensemble")
"""There is nothing to note about what these read, as long as they have learned nothing."""


def is_plain(project: Project, ran: Collection[str]) -> bool:
    """Whether there is nothing to note about the backends that ran, and nothing in them that only they know: none has learned,
    asks models or is a component of the project."""
    known = configured(project)
    engines = {engine for name, engine in known.engines.items() if name in ran and engine}
    extractors = {extractor for name, extractor in known.extractors.items() if name in ran}
    has_learned = any((project.data / "models").glob("*.json"))
    return extractors <= {*_EXTRACTORS} and engines <= {*_ENGINES, CONTROL} and not has_learned
