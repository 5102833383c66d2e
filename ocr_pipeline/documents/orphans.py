"""Documents that were renamed or moved, and the labels and decisions that they left behind: content tells where they are."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

from ocr_pipeline.documents.beside import beside
from ocr_pipeline.documents.bucket_files import is_file, is_object, local_copy, object_size
from ocr_pipeline.documents.find import SourceFile, data_path, files_of, find_documents, new_label_of
from ocr_pipeline.documents.identifiers import remember_ids
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.documents.overrides import FOLDER
from ocr_pipeline.documents.splits import split_file
from ocr_pipeline.documents.transcripts import SUFFIX, transcript_file
from ocr_pipeline.errors import ConfigurationError, DocumentError

_PART_ID = re.compile(r"-p\d+(-\d+)?$")
_PART_LABEL = re.compile(r"(\.p\d+(?:-\d+)?)?\.json$")


@dataclass(frozen=True)
class IngestedFile:
    """A document file as it was ingested: where it was, and what was in it."""

    document_id: str
    path: Path
    size: int | None
    sha256: str | None


@dataclass
class Lost:
    """A document without its file, or a label without a document.

    `labels` and `decisions` are the files left behind. `document` is None if no document is known that they belong to. `now`:
    the files with its content; one is an offer, several are for a person to choose from.
    """

    document: IngestedFile | None
    labels: list[Path] = field(default_factory=list)
    decisions: list[Path] = field(default_factory=list)
    now: list[SourceFile] = field(default_factory=list)


def lost_labels(data: Path, ingested: Iterable[IngestedFile]) -> list[Lost]:
    """Labels and decisions without a document, and ingested documents whose content is now in a new file.

    Raises:
        ConfigurationError: a folder, a split or the list of known ids cannot be read.
    """
    known = {file.document_id: file for file in ingested}
    sources = find_documents(data)
    gone = {key: Lost(file) for key, file in known.items() if not is_file(file.path)}
    unknown: list[Lost] = []
    by_label = {path: key for key, lost in gone.items() for path in _labels_of(known[key].path)}
    for label in _unclaimed(data, sources):
        owner = gone.get(by_label.get(_of_whole(label), ""))
        if owner is None:
            unknown.append(owner := Lost(None))
        owner.labels.append(label)
    on_disk = {source.document_id for source in sources}
    for path in sorted((data / FOLDER).glob("*.json")):
        if path.stem in on_disk or _PART_ID.sub("", path.stem) in on_disk:
            continue
        owner = gone.get(path.stem) or gone.get(_PART_ID.sub("", path.stem))
        if owner is None:
            unknown.append(owner := Lost(None))
        owner.decisions.append(path)
    for lost in gone.values():
        lost.now = list(_with_content(lost, sources, known))
    return [lost for lost in gone.values() if lost.labels or lost.decisions or lost.now] + unknown


def follow(data: Path, lost: Lost) -> list[tuple[Path, Path]]:
    """Let a moved document keep its id, and with it decisions, splits and predictions, and move its labels and transcript to
    it; returns where they were and are.

    Raises:
        ConfigurationError: it is not certain where the document is, or a label is in the way.
        WarehouseError: the list of known ids cannot be written.
    """
    if lost.document is None or len(lost.now) != 1:
        raise ConfigurationError("Not exactly one document has the content of the lost one: name label and document.")
    [source] = lost.now
    moves = [(label, beside(source.path, _suffix(label))) for label in lost.labels]
    before, after = transcript_file(lost.document.path), transcript_file(source.path)
    if is_file(before) and not is_file(after):
        moves.append((before, after))
    _check_free(moves)
    if not _has_own(data, source):
        remember_ids(data, {data_path(source.path, data): lost.document.document_id})
    return _moved(moves)


def move_label(label: Path, source: SourceFile) -> list[tuple[Path, Path]]:
    """Move one label file to a document that a person has chosen. Raises ConfigurationError."""
    target = new_label_of(source.path, source.pages) if source.pages else beside(source.path, _suffix(label))
    moves = [(label, target)]
    if source.label is not None:
        raise ConfigurationError(f"{source.document_id} has a label already: {source.label}.")
    _check_free(moves)
    return _moved(moves)


def _moved(moves: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    for before, after in moves:
        if is_object(before) or is_object(after):
            raise ConfigurationError(
                f"{before.name} is in a bucket: move it there to {after.name}, with the provider's tools."
            )
        try:
            before.rename(after)
        except OSError as error:
            raise ConfigurationError(f"{before} cannot be moved to {after}: {error.strerror}.") from None
    return list(moves)


def _check_free(moves: Iterable[tuple[Path, Path]]) -> None:
    for _, target in moves:
        if is_file(target):
            raise ConfigurationError(f"{target} exists already: compare both files, and delete or rename one of them.")


def _has_own(data: Path, source: SourceFile) -> bool:
    """Whether a document has more than its file by now: then it stays the document that it is."""
    return bool(source.label or source.overrides or source.parts or split_file(data, source.document_id).exists())


def _unclaimed(data: Path, sources: Sequence[SourceFile]) -> Iterator[Path]:
    """Valid label files that belong to no document."""
    claimed = {path for source in sources for path in _labels_of(source.path)}
    claimed |= {source.label for source in sources if source.label}
    for file, kind in files_of(data):
        path = Path(file)
        if (
            kind != "beside"
            or path.suffix != ".json"
            or path.name.endswith(SUFFIX)
            or claimed & {path, _of_whole(path)}
        ):
            continue
        try:
            load_label(path)
        except DocumentError:
            continue  # some other JSON
        yield path


def _labels_of(document: Path) -> tuple[Path, Path]:
    return beside(document, ".json"), beside(document, ".json", stem=True)


def _suffix(label: Path) -> str:
    """`.json`, of a part `.p1-2.json`."""
    found = _PART_LABEL.search(label.name)
    return found[0] if found else ".json"


def _of_whole(label: Path) -> Path:
    """The label of the whole file for that of a part: `a.json` for `a.p1-2.json`."""
    return label.with_name(label.name[: -len(_suffix(label))] + ".json")


def _with_content(lost: Lost, sources: Iterable[SourceFile], known: Mapping[str, IngestedFile]) -> Iterator[SourceFile]:
    """The documents with the content of a lost one: new ones, and, if there is a label for them, ingested ones without one."""
    file = lost.document
    if file is None or file.sha256 is None:
        return
    for source in sources:
        if source.parent is not None or source.path == file.path:
            continue
        same = known.get(source.document_id)
        if same is not None and (source.label is not None or not (lost.labels or lost.decisions)):
            continue  # it has its own, or nothing is left to follow
        if _has_content(source.path, file):
            yield source


def _has_content(path: Path, file: IngestedFile) -> bool:
    try:
        size = object_size(path)
        if (path.stat().st_size if size is None else size) != file.size:
            return False
        with local_copy(path).open("rb") as opened:
            return file_digest(opened, "sha256").hexdigest() == file.sha256
    except OSError:
        return False
