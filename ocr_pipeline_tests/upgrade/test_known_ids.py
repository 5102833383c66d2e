"""Documents that commit 541d48e knew keep their ids, whatever is left of its project; no run is needed for that."""

import shutil
import tarfile
from pathlib import Path

import pytest

from ocr_pipeline.defs.known_ids import keep_known_ids
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.identifiers import FILE, is_recorded, load_known_ids, new_id
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import image_bytes
from ocr_pipeline_tests.upgrade.test_upgrade import ARCHIVE

DEMO = {"demo-design-studio-invoice", "demo-joinery-invoice-swiss-qr-bill", "demo-office-supplies-credit-note"}
INVOICES = {f"shop-{number:02}" for number in range(32)}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upgrade")
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(folder, filter="data")
    return folder / "project"


@pytest.mark.parametrize(
    ("missing", "known"),
    [
        ((), INVOICES),
        (("data/warehouse.duckdb",), INVOICES),
        (("data/warehouse.duckdb", ".dagster"), {"shop-03"}),  # a decision mentions it
        (("data/warehouse.duckdb", ".dagster", "data/overrides"), set()),
    ],
)
def test_ids_are_written_down_from_what_is_left(
    unpacked: Path, tmp_path: Path, missing: tuple[str, ...], known: set[str]
) -> None:
    root = tmp_path / "project"
    shutil.copytree(unpacked, root)
    for name in missing:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project = Project(root)
    (project.data / "documents" / "shop" / "new.png").write_bytes(image_bytes())
    keep_known_ids(project)
    new = new_id("documents/shop/new.png")
    ids = {source.document_id for source in find_documents(project.data)}
    assert len(ids) == len(DEMO | INVOICES) + 1
    assert ids >= DEMO | known | {new}
    assert set(load_known_ids(project.data).values()) == known
    assert is_recorded(project.data) == bool(known)
    shutil.rmtree(root / ".dagster", ignore_errors=True)
    project.database.unlink(missing_ok=True)
    keep_known_ids(project)
    assert {source.document_id for source in find_documents(project.data)} == ids, "also without the database"


def test_a_new_project_has_a_list_once_something_ran(project: Project) -> None:
    (project.data / "demo").mkdir()
    (project.data / "demo" / "cafe-receipt-two-tax-rates.png").write_bytes(image_bytes())
    keep_known_ids(project, find_documents(project.data))
    assert not is_recorded(project.data), "the demo alone leaves a checkout as it was"
    (project.data / "documents" / "a.png").write_bytes(image_bytes())
    keep_known_ids(project)
    assert not is_recorded(project.data)
    keep_known_ids(project, find_documents(project.data))
    assert (project.data / FILE).read_text() == ""
