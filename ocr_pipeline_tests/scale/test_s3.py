"""Results and documents in a bucket: what is counted are requests, as the server logged them."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from urllib.request import Request, urlopen

import pytest

from ocr_pipeline.deployment import Place
from ocr_pipeline.documents import bucket_files
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.stage import ingest_all
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.object_store import Bucket
from ocr_pipeline.project import Project
from ocr_pipeline_tests.scale.projects import cells, events, make_project, run
from ocr_pipeline_tests.scale.servers import S3

DOCUMENTS = 4


def place(s3: S3, name: str) -> Place:
    return Place(url=f"s3://{name}", endpoint=s3.endpoint, region="us-east-1")


@pytest.fixture
def keys(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("keys")
def test_of_many_writers_at_once_one_is_first(s3: S3) -> None:
    bucket = Bucket(place(s3, s3.create()), "results/")
    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda value, name=f"a/{number}.json": bucket.create(name, b"%d" % value), range(8)))
        assert sum(won) == 1
        assert bucket.read(f"a/{number}.json") == b"%d" % won.index(True)
    assert len(list(bucket.list("a"))) == 10
    bucket.move("a/1.json", "b/ä ü%20.json")
    bucket.delete("a/2.json")
    bucket.delete("a/2.json")
    assert sorted(blob.name for blob in bucket.list()) == sorted(
        ["b/ä ü%20.json", *(f"a/{number}.json" for number in (0, 3, 4, 5, 6, 7, 8, 9))]
    )


@pytest.mark.usefixtures("keys")
def test_what_is_wrong_with_a_bucket_is_one_sentence_without_a_key(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    no_bucket, nobody = Bucket(place(s3, "none")), Bucket(Place(url="s3://none", endpoint="http://127.0.0.1:9"))
    for act in (no_bucket.list, lambda: no_bucket.read("x"), lambda: no_bucket.write("x", b"")):
        with pytest.raises(ConfigurationError, match=r"^The bucket of s3://none does not exist\.$"):
            list(act() or ())
    with pytest.raises(
        OcrPipelineError, match=r"^s3://none/x cannot be used \(GenericError\): check address"
    ) as caught:
        nobody.read("x")
    assert "scale" not in str(caught.value)


@pytest.fixture
def denied(s3: S3) -> Iterator[None]:
    """The server knows nobody's key from now on."""

    def check_keys_after(requests: str) -> None:
        address, kind = f"{s3.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urlopen(Request(address, requests.encode(), kind), timeout=30).close()

    check_keys_after("0")
    yield
    check_keys_after("inf")


@pytest.mark.usefixtures("keys")
def test_denied_access_stops_with_one_sentence(s3: S3, request: pytest.FixtureRequest) -> None:
    bucket = Bucket(place(s3, s3.create()))
    request.getfixturevalue("denied")
    for act in (bucket.list, lambda: bucket.read("x"), lambda: bucket.write("x", b"")):
        with pytest.raises(ConfigurationError, match=r"^Access to s3://\S+ is denied: check the credentials") as caught:
            list(act() or ())
        assert "scale" not in str(caught.value)


def test_an_object_that_may_not_be_read_is_no_unreadable_document(
    machines: list["Machine"], request: pytest.FixtureRequest
) -> None:
    source = find_documents(machines[0].project.data)[0]
    request.getfixturevalue("denied")
    with pytest.raises(ConfigurationError, match=r"^Access to s3://\S+/in/2026/d0000\.pdf is denied"):
        list(ingest_all([source], Limits()))


@dataclass
class Machine:
    """A machine: its project folder, and what its processes asked the server for."""

    s3: S3
    bucket: str
    project: Project

    def run(self, *arguments: str) -> tuple[str, list[str]]:
        """`ocr-pipeline run`: what it prints, and the keys of documents and labels that it fetched."""
        before = len(self.s3.requests("GET", self.bucket))
        printed = run(self.project, *arguments, **self.s3.environment)
        fetched = [
            unquote(path).removeprefix(f"/{self.bucket}/") for path in self.s3.requests("GET", self.bucket)[before:]
        ]
        return printed, sorted(key for key in fetched if key.startswith("in/"))


@pytest.fixture
def machines(s3: S3, keys: None, tmp_path: Path) -> list[Machine]:
    """Two machines that share nothing but the bucket with documents and results."""
    name = s3.create()
    settings = {"endpoint": s3.endpoint, "region": "us-east-1"}
    deployment = {
        "store": {"url": f"s3://{name}/store", **settings},
        "documents": [{"name": "scans", "url": f"s3://{name}/in", **settings}],
    }
    projects = [make_project(tmp_path / machine, DOCUMENTS, deployment) for machine in ("one", "two")]
    documents, bucket = projects[0].data / "documents", Bucket(place(s3, name))
    for path in documents.iterdir():
        bucket.write(f"in/2026/{path.name}", path.read_bytes())
    for project in projects:
        shutil.rmtree(project.data / "documents")
    return [Machine(s3, name, project) for project in projects]


def test_documents_in_s3(machines: list[Machine]) -> None:
    one, two = machines
    bucket = Bucket(place(one.s3, one.bucket))
    _, fetched = one.run()
    assert fetched == sorted(blob.name for blob in bucket.list("in")), "each object is fetched once"
    read = len(events(one.project))
    assert read
    done = cells(one.project, "ocr_text", "engine")
    assert len(done) == 2 * DOCUMENTS

    shutil.rmtree(one.project.data / bucket_files.CACHE)
    printed, fetched = one.run()
    assert ("everything is current" in printed, fetched) == (True, []), "an unchanged object is not read"
    assert len(one.run("run", "--rehash")[1]) == 2 * DOCUMENTS

    two.run()
    assert cells(two.project, "ocr_text", "engine") == done
    assert events(two.project) == [], "what one machine has read, the other takes from the store"

    name = "in/2026/d0001.pdf"
    content = bucket.read(name) or b""
    bucket.write(name, content.replace(b"2026-00001", b"2026-99991"))
    bucket.delete("in/2026/d0002.pdf")
    printed, fetched = one.run()
    assert fetched == [name], "an object of the same size is found by its ETag"
    assert "1 document" in printed
    assert len(cells(one.project, "ocr_text", "engine")) == 2 * DOCUMENTS
    assert len(events(one.project)) > read
