"""Maps document names in imported rows to document ids."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import PurePosixPath

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import document_sha256, read_bytes
from ocr_pipeline.errors import DocumentError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class DocumentNames:
    """Every name of these documents: the id, the file name or the end of its path, both with and without suffix, and the
    SHA-256 of the content."""

    def __init__(self, sources: Sequence[SourceFile], limits: Limits) -> None:
        self._sources, self._limits = sources, limits
        self._by_name: dict[str, set[str]] = {}
        for source in sources:
            for name in {source.document_id, *_names(source)}:
                self._by_name.setdefault(name, set()).add(source.document_id)

    def documents(self, name: str) -> tuple[set[str], bool]:
        """The ids of the documents that have this name, and whether one of them has to be meant.

        A hash means them all: they are the same document, byte for byte.
        """
        ids = self._by_name.get(name.lstrip("/"), set())
        if not ids and _SHA256.fullmatch(name):
            return self._by_sha256.get(name.lower(), set()), False
        return ids, True

    @cached_property
    def _by_sha256(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for source in self._sources:
            with suppress(DocumentError):  # a file that cannot be read has no content to be known by
                content = read_bytes(source.path, self._limits)
                found.setdefault(document_sha256(content, source.pages), set()).add(source.document_id)
        return found


def _names(source: SourceFile) -> Iterable[str]:
    """The names of a file; those of a part of it are like that of its label, `x1.p1-2`."""
    if source.pages is None:
        return _path_ends(source)
    return {f"{name}.{source.pages.suffix}" for name in _path_ends(source)}


def _path_ends(source: SourceFile) -> Iterable[str]:
    """`x1.jpg`, `img/x1.jpg`, `sroie/img/x1.jpg` and so on up to the root, and the same without `.jpg`."""
    path = PurePosixPath(source.path.as_posix())
    for start in range(1, len(path.parts)):
        end = PurePosixPath(*path.parts[start:])
        yield from (str(end), str(end.with_suffix("")))
