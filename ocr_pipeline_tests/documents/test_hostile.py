from pathlib import Path

import pytest

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.stage import ingest_all
from ocr_pipeline.errors import DOCUMENT_ERROR_REASONS
from ocr_pipeline_tests.documents.hostile import FILES, LONG, measure_all, pdf_with_nested_forms, tiff
from ocr_pipeline_tests.files import image_bytes


@pytest.mark.slow
def test_every_hostile_file_has_its_outcome_in_bounded_time_and_memory(tmp_path: Path) -> None:
    """Time is bounded by the guard: it ends the child after `max_seconds` of CPU time."""
    assert len(FILES) >= 40
    assert {file.outcome for file in FILES} <= {"ok", *DOCUMENT_ERROR_REASONS}
    result = list(measure_all(tmp_path, Limits()))
    assert {file.name: measured.outcome for file, measured in result} == {file.name: file.outcome for file in FILES}
    assert max(measured.peak_bytes or 0 for _, measured in result) < 1_000_000_000
    for _, measured in result:
        assert "\n" not in measured.message
        assert (measured.outcome == "ok") == (measured.message == "")


def test_a_file_that_kills_the_process_only_fails_itself(tmp_path: Path) -> None:
    for name, content in {"a": image_bytes(), "b": pdf_with_nested_forms(), "c": image_bytes()}.items():
        (tmp_path / name).write_bytes(content)
    sources = [SourceFile(name, "documents", tmp_path / name, None) for name in "abc"]
    ingested = list(ingest_all(sources, Limits(max_seconds=0.5)))
    assert [source for source, _, _ in ingested] == sources
    assert [failure.reason if failure else None for _, _, failure in ingested] == [None, "too_large", None]
    assert [document.size if document else None for _, document, _ in ingested] == [
        len(image_bytes()),
        None,
        len(image_bytes()),
    ]


def test_pillow_says_nothing_on_standard_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It logs problems of a file without its name; the row of the document has a sentence."""
    path = tmp_path / "samples.tif"
    path.write_bytes(tiff(extra=[(277, LONG, 1, 2**31)]))
    [(_, _, failure)] = ingest_all([SourceFile("a", "documents", path, None)], Limits())
    assert failure is not None
    assert capfd.readouterr().err == ""
