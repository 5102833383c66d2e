"""ocr_pipeline: which way of extracting your invoices and receipts works best, and why a value is wrong.

The public names. Everything else is internal and may change between releases.

    from ocr_pipeline import Project, load_table, run

    project = Project(Path("."))
    run(project, backends=["rapidocr+rules"])
    scores = load_table(project, "field_scores")          # a pandas data frame
    values = load_values(project)                         # what was read, with or without labels

`OcrEngine` and `Extractor` are base classes for engines and extractors of your own, `Capabilities` says what they need;
`Document` is what an engine gets, `Extraction` what an extractor returns. See docs/backends.md. `Counts` are numbers of
values by outcome that add up, with precision, recall and F1.
"""

TYPE_CHECKING = False  # typing itself takes milliseconds to import

if TYPE_CHECKING:
    from ocr_pipeline.api import load_table as load_table
    from ocr_pipeline.api import load_values as load_values
    from ocr_pipeline.api import run as run
    from ocr_pipeline.components import Capabilities as Capabilities
    from ocr_pipeline.documents.pages import Document as Document
    from ocr_pipeline.evaluation.statistics.counts import Counts as Counts
    from ocr_pipeline.extraction.base import ExtractionInput as ExtractionInput
    from ocr_pipeline.extraction.base import Extractor as Extractor
    from ocr_pipeline.ocr.base import OcrEngine as OcrEngine
    from ocr_pipeline.project import Project as Project
    from ocr_pipeline.schemas import Extraction as Extraction

_HOMES = {
    "Capabilities": "ocr_pipeline.components",
    "Counts": "ocr_pipeline.evaluation.statistics.counts",
    "Document": "ocr_pipeline.documents.pages",
    "Extraction": "ocr_pipeline.schemas",
    "ExtractionInput": "ocr_pipeline.extraction.base",
    "Extractor": "ocr_pipeline.extraction.base",
    "OcrEngine": "ocr_pipeline.ocr.base",
    "Project": "ocr_pipeline.project",
    "load_table": "ocr_pipeline.api",
    "load_values": "ocr_pipeline.api",
    "run": "ocr_pipeline.api",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import ocr_pipeline` itself loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
