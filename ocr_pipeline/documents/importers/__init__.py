"""Importers of data sets: one module per public layout; shared code is in `copying.py` and `source.py`.

Belongs here: copying documents, labels and transcripts into `data/documents/NAME/` in the project's own format, repeatably.
Does not belong here: opening the database and launching runs.
"""

from ocr_pipeline.documents.importers.copying import ImportReport
from ocr_pipeline.documents.importers.cord import import_cord
from ocr_pipeline.documents.importers.einvoice import import_einvoice
from ocr_pipeline.documents.importers.folder import import_folder
from ocr_pipeline.documents.importers.source import open_source
from ocr_pipeline.documents.importers.sroie import import_sroie

__all__ = ["ImportReport", "import_cord", "import_einvoice", "import_folder", "import_sroie", "open_source"]
