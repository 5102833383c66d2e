"""Finds document files, their ids, data sets and labels.

data/demo/...                  bundled documents             data set `demo`
data/documents/NAME/...        imported or copied there      data set `NAME`
data/documents/FILE            copied there                  data set `documents`
data/buckets/NAME/...          objects in a bucket           data set `NAME` of deployment.yaml; see `bucket_files`

XML is a document if it is an e-invoice and belongs to no other file (`xml_files`). Hidden files, and names that say that a
file is unfinished, are no documents (`walk`).

A file that is split (`data/splits`) is followed by its parts, which are documents of their own.
"""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ocr_pipeline.collecting import collection_paused
from ocr_pipeline.document_schema.loading import DATASET_FILE, DatasetSchemas, dataset_schemas, load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.beside import beside, name_beside
from ocr_pipeline.documents.bucket_files import FOLDER as BUCKETS
from ocr_pipeline.documents.bucket_files import bucket_paths, is_file, local_copy
from ocr_pipeline.documents.identifiers import MAX_ID_LENGTH, document_ids, load_known_ids, slug
from ocr_pipeline.documents.overrides import overrides_file
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.splits import Split, load_splits
from ocr_pipeline.documents.walk import Kind, walk_keys, walk_names

FOLDERS = ("demo", "documents")
"""The folders of documents below `data`."""
IN_BUCKETS = f"{BUCKETS}/"


@dataclass(frozen=True)
class SourceFile:
    """A document file. `label` is the path of its label file, `overrides` that of the decisions about the label.

    A part of a file has the `pages` and the `parent` that it is a part of. A split file has the ids of its `parts`: it is
    read by no backend, and its own label does not count.

    `schemas`: those that it may follow, by `dataset.yaml`; empty: it is an invoice. Of several, its label chooses.
    """

    document_id: str
    dataset: str
    path: Path
    label: Path | None
    overrides: Path | None = None
    pages: PageRange | None = None
    parent: str | None = None
    parts: tuple[str, ...] = ()
    schemas: tuple[DocumentSchema, ...] = ()

    @property
    def shapes(self) -> list[str]:
        """What values its label may have, by schema; empty: those of an invoice."""
        if all(schema.is_invoice for schema in self.schemas):
            return []
        return [f"{schema.name} {schema.shape_fingerprint}" for schema in self.schemas]


@collection_paused()
def find_documents(data: Path) -> list[SourceFile]:
    """All document files below `data/demo` and `data/documents`, in a stable order.

    Ids are those of `identifiers`.

    Raises:
        ConfigurationError: a folder, a split or the list of known ids cannot be read.
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
        if part_id in taken:  # of a file that an earlier version knew
            digest = hashlib.sha256(f"{source.document_id}/{pages.suffix}".encode()).hexdigest()[:8]
            part_id = f"{part_id[:MAX_ID_LENGTH]}-{digest}"
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
                schemas=source.schemas,
            )
        )
    return parts


def _found_files(data: Path) -> dict[str, SourceFile]:
    """The files by id."""
    paths, there = dict[str, str](), set[str]()
    for file, kind in files_of(data):
        there.add(file)
        if kind == "document":
            paths[data_path(file, data)] = file
    return _sources(data, paths, document_ids(paths, load_known_ids(data)), there)


def some_documents(data: Path, files: Iterable[str], ids: Mapping[str, str], there: Container[str]) -> list[SourceFile]:
    """These files as `find_documents` has them, where nothing is split.

    Args:
        files: paths of documents, as text.
        ids: of the other documents, and of some of these, by path below `data`.
        there: the paths of all files.
    """
    paths = {data_path(file, data): file for file in files}
    return list(_sources(data, paths, document_ids(paths, {**ids, **load_known_ids(data)}), there).values())


def _sources(
    data: Path, paths: Mapping[str, str], ids: Mapping[str, str], there: Container[str]
) -> dict[str, SourceFile]:
    """The documents by id. `paths`: as text, by path below `data`; `there`: the paths of all files."""
    sources: dict[str, SourceFile] = {}
    schemas, decided = _SchemasOfFolders(data), _names_in(overrides_file(data, "any").parent)
    dataset_of = lru_cache(slug)
    for name, file in paths.items():
        document_id, path = ids[name], Path(file)
        top, _, below = name.partition("/")
        dataset = "demo" if top == "demo" else dataset_of(below.partition("/")[0]) if "/" in below else ""
        overrides = overrides_file(data, document_id) if f"{document_id}.json" in decided else None
        sources[document_id] = SourceFile(
            document_id,
            dataset or "documents",
            path,
            Path(label) if (label := label_among(file, there)) else None,
            overrides if overrides and overrides.is_file() else None,
            schemas=schemas.of(path, _dataset_folder(file, data)),
        )
    return sources


def label_among(file: str, there: Container[str]) -> str | None:
    """The same as `label_of` for a document whose neighbours are known, with paths as text."""
    name = os.path.basename(file)
    folder = file[: -len(name)]
    if (label := folder + name_beside(name, ".json")) in there:
        return label
    dot = name.rfind(".")
    stem = name[:dot] if 0 < dot < len(name) - 1 else name  # as that of a `Path`
    return label if (label := folder + name_beside(stem, ".json")) in there else None


def _dataset_folder(path: str, data: Path) -> str:
    """The folder of the data set that a file belongs to."""
    end = _length(data)
    is_demo = path.startswith(f"demo{os.sep}", end)
    for _ in range(1 if is_demo else 2):
        end = path.find(os.sep, end) + 1 or end
    return path[: end - 1]


def _names_in(folder: Path) -> set[str]:
    """The names in a folder; a hundred thousand questions whether a file exists take longer than one list."""
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


class _SchemasOfFolders:
    """The schemas that documents may follow, by the folder of their data set. Schemas are loaded once they are needed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._known: dict[str, DatasetSchemas | None] = {}
        self._schemas: dict[str, DocumentSchema] | None = None

    def of(self, path: Path, folder: str) -> tuple[DocumentSchema, ...]:
        """Those of a document in the folder of a data set."""
        if folder not in self._known:
            self._known[folder] = self._load(Path(folder)) if is_file(Path(folder, DATASET_FILE)) else None
        chosen = self._known[folder]
        return chosen.of(path.relative_to(folder).as_posix()) if chosen else ()

    def _load(self, folder: Path) -> DatasetSchemas | None:
        if self._schemas is None:
            self._schemas = load_schemas(self._data.parent)
        return dataset_schemas(local_copy(folder / DATASET_FILE).parent, self._schemas)


def files_of(data: Path) -> Iterator[tuple[str, Kind]]:
    """The paths of all files below `data/demo` and `data/documents`, and of all in buckets. Raises ConfigurationError."""
    for folder in FOLDERS:
        yield from walk_names(os.path.join(data, folder))
    for bucket, objects in bucket_paths(data).items():
        yield from walk_keys(os.fspath(bucket), objects)


def data_path(path: Path | str, data: Path) -> str:
    """The path of a file below `data` as ids are made from it: `documents/shop/a.pdf`, also of an object in the bucket `shop`:
    a data set that moves to a bucket keeps its ids."""
    return name_of_path(os.fspath(path)[_length(data) :])


@lru_cache(maxsize=16)
def _length(data: Path) -> int:
    """Of what stands before the path of a file below `data`; asked for several times a document."""
    return len(os.path.join(data, ""))


def name_of_path(below: str) -> str:
    """The same for a path that begins below `data`."""
    below = below.replace(os.sep, "/")
    return f"documents/{below.removeprefix(IN_BUCKETS)}" if below.startswith(IN_BUCKETS) else below


def not_documents(data: Path) -> dict[Kind, list[Path]]:
    """Files that look like documents and are none: unfinished and hidden ones, paths that are too long, XML that is no
    e-invoice or belongs to a file of the same name. Raises ConfigurationError as `find_documents` does."""
    found: dict[Kind, list[Path]] = {}
    for path, kind in files_of(data):
        if kind not in ("document", "beside"):
            found.setdefault(kind, []).append(Path(path))
    return found


def label_of(path: Path, pages: PageRange | None = None) -> Path | None:
    """`invoice.pdf.json`, otherwise `invoice.json`. The first form is for folders in which two files share a stem.

    Of a part: `invoice.pdf.p1-2.json`, otherwise `invoice.p1-2.json`.
    """
    for candidate in (new_label_of(path, pages), beside(path, f"{_dotted(pages)}.json", stem=True)):
        if is_file(candidate):
            return candidate
    return None


def new_label_of(path: Path, pages: PageRange | None = None) -> Path:
    """Where the label of a document goes that has none."""
    return beside(path, f"{_dotted(pages)}.json")


def _dotted(pages: PageRange | None) -> str:
    return f".{pages.suffix}" if pages else ""
