"""The examples of docs/backends.md and docs/architecture.md work as printed."""

import pickle
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import dagster as dg
import pytest
import yaml

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.components import Capabilities
from ocr_pipeline.defs.found import found_definitions
from ocr_pipeline.defs.resources import WarehouseResource
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.models.prices import price_table
from ocr_pipeline.ocr.doctr import DocTr
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.files import text_pdf

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "backends.md").read_text("utf-8")


def blocks(language: str, text: str = TEXT) -> list[str]:
    matches = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in matches]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backends:
    """The repository's `backends.yaml` with all examples added, in a place where the example package can be imported."""
    for code in blocks("python"):
        module = tmp_path / code.partition("\n")[0].removeprefix("# ")
        module.parent.mkdir(exist_ok=True)
        module.write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    content: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "backends.yaml").read_text("utf-8"))
    for block in blocks("yaml"):
        for section, entries in yaml.safe_load(block).items():
            content.setdefault(section, {}).update(entries)
    path = tmp_path / "backends.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return load_backends(Project(path.parent))


def test_every_example_is_valid(configured: Backends) -> None:
    engine = configured.engines["doctr-accurate"].component
    assert isinstance(engine, DocTr)
    assert (engine.detection, engine.recognition) == ("fast_base", "parseq")
    assert configured.providers["ollama"].key() is None
    assert configured.providers["gemini"].prices.keys() == {"gemini-4-flash"}
    assert {"gemini-vision-large", "rapidocr+ollama", "ollama-vision", "openai-vision"} <= configured.keys()


def test_the_custom_engine_and_extractor_process_a_document(configured: Backends) -> None:
    document = open_document(text_pdf([[(20, 150, "Net 10.00"), (20, 100, "Total 12.50")]]), Limits())
    engine, extractor = configured.engines["large-print"], configured["large-print+last"].extractor
    text = OcrText(pages=pickle.loads(pickle.dumps(engine.component)).read(document))
    extraction = extractor.extract(ExtractionInput(document_id="d", open=lambda: document, text=text))
    assert (str(extraction.invoice.total_amount), extraction.invoice.currency) == ("12.50", "MYR")
    assert extraction.evidence["total_amount"].words == [3]
    small_print = open_document(text_pdf([[(20, 150, "Net 10.00")]], media_box=(0, 0, 300, 2000)), Limits())
    with pytest.raises(DocumentError, match="no text layer"):
        engine.component.read(small_print)


def test_the_custom_classes_declare_their_ids_and_capabilities(configured: Backends, tmp_path: Path) -> None:
    engine, extractor = configured.engines["large-print"].component, configured["large-print+last"].extractor
    assert (engine.identity, extractor.identity) == ("my_package.large-print", "my_package.last-amount")
    assert extractor.capabilities == Capabilities(requires="words", concurrency=4)
    path = tmp_path / "backends.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["backends"]["large-print+last"]["engine"]
    path.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(ConfigurationError, match=r"large-print\+last: .*name an engine"):
        load_backends(Project(tmp_path))


def test_the_asset_of_the_defs_folder_is_found(project: Project) -> None:
    (code,) = blocks("python", (ROOT / "docs" / "architecture.md").read_text("utf-8"))
    (project.root / "defs").mkdir()
    (project.root / code.partition("\n")[0].removeprefix("# ")).write_text(code, "utf-8")
    warehouse = WarehouseResource(database=str(project.database))
    suppliers = found_definitions(project).get_assets_def("suppliers")
    assert dg.materialize([suppliers], resources={"warehouse": warehouse}).success


def test_prices_match_the_price_table() -> None:
    rows = re.findall(
        r"^\| `((?:gemini|gpt)-[\w.-]+)`.*?\| (\S+) / (\S+?)(?:;| \|).*\| (\d{4}-\d\d-\d\d) \|$", TEXT, re.MULTILINE
    )
    assert {model: (float(into), float(out), checked) for model, into, out, checked in rows} == {
        model: (float(entry.periods[0].input), float(entry.periods[0].output), str(entry.checked_on))
        for models in price_table().values()
        for model, entry in models.items()
    }
