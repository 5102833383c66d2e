from pathlib import Path

import pytest

from ocr_pipeline.deployment import DEPLOYMENT_FILE, Deployment, load_deployment, without_password
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project

ALL = """
workers: {kind: ray, address: "ray://10.0.0.5:10001", cpus_per_task: 2, gpus_per_task: 0.5}
warehouse: postgresql://ocr:${DB_PASSWORD}@db/warehouse
store: {url: s3://results/shop, endpoint: "http://minio:9000", region: eu-west-1, secret_access_key: "${S3_KEY}"}
documents:
  - {name: scans, url: s3://documents/2026, anonymous: true}
  - {name: drive, url: file:///mnt/scans}
report: data/site
instance: {postgres_url: "postgresql://dagster:${DB_PASSWORD}@db/dagster"}
shards: {from_documents: 5000, count: 64}
"""


def deployment(root: Path, text: str) -> Deployment:
    (root / DEPLOYMENT_FILE).write_text(text)
    return load_deployment(Project(root))


def test_without_the_file_everything_is_local(tmp_path: Path) -> None:
    found = load_deployment(Project(tmp_path))

    assert (found.workers.kind, found.warehouse.kind, found.store.remote, found.report.remote) == (
        "local",
        "duckdb",
        False,
        False,
    )
    assert (found.warehouse.url, found.documents, found.instance.postgres_url) == ("data/warehouse.duckdb", (), None)
    assert found == deployment(tmp_path, "")


def test_all_sections_are_read_and_variables_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "a/b@c:1")
    monkeypatch.setenv("S3_KEY", "a/b+c")

    found = deployment(tmp_path, ALL)

    assert found.warehouse.url == "postgresql://ocr:a%2Fb%40c%3A1@db/warehouse"
    assert (found.warehouse.kind, found.workers.kind, found.store.remote) == ("postgres", "ray", True)
    assert found.store.secret_access_key == "a/b+c"
    assert [(entry.name, entry.url) for entry in found.documents] == [
        ("scans", "s3://documents/2026"),
        ("drive", "file:///mnt/scans"),
    ]
    assert found.shards.count == 64
    assert "a%2Fb" not in repr(found)
    assert "a/b" not in repr(found)


def test_the_path_of_a_key_is_no_secret(tmp_path: Path) -> None:
    url = "postgresql://db/x?sslmode=verify-full&sslkey=/etc/client.key"
    assert deployment(tmp_path, f"warehouse: {url}").warehouse.url == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shards:\n  count: 0", ", line 2: shards.count: Input should be greater than or equal to 1"),
        ("workers:\n  kind: dask", ", line 2: workers.kind: Input should be 'local' or 'ray'"),
        ("wokers: {}", ", line 1: wokers: unknown key"),
        ("store:\n  url: s3://b\n  secret: x", ", line 3: store.secret: unknown key"),
        ("store: https://b/c", ", line 1: store.url: https:// is not known: write a folder, or one of s3://"),
        ("store: s3:///prefix", "store.url: the name of the bucket is missing"),
        ("store: s3://b/../c", "store.url: must not contain .."),
        ("warehouse: mysql://db/x", "warehouse.url: mysql:// is not a database"),
        ("instance: {postgres_url: dagster}", "instance.postgres_url: must be a postgresql:// URL"),
        (
            "instance: {run_launcher: {address: 'http://u:hunter2@head:8265'}}",
            "instance.run_launcher.address: a password does not belong in this file",
        ),
        (
            "instance: {run_launcher: {address: 'ray://head:10001'}}",
            "instance.run_launcher.address: String should match",
        ),
        (
            "instance: {run_launcher: {address: 'http://u@head:8265'}}",
            "instance.run_launcher.address: String should match",
        ),
        (
            "warehouse: postgresql://db/x\ninstance: {run_launcher: {address: 'http://head:8265'}}",
            "instance.run_launcher needs instance.postgres_url and a warehouse on postgresql://",
        ),
        (
            "instance: {postgres_url: 'postgresql://db/x', run_launcher: {address: 'http://head:8265'}}",
            "instance.run_launcher needs instance.postgres_url and a warehouse on postgresql://",
        ),
        ("documents:\n- {name: a, url: s3://b}\n- {name: a, url: s3://c}", "documents: two entries have the same name"),
        (
            "\nwarehouse: postgresql://ocr:hunter2@db/x",
            ", line 2: warehouse.url: a password does not belong in this file",
        ),
        ("warehouse: postgresql://ocr:hun/ter2@db/x", "warehouse.url: a password does not belong in this file"),
        (
            "warehouse: postgresql://ocr:${NOT_SET}hunter2@db/x",
            "warehouse.url: a password does not belong in this file",
        ),
        ("warehouse: postgresql://db/x?password=hunter2", "warehouse.url: a password does not belong in this file"),
        ("warehouse: md:scores?motherduck_token=hunter2", "warehouse.url: a password does not belong in this file"),
        (
            "store: {url: s3://b, secret_access_key: hunter2}",
            "store.secret_access_key: a secret does not belong in this",
        ),
        (
            "warehouse: postgresql://ocr:${NOT_SET}@db/x",
            ", line 1: warehouse.url: the environment variable NOT_SET is not set.",
        ),
    ],
)
def test_a_mistake_names_the_line_and_no_secret(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        deployment(tmp_path, text)

    assert f"{DEPLOYMENT_FILE}" in str(error.value)
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)
    assert "ter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ocr:x@db:5432/w?sslmode=require", "postgresql://db:5432/w"),
        ("md:scores?motherduck_token=x", "md:scores"),
        ("data/warehouse.duckdb", "data/warehouse.duckdb"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_password(url) == shown
