"""Files that hold several invoices, from the file to the scores: found, said, and split on request."""

from typing import Any

import pytest
from PIL import Image

from ocr_pipeline.defs.assets.cells import document_failure
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.partitions import DOCUMENTS
from ocr_pipeline.defs.pipeline import RunSummary, plan_run, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.documents.splits import load_split, split_file
from ocr_pipeline.documents.transcripts import transcript_file
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_file, encoded, text_pdf, write_backends

RULES = "pdf-text+rules"
PARTS = ["three-p1", "three-p2", "three-p3"]


def invoice(number: str, day: str, net: str, tax: str, total: str) -> list[tuple[float, float, str]]:
    """A page of an invoice, as `text_pdf` draws it."""
    rows = [
        ("Putzblitz GmbH", ""),
        ("Ringstr. 5, 60311 Frankfurt", ""),
        ("Rechnung", ""),
        ("Rechnungsnummer", number),
        ("Rechnungsdatum", day),
        ("Nettobetrag", f"{net} EUR"),
        ("19 % MwSt.", f"{tax} EUR"),
        ("Gesamtbetrag", f"{total} EUR"),
    ]
    texts: list[tuple[float, float, str]] = []
    for row, (left, right) in enumerate(rows):
        texts.append((20, 180 - 20 * row, left))
        if right:
            texts.append((200, 180 - 20 * row, right))
    return texts


A100 = invoice("A-100", "03.03.2025", "100,00", "19,00", "119,00")
A101 = invoice("A-101", "10.03.2025", "250,00", "47,50", "297,50")
A102 = invoice("A-102", "17.03.2025", "80,00", "15,20", "95,20")
TERMS = [(20.0, 160.0, "Allgemeine Bedingungen"), (20.0, 140.0, "1. Es gilt deutsches Recht.")]


@pytest.fixture
def three(project: Project) -> Project:
    """A project with three invoices in one PDF, and one invoice of two pages."""
    configure(project)
    add_file(project, "three.pdf", text_pdf([A100, A101, A102]))
    add_file(project, "single.pdf", text_pdf([invoice("S-1", "01.01.2025", "10,00", "1,90", "11,90"), TERMS]))
    return project


def configure(project: Project, **settings: Any) -> None:
    engines = {"pdf-text": None, "oracle": None}
    backends: dict[str, Any] = {
        f"{engine}+rules": {"engine": engine, "extractor": "rules", "options": {}} for engine in ("pdf-text", "oracle")
    }
    backends["vote"] = {"extractor": "ensemble", "options": {"of": [RULES, "oracle+rules"]}}
    write_backends(project.root, {**settings, "engines": engines, "backends": backends})


def run(project: Project, backends: list[str] | None = None) -> RunSummary:
    return run_pipeline(project, find_documents(project.data), backends or [RULES], Recorder())


def documents(project: Project) -> dict[str, dict[str, Any]]:
    return {row["document_id"]: row for row in Warehouse(project.database).rows("FROM documents")}


def totals(project: Project, backend: str = RULES) -> dict[str, str]:
    rows = Warehouse(project.database).rows(
        "SELECT document_id, value FROM extracted_fields WHERE field = 'total_amount' AND backend = ?", [backend]
    )
    return {row["document_id"]: row["value"] for row in rows}


def partitions(project: Project) -> set[str]:
    with open_instance(project) as instance:
        return set(instance.get_dynamic_partitions(DOCUMENTS))


def label(project: Project, name: str, total: str) -> None:
    (project.data / "documents" / name).write_text(f'{{"invoice": {{"total_amount": "{total}"}}}}')


@pytest.mark.slow
def test_without_splitting_the_first_invoice_is_read_and_the_others_are_told(
    three: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(three, [RULES, "vote"])
    assert set(documents(three)) == {"three", "single"}
    assert totals(three) == {"three": "119.00", "single": "11.90"}
    warning = "3 invoices on pages 1, 2, 3; values are those of the first; set split: auto"
    rows = Warehouse(three.database).rows("SELECT document_id, backend, warnings FROM extractions ORDER BY ALL")
    assert {(row["document_id"], row["backend"]): row["warnings"] for row in rows} == {
        ("single", RULES): None,
        ("single", "vote"): None,
        ("three", RULES): [warning],
        ("three", "vote"): [warning],
    }
    for command in (["status"], ["explain", "three"]):
        assert warning in " ".join(call(monkeypatch, *command).out.split())
    assert warning in (three.report / "documents" / "three.html").read_text("utf-8")
    assert warning not in (three.report / "documents" / "single.html").read_text("utf-8")


@pytest.mark.slow
def test_each_invoice_becomes_a_document(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(three, split="auto")
    label(three, "three.json", "119.00")
    label(three, "three.p2.json", "297.50")
    label(three, "three.pdf.p3.json", "95.21")
    summary = run(three)
    rows = documents(three)
    assert set(rows) == {"three", "single", *PARTS}
    parent = rows["three"]
    assert (parent["status"], parent["message"]) == ("split", f"Split into 3 documents: {', '.join(PARTS)}.")
    assert [(rows[key]["parent_id"], rows[key]["first_page"], rows[key]["last_page"]) for key in PARTS] == [
        ("three", page, page) for page in (1, 2, 3)
    ]
    assert {rows[key]["pages"] for key in PARTS} == {1}
    assert len({rows[key]["sha256"] for key in ("three", *PARTS)}) == 4
    assert totals(three) == {
        "single": "11.90", "three-p1": "119.00", "three-p2": "297.50", "three-p3": "95.20",
    }  # fmt: skip
    assert summary.cells["ocr_text"] == summary.cells["extractions"] == 4
    scored = Warehouse(three.database).rows(
        "SELECT document_id, outcome FROM field_scores WHERE field = 'total_amount' ORDER BY ALL"
    )
    assert [tuple(row.values()) for row in scored] == [("three-p2", "correct"), ("three-p3", "wrong")]
    assert partitions(three) == {"three", "single", *PARTS}
    assert run(three).cells == {}
    known = tables.documents.documents(Warehouse(three.database))
    failure = document_failure(known["three"])
    assert failure is not None, "the whole file is read by no backend, even if somebody asks for it"
    assert failure.message.startswith("Split into 3 documents")
    assert document_failure(known["three-p1"]) is None
    page = (three.report / "documents" / "three-p2.html").read_text("utf-8")
    assert 'page 2 of <a href="../documents/three.html">' in page
    assert "Split into 3 documents" in (three.report / "documents" / "three.html").read_text("utf-8")
    assert "page 2 of three" in call(monkeypatch, "explain", "three-p2").out
    listed = call(monkeypatch, "documents", "--json").out
    assert '"status": "split"' in listed
    assert '"page_range": "2"' in listed


@pytest.mark.slow
def test_invoices_of_several_pages(project: Project) -> None:
    configure(project, split={"documents": "auto"})
    add_file(project, "three.pdf", text_pdf([A100, TERMS, A101, A102]))
    run(project)
    assert totals(project) == {"three-p1-2": "119.00", "three-p3": "297.50", "three-p4": "95.20"}
    rows = documents(project)
    assert (rows["three-p1-2"]["first_page"], rows["three-p1-2"]["last_page"], rows["three-p1-2"]["pages"]) == (1, 2, 2)
    words = Warehouse(project.database).rows("SELECT DISTINCT document_id, page FROM ocr_words ORDER BY ALL")
    assert [tuple(row.values()) for row in words] == [
        ("three-p1-2", 1), ("three-p1-2", 2), ("three-p3", 1), ("three-p4", 1),
    ]  # fmt: skip


@pytest.mark.slow
def test_only_the_data_sets_that_are_named_are_split(project: Project) -> None:
    configure(project, split={"scans": "auto", "others": False})
    for name in ("scans/a.pdf", "others/a.pdf", "rest/a.pdf"):
        add_file(project, name, text_pdf([A100, A101]))
    run(project)
    assert set(documents(project)) == {"scans-a", "scans-a-p1", "scans-a-p2", "others-a", "rest-a"}


@pytest.mark.slow
def test_turned_on_and_off_again_later(three: Project) -> None:
    run(three)
    before = documents(three)
    configure(three, split="auto")
    assert next(step.asset for step in plan_run(three, find_documents(three.data), [RULES]).steps) == "raw_documents"
    run(three)
    assert set(totals(three)) == {"single", "three", *PARTS}, "results of the whole file are kept"
    counted = Warehouse(three.database).rows(
        "SELECT document_id FROM extractions e JOIN documents d USING (document_id) WHERE d.status = 'ok' ORDER BY ALL"
    )
    assert [row["document_id"] for row in counted] == ["single", *PARTS]
    configure(three)
    summary = run(three)
    assert sorted(summary.gone) == PARTS
    assert not split_file(three.data, "three").exists()
    after = documents(three)
    assert {key: after[key]["status"] for key in ("three", "single")} == {"three": "ok", "single": "ok"}
    assert after["three"]["sha256"] == before["three"]["sha256"]
    assert {after[key]["reason"] for key in PARTS} == {"missing_file"}
    assert partitions(three) == {"three", "single"}
    assert run(three).cells == {}


@pytest.mark.slow
def test_a_changed_file_is_split_anew_and_a_deleted_one_takes_its_parts_along(three: Project) -> None:
    configure(three, split="auto")
    run(three)
    path = add_file(three, "three.pdf", text_pdf([A101, TERMS, A100]))
    run(three)
    rows = documents(three)
    ok = {key for key, row in rows.items() if row["status"] == "ok"}
    assert ok == {"single", "three-p1-2", "three-p3"}
    assert {key: value for key, value in totals(three).items() if key in ok} == {
        "single": "11.90", "three-p1-2": "297.50", "three-p3": "119.00",
    }  # fmt: skip
    assert run(three).cells == {}
    path.unlink()
    summary = run(three)
    assert {"three", "three-p1-2", "three-p3"} <= set(summary.gone)
    assert {key for key, row in documents(three).items() if row["reason"] != "missing_file"} == {"single"}
    assert run(three).cells == {}


@pytest.mark.slow
def test_a_file_with_one_invoice_now_is_whole_again(three: Project) -> None:
    configure(three, split="auto")
    run(three)
    add_file(three, "three.pdf", text_pdf([A101, TERMS]))
    run(three)
    assert {key for key, row in documents(three).items() if row["status"] == "ok"} == {"single", "three"}
    assert totals(three)["three"] == "297.50"


@pytest.mark.slow
def test_copies_are_duplicates_part_by_part(three: Project) -> None:
    configure(three, split="auto")
    add_file(three, "again/three.pdf", text_pdf([A100, A101, A102]))
    run(three)
    rows = Warehouse(three.database).rows(
        "SELECT document_id, duplicate_of, kind FROM duplicates WHERE kind = 'exact' ORDER BY ALL"
    )
    assert {(row["document_id"], row["duplicate_of"]) for row in rows} == {
        (f"three-p{page}", f"again-three-p{page}") for page in (1, 2, 3)
    }


@pytest.mark.slow
def test_a_scan_is_split_once_an_engine_has_read_it(project: Project) -> None:
    configure(project, split="auto")
    text = OcrText(pages=PdfText().read(open_document(text_pdf([A100, A101]), Limits())))
    first, second = (Image.new("L", (page.width // 4, page.height // 4), 250 - page.page) for page in text.pages)
    path = add_file(project, "scan.tif", encoded(first, "TIFF", save_all=True, append_images=[second]))
    transcript_file(path).write_text(text.model_dump_json(), "utf-8")
    run_pipeline(project, find_documents(project.data), ["oracle+rules"], Recorder())
    rows = documents(project)
    assert {key: row["status"] for key, row in rows.items()} == {"scan": "split", "scan-p1": "ok", "scan-p2": "ok"}
    found = totals(project, "oracle+rules")
    assert (found["scan-p1"], found["scan-p2"]) == ("119.00", "297.50")
    assert "scan" not in found, "the whole file was never extracted"
    assert run_pipeline(project, find_documents(project.data), ["oracle+rules"], Recorder()).cells == {}


@pytest.mark.slow
def test_by_hand_and_undone(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    label(three, "three.json", "119.00")
    done = call(monkeypatch, "split", "three", "--pages", "1-2,3")
    assert done.code == 0, done.err
    assert "Split into 2 documents: three-p1-2, three-p3." in done.out
    assert "three-p1-2" in done.out.split("label the parts")[1]
    run(three)
    assert {key for key, row in documents(three).items() if row["status"] == "ok"} == {
        "single",
        "three-p1-2",
        "three-p3",
    }
    assert documents(three)["three"]["part_detection"] == "by hand"
    configure(three, split="auto")
    run(three)
    assert set(find_ids(three)) == {"single", "three", "three-p1-2", "three-p3"}, "what a person decided stays"
    assert call(monkeypatch, "split", "three", "--undo").code == 0
    configure(three)
    run(three)
    assert {key for key, row in documents(three).items() if row["status"] == "ok"} == {"single", "three"}
    found = call(monkeypatch, "split", "three")
    assert "Split into 3 documents" in found.out
    split = load_split(three.data, "three")
    assert split is not None
    assert split.by == "hand"


def find_ids(project: Project) -> list[str]:
    return [source.document_id for source in find_documents(project.data)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["three", "--pages", "1,4"], "the file has 3 pages"),
        (["three", "--pages", "2,1"], "must be in order"),
        (["three", "--pages", "x"], "is not a page"),
        (["single"], "Only one invoice was found in single"),
        (["nothing"], "Unknown document"),
    ],
)
def test_a_split_that_makes_no_sense(
    three: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    result = call(monkeypatch, "split", *arguments)
    assert result.code == 1
    assert message in " ".join(result.err.split())
    assert not (three.data / "splits").exists()
