"""What docs/backends.md tells people to write works as it stands there."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.models.prices import price_table
from ocr_pipeline.ocr.doctr import DocTr
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.files import text_pdf

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "backends.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", TEXT, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in found]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backends:
    """The repository's `backends.yaml` with all examples added, in a place where the example package can be imported."""
    (code,) = blocks("python")
    module = tmp_path / code.partition("\n")[0].removeprefix("# ")
    module.parent.mkdir()
    module.write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    content: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "backends.yaml").read_text("utf-8"))
    for block in blocks("yaml"):
        for section, entries in yaml.safe_load(block).items():
            content[section].update(entries)
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


def test_the_extractor_of_your_own_reads_a_document(configured: Backends) -> None:
    document = open_document(text_pdf([[(20, 150, "Net 10.00"), (20, 100, "Total 12.50")]]), Limits())
    text = OcrText(pages=PdfText().read(document))
    extractor = configured["rapidocr+last"].extractor
    found = extractor.extract(ExtractionInput(document_id="d", open=lambda: document, text=text))
    assert (str(found.invoice.total_amount), found.invoice.currency) == ("12.50", "MYR")


def test_the_prices_are_those_of_the_table() -> None:
    rows = re.findall(
        r"^\| `((?:gemini|gpt)-[\w.-]+)`.*?\| (\S+) / (\S+?)(?:;| \|).*\| (\d{4}-\d\d-\d\d) \|$", TEXT, re.MULTILINE
    )
    assert {model: (float(into), float(out), checked) for model, into, out, checked in rows} == {
        model: (float(entry.periods[0].input), float(entry.periods[0].output), str(entry.checked_on))
        for models in price_table().values()
        for model, entry in models.items()
    }
