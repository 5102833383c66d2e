"""Ids of documents in a project of an earlier version."""

from ocr_pipeline.documents.identifiers import is_recorded
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def keep_ids() -> None:
    """Before a command asks for the id of a document: write down those that an earlier version gave."""
    try:
        project = find_project()
    except ConfigurationError:
        return  # the command says so, if it needs one
    if not is_recorded(project.data):
        from ocr_pipeline.defs.known_ids import keep_known_ids

        keep_known_ids(project)
