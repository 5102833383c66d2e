"""Duplicates that an import reports, before anything was run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.output import counted, opened
from ocr_pipeline.documents.duplicates import (
    Duplicate,
    compare,
    duplicates,
    splits_in_use,
)
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.fingerprints import Fingerprint
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.looks import Looks
from ocr_pipeline.documents.pages import document_sha256, read_bytes
from ocr_pipeline.documents.stage import first_page, ingest, ingest_label
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse import tables

if TYPE_CHECKING:
    from ocr_pipeline.documents.looks import Image


def duplicate_notes(project: Project, dataset: str) -> list[str]:
    """Sentences about documents of a data set that duplicate another document, of the same data set or not.

    Files and pairs that the database knows are not opened or compared again.
    """
    limits = load_backends(project).limits
    with opened(project).snapshot() as snapshot:
        known = {fingerprint.sha256: fingerprint for fingerprint in tables.documents.fingerprints(snapshot)}
        similarities = tables.documents.page_similarities(snapshot)
    sources = [source for source in find_documents(project.data) if not source.parts]
    looks = Looks(open_store(project))
    files, fingerprints = {}, []
    to = Console(stderr=True)
    for source in track(sources, "Looking for duplicates", console=to, transient=True, disable=not to.is_terminal):
        fingerprint = _fingerprint(source, known, limits, looks)
        if fingerprint is not None:
            files[fingerprint.sha256] = source
            fingerprints.append(fingerprint)

    def page(sha256: str) -> "Image | None":
        return first_page(files[sha256].path, sha256, limits, files[sha256].pages)

    new = dict(compare(fingerprints, similarities, lambda sha256: looks.of(sha256, page)))
    members = duplicates(fingerprints, {**similarities, **new})
    return _sentences(members, [source for source in sources if source.dataset == dataset], sources)


def _fingerprint(source: SourceFile, known: dict[str, Fingerprint], limits: Limits, looks: Looks) -> Fingerprint | None:
    try:
        sha256 = document_sha256(read_bytes(source.path, limits), source.pages)
    except DocumentError:
        return None  # the run reports the problem
    if sha256 in known:
        same = known[sha256]
        return Fingerprint(source.document_id, sha256, same.pages, same.perceptual_hash, same.aspect)
    document, _ = ingest(source, limits)
    if document is None:
        return None
    if document.look:
        looks.put(sha256, document.look)
    page = document.pages[0]
    hashed = document.perceptual_hash
    return Fingerprint(source.document_id, sha256, len(document.pages), hashed, page.width / max(page.height, 1))


def _sentences(members: list[Duplicate], imported: Iterable[SourceFile], sources: Iterable[SourceFile]) -> list[str]:
    own = {source.document_id for source in imported}
    groups = {member.group_id for member in members if member.document_id in own}
    sentences = [
        f"{member.document_id} {'has the same bytes as' if member.kind == 'exact' else 'looks like'} {member.duplicate_of}."
        for member in members
        if member.group_id in groups and member.duplicate_of
    ]
    in_groups = {member.document_id for member in members if member.group_id in groups}
    labels = {source.document_id: ingest_label(source)[0] for source in sources if source.document_id in in_groups}
    own_splits = {key: label.split if label else None for key, label in labels.items()}
    moved = [key for key, split in splits_in_use(own_splits, members).items() if split != own_splits.get(key)]
    moved = [key for key in moved if key in in_groups]
    if moved:
        sentences.append(
            f"{counted(len(moved), 'document')} moved to the test split of a duplicate, so that models do not learn from it."
        )
    return sentences
