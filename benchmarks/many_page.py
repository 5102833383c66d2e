"""The page of the asset `extractions`: what the UI asks `dagster-webserver` for, as one GraphQL query without a browser."""

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_pipeline.project import Project

QUERY = """
query($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      partitionKeysByDimension { name partitionKeys }
      partitionStats { numPartitions numMaterialized numFailed numMaterializing }
      assetPartitionStatuses {
        __typename
        ... on MultiPartitionStatuses {
          primaryDimensionName
          ranges {
            primaryDimStartKey primaryDimEndKey
            secondaryDim { __typename ... on DefaultPartitionStatuses { materializedPartitions } }
          }
        }
      }
      assetMaterializations(limit: 100) { runId partition timestamp }
    }
  }
}
"""


def print_page(project: "Project", times: int = 3) -> None:
    """Print the seconds of each of the first queries, and what they found."""
    with _webserver(project) as url:
        for number in range(1, times + 1):
            started = time.perf_counter()
            asset = _asked(url, QUERY, asset={"path": ["extractions"]})["assetNodeOrError"]
            print(f"| the page of `extractions`, time {number} | {time.perf_counter() - started:.2f} s |", flush=True)
    counted, keys = asset["partitionStats"], asset["partitionKeysByDimension"]
    listed = ", ".join(f"{len(dimension['partitionKeys']):,} of {dimension['name']}" for dimension in keys)
    print(f"| its keys, and the partitions that are materialised | {listed}; {counted['numMaterialized']:,} |")
    print(f"| last materialisations that it lists | {len(asset['assetMaterializations'])} |")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"| web server and code server, with their start | {used.ru_utime + used.ru_stime:.1f} s CPU |")


@contextmanager
def _webserver(project: "Project") -> Iterator[str]:
    """Starts the web server alone: no daemon works beside it."""
    from ocr_pipeline.defs.instance_files import instance_environment
    from ocr_pipeline.project import ROOT_VARIABLE

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-m", "ocr_pipeline.definitions", "-p", str(port)]
    environment = os.environ | instance_environment(project) | {ROOT_VARIABLE: str(project.root)}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            while not _answers(url):
                if server.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(log.read().decode()[-2000:])
                time.sleep(0.2)
            yield url
        finally:
            server.terminate()
            server.wait()


def _answers(url: str) -> bool:
    with suppress(OSError):
        return bool(_asked(url, "{ version }"))
    return False


def _asked(url: str, query: str, **variables: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as response:
        answer = json.load(response)
    if "errors" in answer:
        raise RuntimeError(answer["errors"])
    data: dict[str, Any] = answer["data"]
    return data
