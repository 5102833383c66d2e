"""The run launcher of `instance.run_launcher` in deployment.yaml: runs of the UI, of sensors and schedules are jobs of a Ray
cluster. Dagster imports this module by the name in dagster.yaml, where runs are launched or watched. It is not in `defs`, all
modules of which are imported to find assets: dagster-ray is installed with an extra only.

Submitting, stopping and asking for a job is dagster-ray's. What is different here: how a job starts on its node, so that no
secret travels with it, and runs that are no jobs, since `ocr-pipeline run` records its runs on the same instance.
"""

import shlex
import sys
from typing import Any

import dagster as dg
from dagster_ray.core.run_launcher import CheckRunHealthResult, RayRunLauncher, WorkerStatus

from ocr_pipeline.defs.instance import PROCESS, PROCESS_TAG
from ocr_pipeline.defs.launch import RunLock, run_locks

STOP_SECONDS = 15
"""How long a job that is stopped has for its end before Ray kills it; 3 by default. A run needs up to 5."""


class RayJobLauncher(RayRunLauncher):  # type: ignore[misc]  # mypy runs without dagster-ray
    """`RayRunLauncher` for this project."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.runtime_env = {"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS)}}

    def _launch_ray_job(self, submission_id: str, entrypoint: str, run: dg.DagsterRun) -> None:
        """Start `ray_job` on the node instead of `dagster api`, by this interpreter instead of the first one of the PATH.

        `entrypoint`: `dagster api execute_run '{...}'`, without a quotation mark of the content being escaped.
        """
        *_, verb, content = entrypoint.split(" ", 3)
        root = run_locks(self._instance).parents[1]
        command = [sys.executable, "-m", "ocr_pipeline.defs.ray_job", str(root), verb, content[1:-1]]
        super()._launch_ray_job(submission_id, shlex.join(command), run)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a started run lives. Whoever holds its lock does; Ray knows of its jobs only, and Dagster marks runs as
        failed of which nothing is known."""
        if run.tags.get(PROCESS_TAG) == run.run_id:
            if RunLock(run_locks(self._instance), run.run_id).is_held():
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            if _is_no_job(run):
                return CheckRunHealthResult(WorkerStatus.FAILED, "the process that ran this was killed")
        return super().check_run_worker_health(run)

    def terminate(self, run_id: str) -> bool:
        """Stop the job of a run; False if it is none."""
        run = self._instance.get_run_by_id(run_id)
        if run and _is_no_job(run):
            self._instance.report_engine_event(
                "This run is a part of `ocr-pipeline run` or of a run of `process`: end that one.", run
            )
            return False
        return bool(super().terminate(run_id))


def _is_no_job(run: dg.DagsterRun) -> bool:
    """Whether it runs inside another run, or inside `ocr-pipeline run`. `process` takes a lock, too, but is a job."""
    return run.tags.get(PROCESS_TAG) == run.run_id and run.job_name != PROCESS
