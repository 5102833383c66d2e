"""Importing data sets: documents, labels and transcripts are copied into `data/documents/NAME/`, in the project's own
format. One module per layout; what they share is in `copying.py`.

An import can be repeated: what is already there, byte for byte, is left alone, and what changed is replaced.
"""

from ocr_pipeline.documents.importers.copying import ImportReport
from ocr_pipeline.documents.importers.cord import import_cord
from ocr_pipeline.documents.importers.folder import import_folder
from ocr_pipeline.documents.importers.source import open_source
from ocr_pipeline.documents.importers.sroie import import_sroie
from ocr_pipeline.documents.importers.zugferd import import_zugferd

__all__ = ["ImportReport", "import_cord", "import_folder", "import_sroie", "import_zugferd", "open_source"]
