import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import ConfigurationError, DocumentError, ProviderError
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.stage import ExtractionResult, extract_documents
from ocr_pipeline.processes.budget import Budget
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import DocumentFailure, Extraction, Invoice, OcrPage, OcrText, Word
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.files import add_image, image_bytes
from ocr_pipeline_tests.plugins import FirstAmount, PageWidth


class Calling(Extractor):
    """Raises `error` for the document `bad`, and never ends for `endless`. Its calls are counted in a file, since it works in
    another process."""

    def __init__(self, project: Project, error: Exception | None = None, warnings: Sequence[str] = ()) -> None:
        self.log, self.error, self.warnings = project.root / "calls", error, list(warnings)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().split()

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "calling"}

    def extract(self, document: ExtractionInput) -> Extraction:
        with self.log.open("a") as file:
            file.write(f"{document.document_id}\n")
        if document.document_id == "bad" and self.error:
            raise self.error
        if document.document_id == "endless":
            re.match("(a+)+b", "a" * 60)
        return Extraction(invoice=Invoice(invoice_id=document.document_id), warnings=self.warnings)


def extract(
    project: Project, extractor: Extractor, *tasks: ExtractionTask, limits: Limits | None = None
) -> list[ExtractionResult]:
    results = list(extract_documents(extractor, tasks, ResultStore(project.results), limits or Limits()))
    assert [result.document_id for result in results] == [task.document_id for task in tasks]
    return results


def text_task(project: Project, name: str, text: str) -> ExtractionTask:
    word = Word(text=text, box=(0, 0, 1, 1), confidence=None, page=1, line=0)
    page = OcrPage(page=1, width=10, height=10, words=[word], seconds=0)
    return ExtractionTask(
        name, project.root / "unused.png", "0" * 64, OcrText(pages=[page]), input_key="key of " + text
    )


def test_warnings_about_the_text_come_with_the_values(project: Project) -> None:
    page = OcrPage(page=1, width=10, height=10, words=[], seconds=0, warnings=["unreadable"])
    other = page.model_copy(update={"page": 2, "warnings": []})
    task = ExtractionTask("d", project.root / "d", "0" * 64, OcrText(pages=[page, other]), input_key="key")
    extractor = Calling(project, warnings=["two invoices"])
    (result,) = extract(project, extractor, task)
    assert result.outcome.extraction is not None
    assert result.outcome.extraction.warnings == ["Page 1: unreadable", "two invoices"]


def image_task(project: Project, name: str, width: int = 40) -> ExtractionTask:
    path = add_image(project, f"{name}.png", width)
    sha256 = sha256_of(path.read_bytes())
    return ExtractionTask(name, path, sha256, None, input_key=sha256)


def reason(result: ExtractionResult) -> str | None:
    assert (result.outcome.failure is None) == (result.outcome.extraction is not None)
    return result.outcome.failure.reason if result.outcome.failure else None


def total(result: ExtractionResult) -> Decimal | None:
    assert result.outcome.extraction is not None
    return result.outcome.extraction.invoice.total_amount


def test_each_document_is_extracted_once_and_kept(project: Project) -> None:
    a, b = text_task(project, "a", "1.00"), text_task(project, "b", "2.00")
    assert [(total(result), result.cached) for result in extract(project, FirstAmount(), a)] == [
        (Decimal("1.00"), False)
    ]
    again = extract(project, FirstAmount(), a, b)
    assert [(total(result), result.cached) for result in again] == [(Decimal("1.00"), True), (Decimal("2.00"), False)]
    assert not extract(project, FirstAmount(version=2), a)[0].cached


def test_an_extractor_can_open_the_pages(project: Project) -> None:
    (result,) = extract(project, PageWidth(), image_task(project, "a", 55))
    assert total(result) == 55
    assert result.outcome.seconds is not None
    assert result.outcome.seconds > 0
    assert result.outcome.cost_usd is None, "the extractor does not say what it costs"


def test_an_earlier_failure_is_passed_on_and_not_kept(project: Project) -> None:
    failure = DocumentFailure(reason="ocr_failed", message="There is no text.")
    task = ExtractionTask("a", project.root / "a.png", None, None, input_key=None, failure=failure)
    for _ in range(2):
        (result,) = extract(project, FirstAmount(), task)
        assert (result.outcome.failure, result.key, result.cached) == (failure, None, False)


def test_a_document_error_is_kept(project: Project) -> None:
    extractor = Calling(project, DocumentError("extraction_failed", "There is no amount."))
    tasks = [text_task(project, "bad", "x"), text_task(project, "good", "y")]
    assert [reason(result) for result in extract(project, extractor, *tasks)] == ["extraction_failed", None]
    assert [reason(result) for result in extract(project, extractor, *tasks)] == ["extraction_failed", None]
    assert extractor.calls == ["bad", "good"]


def test_an_unexpected_exception_fails_one_document_and_is_tried_again(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    extractor = Calling(project, KeyError("SECRET"))
    tasks = [text_task(project, "bad", "x"), text_task(project, "good", "y")]
    for _ in range(2):
        bad, good = extract(project, extractor, *tasks)
        assert bad.outcome.failure == DocumentFailure(
            reason="extraction_failed", message="The extractor failed: KeyError."
        )
        assert (bad.key, reason(good)) == (None, None)
    assert extractor.calls == ["bad", "good", "bad"]
    assert "SECRET" not in caplog.text


def test_a_provider_error_is_a_row_and_asked_again(project: Project) -> None:
    extractor = Calling(project, ProviderError("Try later."))
    bad, good = extract(project, extractor, text_task(project, "bad", "x"), text_task(project, "good", "y"))
    assert bad.outcome.failure == DocumentFailure(reason="provider_failed", message="Try later.")
    assert (bad.key, bad.outcome.cost_usd, reason(good)) == (None, None, None)
    extract(project, extractor, text_task(project, "bad", "x"))
    assert extractor.calls == ["bad", "good", "bad"]


def test_a_configuration_error_stops_and_loses_nothing(project: Project) -> None:
    extractor = Calling(project, ConfigurationError("The key is wrong."))
    with pytest.raises(ConfigurationError):
        extract(project, extractor, text_task(project, "good", "y"), text_task(project, "bad", "x"))
    assert extract(project, extractor, text_task(project, "good", "y"))[0].cached


@pytest.mark.parametrize(
    ("change", "limits", "expected"),
    [
        (lambda path: path.write_bytes(image_bytes(41)), Limits(), "changed_file"),
        (lambda path: path.unlink(), Limits(), "missing_file"),
        (lambda path: (path.unlink(), path.mkdir()), Limits(), "unreadable"),
        (lambda path: None, Limits(max_page_pixels=10), "too_large"),
        (lambda path: None, Limits(max_bytes=10), "too_large"),
    ],
)
def test_what_is_wrong_with_the_file_of_today_is_not_kept(
    project: Project, change: Callable[[Any], Any], limits: Limits, expected: str
) -> None:
    task = image_task(project, "a")
    change(task.path)
    (result,) = extract(project, PageWidth(), task, limits=limits)
    assert (reason(result), result.key) == (expected, None)
    if task.path.is_dir():
        task.path.rmdir()
    assert total(extract(project, PageWidth(), image_task(project, "a"))[0]) == 40


def test_a_damaged_result_is_computed_again(project: Project) -> None:
    task = text_task(project, "a", "1.00")
    extract(project, FirstAmount(), task)
    (stored,) = project.results.rglob("*.json")
    stored.write_text('{"extraction": {"invoi')
    assert [result.cached for result in extract(project, FirstAmount(), task)] == [False]
    assert [result.cached for result in extract(project, FirstAmount(), task)] == [True]


def test_a_document_that_takes_too_long_is_a_row_and_tried_again_once_the_limit_is_another(project: Project) -> None:
    """The interpreter is held by a library, so that nothing within the process could end it."""
    extractor, limits = Calling(project), Limits(max_extraction_seconds=0.3, wall_factor=1000)
    tasks = [text_task(project, "endless", "x"), text_task(project, "good", "y")]
    endless, good = extract(project, extractor, *tasks, limits=limits)
    assert endless.outcome.failure == DocumentFailure(
        reason="too_slow", message="Extraction exceeds 0.3 s of CPU time (limits.max_extraction_seconds)."
    )
    assert reason(good) is None
    again, _ = extract(project, extractor, *tasks, limits=limits)
    assert (again.outcome, again.key, again.cached) == (endless.outcome, endless.key, True)
    other, good = extract(project, extractor, *tasks, limits=Limits(max_extraction_seconds=0.4, wall_factor=1000))
    assert (reason(other), other.cached, good.cached) == ("too_slow", False, True)
    assert other.key != endless.key
    assert extractor.calls == ["endless", "good", "endless"]


def test_an_extractor_that_cannot_be_sent_to_a_worker_is_a_configuration_error(project: Project) -> None:
    extractor = Calling(project)
    extractor.file = (project.root / "backends.yaml").open()  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="cannot be sent to a worker process"):
        extract(project, extractor, text_task(project, "good", "y"))


@pytest.mark.parametrize(
    ("capabilities", "limits", "seconds", "setting"),
    [
        (Capabilities(), Limits(), 10, "max_extraction_seconds"),
        (Capabilities(imports=True), Limits(), 2, "max_prediction_seconds"),
        (Capabilities(local_model=True), Limits(), 120, "max_local_model_seconds"),
        (Capabilities(), Limits(max_seconds_of={"mine": 30}), 30, "max_extraction_seconds"),
        (Capabilities(), Limits(max_seconds_of={"other": 30}), 10, "max_extraction_seconds"),
    ],
)
def test_how_long_an_extractor_may_take(
    capabilities: Capabilities, limits: Limits, seconds: float, setting: str
) -> None:
    assert capabilities.times(limits, "mine").budget == Budget(cpu=seconds, wall=4 * seconds)
    assert capabilities.limited_by == setting
