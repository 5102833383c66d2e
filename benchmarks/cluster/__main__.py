"""`make bench-scale`: `scaling` and `kills` on servers of this machine."""

import argparse
import tempfile
from pathlib import Path

from benchmarks.cluster import kills, scaling
from ocr_pipeline_tests.scale.projects import make_project, on_servers
from ocr_pipeline_tests.scale.servers import postgres_server, ray_cluster, s3_server, with_keys


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.cluster")
    parser.add_argument("--only", choices=["scaling", "kills"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=320)
    chosen = parser.parse_args()
    if chosen.only != "kills":
        scaling.main()
    if chosen.only != "scaling":
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            postgres_server() as postgres,
            s3_server() as s3,
            with_keys(s3),
            ray_cluster(cpus=3) as cluster,
        ):
            deployment = on_servers(cluster, postgres, s3)
            project = make_project(Path(folder) / "project", chosen.documents, deployment, seconds=0.5)
            warehouse = deployment["warehouse"]
            report = kills.drill(project, cluster, warehouse, chosen.seed)
            print(report)
            print("longest gaps (seconds, at):", [(round(gap, 1), round(at)) for gap, at in report.gaps])
            print(report.again.splitlines()[-8:])


if __name__ == "__main__":
    main()
