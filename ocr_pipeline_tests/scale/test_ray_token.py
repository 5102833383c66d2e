"""A cluster with Ray's token authentication: who does not have the token gets one sentence."""

import os
import subprocess
import sys

import pytest

from ocr_pipeline_tests.scale.servers import ray_cluster

CODE = """
import sys
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline_tests.ocr import jobs
try:
    print(sorted(result for _, result in RayWorkers(sys.argv[1]).run(jobs.square, [(number,) for number in range(4)])))
except ConfigurationError as error:
    print(error)
"""


def test_only_who_has_the_token_can_use_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 64)
    with ray_cluster(nodes=1) as cluster:

        def printed(**environment: str) -> str:
            command, variables = [sys.executable, "-c", CODE, cluster.address], {**os.environ, **environment}
            return subprocess.run(
                command, env=variables, capture_output=True, text=True, timeout=120, check=True
            ).stdout

        assert printed() == "[0, 1, 4, 9]\n"
        assert "cannot be used" in printed(RAY_AUTH_TOKEN="b" * 64)
        assert "check RAY_AUTH_TOKEN" in printed(RAY_AUTH_MODE="disabled", RAY_AUTH_TOKEN="")
