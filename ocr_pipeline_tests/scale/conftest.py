"""Servers of the scale tests, one of each for all tests of a process; each test makes its own database and bucket there."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest

from ocr_pipeline_tests.scale.servers import (
    POSTGRES_VARIABLE,
    S3,
    CannotRun,
    Postgres,
    RayCluster,
    postgres_server,
    ray_cluster,
    s3_server,
    with_keys,
)

Server = TypeVar("Server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder has the mark `scale`."""
    for item in items:
        if "ocr_pipeline_tests/scale/" in item.nodeid:
            item.add_marker(pytest.mark.scale)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL: `postgres.create()` makes a database, `postgres.url(name)` is its address."""
    yield from _started(postgres_server)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server: `s3.create()` makes a bucket; `s3.environment` has its keys."""
    yield from _started(s3_server)


@pytest.fixture(scope="session")
def cluster(s3: S3) -> Iterator[RayCluster]:
    """Two Ray nodes with a CPU each, and with the keys of the S3 server. A test that kills one adds another."""
    with with_keys(s3):
        yield from _started(ray_cluster)


def _started(server: Callable[[], AbstractContextManager[Server]]) -> Iterator[Server]:
    try:
        context = server()
        started = context.__enter__()
    except CannotRun as error:
        if POSTGRES_VARIABLE in os.environ:  # by `make test-scale`: what cannot run has said so before
            raise
        pytest.skip(f"{error}.")
    try:
        yield started
    finally:
        context.__exit__(None, None, None)
