import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.identifiers import short_id
from ocr_pipeline.documents.importers import ImportReport, import_folder, import_sroie
from ocr_pipeline.documents.importers.copying import Entry, copy, new_report
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_label, image_bytes

SROIE = Path(__file__).resolve().parents[3] / "shared" / "data" / "sroie"


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.new, report.changed, report.unchanged


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "My Invoices"
    (folder / "2024").mkdir(parents=True)
    (folder / "a.png").write_bytes(image_bytes(10))
    (folder / "2024" / "b.png").write_bytes(image_bytes(20))
    add_label(folder / "a.png", total_amount="12.50", due_date=None)
    return folder


@pytest.fixture
def documents(project: Project) -> Path:
    return project.data / "documents"


@pytest.mark.parametrize("name", ["../out.png", "2024/../../out.png", "..", "/tmp/out.png"])
def test_a_name_that_leaves_the_folder_is_never_written(name: str, documents: Path) -> None:
    """The guard of `copy` itself: names come from archives and servers, whose own clients check some of them, or none."""
    report = new_report("mine", documents)
    copy(iter([Entry(name, b"outside"), Entry("in/a.png", b"inside")]), report)
    assert report.problems == [f"{name}: the path leaves the folder; skipped."]
    assert counts(report) == (1, 0, 0)
    assert [path for path in documents.parent.rglob("*") if path.is_file()] == [documents / "mine" / "in" / "a.png"]


class TestFolder:
    def test_copies_documents_and_labels(self, source: Path, documents: Path, project: Project) -> None:
        report = import_folder(source, documents)
        assert (report.dataset, counts(report), report.labelled, report.problems) == ("my-invoices", (2, 0, 0), 1, [])
        result = {short_id(document.document_id): document for document in find_documents(project.data)}
        assert set(result) == {"my-invoices-a", "my-invoices-2024-b"}
        assert {document.dataset for document in result.values()} == {"my-invoices"}
        assert result["my-invoices-2024-b"].path.read_bytes() == image_bytes(20)
        label_file = result["my-invoices-a"].label
        assert label_file is not None
        label, _ = load_label(label_file)
        assert label.labelled_fields == ["due_date", "total_amount"]
        assert label.invoice.total_amount == Decimal("12.50")

    def test_a_second_import_changes_nothing(self, source: Path, documents: Path) -> None:
        import_folder(source, documents)
        before = {path: path.stat().st_mtime_ns for path in documents.rglob("*")}
        assert counts(import_folder(source, documents)) == (0, 0, 2)
        assert {path: path.stat().st_mtime_ns for path in documents.rglob("*")} == before

    def test_changed_files_are_replaced(self, source: Path, documents: Path) -> None:
        import_folder(source, documents)
        (source / "a.png").write_bytes(image_bytes(11))
        assert counts(import_folder(source, documents)) == (0, 1, 1)
        assert (documents / "my-invoices" / "a.png").read_bytes() == image_bytes(11)
        add_label(source / "a.png", total_amount="13.00")
        assert counts(import_folder(source, documents)) == (0, 1, 1)
        add_label(source / "2024" / "b.png", total_amount="1.00")
        report = import_folder(source, documents)
        assert (counts(report), report.labelled) == ((0, 1, 1), 2)

    def test_an_invalid_label_is_reported_and_its_document_imported(self, source: Path, documents: Path) -> None:
        (source / "2024" / "b.json").write_text('{"invoice": {"totl": "SECRET"}}')
        report = import_folder(source, documents, "x")
        assert counts(report) == (2, 0, 0)
        assert report.problems == ["b.json: Invalid label: invoice.totl: unknown key."]
        assert not (documents / "x" / "2024" / "b.png.json").exists()

    @pytest.mark.parametrize("now", [None, '{"invoice": {"totl": "SECRET"}}'])
    def test_a_label_deleted_or_invalid_at_the_source_is_deleted(
        self, source: Path, documents: Path, now: str | None
    ) -> None:
        import_folder(source, documents)
        label = source / "a.png.json"
        label.unlink()
        if now is not None:
            label.write_text(now)
        report = import_folder(source, documents)
        assert (counts(report), report.labelled) == ((0, 1, 1), 0)
        assert not (documents / "my-invoices" / "a.png.json").exists()
        assert counts(import_folder(source, documents)) == (0, 0, 2)

    def test_hidden_folders_and_files_are_skipped(self, source: Path, documents: Path) -> None:
        for name in (".git/x.png", "2024/.cache/deep/y.png", ".z.png"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(image_bytes(30))
        assert counts(import_folder(source, documents)) == (2, 0, 0)

    def test_what_is_left_out_is_said_with_the_reason(self, source: Path, documents: Path) -> None:
        for name in ("notes.txt", "2024/lost.json", ".git/config", ".DS_Store"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text("{}")
        assert import_folder(source, documents).notes == [
            "2024/lost.json: skipped, .json files are labels, transcripts or notes.",
            "notes.txt: skipped, .txt files are labels, transcripts or notes.",
            "2 hidden files: skipped.",
        ]

    def test_a_single_file_is_imported_with_its_label(self, source: Path, documents: Path) -> None:
        report = import_folder(source / "a.png", documents)
        assert (report.dataset, counts(report), report.labelled, report.notes) == ("my-invoices", (1, 0, 0), 1, [])
        assert [path.name for path in (documents / "my-invoices").iterdir() if path.suffix == ".png"] == ["a.png"]

    def test_a_hidden_folder_above_the_source_does_not_matter(self, source: Path, documents: Path) -> None:
        hidden = source.parent / ".downloads"
        hidden.mkdir()
        assert counts(import_folder(source.rename(hidden / "x"), documents)) == (2, 0, 0)

    def test_a_document_that_cannot_be_read_is_reported(
        self, source: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = Path.read_bytes

        def failing(path: Path) -> bytes:
            if path.name == "b.png":
                raise OSError(5, "Input/output error")
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", failing)
        report = import_folder(source, documents)
        assert (counts(report), report.problems) == (
            (1, 0, 0),
            ["2024/b.png: cannot be read: Input/output error; skipped."],
        )

    @pytest.mark.parametrize(
        ("path", "name", "message"),
        [
            (
                "My Invoices/a.png.json",
                None,
                r"a\.png\.json is not a document: \.json files are labels",
            ),
            ("nothing", None, r"nothing is not a folder\."),
            ("My Invoices", "发票", r"^'发票' contains no letters or digits: choose a data set name with --name\."),
            ("My Invoices", "demo", r"^The data set names demo and documents are reserved: choose another with --name"),
            ("My Invoices", "Documents", r"^The data set names demo and documents are reserved"),
            ("project/data/documents", None, "is inside the project or contains it"),
            ("project", None, "is inside the project or contains it"),
            (".", None, "is inside the project or contains it"),
            ("project/data/results", None, r"No documents to import were found\."),
        ],
    )
    def test_invalid_imports_are_rejected(
        self, source: Path, documents: Path, tmp_path: Path, path: str, name: str | None, message: str
    ) -> None:
        (tmp_path / "project/data/results").mkdir()
        with pytest.raises(ConfigurationError, match=message):
            import_folder(tmp_path / path, documents, name)

    def test_a_target_that_cannot_be_written(self, source: Path, documents: Path) -> None:
        (documents / "my-invoices").write_text("in the way")
        with pytest.raises(ConfigurationError, match=r"my-invoices/.* cannot be written: "):
            import_folder(source, documents)


def sroie(tmp_path: Path, key: Any, folder: str = "sroie", name: str = "X1.json") -> Path:
    for sub in ("img", "key"):
        (tmp_path / folder / sub).mkdir(parents=True)
    (tmp_path / folder / "img" / "X1.jpg").write_bytes(image_bytes(format="JPEG"))
    (tmp_path / folder / "key" / name).write_bytes(key if isinstance(key, bytes) else json.dumps(key).encode())
    return tmp_path / folder


KEY = {"company": "S.H.H. MOTOR", "date": "03-04-2019", "address": "NO. 343, JALAN", "total": "1,020.00"}


class TestSroie:
    @pytest.mark.parametrize("name", ["X1.json", "X1.txt"])
    def test_the_four_fields(self, tmp_path: Path, documents: Path, name: str) -> None:
        report = import_sroie(sroie(tmp_path, KEY, name=name), documents)
        assert (report.dataset, counts(report), report.labelled, report.problems) == ("sroie", (1, 0, 0), 1, [])
        label, _ = load_label(documents / "sroie" / "X1.jpg.json")
        assert label.model_dump(mode="json", exclude_unset=True) == {
            "invoice": {
                "supplier_name": "S.H.H. MOTOR",
                "supplier_address": "NO. 343, JALAN",
                "invoice_date": "2019-04-03",
                "total_amount": "1020.00",
            },
            "language": "en",
            "split": "train",
        }

    def test_a_key_without_value_is_not_labelled(self, tmp_path: Path, documents: Path) -> None:
        import_sroie(sroie(tmp_path, {"company": "A", "total": "", "date": None}), documents)
        assert load_label(documents / "sroie" / "X1.jpg.json")[0].labelled_fields == ["supplier_name"]

    @pytest.mark.parametrize(
        ("folder", "split"),
        [
            ("sroie-test", "test"),
            ("sroie_test", "test"),
            ("Test", "test"),
            ("testing", "test"),
            ("test_2019", "test"),
            ("latest", "train"),
            ("contest_2019", "train"),
            ("sroie_latest", "train"),
            ("testimony", "train"),
        ],
    )
    def test_the_split_comes_from_the_folder(self, tmp_path: Path, documents: Path, folder: str, split: str) -> None:
        import_sroie(sroie(tmp_path, KEY, folder=folder), documents, "held out")
        assert load_label(documents / "held-out" / "X1.jpg.json")[0].split == split

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"total": "SECRET"}, "X1.json: invalid total; skipped."),
            ({"total": 12.5}, "X1.json: invalid total; skipped."),
            ({"total": "1" * 30}, "X1.json: invalid total; skipped."),
            ({"date": "31/02/2019"}, "X1.json: invalid date; skipped."),
            ({"company": ["SECRET"]}, "X1.json: invalid company; skipped."),
        ],
    )
    def test_an_invalid_field_is_reported(
        self, tmp_path: Path, documents: Path, change: dict[str, Any], problem: str
    ) -> None:
        report = import_sroie(sroie(tmp_path, {**KEY, **change}), documents)
        assert (report.labelled, report.problems) == (1, [problem])
        assert len(load_label(documents / "sroie" / "X1.jpg.json")[0].labelled_fields) == 3

    @pytest.mark.parametrize("key", [b"not JSON", b"[1]", b"\xff", b"[" * 100_000, b""])
    def test_a_key_file_without_an_object_is_reported(self, tmp_path: Path, documents: Path, key: bytes) -> None:
        report = import_sroie(sroie(tmp_path, key), documents)
        assert (counts(report), report.labelled) == ((1, 0, 0), 0)
        assert report.problems == ["X1.json: not a JSON object; X1 is imported without a label."]

    def test_another_layout_is_refused(self, tmp_path: Path, documents: Path) -> None:
        with pytest.raises(ConfigurationError, match="does not have SROIE's public layout"):
            import_sroie(tmp_path, documents)

    def test_a_name_without_letters_is_refused(self, tmp_path: Path, documents: Path) -> None:
        with pytest.raises(ConfigurationError, match="contains no letters or digits"):
            import_sroie(sroie(tmp_path, KEY), documents, "发票")

    @pytest.mark.skipif(
        not SROIE.is_dir(), reason=f"{SROIE} is not there: the 120 SROIE receipts are not in the checkout"
    )
    def test_the_real_receipts(self, documents: Path, tmp_path: Path) -> None:
        few = tmp_path / "few"
        for sub, suffix in (("img", ".jpg"), ("key", ".json")):
            (few / sub).mkdir(parents=True)
            for file in sorted((SROIE / sub).glob(f"*{suffix}"))[:12]:
                os.symlink(file, few / sub / file.name)
        report = import_sroie(few, documents)
        assert (counts(report), report.labelled, report.problems) == ((12, 0, 0), 12, [])
        assert counts(import_sroie(few, documents)) == (0, 0, 12)
        for file in (documents / "sroie").glob("*.jpg"):
            assert sha256_of(file.read_bytes()) == sha256_of((SROIE / "img" / file.name).read_bytes())
            assert len(load_label(file.with_name(file.name + ".json"))[0].labelled_fields) == 4


@pytest.mark.parametrize("importer", [import_folder, import_sroie])
def test_an_import_leaves_the_source_alone(
    importer: Callable[[Path, Path], ImportReport], tmp_path: Path, documents: Path
) -> None:
    folder = sroie(tmp_path, KEY)
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    importer(folder, documents)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
