"""`ocr-pipeline split`: make each invoice in a file a document of its own, or make a split file whole again."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.splitting import Splitter, detected, recognised_words
from ocr_pipeline.cli.output import alone, console, opened, plain
from ocr_pipeline.documents.document_names import named_document
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.page_range import PageRange, listed, parse_ranges
from ocr_pipeline.documents.pages import Document, open_document, read_bytes
from ocr_pipeline.documents.splits import Split, remove_split, split_sentence, write_split
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.schemas import OcrText


def split(
    document: Annotated[str, typer.Argument(help="Document id; see `ocr-pipeline documents`.")],
    pages: Annotated[
        str | None, typer.Option("--pages", help="Pages of each part: 1-2,3. Default: the invoices that are found.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Make a split file one document again.")] = False,
) -> None:
    """Split a file that holds several invoices.

    Each part becomes a document, and no backend reads the file as a whole. A split by hand stays until the file changes.
    Without --pages, the invoices are found in the text layer, or in the words that an engine has recognised.
    """
    project = find_project()
    source = named_document(find_documents(project.data), document)
    document = source.document_id
    if source.parent is not None:
        raise ConfigurationError(f"{document} is a part of {source.parent}: split that, with other --pages.")
    with alone(project):
        if undo:
            remove_split(project.data, document)
            console.print(f"{plain(document)} is one document again.")
        else:
            write_split(project.data, _split(project, source, pages))
            parts = next(found.parts for found in find_documents(project.data) if found.document_id == document)
            console.print(plain(split_sentence(parts)), soft_wrap=True)
            if source.label is not None:
                console.print(
                    f"Its label no longer counts; label the parts: `ocr-pipeline labels edit {plain(parts[0])}`."
                )
    console.print(f"Next: [b]ocr-pipeline run --documents {plain(document)}[/]", soft_wrap=True)


def _split(project: Project, source: SourceFile, pages: str | None) -> Split:
    limits = load_backends(project).limits
    opened_file = open_document(read_bytes(source.path, limits), limits)
    ranges = _parsed(pages) if pages is not None else _found(project, source, opened_file)
    if ranges[-1].last > len(opened_file.pages):
        raise ConfigurationError(f"--pages {listed(ranges)}: the file has {len(opened_file.pages)} pages.")
    return Split(document_id=source.document_id, sha256=opened_file.sha256, by="hand", parts=list(ranges))


def _parsed(pages: str) -> list[PageRange]:
    try:
        return parse_ranges(pages)
    except ValueError as error:
        raise ConfigurationError(f"--pages: {error}.") from None


def _found(project: Project, source: SourceFile, document: Document) -> Sequence[PageRange]:
    backends = load_backends(project)

    def words(document_id: str, sha256: str) -> OcrText | None:
        with opened(project).snapshot() as snapshot:
            return recognised_words(snapshot, backends, document_id, sha256, transcript_sha256(source.path))

    text = Splitter(project.data, backends, words).text_of(source, document, partial=True)
    if text is None:
        raise ConfigurationError(
            f"{source.document_id} has no text layer, and no engine has read it: name the --pages, or run an engine first."
        )
    found = detected(source.document_id, document.sha256, text)
    if found is None:
        raise ConfigurationError(f"Only one invoice was found in {source.document_id}: name the --pages of each part.")
    return found.parts
