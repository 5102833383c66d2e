"""The names by which users and files call documents."""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import PurePosixPath

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.identifiers import short_id
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import document_sha256, read_bytes
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.untrusted import printable_path

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class DocumentNames:
    """Every name of these documents: the id, also without the hash of the path, the file name or the end of its path, both
    with and without suffix, and the SHA-256 of the content."""

    def __init__(self, sources: Sequence[SourceFile], limits: Limits) -> None:
        self._sources, self._limits = sources, limits
        self._by_name: dict[str, set[str]] = {}
        self._by_other_spelling: dict[str, set[str]] = {}
        for source in sources:
            for name in _names(source):
                self._by_name.setdefault(name, set()).add(source.document_id)
                self._by_other_spelling.setdefault(_normal(name), set()).add(source.document_id)

    def documents(self, name: str) -> tuple[set[str], bool]:
        """The ids of the documents that have this name, and whether one of them has to be meant.

        A hash means them all: they are the same document, byte for byte. Other spellings in Unicode count if no name is exact.
        """
        name = name.lstrip("/")
        ids = self._by_name.get(name) or self._by_other_spelling.get(_normal(name)) or set()
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


def named_document(sources: Sequence[SourceFile], name: str) -> SourceFile:
    """The document that a user means by an id, an id without the hash of the path, a path or a file name.

    Raises:
        ConfigurationError: there is none, or several have this name.
    """
    exact = [source for source in sources if source.document_id == name]
    text = os.path.normpath(name).lstrip("/")
    found = exact or [source for source in sources if {name, text} & _names(source)]
    if not found:
        shown = printable_path(name)
        raise ConfigurationError(f"Unknown document {shown!r}; `ocr-pipeline documents` lists all documents.")
    if len(found) > 1:
        ids = ", ".join(source.document_id for source in found[:5]) + (", …" if len(found) > 5 else "")
        raise ConfigurationError(
            f"{printable_path(name)!r} is the name of several documents: {ids}. Write one of these."
        )
    return found[0]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _names(source: SourceFile) -> set[str]:
    """The names of a document; those of a part of a file are like that of its label, `x1.p1-2`."""
    ends = set(_path_ends(source))
    if source.pages is not None:
        ends = {f"{name}.{source.pages.suffix}" for name in ends}
    return {source.document_id, short_id(source.document_id), *ends, *map(printable_path, ends)}


def _path_ends(source: SourceFile) -> Iterable[str]:
    """`x1.jpg`, `img/x1.jpg`, `sroie/img/x1.jpg` and so on up to the root, and the same without `.jpg`."""
    path = PurePosixPath(source.path.as_posix())
    for start in range(1, len(path.parts)):
        end = PurePosixPath(*path.parts[start:])
        yield from (str(end), str(end.with_suffix("")))
