"""`python -m ocr_pipeline.defs.ray_job FOLDER execute_run|resume_run JSON`: a run of Dagster as a job on a node of a cluster.

Dagster's own command needs the URL of the instance in its environment. Here it comes from deployment.yaml and the
environment of the node, as for every other command: what is submitted to a cluster, its dashboard shows.
"""

import os
import sys
from pathlib import Path

from ocr_pipeline.defs.instance_files import instance_environment
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.project import ROOT_VARIABLE, Project


def environment_of(project: Project) -> dict[str, str]:
    """What Dagster needs on this node.

    Raises:
        ConfigurationError: the project is not on this node, or a variable of deployment.yaml is not set here.
    """
    if not project.deployment_file.is_file():
        raise ConfigurationError(
            f"{project.deployment_file} is not on this node: with `instance.run_launcher` every node needs the project's "
            "folder at the same path."
        )
    return {**os.environ, **instance_environment(project), ROOT_VARIABLE: str(project.root)}


def main(root: str, *arguments: str) -> None:
    """Become Dagster's command. An error is the end of the job's log, which Dagster quotes."""
    try:
        environment = environment_of(Project(Path(root)))
    except OcrPipelineError as error:
        sys.exit(str(error))
    command = [sys.executable, "-m", "dagster", "api", *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main(*sys.argv[1:])
