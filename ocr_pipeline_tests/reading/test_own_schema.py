from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.project import Project
from ocr_pipeline.reading import rows
from ocr_pipeline.reading.files import NamedFile
from ocr_pipeline.reading.read import ReadFile, read_files
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.delivery_notes import VALUES, delivery_notes
from ocr_pipeline_tests.files import image_bytes


def test_values_of_an_own_schema_are_written(project: Project, tmp_path: Path) -> None:
    project.config_file.write_text("engines: {text: {type: pdf-text}}\nbackends: {codes: {extractor: codes}}\n")
    schema, configured = delivery_notes(project.root), load_backends(project)
    file = NamedFile(name="a.png", path=tmp_path / "a.png")
    outcome = ExtractionOutcome(extraction=Extraction(invoice=schema.model.model_validate(VALUES)))
    read = ReadFile(file=file, backend=configured["codes"], outcome=outcome, schema=schema)
    found = rows.as_json(read)
    assert isinstance(fields := found["fields"], dict)
    assert list(fields) == list(schema.field_kinds)
    assert fields["signed"]["value"] == "true"
    assert isinstance(items := found["items"], list)
    assert items[1]["damaged"]["value"] == "true"
    [row] = rows.document_rows([read])
    assert (row["status"], row["freight"]) == ("complete", schema.model.model_validate(VALUES).freight)
    assert [item["article"] for item in rows.line_item_rows([read])] == ["A-1", "A-2"]


def test_a_backend_for_invoices_refuses_other_files(project: Project, tmp_path: Path) -> None:
    project.config_file.write_text("engines: {text: {type: pdf-text}}\nbackends: {codes: {extractor: codes}}\n")
    schema, configured = delivery_notes(project.root), load_backends(project)
    path = tmp_path / "a.png"
    path.write_bytes(image_bytes(40, 30))
    models = ModelCalls(ResultStore(tmp_path / "results"))
    with pytest.raises(ConfigurationError, match="codes does not read documents of the schema delivery_notes"):
        list(read_files([NamedFile(name="a.png", path=path)], configured["codes"], configured, models, schema=schema))
