"""The first part of the study: settings, mapping of the recorded rows, blind corrections, the README; and the command."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from ocr_pipeline.documents.overrides import load_overrides, overrides_file
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.extraction.external.extractor import External
from ocr_pipeline.extraction.external.mapping import map_row
from ocr_pipeline.extraction.external.strict_json import parse
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.study import readme
from ocr_pipeline.study.corrections import Correction, contradictions, corrected
from ocr_pipeline.study.project import FILES, SETTINGS, prepare, receipts_folder, settings
from ocr_pipeline.study.receipts import MARK, MARKED
from ocr_pipeline.study.scored import FIELDS
from ocr_pipeline.study.words import text_of_lines
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.study.layout import write_layout


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(monkeypatch)


@pytest.mark.parametrize(("backend", "cost"), [(name, 0.0) for name in FILES])
def test_recorded_rows_are_mapped_by_the_settings_alone(backend: str, cost: float) -> None:
    options = yaml.safe_load(SETTINGS.read_text())["backends"][backend]["options"]
    row = {
        "doc_id": "X1",
        "vendor": "Acme",
        "date": "05/03/2018",
        "total": 38.9,
        "tax": 0,
        "cost_usd": cost,
        "latency_ms": 1500,
    }
    extraction = map_row(parse(json.dumps(row)), External(**options).mapping).extraction
    invoice = extraction.invoice
    assert (invoice.supplier_name, invoice.invoice_date, invoice.total_amount) == (
        "Acme",
        date(2018, 3, 5),
        Decimal("38.9"),
    )
    assert extraction.reported is not None
    assert extraction.reported.seconds == 1.5
    assert extraction.cost_usd == (0.0 if backend == "recorded-textract" else None), "0.0 was recorded for unknown"


def test_backends_that_are_left_out_leave_their_ensembles() -> None:
    backends = settings({"tesseract+rules", "recorded-textract"})["backends"]
    assert backends["free-ensemble"]["options"]["of"] == ["rapidocr+learned", "rapidocr+rules"]
    assert not {"tesseract+rules", "recorded-textract", "learned+textract", "cascade-textract"} & set(backends)
    with pytest.raises(ConfigurationError, match="--without: there is no backend 'nothing' in the study"):
        settings({"nothing"})


def test_without_the_data_one_sentence_says_where_it_comes_from(tmp_path: Path, run: Cli) -> None:
    with pytest.raises(ConfigurationError) as error:
        receipts_folder(tmp_path)
    for part in ("yasirijazgoraya/docai-sroie", "commit 3e199f9", "CC-BY-4.0", "key/<id>.json", "--data"):
        assert part in str(error.value)
    told = run.fails("study", "recorded", "--data", str(tmp_path), "--folder", str(tmp_path / "study"))
    assert told == str(error.value)
    assert not (tmp_path / "study").exists(), "nothing is begun"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "cord-recorded is not there"),
        (["--part", "receipts", "--readme", "nothing.md"], "'nothing.md' does not"),
        (["--part", "cord", "--without", "nothing"], "there is no backend 'nothing' in the study"),
    ],
)
def test_mistakes_are_told_before_the_long_run(tmp_path: Path, run: Cli, arguments: list[str], sentence: str) -> None:
    data = write_layout(tmp_path / "shared", 1)
    told = run("study", "recorded", "--data", str(data), "--folder", str(tmp_path / "study"), *arguments)
    assert told.code != 0
    assert told.out == ""
    assert sentence in told.err
    assert not (tmp_path / "study").exists(), "nothing is begun"


@pytest.mark.parametrize(
    ("field", "value", "correction"),
    [
        ("supplier_name", "ACME TRADING SDN BHD", None),
        ("supplier_name", "ACME TRADNG SDN BHD", "ACME TRADING SDN BHD"),
        ("supplier_name", "SOMEBODY ELSE", None),
        ("invoice_date", "2018-03-01", None),
        ("invoice_date", "2018-03-09", "undecided"),
        ("total_amount", "11.50", None),
        ("total_amount", "99.99", "undecided"),
    ],
)
def test_labels_are_corrected_by_the_transcript_alone(field: str, value: str, correction: str | None) -> None:
    lines = ["ACME TRADING SDN BHD", "DATE: 01/03/2018", "TOTAL 11.50"]
    boxes = [[[0.0, y], [400.0, y], [400.0, y + 20.0], [0.0, y + 20.0]] for y in (10.0, 50.0, 90.0)]
    rows = [{"text": text, "box": box, "score": 1.0} for text, box in zip(lines, boxes, strict=True)]
    text = text_of_lines({"width": 400, "height": 200, "lines": rows})
    found = list(contradictions("x", Label(invoice=Invoice.model_validate({field: value})), text))
    expected = None if correction == "undecided" else correction
    assert found == ([Correction("x", field, value, expected)] if correction else [])


def test_a_correction_accepts_both_spellings_and_is_kept_as_an_override(tmp_path: Path) -> None:
    labels = {"x": Label(invoice=Invoice(supplier_name="ACME TRADNG", total_amount=Decimal("1.00")))}
    found = [
        Correction("x", "supplier_name", "ACME TRADNG", "ACME TRADING"),
        Correction("x", "total_amount", "1.00", None),
    ]
    after = corrected(labels, found, tmp_path)
    assert after["x"].alternatives == {"supplier_name": ["ACME TRADING"]}
    assert after["x"].invoice == labels["x"].invoice
    assert list(load_overrides(overrides_file(tmp_path, "x")).fields) == ["supplier_name"]


def test_only_the_block_of_the_readme_is_replaced() -> None:
    text = f"before\n{readme.START}\nold\n{readme.END}\nafter\n"
    assert readme.replaced(text, f"{readme.START}\nnew\n{readme.END}") == text.replace("old", "new")
    assert readme.replaced("no markers\n", "new") == "no markers\n"


@pytest.mark.parametrize(("name", "mark"), [("cascade-textract", True), ("rapidocr+rules", False)])
def test_the_readme_marks_what_learned_on_the_judged_receipts(name: str, mark: bool) -> None:
    board = SimpleNamespace(
        backend=name, reported=False, seconds_per_document=1.0, cost_per_document=0.0, labelled_documents=3
    )
    cells = dict.fromkeys((*FIELDS, ALL_FIELDS), SimpleNamespace(f1=0.5, f1_low=0.4, f1_high=0.6))
    found = SimpleNamespace(boards=[board], fields={(name, field): cell for field, cell in cells.items()})
    text = readme.block(found, date(2026, 11, 28))  # type: ignore[arg-type]
    assert (f"| {name} {MARK} |" in text) is mark
    assert (MARKED in text) is mark


@pytest.mark.parametrize(
    ("text", "has"), [(f"{readme.START}\n{readme.END}\n", True), (f"{readme.START}\n", False), ("nothing\n", False)]
)
def test_a_readme_without_both_markers_is_said_to_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, has: bool
) -> None:
    monkeypatch.setattr(readme, "block", lambda *_: f"{readme.START}\nnew\n{readme.END}")
    file = tmp_path / "README.md"
    file.write_text(text)
    assert readme.write(file, None, date(2026, 11, 28)) is has  # type: ignore[arg-type]
    assert ("new" in file.read_text()) is has


@pytest.mark.slow
def test_the_study_on_a_small_layout(tmp_path: Path, run: Cli) -> None:
    data = write_layout(tmp_path / "shared")
    output, table = tmp_path / "out" / "paid-systems-tables.md", tmp_path / "README.md"
    table.write_text(f"top\n\n{readme.START}\n{readme.END}\n\nbottom\n")
    engines = [
        name
        for name, entry in settings(())["backends"].items()
        if entry.get("engine") in ("rapidocr", "tesseract") or entry["extractor"] == "gemini"
    ]
    left_out = [argument for name in engines for argument in ("--without", name)]
    where = ["--data", str(data), "--folder", str(tmp_path / "study"), "--output", str(output), "--readme", str(table)]
    result = run("study", "recorded", *where, "--part", "receipts", *left_out)
    assert (result.code, result.err) == (0, "")
    assert "invoice_date: 3 values cannot be read" in result.out
    text = output.read_text()
    ranking = {
        cells[1].strip(" `"): cells
        for line in text.splitlines()
        if (cells := line.split("|"))[0] == "" and len(cells) > 12
    }
    textract, lora = ranking["recorded-textract"], ranking["recorded-qwen2.5-vl-lora"]
    assert [cell.strip() for cell in textract[2:8]] == ["100.0"] * 5 + ["3 of 3"]
    assert textract[10].strip() == "10.00"
    assert (lora[4].strip(), lora[10].strip()) == ("0.0", "not recorded"), "epoch milliseconds are not converted"
    assert "| `recorded-qwen2.5-vl-lora` | date | 3 |" in text
    assert "control: reads the transcripts" in ranking["oracle+rules"][11]
    assert "textract (recorded)" in table.read_text()
    assert table.read_text().startswith("top\n") and table.read_text().endswith("bottom\n")  # noqa: PT018
    # a second call computes nothing and writes the same
    assert "ocr oracle" not in run("study", "recorded", *where, "--part", "receipts", *left_out).out
    assert output.read_text() == text


@pytest.mark.slow
def test_with_a_key_gemini_is_in_the_same_table(tmp_path: Path, run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real client over real sockets; what answers is the stand-in."""
    data = write_layout(tmp_path / "shared")
    output = tmp_path / "tables.md"
    engines = [
        name for name, entry in settings(())["backends"].items() if entry.get("engine") in ("rapidocr", "tesseract")
    ]
    left_out = [argument for name in engines for argument in ("--without", name)]
    where = ["--data", str(data), "--folder", str(tmp_path / "study"), "--output", str(output), "--part", "receipts"]
    with StandIn() as standin:
        monkeypatch.setenv("GEMINI_API_KEY", "any-key-will-do")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", standin.url)
        assert run("study", "recorded", *where, *left_out).code == 0
        assert run("study", "recorded", *where, *left_out).code == 0
        assert len(standin.seen) == 3, "each receipt once, and nothing in the second run"
    [row] = [
        line
        for line in output.read_text().splitlines()
        if line.startswith("| `gemini-vision` | ") and "failed" not in line
    ][:1]
    assert float(row.split("|")[10]) > 0, "it costs something"
    assert "`gemini-vision`: GEMINI_API_KEY is not set" not in output.read_text()


def test_no_receipt_of_the_study_is_learned_from(tmp_path: Path) -> None:
    """Without the train words the learned backend is left out: it never learns from the labels that judge it."""
    told: list[str] = []
    project = prepare(tmp_path / "study", write_layout(tmp_path / "shared", 1), (), told.append)
    backends = yaml.safe_load(project.config_file.read_text())["backends"]
    assert not any(entry["extractor"] == "learned" for entry in backends.values())
    assert any("rapidocr+learned is left out" in sentence for sentence in told)
