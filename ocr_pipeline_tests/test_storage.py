import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

import ocr_pipeline
from ocr_pipeline.blobs import Blobs, FileLocks, Folder
from ocr_pipeline.deployment import DEPLOYMENT_FILE, Place
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.object_store import Bucket
from ocr_pipeline.project import Project
from ocr_pipeline.report.publishing import publish
from ocr_pipeline.storage import open_place, open_store, sync_models
from ocr_pipeline.store import ResultStore

KEY = "ab" + "0" * 62


class Number(BaseModel):
    number: int


@pytest.fixture(params=["folder", "file bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    (tmp_path / "there").mkdir()
    if request.param == "folder":
        return Folder(tmp_path / "there")
    return Bucket(Place(url=f"file://{tmp_path}/there"), "results/")


@pytest.fixture
def store(place: Blobs, tmp_path: Path) -> ResultStore:
    return ResultStore(place, FileLocks(tmp_path / "locks"))


def test_bytes_under_names(place: Blobs) -> None:
    assert place.read("a/b.json") is None
    place.write("a/b.json", b"1")
    place.write("a/b.json", b"22")
    place.write("c.json", b"")
    assert place.read("a/b.json") == b"22"
    assert sorted((blob.name, blob.size) for blob in place.list()) == [("a/b.json", 2), ("c.json", 0)]
    assert [blob.name for blob in place.list("a")] == ["a/b.json"]
    assert list(place.list("nothing")) == []
    assert abs(next(place.list("a")).modified - Path(__file__).stat().st_atime) < 10**8
    place.move("a/b.json", "a/d.json")
    place.delete("c.json")
    place.delete("c.json")
    assert [blob.name for blob in place.list()] == ["a/d.json"]


def test_of_many_writers_at_once_one_is_first(place: Blobs) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: place.create("a/b.json", b"%d" % number), range(40)))
    assert sum(won) == 1
    assert place.read("a/b.json") == b"%d" % won.index(True)
    assert [blob.name for blob in place.list()] == ["a/b.json"], "no unfinished write is left"


def test_a_stored_result_is_kept_and_a_damaged_one_made_again(store: ResultStore, place: Blobs) -> None:
    assert store.keep("ocr", KEY, Number(number=1)) == Number(number=1)
    assert store.keep("ocr", KEY, Number(number=2)) == Number(number=1), "the first one counts on every machine"
    name = f"ocr/ab/{KEY}.json"
    place.write(name, (place.read(name) or b"").replace(b":1", b":7"))
    assert store.keep("ocr", KEY, Number(number=2)) == Number(number=2)
    assert store.load("ocr", KEY, Number) == Number(number=2)
    assert [entry.key for entry in store.entries("ocr", ".json.damaged")] == [KEY]
    place.write(name, b'{"other": 1}')
    assert store.keep("ocr", KEY, Number(number=3)) == Number(number=3), "one of another shape is no result"
    for entry in list(store.entries()):
        store.delete(entry)
    assert store.get("ocr", KEY) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [("file:///no/such/folder", "there is no such folder"), ("file://relative/folder", "write an absolute path")],
)
def test_a_place_that_is_not_there_is_one_sentence(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Bucket(Place(url=url)).read("x")


def shared(root: Path, bucket: Path) -> Project:
    root.mkdir()
    bucket.mkdir(exist_ok=True)
    (root / DEPLOYMENT_FILE).write_text(f"store: file://{bucket}\n")
    return Project(root)


def models(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in (project.data / "models").glob("[!.]*.json")}


def test_machines_with_one_store_have_the_same_results_and_models(tmp_path: Path) -> None:
    one, two = shared(tmp_path / "one", tmp_path / "bucket"), shared(tmp_path / "two", tmp_path / "bucket")
    open_store(one).put("ocr", KEY, "{}")
    assert open_store(two).get("ocr", KEY) == "{}"
    assert not one.results.exists()

    trained = one.model_file("rapidocr")
    trained.parent.mkdir(parents=True)
    trained.write_text("first")
    sync_models(one)
    sync_models(two)
    assert models(two) == {"rapidocr.json": "first"}

    two.model_file("rapidocr").write_text("second, longer")
    two.weights_file("vote").write_text("weights")
    sync_models(two)
    sync_models(one)
    assert models(one) == models(two) == {"rapidocr.json": "second, longer", "ensemble-vote.json": "weights"}

    one.weights_file("vote").unlink()
    sync_models(one)
    sync_models(two)
    assert models(one) == models(two) == {"rapidocr.json": "second, longer"}


def test_a_machine_with_an_older_model_takes_that_of_the_store(tmp_path: Path) -> None:
    one, two = shared(tmp_path / "one", tmp_path / "bucket"), shared(tmp_path / "two", tmp_path / "bucket")
    for project, text in ((one, "of the store"), (two, "from before")):
        project.model_file("rapidocr").parent.mkdir(parents=True)
        project.model_file("rapidocr").write_text(text)
    sync_models(one)
    sync_models(two)
    assert models(two) == {"rapidocr.json": "of the store"}


def test_without_a_deployment_everything_is_where_it_was(tmp_path: Path) -> None:
    project = Project(tmp_path)
    open_store(project).put("ocr", KEY, "{}")
    place = open_place(project, "predictions")
    assert (project.results / "ocr" / "ab" / f"{KEY}.json").is_file()
    assert isinstance(place, Folder)
    assert place.root == project.predictions
    sync_models(project)
    assert sorted(path.name for path in project.data.iterdir()) == ["results"]


@pytest.mark.parametrize("url", ["site", "file://{root}/site"])
def test_the_report_is_copied_where_it_changed(tmp_path: Path, url: str) -> None:
    project = Project(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / DEPLOYMENT_FILE).write_text(f"report: {url.format(root=tmp_path)}\n")
    (project.report / "documents").mkdir(parents=True)
    for name in ("index.html", "documents/a.html", "documents/b.html"):
        (project.report / name).write_text(name)
    assert (publish(project), publish(project)) == (3, 0)
    (project.report / "documents" / "a.html").write_text("another text")
    (project.report / "documents" / "b.html").unlink()
    assert publish(project) == 2
    found = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_text() for path in (tmp_path / "site").rglob("*.html")
    }
    assert found == {"index.html": "index.html", "documents/a.html": "another text"}
    (tmp_path / DEPLOYMENT_FILE).unlink()
    assert publish(project) == 0


PAST_THE_INTERFACE = re.compile(
    r"(project\.results|project\.predictions|\.store\.root|project\.data / \"(results|predictions)\")"
)
ALLOWED = {
    ("project.py", 'self.data / "results"'),
    ("operation/inboxes.py", "project.results"),  # what this machine took from inboxes
    ("operation/prune.py", "project.results"),  # ledgers
    ("models/budget.py", "project.results"),  # ledgers of this machine
}


def test_nothing_reaches_past_the_store() -> None:
    """A path into the store works on one machine only: `open_store` and `open_place` work with a bucket, too."""
    package = Path(ocr_pipeline.__file__).parent
    found = {
        (path.relative_to(package).as_posix(), match[0])
        for path in package.rglob("*.py")
        for match in PAST_THE_INTERFACE.finditer(path.read_text("utf-8"))
    }
    assert found <= ALLOWED
