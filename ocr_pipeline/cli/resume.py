"""`ocr-pipeline resume`: end a pause of the re-evaluation."""

from ocr_pipeline.cli.output import console, plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation import pause
from ocr_pipeline.project import find_project


def resume() -> None:
    """Resume re-evaluation after it paused itself."""
    project = find_project()
    current = pause.paused(project)
    if current is None:
        raise ConfigurationError("Re-evaluation is not paused.")
    pause.resume(project)
    console.print(f"Re-evaluation resumed. It was paused because: {plain(current.reason)}", soft_wrap=True)
