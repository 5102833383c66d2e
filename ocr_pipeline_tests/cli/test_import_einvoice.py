"""`import einvoice` on the command line: every file without usable XML is named; the old name leads there."""

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.documents.einvoice.samples import INVOICE
from ocr_pipeline_tests.files import text_pdf

pytest.importorskip("lxml")
pytest.importorskip("pypdf")


@pytest.mark.parametrize("command", ["einvoice", "zugferd"])
def test_every_file_without_xml_is_named(command: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    source = project.root / "bills"
    source.mkdir()
    (source / "right.xml").write_text(INVOICE)
    names = [f"plain-{number:02}.pdf" for number in range(12)]
    for number, name in enumerate(names):
        (source / name).write_bytes(text_pdf([[(20, 150, f"Bill {number}")]]))
    monkeypatch.setenv("OCR_PIPELINE_HOME", str(project.root))
    result = call(monkeypatch, "import", command, str(source))
    assert (result.code, "13 new" in result.out, "1 labelled" in result.out) == (0, True, True)
    for name in names:
        assert f"{name}: no invoice XML (no XML is attached); imported without a label." in result.out
    assert ("einvoice" in result.err) == (command == "zugferd")
