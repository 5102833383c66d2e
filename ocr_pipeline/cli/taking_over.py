"""What `run` does first where a run on a cluster was killed: workers start while the rest of the command is imported."""

from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.project import Project, find_project


def warm_workers() -> None:
    """Find or start workers if the last run of this project was killed while its calls were in the cluster. This has no
    effect on what is computed; what is wrong with the settings is said later."""
    try:
        project = find_project()
        if project.on_cluster.exists():
            _warm(project)
    except (OcrPipelineError, OSError):
        return


def _warm(project: Project) -> None:
    from ocr_pipeline.deployment import load_deployment
    from ocr_pipeline.processes.calls import Task
    from ocr_pipeline.processes.warming import taken_over, warm_beside, was_killed

    workers = load_deployment(project).workers
    if workers.kind == "ray" and was_killed(project.on_cluster):
        task = Task(workers.cpus_per_task, workers.gpus_per_task)
        warm_beside(workers.address, task, taken_over(project.on_cluster))
