"""What is due after a change: the stages run here one after the other, without Dagster."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.identifiers import remember_ids
from ocr_pipeline.documents.stage import ingest, ingest_label
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.ocr.stage import OcrOutcome, OcrResult, OcrTask, read_documents
from ocr_pipeline.planning.ingested import ingested_scope
from ocr_pipeline.planning.plan import make_plan
from ocr_pipeline.planning.states import CellState, document_states, extraction_states, label_states, ocr_states
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline_tests.files import (
    PLUGINS,
    add_file,
    add_image,
    add_label,
    image_bytes,
    reads,
    small_backends,
    write_backends,
)
from ocr_pipeline_tests.plugins import PixelEngine

Pending = tuple[list[str], list[str], list[tuple[str, str]], list[tuple[str, str]]]
NOTHING: Pending = ([], [], [], [])


def due(states: Sequence[CellState]) -> list[tuple[str, str]]:
    return [state.cell for state in states if state.due]


class Pipeline:
    """A project whose stages are run for what is pending, and for nothing else."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.warehouse = Warehouse(project.database)
        self.store = ResultStore(project.results)
        self.settings = small_backends(project.root)
        # pixel-2 shares the engine `pixel`, so that one engine feeds two backends
        self.settings["backends"]["pixel-2"] = {**self.settings["backends"]["pixel+first"], "options": {"version": 5}}
        del self.settings["backends"]["pdf-text+first"], self.settings["engines"]["pdf-text"]

    @property
    def backends(self) -> Backends:
        write_backends(self.project.root, self.settings)
        return load_backends(self.project)

    @property
    def ids(self) -> list[str]:
        return [source.document_id for source in find_documents(self.project.data)]

    def documents(self) -> list[str]:
        known = tables.documents.documents(self.warehouse)
        states = document_states(find_documents(self.project.data), known, self.backends.limits)
        return [document_id for _, document_id in due(states)]

    def labels(self) -> list[str]:
        states = label_states(find_documents(self.project.data), tables.labels.labels(self.warehouse))
        return [document_id for _, document_id in due(states)]

    def ocr(self, documents: Sequence[str] | None = None) -> list[tuple[str, str]]:
        engines = self.backends.engines.values()
        asked = self.ids if documents is None else documents
        return [cell for engine in engines for cell in due(ocr_states(engine, asked, self.warehouse))]

    def extractions(
        self, names: Sequence[str] | None = None, documents: Sequence[str] | None = None
    ) -> list[tuple[str, str]]:
        backends, asked = self.backends, self.ids if documents is None else documents
        return due(extraction_states(backends, list(backends) if names is None else names, asked, self.warehouse))

    def run(self) -> Pending:
        """Bring everything up to date; return what was pending, stage by stage."""
        documents = self.documents()
        if documents:
            self._run_documents(documents)
        labels = self.labels()
        if labels:
            self._run_labels(labels)
        ocr = self.ocr()
        if ocr:
            self._run_ocr(ocr)
        extractions = self.extractions([name for name, backend in self.backends.items() if not backend.is_ensemble])
        if extractions:
            self._run_extractions(extractions)
        return documents, labels, ocr, extractions

    def _run_documents(self, todo: Sequence[str]) -> None:
        new_rows = tables.empty(tables.documents.DOCUMENT_TABLES)
        for source in find_documents(self.project.data):
            if source.document_id in todo:
                document, failure = ingest(source, self.backends.limits)
                path = self.project.relative(source.path)
                tables.documents.add_document(new_rows, source, path, run_id="r", document=document, failure=failure)
        self.warehouse.replace(tables.documents.DOCUMENT_KEY, [(name,) for name in todo], new_rows)

    def _run_labels(self, todo: Sequence[str]) -> None:
        new_rows = tables.empty(tables.labels.LABEL_TABLES)
        for source in find_documents(self.project.data):
            if source.document_id in todo:
                label, sha256, failure = ingest_label(source)
                tables.labels.add_label(
                    new_rows,
                    source.document_id,
                    source.dataset,
                    run_id="r",
                    label=label,
                    label_sha256=sha256,
                    failure=failure,
                )
        self.warehouse.replace(tables.documents.DOCUMENT_KEY, [(name,) for name in todo], new_rows)

    def _run_ocr(self, todo: Sequence[tuple[str, str]]) -> None:
        backends = self.backends
        known = tables.documents.documents(self.warehouse)
        new_rows = tables.empty(tables.words.OCR_TABLES)
        for engine in backends.engines:
            for result in self._read(backends, engine, [document for name, document in todo if name == engine], known):
                tables.words.add_ocr(
                    new_rows,
                    result.document_id,
                    engine,
                    result.outcome,
                    fingerprint=backends.engines[engine].fingerprint,
                    result_key=result.key,
                    run_id="r",
                )
        self.warehouse.replace(tables.words.OCR_KEY, [(document, engine) for engine, document in todo], new_rows)

    def _read(
        self, backends: Backends, engine: str, documents: Sequence[str], known: Mapping[str, DocumentRow]
    ) -> Iterator[OcrResult]:
        tasks = []
        for name in documents:
            if known[name].status == "ok":
                tasks.append(OcrTask(name, self.project.root / known[name].path, known[name].sha256 or ""))
            else:
                failure = DocumentFailure(reason="document_failed", message="The document failed.")
                yield OcrResult(name, OcrOutcome(failure=failure), key=None, cached=False)
        yield from read_documents(
            backends.engines[engine].component, tasks, self.store, backends.limits, LocalWorkers(1)
        )

    def _run_extractions(self, todo: Sequence[tuple[str, str]]) -> None:
        backends = self.backends
        known = tables.documents.documents(self.warehouse)
        new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
        for backend, chosen in backends.items():
            ids = [document for name, document in todo if name == backend]
            cells = tables.words.ocr_cells(self.warehouse, chosen.engine.name) if chosen.engine else {}
            texts = tables.words.ocr_texts(self.warehouse, chosen.engine.name, ids) if chosen.engine else {}
            tasks = []
            for name in ids:
                document = known[name]
                failed = document.status == "failed" or (chosen.engine and cells[name].status == "failed")
                tasks.append(
                    ExtractionTask(
                        name,
                        self.project.root / document.path,
                        document.sha256,
                        texts.get(name),
                        input_key=None if failed else cells[name].result_key if chosen.engine else document.sha256,
                        failure=DocumentFailure(reason="ocr_failed", message="No text.") if failed else None,
                    )
                )
            for result in extract_documents(chosen.extractor, tasks, self.store, backends.limits):
                tables.extractions.add_extraction(
                    new_rows,
                    result.document_id,
                    backend,
                    result.outcome,
                    engine=chosen.engine_name,
                    extractor=chosen.extractor_type,
                    ocr_seconds=None,
                    engine_fingerprint=None,
                    extractor_fingerprint=chosen.fingerprint,
                    result_key=result.key,
                    run_id="r",
                )
        self.warehouse.replace(
            tables.extractions.EXTRACTION_KEY, [(document, backend) for backend, document in todo], new_rows
        )


def cells(names: Sequence[str], documents: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, document) for name in names for document in documents]


BACKENDS = ["pixel+first", "page-width", "pixel-2"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two documents, `s-a` with a label and `s-b` without, and everything done for them."""
    project = Project(tmp_path_factory.mktemp("finished"))
    pipeline = Pipeline(project)
    add_image(project, "s/a.png", 40, total="40.00")
    add_image(project, "s/b.png", 50)
    both = ["s-a", "s-b"]
    assert pipeline.run() == (both, both, cells(["pixel"], both), cells(BACKENDS, both))
    assert reads(project) == ["40x30", "50x30"]
    (project.root / "pixel.log").unlink()
    return project.root


@pytest.fixture
def pipeline(project: Project, finished: Path) -> Pipeline:
    """A copy of the finished project, for one test to change."""
    shutil.copytree(finished, project.root, dirs_exist_ok=True)
    return Pipeline(project)


def test_afterwards_nothing_is_pending(pipeline: Pipeline) -> None:
    assert pipeline.run() == NOTHING
    assert reads(pipeline.project) == []


@pytest.mark.parametrize(("former", "stale"), [(({"version": 1},), []), (({"version": 2},), ["s-a", "s-b"])])
def test_results_of_a_former_version_that_read_as_well_stay_current(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, former: Any, stale: list[str]
) -> None:
    before = pipeline.backends.engines["pixel"].fingerprint
    pipeline.settings["engines"]["pixel"]["options"]["version"] = 3
    monkeypatch.setattr(PixelEngine, "former", former)
    add_image(pipeline.project, "s/c.png", 60)
    _, _, read, extracted = pipeline.run()
    assert read == cells(["pixel"], [*stale, "s-c"])
    assert {document for name, document in extracted if name == "pixel+first"} == {*stale, "s-c"}
    now = pipeline.backends.engines["pixel"].fingerprint
    made_by = {key: cell.fingerprint for key, cell in tables.words.ocr_cells(pipeline.warehouse, "pixel").items()}
    assert made_by == {key: now if key in [*stale, "s-c"] else before for key in ("s-a", "s-b", "s-c")}
    assert pipeline.run() == NOTHING


def test_touching_a_file_is_no_change(pipeline: Pipeline) -> None:
    for source in find_documents(pipeline.project.data):
        for path in (source.path, source.label):
            if path:
                os.utime(path, (0, 0))
    assert pipeline.run() == NOTHING


def test_a_new_document(pipeline: Pipeline) -> None:
    add_image(pipeline.project, "s/c.png", 60)
    assert pipeline.run() == (["s-c"], ["s-c"], [("pixel", "s-c")], cells(BACKENDS, ["s-c"]))
    assert pipeline.run() == NOTHING


def test_changed_bytes(pipeline: Pipeline) -> None:
    add_image(pipeline.project, "s/b.png", 70)
    assert pipeline.run() == (["s-b"], [], [("pixel", "s-b")], cells(BACKENDS, ["s-b"]))
    assert pipeline.run() == NOTHING
    add_image(pipeline.project, "s/b.png", 50)  # and back again: its results are still in the store
    assert pipeline.run() == (["s-b"], [], [("pixel", "s-b")], cells(BACKENDS, ["s-b"]))
    assert reads(pipeline.project) == ["70x30"]


def test_a_label_that_changes_appears_or_goes(pipeline: Pipeline) -> None:
    label = add_label(pipeline.project.data / "documents/s/b.png", total_amount="1.00")
    assert pipeline.run() == ([], ["s-b"], [], [])
    add_label(pipeline.project.data / "documents/s/b.png", total_amount="2.00")
    assert pipeline.run() == ([], ["s-b"], [], [])
    label.unlink()
    assert pipeline.run() == ([], ["s-b"], [], [])
    assert pipeline.run() == NOTHING


def test_a_label_that_is_not_valid_is_tried_again(pipeline: Pipeline) -> None:
    label = pipeline.project.data / "documents/s/b.json"
    label.write_text("{")
    for _ in range(2):
        assert pipeline.run() == ([], ["s-b"], [], [])
    label.unlink()
    label.mkdir()  # no file: no label
    assert pipeline.run() == ([], ["s-b"], [], [])
    assert pipeline.run() == NOTHING


def test_a_label_that_cannot_be_read_is_tried_again(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    source = find_documents(pipeline.project.data)[0]
    assert source.label
    source.label.unlink()  # after it was found
    assert due(label_states([source], tables.labels.labels(pipeline.warehouse))) == [("", "s-a")]


def change(settings: dict[str, Any], part: str, name: str, **options: Any) -> None:
    entry = settings[part][name]
    entry["options"] = {**entry.get("options", {}), **options}


def test_another_engine_version_or_option(pipeline: Pipeline) -> None:
    change(pipeline.settings, "engines", "pixel", version=2)
    both = ["s-a", "s-b"]
    assert pipeline.run() == ([], [], cells(["pixel"], both), cells(["pixel+first", "pixel-2"], both))
    assert pipeline.run() == NOTHING


def test_an_option_that_changes_no_result_changes_nothing(pipeline: Pipeline) -> None:
    change(pipeline.settings, "engines", "pixel", seconds=0.001)
    assert pipeline.run() == NOTHING


def test_another_extractor_version(pipeline: Pipeline) -> None:
    change(pipeline.settings, "backends", "pixel+first", version=2)
    assert pipeline.run() == ([], [], [], cells(["pixel+first"], ["s-a", "s-b"]))
    assert pipeline.run() == NOTHING


def test_a_new_backend_and_a_new_engine(pipeline: Pipeline) -> None:
    pipeline.settings["engines"]["pixel-b"] = {"type": f"{PLUGINS}:PixelEngine", "options": {"version": 9}}
    pipeline.settings["backends"]["new"] = {"engine": "pixel-b", "extractor": f"{PLUGINS}:FirstAmount"}
    both = ["s-a", "s-b"]
    assert pipeline.run() == ([], [], cells(["pixel-b"], both), cells(["new"], both))
    assert pipeline.run() == NOTHING


def test_a_failed_document_is_tried_again_once_its_file_changes(pipeline: Pipeline) -> None:
    add_file(pipeline.project, "s/c.png", b"no image")
    assert pipeline.run() == (["s-c"], ["s-c"], [("pixel", "s-c")], cells(BACKENDS, ["s-c"]))
    assert pipeline.run() == NOTHING
    add_file(pipeline.project, "s/c.png", b"no image either")
    assert pipeline.run() == (["s-c"], [], [], [])  # its cells say that it failed, and that is still so
    assert pipeline.run() == NOTHING
    add_image(pipeline.project, "s/c.png", 60)
    assert pipeline.run() == (["s-c"], [], [("pixel", "s-c")], cells(BACKENDS, ["s-c"]))
    assert pipeline.run() == NOTHING


def test_a_limit_that_is_raised_mends_a_document(pipeline: Pipeline) -> None:
    pipeline.settings["limits"] = {"max_page_pixels": 2000}
    add_image(pipeline.project, "s/c.png", 300)
    pipeline.run()
    assert pipeline.run() == NOTHING
    pipeline.settings["limits"] = {}
    assert pipeline.run() == (["s-c"], [], [("pixel", "s-c")], cells(BACKENDS, ["s-c"]))
    assert pipeline.run() == NOTHING


def test_an_engine_that_failed_unexpectedly_is_tried_again(pipeline: Pipeline) -> None:
    pipeline.settings["engines"]["pixel"]["type"] = f"{PLUGINS}:TroubledEngine"
    add_image(pipeline.project, "s/c.png", 661)
    pipeline.run()
    assert pipeline.run() == ([], [], [("pixel", "s-c")], [])  # tried again, and again without a text
    pipeline.settings["engines"]["pixel"]["type"] = f"{PLUGINS}:PixelEngine"  # another class: everything is read anew
    names = ["s-a", "s-b", "s-c"]
    assert pipeline.run() == ([], [], cells(["pixel"], names), cells(["pixel+first", "pixel-2"], names))
    assert pipeline.run() == NOTHING


def test_a_document_that_an_engine_cannot_read_is_not_tried_again(pipeline: Pipeline) -> None:
    pipeline.settings["engines"]["pixel"]["type"] = f"{PLUGINS}:TroubledEngine"
    add_image(pipeline.project, "s/c.png", 662)
    pipeline.run()
    assert pipeline.run() == NOTHING


def test_a_document_that_moved_is_found_at_its_new_place(pipeline: Pipeline) -> None:
    folder = pipeline.project.data / "documents/s"
    (folder / "b.png").rename(folder / "B.PNG")
    remember_ids(pipeline.project.data, {"documents/s/B.PNG": "s-b"})  # as `labels move` does
    assert pipeline.run() == (["s-b"], [], [], [])
    assert tables.documents.documents(pipeline.warehouse)["s-b"].path == "data/documents/s/B.PNG"
    assert pipeline.run() == NOTHING


def test_a_document_that_changed_its_data_set(pipeline: Pipeline) -> None:
    documents = pipeline.project.data / "documents"
    (documents / "s/b.png").rename(documents / "s-b.png")
    remember_ids(pipeline.project.data, {"documents/s-b.png": "s-b"})
    assert pipeline.run() == (["s-b"], ["s-b"], [], [])
    assert tables.documents.documents(pipeline.warehouse)["s-b"].dataset == "documents"


def test_only_the_documents_and_backends_that_are_asked_for(pipeline: Pipeline) -> None:
    add_image(pipeline.project, "s/b.png", 70)
    pipeline._run_documents(["s-b"])
    assert pipeline.ocr(["s-a"]) == []
    assert pipeline.ocr(["s-b"]) == [("pixel", "s-b")]
    assert pipeline.extractions(["page-width"], ["s-b", "s-a"]) == [("page-width", "s-b")]
    assert pipeline.extractions([], ["s-b"]) == []


def test_a_project_without_a_database(project: Project) -> None:
    pipeline = Pipeline(project)
    add_file(project, "x.png", image_bytes())
    assert (pipeline.documents(), pipeline.labels()) == (["x"], ["x"])
    assert (pipeline.ocr(), pipeline.extractions()) == ([("pixel", "x")], cells(BACKENDS, ["x"]))
    assert not project.database.exists()


def pending(pipeline: Pipeline) -> set[tuple[str, str]]:
    """The cells that the sensor `stale_cells` would start a run for."""
    backends = pipeline.backends
    scope = ingested_scope(pipeline.project, backends, list(backends), with_failed=False)
    return {state.cell for state in make_plan(scope).pending}


@pytest.mark.parametrize(
    ("content", "retried"),
    [
        (image_bytes(670), [("pixel+first", "s-c"), ("pixel-2", "s-c")]),  # the extractor breaks
        (b"", []),
    ],
    ids=["extractor breaks", "empty"],
)
def test_a_document_that_fails_starts_no_run_and_its_state_agrees_with_the_plan(
    pipeline: Pipeline, content: bytes, retried: list[tuple[str, str]]
) -> None:
    settings = pipeline.settings
    settings["engines"]["pixel"]["type"] = f"{PLUGINS}:TroubledEngine"
    for name in ("pixel+first", "pixel-2"):
        settings["backends"][name]["extractor"] = f"{PLUGINS}:TroubledExtractor"
    add_file(pipeline.project, "s/c.png", content)
    pipeline.run()
    settings["backends"]["vote"] = {"extractor": "ensemble", "options": {"of": ["pixel+first", "pixel-2"]}}
    others = {("vote", "s-a"), ("vote", "s-b")}  # ensembles are not run here

    for part, name in ((None, ""), ("engines", "pixel"), ("backends", "pixel+first")):
        if part:
            change(settings, part, name, version=7)
            assert pending(pipeline) - others <= set(pipeline.extractions(BACKENDS)) | {("vote", "s-c")}
            pipeline.run()
        assert pending(pipeline) == others
        due_now = pipeline.documents() + pipeline.ocr() + pipeline.extractions(BACKENDS)
        assert due_now == retried
