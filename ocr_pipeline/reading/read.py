"""The way of a file through ingestion, OCR and extraction, with the stages that Dagster runs, and nothing kept afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.stage import IngestedDocument, ingest_all
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import ExtractionOutcome, extract_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.reading.files import NamedFile
from ocr_pipeline.schemas import DocumentFailure, Extraction, OcrText
from ocr_pipeline.store import ResultStore

DEFAULT_BACKENDS = ("auto+rules", "rapidocr+rules")
"""The first that can run is used unless a backend is named."""


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """What was read from a file, or why nothing was. `seconds` of the engine plus the extractor; `cost_usd` None: unknown."""

    file: NamedFile
    backend: Backend
    document: IngestedDocument | None = None
    text: OcrText | None = None
    outcome: ExtractionOutcome = field(default_factory=ExtractionOutcome)
    schema: DocumentSchema = field(default_factory=invoice_schema)

    @property
    def extraction(self) -> Extraction | None:
        return self.outcome.extraction

    @property
    def failure(self) -> DocumentFailure | None:
        return self.outcome.failure

    @property
    def seconds(self) -> float:
        return (self.outcome.seconds or 0.0) + (self.text.seconds if self.text else 0.0)

    def confidence(self, path: str) -> float | None:
        """The probability that the value at a path (`total_amount`, `line_items.0.amount`) is right, by the calibration that
        ships with the extractor or was learned with its model; None if the extractor has none."""
        if self.extraction is None or path not in self.extraction.evidence:
            return None
        if self.extraction.read_from.get(path, "page") != "page" or self.backend.capabilities.calibrated:
            return self.extraction.evidence[path].score
        return None


def choose_backend(configured: Backends, name: str | None) -> Backend:
    """The backend of this name; None: the first of `DEFAULT_BACKENDS`, otherwise the first one that can read a file.

    Raises:
        ConfigurationError: it is unknown, cannot run here, or does not read single files.
    """
    if name is None:
        names = [*DEFAULT_BACKENDS, *configured]
        usable = (name for name in names if name in configured and _problem(configured[name]) is None)
        if (name := next(usable, None)) is None:
            raise ConfigurationError("No backend of backends.yaml can run here: `ocr-pipeline backends` says why.")
    elif name not in configured:
        raise ConfigurationError(f"Unknown backend {name!r}; choose from {', '.join(configured)}.")
    elif problem := _problem(configured[name]):
        raise ConfigurationError(f"Backend {name} cannot read files here: {problem}.")
    return configured[name]


def _problem(backend: Backend) -> str | None:
    if backend.members:
        return "it combines other backends, which needs a project (`ocr-pipeline run`)"
    if backend.predictions is not None:
        return "its values are imported"
    return backend.cannot_run()


def read_files(
    files: Sequence[NamedFile],
    backend: Backend,
    configured: Backends,
    models: ModelCalls,
    *,
    processes: int | None = None,
    schema: DocumentSchema | None = None,
) -> Iterator[ReadFile]:
    """Read files with a backend; results as they are ready, one for each file. `schema`: that they follow; default: invoices.

    Raises:
        ConfigurationError: the backend cannot work as it is set up, or the limit on cost is reached.
    """
    schema = schema or invoice_schema()
    if not schema.is_invoice and not backend.reads_schema(schema.state):
        raise ConfigurationError(f"Backend {backend.name} does not read documents of the schema {schema.name}.")
    readable: dict[str, tuple[NamedFile, IngestedDocument]] = {}
    paths = {str(number): file for number, file in enumerate(files)}
    sources = [SourceFile(key, "", file.path, None) for key, file in paths.items() if file.path]
    for file in files:
        if file.failure:
            yield ReadFile(file=file, backend=backend, outcome=ExtractionOutcome(failure=file.failure), schema=schema)
    for source, document, failure in ingest_all(sources, configured.limits):
        if document is None:
            outcome = ExtractionOutcome(failure=failure)
            yield ReadFile(file=paths[source.document_id], backend=backend, outcome=outcome, schema=schema)
        else:
            readable[source.document_id] = paths[source.document_id], document
    texts: dict[str, OcrText | None] = {}
    every = _tasks(readable, texts, backend, configured, models.store, processes or available_cores())
    tasks = (replace(task, schema=schema) for task in every)
    for result in extract_documents(
        backend.extractor, tasks, models.store, configured.limits, models, sources=backend.sources
    ):
        file, document = readable[result.document_id]
        yield ReadFile(
            file=file,
            backend=backend,
            document=document,
            text=texts.get(result.document_id),
            outcome=result.outcome,
            schema=schema,
        )


def _tasks(
    readable: dict[str, tuple[NamedFile, IngestedDocument]],
    texts: dict[str, OcrText | None],
    backend: Backend,
    configured: Backends,
    store: ResultStore,
    processes: int,
) -> Iterator[ExtractionTask]:
    """What the extractor gets of each file; `texts` is filled with what the engine recognised."""

    def task(key: str, input_key: str | None, failure: DocumentFailure | None = None) -> ExtractionTask:
        file, document = readable[key]
        return ExtractionTask(key, file.path or Path(), document.sha256, texts.get(key), input_key, failure=failure)

    with_words: list[OcrTask] = []
    for key, (file, document) in readable.items():
        if backend.engine is None or (document.is_drawn and backend.reads_xml):
            yield task(key, document.sha256)
        else:
            with_words.append(OcrTask(key, file.path or Path(), document.sha256, pages=len(document.pages)))
    if backend.engine is None or not with_words:
        return
    engine = backend.engine
    for result in read_documents(
        engine.component, with_words, store, configured.limits, LocalWorkers(processes), engine.times
    ):
        texts[result.document_id] = result.outcome.text
        yield task(result.document_id, result.key, result.outcome.failure)
