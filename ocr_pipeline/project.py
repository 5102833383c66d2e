"""The paths of a project. All files are in one folder; its path determines all others."""

import os
from dataclasses import dataclass
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.untrusted import path_of_printable, printable_path

ROOT_VARIABLE = "OCR_PIPELINE_HOME"
CONFIG_FILE = "backends.yaml"
EVALUATION_FILE = "evaluation.yaml"
OPERATION_FILE = "operation.yaml"
KEYWORDS_FILE = "keywords.yaml"
DEPLOYMENT_FILE = "deployment.yaml"
SCHEMAS_FOLDER = "schemas"


@dataclass(frozen=True)
class Project:
    """The paths of one project folder."""

    root: Path

    @property
    def config_file(self) -> Path:
        return self.root / CONFIG_FILE

    @property
    def evaluation_file(self) -> Path:
        """Comparison rules and check thresholds; optional."""
        return self.root / EVALUATION_FILE

    @property
    def operation_file(self) -> Path:
        """Automation settings; optional."""
        return self.root / OPERATION_FILE

    @property
    def keywords_file(self) -> Path:
        """Words learned from the project's documents by `train --keywords`; optional."""
        return self.root / KEYWORDS_FILE

    @property
    def deployment_file(self) -> Path:
        """Where the work is done and the data lies; optional."""
        return self.root / DEPLOYMENT_FILE

    @property
    def schemas(self) -> Path:
        """The folder of the project's own schemas; optional."""
        return self.root / SCHEMAS_FOLDER

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def database(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def results(self) -> Path:
        return self.data / "results"

    @property
    def predictions(self) -> Path:
        return self.data / "predictions"

    @property
    def testsets(self) -> Path:
        """The folder of frozen test sets."""
        return self.data / "testsets"

    def model_file(self, engine: str, schema: str | None = None) -> Path:
        """The trained model of the `learned` extractor for an engine. `schema`: name of one that is not that of invoices."""
        return self.data / "models" / (f"{engine}@{schema}.json" if schema else f"{engine}.json")

    def weights_file(self, ensemble: str) -> Path:
        """The trained weights of an ensemble's members."""
        return self.data / "models" / f"ensemble-{ensemble}.json"

    @property
    def report(self) -> Path:
        """The folder of the HTML report."""
        return self.data / "report"

    @property
    def dagster_home(self) -> Path:
        return self.root / ".dagster"

    @property
    def on_cluster(self) -> Path:
        """There while a run has calls in the cluster; it stays if the run is killed."""
        return self.dagster_home / "on-cluster"

    def relative(self, path: Path) -> str:
        """`path` as shown and stored: relative to the project if inside it, and printable."""
        text = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        return printable_path(text)

    def path_of(self, stored: str) -> Path:
        """The path that `relative` was given."""
        return self.root / path_of_printable(stored)


SHIPPED = Path(__file__).parent / "shipped"
"""In an installed package, what a new project is made of: backends.yaml and the demo documents. A checkout has them itself."""


def shipped_project() -> Project:
    """The folder with the `backends.yaml` and the demo documents that come with the package. Nothing is written there."""
    return Project(SHIPPED if SHIPPED.is_dir() else Path(__file__).resolve().parents[1])


def project_around() -> Project | None:
    """As `find_project`; None where there is no project.

    Raises:
        ConfigurationError: `OCR_PIPELINE_HOME` is not a project folder.
    """
    try:
        return find_project()
    except ConfigurationError:
        if os.environ.get(ROOT_VARIABLE):
            raise
        return None


def find_project() -> Project:
    """The project folder: `OCR_PIPELINE_HOME`, otherwise the nearest parent folder with a `backends.yaml`, otherwise the
    checkout that contains this package.

    Raises:
        ConfigurationError: none of them is a project folder.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        root = Path(named).expanduser().resolve()
        if not (root / CONFIG_FILE).is_file():
            raise ConfigurationError(f"{ROOT_VARIABLE} is {root}, which contains no {CONFIG_FILE}.")
        return Project(root)
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / CONFIG_FILE).is_file():
            return Project(folder)
    raise ConfigurationError(
        f"No {CONFIG_FILE} in this or a parent folder: `ocr-pipeline init` makes a project here; otherwise change to the "
        f"project folder or set {ROOT_VARIABLE}."
    )
