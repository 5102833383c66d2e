import json
import logging
from pathlib import Path

import pytest

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.stage import STAGE, OcrResult, OcrTask, read_documents
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.documents.hostile import pdf_with_nested_forms
from ocr_pipeline_tests.files import add_file, add_image, image_bytes, reads
from ocr_pipeline_tests.plugins import DecodingEngine, LoadingEngine, PixelEngine, TroubledEngine


class Stage:
    """The OCR stage on a project's documents."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.store = ResultStore(project.results)
        self.log = str(project.root / "pixel.log")
        self.tasks: list[OcrTask] = []

    def add(self, *widths: int) -> None:
        for width in widths:
            path = add_image(self.project, f"w{width}.png", width)
            self.tasks.append(OcrTask(f"w{width}", path, sha256_of(path.read_bytes())))

    def read(
        self, engine: OcrEngine | None = None, processes: int = 1, limits: Limits | None = None
    ) -> dict[str, OcrResult]:
        engine = engine or PixelEngine(log=self.log)
        results = list(read_documents(engine, self.tasks, self.store, limits or Limits(), LocalWorkers(processes)))
        by_id = {result.document_id: result for result in results}
        assert len(by_id) == len(results)
        return by_id


@pytest.fixture
def stage(project: Project) -> Stage:
    return Stage(project)


def text(result: OcrResult) -> str:
    assert result.outcome.text is not None
    return " ".join(word.text for word in result.outcome.text.words())


def reason(result: OcrResult) -> str:
    assert result.outcome.failure is not None
    assert result.outcome.text is None
    return result.outcome.failure.reason


def test_each_document_is_recognised_once_and_stored(stage: Stage) -> None:
    stage.add(40, 50)
    first = stage.read()
    assert {name: text(result) for name, result in first.items()} == {"w40": "40.00", "w50": "50.00"}
    assert {result.cached for result in first.values()} == {False}
    stage.add(60)
    second = stage.read()
    assert {name: result.cached for name, result in second.items()} == {"w40": True, "w50": True, "w60": False}
    assert second["w40"].outcome == first["w40"].outcome
    assert second["w40"].key == first["w40"].key
    assert reads(stage.project) == ["40x30", "50x30", "60x30"]


def test_equal_documents_share_a_result(stage: Stage) -> None:
    stage.add(40)
    copy = add_image(stage.project, "copy.png", 40)
    stage.read()
    stage.tasks = [OcrTask("copy", copy, sha256_of(copy.read_bytes()))]
    assert stage.read()["copy"].cached
    assert reads(stage.project) == ["40x30"]


def test_a_changed_engine_recognises_again(stage: Stage) -> None:
    stage.add(40)
    stage.read()
    assert not stage.read(PixelEngine(log=stage.log, version=2))["w40"].cached
    assert stage.read()["w40"].cached
    assert len(reads(stage.project)) == 2


def test_a_file_that_changed_after_ingestion(stage: Stage) -> None:
    stage.add(40)
    stage.tasks[0].path.write_bytes(image_bytes(77))
    result = stage.read()["w40"]
    assert (reason(result), result.key) == ("changed_file", None)
    assert reads(stage.project) == []
    stage.tasks[0].path.unlink()
    assert reason(stage.read()["w40"]) == "missing_file"
    add_image(stage.project, "w40.png", 40)
    assert text(stage.read()["w40"]) == "40.00"


def test_an_unexpected_exception_fails_one_document_and_is_retried(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.add(40, 661, 50)
    with caplog.at_level(logging.WARNING):
        results = stage.read(TroubledEngine(log=stage.log))
    assert (reason(results["w661"]), results["w661"].key) == ("ocr_failed", None)
    assert results["w661"].outcome.failure is not None
    assert results["w661"].outcome.failure.message == "The OCR engine failed: ZeroDivisionError."
    assert (text(results["w40"]), text(results["w50"])) == ("40.00", "50.00")
    assert "SECRET" not in caplog.text
    assert [name for name, result in stage.read(TroubledEngine(log=stage.log)).items() if not result.cached] == ["w661"]
    assert len(reads(stage.project)) == 4


def test_a_document_error_of_the_engine_is_stored(stage: Stage) -> None:
    stage.add(662)
    first = stage.read(TroubledEngine(log=stage.log))["w662"]
    repeated = stage.read(TroubledEngine(log=stage.log))["w662"]
    assert reason(repeated) == "no_text_layer"
    assert (first.cached, repeated.cached) == (False, True)
    assert len(reads(stage.project)) == 1


def test_a_scan_has_no_text_layer(stage: Stage) -> None:
    stage.add(40)
    assert reason(stage.read(PdfText())["w40"]) == "no_text_layer"
    assert stage.read(PdfText())["w40"].cached


def test_an_exceeded_limit_is_not_stored(stage: Stage) -> None:
    stage.add(40)
    result = stage.read(limits=Limits(max_page_pixels=10))["w40"]
    assert (reason(result), result.key) == ("too_large", None)
    assert text(stage.read()["w40"]) == "40.00"


@pytest.mark.parametrize("processes", [1, 2])
def test_an_invalid_setting_stops_the_run(stage: Stage, processes: int) -> None:
    stage.add(664, 665)
    with pytest.raises(ConfigurationError, match="The key is wrong"):
        stage.read(TroubledEngine(), processes)


def test_an_unavailable_engine_fails_only_if_it_is_needed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.add(40)
    stage.read()
    monkeypatch.setattr(PixelEngine, "unavailable", lambda self: "the package pixel is not installed")
    assert stage.read()["w40"].cached
    stage.add(50)
    with pytest.raises(ConfigurationError, match=r"^This OCR engine cannot run: the package pixel is not installed\.$"):
        stage.read()


def test_a_damaged_result_is_computed_again(stage: Stage) -> None:
    stage.add(40)
    stage.read()
    (stored,) = Path(stage.project.results / STAGE).rglob("*.json")
    for damaged in (b"", b'{"text": {"pag', b"\xff\xfe", json.dumps({"text": 5}).encode()):
        stored.write_bytes(damaged)
        assert text(stage.read()["w40"]) == "40.00"
        assert stage.read()["w40"].cached


def test_a_process_loads_the_engine_once_for_many_documents(stage: Stage) -> None:
    stage.add(*range(40, 50))
    loads = stage.project.root / "loads.log"
    results = stage.read(LoadingEngine(log=stage.log, loads=str(loads)), processes=2)
    assert {name: text(result) for name, result in results.items()} == {f"w{n}": f"{n}.00" for n in range(40, 50)}
    assert 1 <= len(loads.read_text().split()) <= 2


def test_a_result_stored_after_the_start_is_used(stage: Stage) -> None:
    stage.add(40)
    copy = add_image(stage.project, "copy.png", 40)
    stage.tasks.append(OcrTask("copy", copy, stage.tasks[0].sha256))
    results = stage.read()
    assert sorted(result.cached for result in results.values()) == [False, True]
    assert results["copy"].outcome == results["w40"].outcome
    assert results["copy"].key == results["w40"].key
    assert reads(stage.project) == ["40x30"]


@pytest.mark.parametrize("others", [(), (40,)])
def test_a_document_that_kills_its_process_never_ends_the_run(stage: Stage, others: tuple[int, ...]) -> None:
    stage.add(663, *others)
    results = stage.read(TroubledEngine(log=stage.log), processes=1)
    assert reason(results.pop("w663")) == "ocr_failed"
    assert [text(result) for result in results.values()] == ["40.00"] * len(others)


def test_a_later_page_that_hangs_fails_only_its_document(stage: Stage) -> None:
    stage.add(40)
    path = add_file(stage.project, "bomb.pdf", pdf_with_nested_forms(behind_a_blank_page=True))
    stage.tasks.append(OcrTask("bomb", path, sha256_of(path.read_bytes()), pages=2))
    results = stage.read(DecodingEngine(), limits=Limits(max_seconds=0.5))
    assert reason(results["bomb"]) == "too_slow"
    assert text(results["w40"]) == "40.00"
    assert stage.read(DecodingEngine(), limits=Limits(max_seconds=0.5))["bomb"].cached


def test_a_document_that_takes_too_long_is_tried_again_once_the_limit_is_another(stage: Stage) -> None:
    stage.add(666, 40)
    limits = Limits(max_ocr_seconds_per_page=0.3, wall_factor=1000)
    first = stage.read(TroubledEngine(log=stage.log), limits=limits)
    assert (reason(first["w666"]), text(first["w40"])) == ("too_slow", "40.00")
    assert first["w666"].outcome.failure is not None
    assert first["w666"].outcome.failure.message == (
        "OCR of a page exceeds 0.3 s of CPU time (limits.max_ocr_seconds_per_page)."
    )
    assert stage.read(TroubledEngine(log=stage.log), limits=limits)["w666"].cached
    limits = Limits(max_ocr_seconds_per_page=0.4, wall_factor=1000)
    assert not stage.read(TroubledEngine(log=stage.log), limits=limits)["w666"].cached
    assert len(reads(stage.project)) == 3


def test_a_page_that_needs_too_much_memory_fails_only_its_document(stage: Stage) -> None:
    stage.add(40)
    path = add_image(stage.project, "large.png", 4000, 4000)
    stage.tasks.append(OcrTask("large", path, sha256_of(path.read_bytes())))
    results = stage.read(DecodingEngine(), limits=Limits(max_memory_bytes=20_000_000))
    assert reason(results["large"]) == "too_large"
    assert text(results["w40"]) == "40.00"


def test_with_several_processes_only_the_crashing_document_fails(stage: Stage) -> None:
    stage.add(40, 50, 663, 60, 661, 662)
    results = stage.read(TroubledEngine(log=stage.log), processes=2)
    assert {name: result.outcome.failure and reason(result) for name, result in results.items()} == {
        "w40": None,
        "w50": None,
        "w60": None,
        "w661": "ocr_failed",
        "w662": "no_text_layer",
        "w663": "ocr_failed",
    }
    failure = results["w663"].outcome.failure
    assert failure is not None
    assert failure.message == "The OCR process died while it read this document."
    assert results["w663"].key is None
