"""Connecting to Ray: what it says when it fails. Real clusters are in `ocr_pipeline_tests.scale`."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.connection import ATTEMPTS, connected

DIED = """Initialization failure from server:
Traceback (most recent call last):
  File "ray/util/client/server/proxier.py", line 771, in Datapath
    raise RuntimeError(
RuntimeError: Starting Ray client server failed. See ray_client_server_23000.err for detailed logs.
"""
"""As Ray 2.60 says it."""
LONG = "Token authentication is enabled but Ray couldn't find an authentication token. " + "Create a token file. " * 20


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Ray that raises what is in `errors`, one after the other, and then connects."""
    stub = SimpleNamespace(errors=[], addresses=[], is_initialized=lambda: False, _private=SimpleNamespace(worker=None))

    def init(address: str, **_: Any) -> None:
        stub.addresses.append(address)
        if stub.errors:
            raise stub.errors.pop(0)

    stub.init = init
    monkeypatch.setitem(sys.modules, "ray", stub)
    return stub


def test_a_process_of_the_head_that_died_is_started_again(ray: Any) -> None:
    ray.errors = [ConnectionAbortedError(DIED)] * (ATTEMPTS - 1)
    assert connected("auto") is ray
    assert ray.addresses == ["auto"] * ATTEMPTS


def test_one_that_always_dies_is_reported_with_its_cause(ray: Any) -> None:
    ray.errors = [ConnectionAbortedError(DIED)] * (ATTEMPTS + 5)
    with pytest.raises(
        ConfigurationError, match=r"Initialization failure from server: RuntimeError: Starting Ray client"
    ):
        connected("auto")
    assert len(ray.addresses) == ATTEMPTS


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ConnectionAbortedError("Initialization failure from server:\nX: other versions"),
            "from server: X: other versions",
        ),
        (ConnectionError("ray client connection timeout"), "(ray client connection timeout)"),
        (RuntimeError(LONG), "(Token authentication is enabled but Ray couldn't find an authentication token)"),
        (RuntimeError(), "(RuntimeError)"),
    ],
)
def test_other_errors_are_said_at_once_in_one_sentence(ray: Any, error: Exception, said: str) -> None:
    ray.errors = [error]
    with pytest.raises(ConfigurationError) as raised:
        connected("auto")
    assert said in str(raised.value)
    assert len(ray.addresses) == 1
