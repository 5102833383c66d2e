"""Writes `keywords.yaml`: the words beside proven amounts in all documents of a project."""

from collections.abc import Sequence

from ocr_pipeline.extraction.rules.reading.learned_words import KeywordFile
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.store import write_durably
from ocr_pipeline.training.keywords import learn, rendered
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.opened import open_warehouse
from ocr_pipeline.yaml_files import load_yaml


def write_keywords(project: Project, engines: Sequence[str]) -> KeywordFile:
    """Learn from the OCR text of every document, labelled or not, and write the file. Each document counts once, with the text
    of the first of these engines that has one, and copies count as one document. Without a new word no file is made: an empty
    one would make results stale for nothing.

    Raises:
        ConfigurationError: the file exists and is invalid.
    """
    path = project.keywords_file
    before = load_yaml(path, KeywordFile)[0] if path.exists() else None
    content = learn(_texts(project, engines), before)
    text = rendered(content)
    if (before or content.keywords) and not (path.exists() and path.read_text("utf-8") == text):
        write_durably(path, text)
    return content


def _texts(project: Project, engines: Sequence[str]) -> list[OcrText]:
    warehouse = open_warehouse(project)
    texts: dict[str, OcrText] = {}
    with warehouse.snapshot() as snapshot:
        groups = tables.documents.groups(snapshot)
        for engine in engines:
            cells = tables.words.ocr_cells(snapshot, engine)
            wanted = sorted(
                document
                for document, cell in cells.items()
                if not cell.failed and groups.get(document, document) not in texts
            )
            for document, text in sorted(tables.words.ocr_texts(snapshot, engine, wanted).items()):
                texts.setdefault(groups.get(document, document), text)
    return [texts[document] for document in sorted(texts)]
