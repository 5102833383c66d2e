"""CORD, e-invoices, CSV labels, transcripts, and sources that are no local folder."""

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pytest

from ocr_pipeline.documents.importers import import_cord, import_einvoice, import_folder, import_sroie, open_source
from ocr_pipeline.documents.importers.source import explained
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label, OcrText
from ocr_pipeline_tests.files import image_bytes, text_pdf

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return tmp_path / "project" / "data" / "documents"


def label_of(document: Path) -> Label:
    return load_label(document.with_name(document.name + ".json"))[0]


def transcript(document: Path) -> OcrText:
    return OcrText.model_validate_json(document.with_name(document.name + ".transcript.json").read_bytes())


# ---- CORD ------------------------------------------------------------------------------------------------------------


def word(text: str, x: int, y: int, row: int, is_key: int = 0) -> dict[str, Any]:
    quad = {"x1": x, "y1": y, "x2": x + 10, "y2": y, "x3": x + 10, "y3": y + 4, "x4": x, "y4": y + 4}
    return {"quad": quad, "is_key": is_key, "row_id": row, "text": text}


VALID_LINE = [
    {"words": [word("TOTAL", 0, 20, 9, 1), word("Rp", 12, 20, 9, 1), word("60.000", 24, 20, 9)], "group_id": 3,
     "category": "total.total_price"},
    {"words": [word("TICKET", 12, 5, 7), word("CP", 24, 5, 7)], "group_id": 1, "category": "menu.nm"},
    {"words": [word("2", 0, 5, 7)], "group_id": 1, "category": "menu.cnt"},
    {"words": [word("60.000", 30, 5, 7)], "group_id": 1, "category": "menu.price"},
    {"words": [word("5.455", 24, 15, 8)], "group_id": 2, "category": "sub_total.tax_price"},
]  # fmt: skip


def cord(tmp_path: Path, truth: Any, split: str = "dev") -> Path:
    for sub in ("image", "json"):
        (tmp_path / "CORD" / split / sub).mkdir(parents=True)
    (tmp_path / "CORD" / split / "image" / "r_1.png").write_bytes(image_bytes(40, 30))
    (tmp_path / "CORD" / split / "json" / "r_1.json").write_text(json.dumps(truth))
    return tmp_path / "CORD"


EXPECTED = {
    "invoice": {
        "currency": "IDR",
        "total_tax_amount": "5455",
        "total_amount": "60000",
        "line_items": [{"description": "TICKET CP", "quantity": "2", "amount": "60000"}],
    },
    "language": "id",
    "split": "dev",
}


def test_cord_from_the_categories_of_its_words(tmp_path: Path, documents: Path) -> None:
    report = import_cord(cord(tmp_path, {"valid_line": VALID_LINE, "meta": {"split": "dev"}}), documents)
    assert (report.new, report.labelled, report.transcripts, report.problems) == (1, 1, 1, [])
    image = documents / "cord" / "dev" / "r_1.png"
    label = label_of(image).model_dump(mode="json", exclude_unset=True)
    boxes = label.pop("boxes")
    assert label == EXPECTED
    assert boxes == {
        "total_amount": [{"page": 1, "box": [0.6, round(20 / 30, 6), 0.85, 0.8]}],  # without the words that name it
        "total_tax_amount": [{"page": 1, "box": [0.6, 0.5, 0.85, round(19 / 30, 6)]}],
        "line_items.0.description": [{"page": 1, "box": [0.3, round(5 / 30, 6), 0.85, 0.3]}],
        "line_items.0.quantity": [{"page": 1, "box": [0.0, round(5 / 30, 6), 0.25, 0.3]}],
        "line_items.0.amount": [{"page": 1, "box": [0.75, round(5 / 30, 6), 1.0, 0.3]}],
    }
    [page] = transcript(image).pages
    assert (page.width, page.height) == (40, 30)
    assert [(result.text, result.line) for result in page.words] == [
        ("2", 0), ("TICKET", 0), ("CP", 0), ("60.000", 0), ("5.455", 1), ("TOTAL", 2), ("Rp", 2), ("60.000", 2),
    ]  # fmt: skip
    assert page.words[1].box == (0.3, round(5 / 30, 6), 0.55, 0.3)
    assert page.words[1].confidence is None


PARSE = {
    "menu": {"nm": "TICKET CP", "cnt": "x2", "price": "Rp 60.000"},
    "sub_total": {"tax_price": "5,455", "subtotal_price": "54.545"},
    "total": {"total_price": "60.000"},
}


def test_cord_from_its_flat_form(tmp_path: Path, documents: Path) -> None:
    report = import_cord(cord(tmp_path, {"gt_parse": PARSE}), documents)
    assert (report.labelled, report.transcripts, report.problems) == (1, 0, [])
    image = documents / "cord" / "dev" / "r_1.png"
    assert label_of(image).model_dump(mode="json", exclude_unset=True) == EXPECTED


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"total": {"total_price": ["60.000", "70.000"]}}, "total_amount"),
        ({"total": {"total_price": "SECRET"}}, "total_amount"),
        ({"menu": [{"nm": "A", "price": "SECRET"}]}, "line_items"),
        ({"menu": [{"nm": "A", "price": "1.000", "sub": {"nm": "B", "price": "500"}}]}, "line_items"),
    ],
)
def test_ambiguous_cord_values_are_not_labelled(
    tmp_path: Path, documents: Path, change: dict[str, Any], missing: str
) -> None:
    report = import_cord(cord(tmp_path, {"gt_parse": {**PARSE, **change}}), documents)
    assert report.labelled == 1
    assert "SECRET" not in str(report.problems)
    assert missing not in label_of(documents / "cord" / "dev" / "r_1.png").invoice.model_fields_set


@pytest.mark.parametrize("truth", [[], {"valid_line": [1]}, {"gt_parse": {"menu": [], "total": 3}}, {}, "x"])
def test_an_invalid_cord_file_gives_no_label(tmp_path: Path, documents: Path, truth: Any) -> None:
    report = import_cord(cord(tmp_path, truth), documents)
    assert (report.new, report.labelled, report.transcripts) == (1, 0, 0)


def test_another_layout_than_cord_is_refused(tmp_path: Path, documents: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not have CORD's public layout: folders image and json"):
        import_cord(tmp_path, documents)


# ---- transcripts -----------------------------------------------------------------------------------------------------


def sroie(tmp_path: Path, box: str | None) -> Path:
    for sub in ("img", "key", "box"):
        (tmp_path / "sroie" / sub).mkdir(parents=True, exist_ok=True)
    (tmp_path / "sroie" / "img" / "X1.jpg").write_bytes(image_bytes(100, 50, format="JPEG"))
    if box is None:
        (tmp_path / "sroie" / "box" / "X1.csv").unlink()
    else:
        (tmp_path / "sroie" / "box" / "X1.csv").write_text(box)
    return tmp_path / "sroie"


def test_sroie_transcripts_are_written_kept_updated_and_removed(tmp_path: Path, documents: Path) -> None:
    image = documents / "sroie" / "X1.jpg"
    report = import_sroie(
        sroie(tmp_path, '10,5,60,5,60,15,10,15,NO. 3,"A"\r\n\r\n0,20,200,20,200,30,0,30,X\r\n'), documents
    )
    assert (report.new, report.transcripts, report.problems) == (1, 1, [])
    words = list(transcript(image).words())
    assert [(result.text, result.line) for result in words] == [("NO.", 0), ('3,"A"', 0), ("X", 1)]
    assert words[0].box == (0.1, 0.1, round((10 + 50 * 3 / 9) / 100, 6), 0.3)
    assert words[1].box == (round((10 + 50 * 4 / 9) / 100, 6), 0.1, 0.6, 0.3)
    assert words[2].box == (0, 0.4, 1, 0.6)
    before = {path: path.stat().st_mtime_ns for path in documents.rglob("*")}
    assert (
        import_sroie(sroie(tmp_path, '10,5,60,5,60,15,10,15,NO. 3,"A"\n0,20,200,20,200,30,0,30,X'), documents).unchanged
        == 1
    )
    assert {path: path.stat().st_mtime_ns for path in documents.rglob("*")} == before
    assert import_sroie(sroie(tmp_path, "10,5,60,5,60,15,10,15,NEW"), documents).changed == 1
    assert [result.text for result in transcript(image).words()] == ["NEW"]
    report = import_sroie(sroie(tmp_path, "10,5,60,5,60,15,NEW"), documents)
    assert report.problems == ["X1.csv: line 1 is not x1,y1,...,x4,y4,text; imported without a transcript."]
    assert not image.with_name("X1.jpg.transcript.json").exists()
    assert import_sroie(sroie(tmp_path, None), documents).unchanged == 1


LINES = """10,0,90,0,90,8,10,8,GREEN TEA
10,8,90,8,90,16,10,16,HOUSE SDN. BHD.
10,20,90,20,90,28,10,28,NO. 1 JALAN
10,30,90,30,90,38,10,38,12345 IPOH
10,40,60,40,60,44,10,44,DATE: 01/02/2018 10:11
10,46,30,46,30,49,10,49,TOTAL
60,46,90,46,90,49,60,49,RM9.00
60,26,90,26,90,29,60,29,19.00"""


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ("", {"supplier_name": [(0.1, 0, 0.9, 0.32)], "supplier_address": [(0.1, 0.4, 0.9, 0.76)],
              "invoice_date": [(0.1, 0.8, 0.6, 0.88)], "total_amount": [(0.6, 0.92, 0.9, 0.98)]}),
        ("\n0,49,9,49,9,50,0,50,CASH 9.00\n0,0,5,0,5,1,0,1,01/02/2018",
         {"supplier_name": [(0.1, 0, 0.9, 0.32)], "supplier_address": [(0.1, 0.4, 0.9, 0.76)],
          "total_amount": [(0.6, 0.92, 0.9, 0.98)]}),
    ],
    ids=["each once", "date twice, amount as cash"],
)  # fmt: skip
def test_sroie_places_are_those_of_lines_that_are_certain(
    tmp_path: Path, documents: Path, more: str, places: dict[str, Any]
) -> None:
    source = sroie(tmp_path, LINES + more)
    key = {
        "company": "GREEN TEA HOUSE SDN BHD",
        "address": "NO. 1 JALAN, 12345 IPOH",
        "date": "01/02/2018",
        "total": "9.00",
    }
    (source / "key" / "X1.json").write_text(json.dumps(key))
    import_sroie(source, documents)
    boxes = label_of(documents / "sroie" / "X1.jpg").boxes
    assert {name: [place.box for place in found] for name, found in boxes.items()} == places
    assert {(place.page, place.of) for found in boxes.values() for place in found} == {(1, "line")}


# ---- e-invoices ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (DATA / "zugferd").is_dir(), reason="shared/data/zugferd is not there")
def test_real_e_invoices_agree_with_their_ground_truth(documents: Path) -> None:
    pytest.importorskip("facturx")
    report = import_einvoice(DATA / "zugferd" / "pdf", documents, "zugferd")
    assert (report.new, report.labelled, report.problems) == (30, 30, [])
    doubtful = {"_501", "_502", "_503", "_508", "Bruttopreise", "Haftpflicht", "Rechnungskorrektur", "1p0_COMFORT_Sach"}
    assert all(any(part in note for part in doubtful) for note in report.notes), report.notes
    names = {
        "invoice_number": "invoice_id",
        "vendor": "supplier_name",
        "buyer": "receiver_name",
        "currency": "currency",
    }
    amounts = {"total": "total_amount", "tax": "total_tax_amount", "tax_basis": "net_amount", "due": "amount_due"}
    compared = 0
    for text in (DATA / "zugferd" / "ground_truth.jsonl").read_text("utf-8").splitlines():
        truth = json.loads(text)
        invoice = label_of(documents / "zugferd" / truth["file"]).invoice
        for key, field in names.items():
            assert getattr(invoice, field) == " ".join(truth[key].split()), (truth["file"], field)
        for key, field in amounts.items():
            expected_amount = Decimal(truth[key]) if truth[key] else None
            assert getattr(invoice, field) == expected_amount, (truth["file"], field)
        if truth["date"]:
            assert invoice.invoice_date
            assert invoice.invoice_date.strftime("%Y%m%d") == truth["date"], truth["file"]
        expected = [
            (" ".join((line["description"] or "").split()), Decimal(line["quantity"]), Decimal(line["line_total"]))
            for line in truth["lines"]
            if line["quantity"] and line["line_total"]
        ]
        result = [
            (item.description or "", item.quantity, item.amount)
            for item in invoice.line_items
            if item.amount is not None
        ]
        assert result == expected, truth["file"]
        compared += 8 + bool(truth["date"]) + 3 * len(expected)
    assert compared > 400


def test_a_pdf_without_xml_is_imported_and_counted(tmp_path: Path, documents: Path) -> None:
    pytest.importorskip("facturx")
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "a.pdf").write_bytes(text_pdf([[(10, 10, "Bill")]]))
    (tmp_path / "bills" / "b.pdf").write_bytes(b"%PDF-1.4 broken")
    report = import_einvoice(tmp_path / "bills", documents)
    assert (report.new, report.labelled, report.problems) == (2, 0, [])
    note = "no invoice XML (no XML is attached); imported without a label."
    assert report.notes == [f"a.pdf: {note}", f"b.pdf: {note}"]


def test_a_missing_package_is_one_sentence(tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_pipeline.documents.importers.einvoice.find_spec", lambda package: None)
    with pytest.raises(
        ConfigurationError, match=r"^The XML of e-invoices needs the packages lxml and pypdf: .*install"
    ):
        import_einvoice(tmp_path, documents)


# ---- CSV labels ------------------------------------------------------------------------------------------------------


@pytest.fixture
def invoices(tmp_path: Path) -> Path:
    folder = tmp_path / "inv"
    (folder / "2024").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "2024/c.png", "2024/a.png")):
        (folder / name).write_bytes(image_bytes(10 + number))
    return folder


def test_csv_labels_as_a_spreadsheet_writes_them(invoices: Path, documents: Path) -> None:
    (invoices / "labels.csv").write_bytes(
        "\ufefffile;supplier_name;invoice_date;total_amount;due_date;document_type;split;\r\n"
        'a.png;"Müller; Söhne";14.03.2026;1.045,20;-;Invoice;test\r\n'
        "c;;2026-03-04;12,50;;;\r\n;;;;;;\r\n".encode()
    )
    report = import_folder(invoices, documents)
    assert (report.new, report.labelled, report.problems) == (4, 2, [])
    assert label_of(documents / "inv" / "a.png").model_dump(mode="json", exclude_unset=True) == {
        "invoice": {
            "document_type": "invoice",
            "supplier_name": "Müller; Söhne",
            "invoice_date": "2026-03-14",
            "due_date": None,
            "total_amount": "1045.20",
        },
        "split": "test",
    }
    assert label_of(documents / "inv" / "2024" / "c.png").labelled_fields == ["invoice_date", "total_amount"]
    assert import_folder(invoices, documents).unchanged == 4


def test_skipped_cells_and_rows_are_reported_without_their_values(invoices: Path, documents: Path) -> None:
    (invoices / "labels.csv").write_text(
        "document_id,total_amount,invoice_date,currency\n"
        'inv-b,"SEC\nRET",03/04/2026,EURO\n'
        "2024/a.png,1.234,2026-02-30,EUR\n"
        "a,1.00,2026-02-01,EUR\nnone.png,1.00,,\n,1.00,,\nc.png,1,,,,extra\n"
    )
    report = import_folder(invoices, documents)
    assert report.labelled == 2
    amount = "not an amount, or an ambiguous one (write 1234.00); skipped."
    day = "not a date, or an ambiguous one (write 2026-03-14); skipped."
    assert report.problems == [
        f"labels.csv, line 2, column invoice_date: {day}",
        "labels.csv, line 2, column currency: invalid value; skipped.",
        f"labels.csv, line 2, column total_amount: {amount}",
        f"labels.csv, line 4, column invoice_date: {day}",
        f"labels.csv, line 4, column total_amount: {amount}",
        "labels.csv, line 7, column document_id: empty; row skipped.",
        "labels.csv, line 8: more cells than columns; row skipped.",
        "labels.csv, line 5, column document_id: several documents have this name; use the path; row skipped.",
        "labels.csv, line 6, column document_id: no such document; row skipped.",
    ]


def test_the_order_of_day_and_month_comes_from_the_file(invoices: Path, documents: Path) -> None:
    (invoices / "labels.csv").write_text("file,invoice_date\na.png,03/04/2026\nb.png,25/04/2026\n")
    import_folder(invoices, documents)
    assert str(label_of(documents / "inv" / "a.png").invoice.invoice_date) == "2026-04-03"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,totl\na.png,1", r"line 1, column 2: unknown column; expected one of file, filename"),
        (b"file,currency,currency\n", r"line 1, column 3: duplicate column currency\."),
        (b"currency\nEUR", r"line 1: one column must name the document: file, filename, document_id\."),
        (
            b"file,currency\na.png,EUR\nb.png,EUR\na.png,EUR",
            r"line 4, column file: duplicate row; line 2 labels the",
        ),
        (b"", r"labels\.csv is empty\."),
        ("file\nä".encode("utf-16"), r"labels\.csv is not UTF-8 text: save it as CSV UTF-8\."),
    ],
)
def test_an_invalid_csv_is_rejected(invoices: Path, documents: Path, content: bytes, message: str) -> None:
    (invoices / "labels.csv").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        import_folder(invoices, documents)
    assert not (documents / "inv").exists()


def test_labels_from_another_file(invoices: Path, documents: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("file\tcurrency\na.png\tEUR\n")
    assert import_folder(invoices, documents, labels=tmp_path / "mine.csv").labelled == 1
    with pytest.raises(ConfigurationError, match=r"none\.csv is not a file\."):
        import_folder(invoices, documents, labels=tmp_path / "none.csv")


# ---- other file systems ----------------------------------------------------------------------------------------------


def test_a_folder_in_a_zip_file(tmp_path: Path, documents: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bills.zip", "w") as archive:
        archive.writestr("in/a.png", image_bytes(10))
        archive.writestr("in/2024/b.png", image_bytes(11))
        archive.writestr("in/.hidden/c.png", image_bytes(12))
        archive.writestr("in/labels.csv", "file,currency\na.png,EUR\n")
        archive.writestr("in/2024/b.json", '{"invoice": {"currency": "USD"}}')
    report = import_folder(open_source(f"zip://in::{tmp_path}/bills.zip"), documents)
    assert (report.dataset, report.new, report.labelled, report.problems) == ("in", 2, 2, [])
    assert (documents / "in" / "2024" / "b.png").read_bytes() == image_bytes(11)
    report = import_folder(open_source(f"zip://::{tmp_path}/bills.zip"), documents)
    assert (report.dataset, report.new) == ("bills", 2)


def test_sroie_in_memory(documents: Path) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/sroie/img/X1.jpg", image_bytes(format="JPEG"))
    files.pipe("/bucket/sroie/key/X1.json", b'{"company": "A"}')
    files.pipe("/bucket/sroie/box/X1.csv", b"0,0,10,0,10,5,0,5,A")
    report = import_sroie(open_source("memory://bucket/sroie"), documents)
    assert (report.new, report.labelled, report.transcripts) == (1, 1, 1)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://bucket/x", r"^s3://bucket/x needs a package that is not installed: Install s3fs to access S3\.$"),
        ("nosuch://x", r"^nosuch:// is not a file system supported by fsspec\.$"),
        ("zip://::/nothing/here.zip", r"^zip://::/nothing/here\.zip cannot be read: No such file or directory\.$"),
    ],
)
def test_a_source_that_cannot_be_opened(url: str, message: str, documents: Path) -> None:
    with pytest.raises(ConfigurationError, match=message), explained(url):
        import_folder(open_source(url), documents)
