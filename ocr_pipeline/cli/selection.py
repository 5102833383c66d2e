"""Documents and backends selected on the command line."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.cli.documents import no_documents
from ocr_pipeline.cli.output import opened
from ocr_pipeline.documents.document_names import named_document
from ocr_pipeline.documents.find import SourceFile, find_documents, with_family
from ocr_pipeline.documents.identifiers import short_id
from ocr_pipeline.documents.transcripts import has_transcript
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.untrusted import printable_path


def choose_documents(project: Project, patterns: Sequence[str] | None, dataset: str | None) -> list[SourceFile]:
    """Documents whose id, path or file name matches a pattern, of one data set or of all.

    Raises:
        ConfigurationError: there are no documents, or a pattern matches none.
    """
    sources = find_documents(project.data)
    if dataset is not None:
        sources = [source for source in sources if source.dataset == dataset]
        if not sources:
            raise no_documents(project, dataset)
    if not sources:
        raise no_documents(project)
    wanted = _split(patterns)
    if patterns and not wanted:
        raise ConfigurationError("--documents is empty; omit it to select all documents.")
    if not wanted:
        return sources
    names = {source.document_id: _names(project, source) for source in sources}
    every = [name for of_one in names.values() for name in of_one]
    _check("document", wanted, every, "`ocr-pipeline documents` lists them")
    exact = names.keys() & set(wanted)
    patterns = [pattern for pattern in wanted if pattern not in exact]
    chosen = [
        source
        for source in sources
        if source.document_id in exact or any(_matches(name, patterns) for name in names[source.document_id])
    ]
    return with_family(chosen, sources)


def document_id_of(project: Project, name: str) -> str:
    """The id of the document that a user means; `name` itself if it is the id of a document whose file was deleted.

    Raises:
        ConfigurationError: there is none, or several have this name.
    """
    from ocr_pipeline.warehouse import tables

    sources = find_documents(project.data)
    if name not in {source.document_id for source in sources} and name in tables.documents.documents(opened(project)):
        return name
    return named_document(sources, name).document_id


def _names(project: Project, source: SourceFile) -> set[str]:
    """The id, also without the hash of the path, the path and the file name."""
    path = project.relative(source.path)
    short = short_id(source.document_id)
    return {source.document_id, short, path, path.removeprefix("data/documents/"), printable_path(source.path.name)}


def choose_backends(
    configured: Backends, patterns: Sequence[str] | None, sources: Sequence[SourceFile]
) -> tuple[list[str], dict[str, str]]:
    """The backends that match, and those that cannot run here or on these documents, with the reason.

    Raises:
        ConfigurationError: a pattern matches nothing, a backend selected by name cannot run, or none can.
    """
    wanted = _split(patterns)
    known = list(configured)
    if wanted:
        _check("backend", wanted, known, f"choose from {', '.join(known)}")
        known = [name for name in known if _matches(name, wanted)]
    problems = {
        name: problem
        for name in known
        if (problem := configured[name].unavailable() or _no_input(configured, name, sources))
    }
    for name, problem in problems.items():
        if name in wanted:
            raise ConfigurationError(f"Backend {name} cannot run: {problem}.")
    chosen = [name for name in known if name not in problems]
    if not chosen:
        raise ConfigurationError(
            "No selected backend can run here: " + "; ".join(f"{n}: {p}" for n, p in problems.items()) + "."
        )
    return chosen, problems


def _no_input(configured: Backends, backend_name: str, sources: Sequence[SourceFile]) -> str | None:
    needs_transcripts = configured[backend_name].reads_transcripts
    if needs_transcripts and not any(has_transcript(source.path) for source in sources):
        return "no document has a transcript"
    backend = configured[backend_name]
    datasets = {source.dataset for source in sources}
    if isinstance(backend.enabled, tuple) and datasets.isdisjoint(backend.enabled):
        return f"enabled for {', '.join(backend.enabled)} only"
    return None


def _split(patterns: Sequence[str] | None) -> list[str]:
    return [part.strip() for pattern in patterns or () for part in pattern.split(",") if part.strip()]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _check(what: str, patterns: Sequence[str], known: Sequence[str], hint: str) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise ConfigurationError(f"No {what} matches {pattern!r}; {hint}.")
