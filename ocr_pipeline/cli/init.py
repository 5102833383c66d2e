"""`ocr-pipeline init` and `demo`: projects made of what comes with the package."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.cli.output import console, counted, plain
from ocr_pipeline.new_project import DEMO, add_demo, make_project
from ocr_pipeline.project import CONFIG_FILE, ROOT_VARIABLE, Project, project_around

DEMO_FOLDER = Path("ocr-pipeline-demo")


def init(folder: Annotated[Path, typer.Argument(help="Folder of the new project.")] = Path()) -> None:
    """Make a project folder.

    Writes backends.yaml, workspace.yaml, .gitignore, data/ and defs/ (for your own Dagster assets). Existing files are kept.
    """
    project = make_project(folder.expanduser())
    change = "" if project.root == Path.cwd().resolve() else f"cd {folder} && "
    console.print(
        f"Made a project in {plain(str(project.root))}."
        f"\nNext: [b]{plain(change)}ocr-pipeline import folder ~/invoices --name mine[/] (or copy files to data/documents/),"
        "\nthen [b]ocr-pipeline run[/]; [b]ocr-pipeline demo[/] runs ten documents that come with labels.",
        soft_wrap=True,
    )


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help=f"Project folder; made if missing. Default: this project, or {DEMO_FOLDER}.")
    ] = None,
) -> None:
    """Run ten bundled documents with all backends that need no key.

    Copies the documents with their labels into the project and ends with the leaderboard.
    """
    from ocr_pipeline.cli.run import run

    project = _project(folder)
    os.environ[ROOT_VARIABLE] = str(project.root)  # `run` finds it there
    if new := add_demo(project):
        console.print(
            f"{counted(new, 'document')} with labels copied to {plain(str(project.data / DEMO))}.", soft_wrap=True
        )
    run(dataset=DEMO)
    if project.root != Path.cwd().resolve():
        console.print(f"The project is in {plain(str(project.root))}: change to that folder first.", soft_wrap=True)


def _project(folder: Path | None) -> Project:
    """The named project, or the one around the working directory, or that of the demo; made if missing."""
    if folder is None and (project := project_around()) is not None:
        return project
    folder = (folder or DEMO_FOLDER).expanduser()
    return Project(folder.resolve()) if (folder / CONFIG_FILE).is_file() else make_project(folder)
