"""A cluster with Ray's token authentication: who does not have the token gets one sentence."""

import os
import re
import subprocess
import sys

CLUSTER = """
import sys
from ocr_pipeline_tests.scale.servers import ray_cluster
with ray_cluster(nodes=1) as cluster:
    print(cluster.address, flush=True)
    sys.stdin.read()
"""
"""In a process of its own: Ray reads once in each process whether there are tokens."""

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


def test_only_who_has_the_token_can_use_the_cluster() -> None:
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64}

    def printed(**changed: str) -> str:
        command, variables = [sys.executable, "-c", CODE, address], {**environment, **changed}
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=True).stdout

    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin
        assert cluster.stdout
        try:
            address = next(line.strip() for line in cluster.stdout if re.match(r"[0-9.]+:[0-9]+$", line))
            assert printed() == "[0, 1, 4, 9]\n"
            assert "cannot be used" in printed(RAY_AUTH_TOKEN="b" * 64)
            assert "check RAY_AUTH_TOKEN" in printed(RAY_AUTH_MODE="disabled", RAY_AUTH_TOKEN="")
        finally:
            cluster.stdin.close()
            cluster.wait(timeout=60)
