"""Which documents and backends a command is about."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.transcripts import has_transcript
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project


def choose_documents(project: Project, patterns: Sequence[str] | None, dataset: str | None) -> list[SourceFile]:
    """The documents whose id matches one of the patterns, of one data set or of all.

    Raises:
        ConfigurationError: nothing is there, or a pattern matches nothing.
    """
    sources = find_documents(project.data)
    if dataset is not None:
        sources = [source for source in sources if source.dataset == dataset]
        if not sources:
            raise ConfigurationError(f"There is no data set {dataset!r}; `ocr-pipeline documents` lists what is there.")
    if not sources:
        raise ConfigurationError(
            f"There are no documents: put some into {project.relative(project.data / 'documents')}, "
            "or see `ocr-pipeline import --help`."
        )
    wanted = _split(patterns)
    if patterns and not wanted:
        raise ConfigurationError("--documents is empty: leave it out for all documents.")
    if not wanted:
        return sources
    _check("document", wanted, [source.document_id for source in sources], "`ocr-pipeline documents` lists them")
    return [source for source in sources if _matches(source.document_id, wanted)]


def choose_backends(
    configured: Backends, patterns: Sequence[str] | None, sources: Sequence[SourceFile]
) -> tuple[list[str], dict[str, str]]:
    """The backends that match, and those left out because they cannot run here, or on these documents, with the reason.

    Raises:
        ConfigurationError: a pattern matches nothing, a backend that was asked for by name cannot run, or none can.
    """
    wanted = _split(patterns)
    known = list(configured)
    if wanted:
        _check("backend", wanted, known, f"known are {', '.join(known)}")
        known = [name for name in known if _matches(name, wanted)]
    problems = {
        name: problem
        for name in known
        if (problem := configured[name].unavailable() or _no_input(configured, name, sources))
    }
    for name, problem in problems.items():
        if name in wanted:
            raise ConfigurationError(f"The backend {name} cannot run: {problem}.")
    chosen = [name for name in known if name not in problems]
    if not chosen:
        raise ConfigurationError(
            "None of these backends can run here: " + "; ".join(f"{n}: {p}" for n, p in problems.items()) + "."
        )
    return chosen, problems


def _no_input(configured: Backends, backend: str, sources: Sequence[SourceFile]) -> str | None:
    engine = configured[backend].engine
    if engine and engine.capabilities.reads_transcripts and not any(has_transcript(source.path) for source in sources):
        return "none of the documents has a transcript"
    return None


def _split(patterns: Sequence[str] | None) -> list[str]:
    return [part.strip() for pattern in patterns or () for part in pattern.split(",") if part.strip()]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _check(what: str, patterns: Sequence[str], known: Sequence[str], hint: str) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise ConfigurationError(f"No {what} matches {pattern!r}; {hint}.")
