"""Finds document files, their ids, data sets and labels.

data/demo/...                  bundled documents             data set `demo`
data/documents/NAME/...        imported or copied there      data set `NAME`
data/documents/FILE            copied there                  data set `documents`

XML is a document if it is an e-invoice and belongs to no other file (`xml_files`).

A file that is split (`data/splits`) is followed by its parts, which are documents of their own.
"""

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ocr_pipeline.documents import xml_files
from ocr_pipeline.documents.beside import beside
from ocr_pipeline.documents.overrides import overrides_file
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.splits import Split, load_splits
from ocr_pipeline.errors import ConfigurationError

NOT_DOCUMENTS = {".json", ".md", ".txt", ".csv"}
MAX_ID_LENGTH = 80


@dataclass(frozen=True)
class SourceFile:
    """A document file. `label` is the path of its label file, `overrides` that of the decisions about the label.

    A part of a file has the `pages` and the `parent` that it is a part of. A split file has the ids of its `parts`: it is
    read by no backend, and its own label does not count.
    """

    document_id: str
    dataset: str
    path: Path
    label: Path | None
    overrides: Path | None = None
    pages: PageRange | None = None
    parent: str | None = None
    parts: tuple[str, ...] = ()


def find_documents(data: Path) -> list[SourceFile]:
    """All document files below `data/demo` and `data/documents`, in a stable order.

    The id is the path reduced to `[a-z0-9_-]`. A hash of the path is appended if two files would get the same id, or if the
    reduction drops letters.

    Raises:
        ConfigurationError: a folder or a split cannot be read.
    """
    files = _found_files(data)
    sources: dict[str, SourceFile] = {}
    splits = load_splits(data)
    for document_id, source in files.items():
        sources[document_id] = source
        if document_id in splits:
            parts = {part.document_id: part for part in _parts(data, source, splits[document_id], files)}
            sources[document_id] = replace(source, parts=tuple(parts), label=None, overrides=None)
            sources |= parts
    return list(sources.values())


def with_family(sources: Iterable[SourceFile], every: Iterable[SourceFile]) -> list[SourceFile]:
    """These documents as they are in `every`, with the parts of the split files among them."""
    chosen = {source.document_id for source in sources}
    return [source for source in every if source.document_id in chosen or source.parent in chosen]


def _parts(data: Path, source: SourceFile, split: Split, taken: Container[str]) -> list[SourceFile]:
    """The parts of a split file."""
    parts = []
    for pages in split.parts:
        part_id = f"{source.document_id}-{pages.suffix}"
        if part_id in taken:
            part_id = _with_hash(part_id, (source.document_id, pages.suffix))
        overrides = overrides_file(data, part_id)
        parts.append(
            SourceFile(
                part_id,
                source.dataset,
                source.path,
                label_of(source.path, pages),
                overrides if overrides.is_file() else None,
                pages=pages,
                parent=source.document_id,
            )
        )
    return parts


def _found_files(data: Path) -> dict[str, SourceFile]:
    """The files by id."""
    sources: dict[str, SourceFile] = {}
    for folder, prefix in ((data / "demo", ("demo",)), (data / "documents", ())):
        for path in _files(folder):
            parts = (*prefix, *path.relative_to(folder).parts)
            document_id = document_id_of(parts)
            if document_id in sources:
                document_id = _with_hash(document_id, parts)
            dataset = slug(parts[0]) if len(parts) > 1 else "documents"
            overrides = overrides_file(data, document_id)
            sources[document_id] = SourceFile(
                document_id, dataset or "documents", path, label_of(path), overrides if overrides.is_file() else None
            )
    return sources


def document_id_of(parts: tuple[str, ...]) -> str:
    """The id of a file from the parts of its path: `("sroie", "X51.jpg")` becomes `sroie-x51`."""
    stem = "-".join((*parts[:-1], Path(parts[-1]).stem))
    name = slug(stem)
    readable = _fold(stem)
    if not name or len(name) > MAX_ID_LENGTH or not readable.isascii():
        return _with_hash(name, parts)
    return name


def slug(text: str) -> str:
    """`text` in lower case, with everything but letters, digits and `_` replaced by single dashes."""
    return re.sub(r"[^a-z0-9_]+", "-", _fold(text)).strip("-")


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _with_hash(name: str, parts: tuple[str, ...]) -> str:
    digest = hashlib.sha256("/".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{name[:MAX_ID_LENGTH]}-{digest}".lstrip("-")


def ignored_xml(data: Path) -> list[Path]:
    """The XML files below `data/demo` and `data/documents` that are no documents: no e-invoice, or one that belongs to a file
    of the same name. Raises ConfigurationError as `find_documents` does."""
    return [path for folder in ("demo", "documents") for path in _files(data / folder, wanted=False)]


def document_files(folder: Path) -> Iterator[Path]:
    """The visible files below a folder that may be documents, in a stable order.

    Raises:
        ConfigurationError: a folder cannot be read.
    """
    return _files(folder)


def _files(folder: Path, *, wanted: bool = True, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The document files below a folder; `wanted=False`: the XML files that are none. `above` are its parent folders, to
    detect symlink loops."""

    def visible(paths: Iterable[Path]) -> list[Path]:
        return sorted(path for path in paths if not path.name.startswith("."))

    real = folder.resolve()
    if real in above or not folder.is_dir():
        return
    try:
        paths = visible(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    pages = [path for path in paths if path.suffix.lower() not in {*NOT_DOCUMENTS, *xml_files.SUFFIXES}]
    names = [path.name for path in pages if path.is_file()] if len(pages) < len(paths) else []
    for path in paths:
        if path.is_dir():
            yield from _files(path, wanted=wanted, above=above | {real})
        elif path.is_file() and path.suffix.lower() not in NOT_DOCUMENTS:
            is_document = path.suffix.lower() not in xml_files.SUFFIXES or xml_files.is_document(path, names)
            if is_document == wanted:
                yield path


def label_of(path: Path, pages: PageRange | None = None) -> Path | None:
    """`invoice.pdf.json`, otherwise `invoice.json`. The first form is for folders in which two files share a stem.

    Of a part: `invoice.pdf.p1-2.json`, otherwise `invoice.p1-2.json`.
    """
    for candidate in (new_label_of(path, pages), beside(path, f"{_dotted(pages)}.json", stem=True)):
        if candidate.is_file():
            return candidate
    return None


def new_label_of(path: Path, pages: PageRange | None = None) -> Path:
    """Where the label of a document goes that has none."""
    return beside(path, f"{_dotted(pages)}.json")


def _dotted(pages: PageRange | None) -> str:
    return f".{pages.suffix}" if pages else ""
