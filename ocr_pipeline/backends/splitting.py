"""Whether a file is split, and how: decided while it is ingested, for data sets with `split: auto`.

The words are those of the text layer, or, of a scan, those that an engine recognised earlier. A scan that no engine has read
yet is not split: the run looks at it again after `ocr_text`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_unchanged
from ocr_pipeline.documents.splits import Split, load_split
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.store import result_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.words import OcrCell

BY_HAND = "by hand"
"""`documents.part_detection` of a file that a person split."""
WAITING = ":no words"
"""End of `documents.part_detection` of a file that has no words yet."""


@dataclass(frozen=True)
class Decision:
    """How a file is split (None: it is not), and what `documents.part_detection` says about that."""

    split: Split | None
    detection: str | None


class Splitter:
    """Decides about the files of a run. Text layers are read in a worker process.

    Args:
        words: by document id and hash, the words that an engine recognised in this content; None if there are none.
    """

    def __init__(self, data: Path, backends: Backends, words: Callable[[str, str], OcrText | None]) -> None:
        self._data, self._backends, self._words = data, backends, words
        self._guard = Guard(text_layer, backends.limits)

    def decide(self, source: SourceFile, document: Document) -> Decision:
        """Whether an opened file is split. A split by hand stays until the file changes. Raises ConfigurationError."""
        known = load_split(self._data, source.document_id)
        if known is not None and known.by == "hand" and known.sha256 == document.sha256:
            return Decision(known, BY_HAND)
        detection = self._backends.part_detection(source.dataset)
        if detection is None or len(document.pages) < 2:
            return Decision(None, detection)
        text = self.text_of(source, document)
        if text is None:
            return Decision(None, detection + WAITING)
        return Decision(detected(source.document_id, document.sha256, text), detection)

    def text_of(self, source: SourceFile, document: Document, *, partial: bool = False) -> OcrText | None:
        """The words of a file: of its text layer if every page has one, else of an engine; None if there are none. `partial`:
        a text layer of some pages is better than nothing."""
        try:
            text = self._guard(source.path, document.sha256, self._backends.limits)
        except DocumentError:
            text = None
        if text is not None and all(page.words for page in text.pages):
            return text
        return self._words(source.document_id, document.sha256) or (text if partial else None)


def detected(document_id: str, sha256: str, text: OcrText) -> Split | None:
    """The split of a file into its invoices; None if it holds only one."""
    from ocr_pipeline.extraction.rules.parts import find_parts

    parts = find_parts(text)
    return Split(document_id=document_id, sha256=sha256, by="auto", parts=parts) if len(parts) > 1 else None


def text_layer(path: Path, sha256: str, limits: Limits) -> OcrText | None:
    """The text layer of a file as the engine `pdf-text` reads it; None if it has none."""
    try:
        return OcrText(pages=PdfText().read(open_unchanged(path, sha256, limits)))
    except DocumentError:
        return None


def recognised_words(
    reader: Reader, backends: Backends, document_id: str, sha256: str, transcript_sha256: str | None
) -> OcrText | None:
    """The words of this content, of the engine that recognised most of them; None if none of the engines did."""
    cells = _cells(reader, backends)
    engine = _best_engine(cells, backends, document_id, sha256, transcript_sha256)
    return tables.words.ocr_texts(reader, engine, [document_id]).get(document_id) if engine else None


def ready_to_split(reader: Reader, backends: Backends, document_ids: Iterable[str]) -> list[str]:
    """Of these documents, those that are to be looked at for several invoices, and that an engine has read meanwhile."""
    known = tables.documents.documents(reader)
    waiting = [row for key in document_ids if (row := known.get(key)) and row.waits_for_words and row.sha256]
    cells = _cells(reader, backends) if waiting else {}
    return [
        row.document_id
        for row in waiting
        if _best_engine(cells, backends, row.document_id, str(row.sha256), row.transcript_sha256)
    ]


def _cells(reader: Reader, backends: Backends) -> Mapping[str, Mapping[str, OcrCell]]:
    return {name: tables.words.ocr_cells(reader, name) for name in backends.engines}


def _best_engine(
    cells: Mapping[str, Mapping[str, OcrCell]],
    backends: Backends,
    document_id: str,
    sha256: str,
    transcript_sha256: str | None,
) -> str | None:
    """The engine with the most words of this content."""
    words: dict[str, int] = {}
    for name, of_engine in cells.items():
        cell, engine = of_engine.get(document_id), backends.engines[name]
        if cell is None or not cell.words:
            continue
        key = result_key(engine.input_of(sha256, transcript_sha256), engine.current(cell.fingerprint))
        if cell.result_key == key:
            words[name] = cell.words
    return max(words, key=words.__getitem__) if words else None
