"""Makes project folders from what comes with the package."""

import shutil
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import CONFIG_FILE, Project, shipped_project

WORKSPACE_FILE = "workspace.yaml"
DEMO = "demo"

GITIGNORE = """\
# everything that a run generates; your documents, labels and predictions are not
.dagster/
data/warehouse.duckdb*
data/.warehouse-*
data/results/
data/report/
"""
DEFS = '''\
"""Your own Dagster assets and asset checks: a file in this folder with a decorated function is enough.

    import dagster as dg

    from ocr_pipeline.defs.resources import WarehouseResource


    @dg.asset(deps=["extractions"], group_name="mine")
    def suppliers(warehouse: WarehouseResource) -> dg.MaterializeResult:
        rows = warehouse.warehouse().rows("SELECT DISTINCT value FROM extracted_fields WHERE field = 'supplier_name'")
        return dg.MaterializeResult(metadata={"suppliers": len(rows)})
"""
'''


def make_project(folder: Path) -> Project:
    """Make a project folder. Files that exist are kept.

    Raises:
        ConfigurationError: it is a project already, or cannot be written.
    """
    project, shipped = Project(folder.resolve()), shipped_project()
    if project.config_file.exists():
        raise ConfigurationError(f"{project.root} is a project already: it has a {CONFIG_FILE}.")
    texts = {
        project.root / WORKSPACE_FILE: (shipped.root / WORKSPACE_FILE).read_text("utf-8"),
        project.root / ".gitignore": GITIGNORE,
        project.root / "defs" / "__init__.py": DEFS,
        # Last: what has this file is a project.
        project.config_file: shipped.config_file.read_text("utf-8"),
    }
    try:
        (project.data / "documents").mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made a project: {error.strerror}.") from None
    return project


def add_demo(project: Project) -> int:
    """Copy the demo documents with their labels into a project, as far as they are missing; the number of new documents.

    Raises:
        ConfigurationError: the project cannot be written.
    """
    source, target = shipped_project().data / DEMO, project.data / DEMO
    new = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.iterdir()):
            if not (target / path.name).exists():
                shutil.copyfile(path, target / path.name)
                new += path.suffix not in (".json", ".md")
    except OSError as error:
        raise ConfigurationError(f"The demo documents cannot be copied to {target}: {error.strerror}.") from None
    return new
