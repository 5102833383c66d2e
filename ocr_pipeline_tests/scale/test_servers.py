"""The servers themselves: what the other scale tests rely on."""

import pytest

from ocr_pipeline_tests.scale.servers import S3, Postgres, RayCluster


def test_a_new_database_is_empty_and_utf8(postgres: Postgres) -> None:
    import psycopg2

    connection = psycopg2.connect(postgres.dsn(postgres.create()))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding'), count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == ("UTF8", 0)
    connection.close()


def test_s3_creates_an_object_once(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore
    from obstore.exceptions import AlreadyExistsError
    from obstore.store import S3Store

    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket = s3.create()
    store = S3Store(
        bucket, endpoint=s3.endpoint, virtual_hosted_style_request=False, client_options={"allow_http": True}
    )
    obstore.put(store, "a/b.json", b"{}", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "a/b.json", b"[]", mode="create")
    assert bytes(obstore.get(store, "a/b.json").bytes()) == b"{}"
    assert s3.requests("GET", bucket) == [f"/{bucket}/a/b.json"]


def test_two_ray_nodes_are_up(cluster: RayCluster) -> None:
    assert len(cluster.nodes) == 2
