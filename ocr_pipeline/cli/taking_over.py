"""What `run` does first where a run on a cluster was killed: workers start while the rest of the command is imported."""

from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.project import Project, find_project


def warm_workers() -> None:
    """Start workers if the last run of this project was killed while its calls were in the cluster. This has no effect on
    what is computed; what is wrong with the settings is said later."""
    try:
        project = find_project()
        if project.on_cluster.exists():
            _warm(project)
    except (OcrPipelineError, OSError):
        return


def _warm(project: Project) -> None:
    from ocr_pipeline.deployment import load_deployment
    from ocr_pipeline.processes.cluster import Task
    from ocr_pipeline.processes.warming import warm_beside, was_killed

    workers = load_deployment(project).workers
    if workers.kind == "ray" and was_killed(project.on_cluster):
        project.on_cluster.unlink(missing_ok=True)  # a run without calls would leave it
        warm_beside(workers.address, Task(workers.cpus_per_task, workers.gpus_per_task))
