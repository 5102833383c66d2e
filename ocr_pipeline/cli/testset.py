"""`ocr-pipeline testset`: versioned sets of documents and labels that scores are of."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, counted, opened, plain, print_json, titled_table
from ocr_pipeline.documents import testsets
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.testsets import changed_sentence, changes
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Test set: receipts, or receipts@1 for a version.")]


def freeze(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the test set.")], dataset: DatasetOption = None
) -> None:
    """Freeze documents and labels as a test set, or as its next version.

    Writes data/testsets/NAME.json, for version control: documents by id and hash, hashes of their labels. Every run then
    evaluates all backends on it, as long as nothing in it changes.
    """
    project = find_project()
    with opened(project).snapshot() as snapshot:
        documents = tables.testsets.labelled_documents(snapshot, dataset)
        fields = tables.testsets.labelled_fields(snapshot, documents)
    made = testsets.freeze(project.testsets, name, documents, fields, datetime.now(UTC).replace(microsecond=0))
    path = project.relative(project.testsets / f"{name}.json")
    console.print(f"{made.title()}: {counted(len(documents), 'document')} frozen in {path}.", soft_wrap=True)
    console.print(f"Next: [b]ocr-pipeline run --testset {name}[/]")


def list_testsets(as_json: JsonOption = False) -> None:
    """List test sets and whether something in them changed."""
    project = find_project()
    found = testsets.load_all(project.testsets)
    if not found and not as_json:
        raise ConfigurationError("There is no test set yet: `ocr-pipeline testset freeze NAME` makes one.")
    with opened(project).snapshot() as snapshot:
        changed = {testset.name: changes(snapshot, testset.latest).sentence for testset in found}
    if as_json:
        print_json(
            [
                {
                    "name": testset.name,
                    "version": testset.latest.version,
                    "frozen_at": testset.latest.frozen_at,
                    "documents": len(testset.latest.documents),
                    "changed": changed[testset.name] or None,
                }
                for testset in found
            ]
        )
        return
    table = titled_table("Test sets")
    for column in ("name", "version", "frozen (UTC)", "documents", "since then"):
        table.add_column(column, overflow="fold")
    for testset in found:
        latest = testset.latest
        row = (testset.name, str(latest.version), f"{latest.frozen_at:%Y-%m-%d %H:%M}", str(len(latest.documents)))
        table.add_row(*row, plain(changed[testset.name] or "unchanged"))
    console.print(table)


def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show the versions of a test set and the documents of one."""
    project = find_project()
    testset, version = testsets.version_of(project.testsets, name)
    if as_json:
        print_json({"name": testset.name, **version.model_dump(mode="json", by_alias=True)})
        return
    documents = counted(len(version.documents), "document")
    table = titled_table(f"{testset.title(version)}, frozen {version.frozen_at:%Y-%m-%d %H:%M} UTC: {documents}")
    for column in ("document", "data set", "schema", "sha256", "label"):
        table.add_column(column, overflow="fold")
    for key, document in version.documents.items():
        hashes = (document.sha256[:12], document.label_sha256[:12])
        table.add_row(plain(key), plain(document.dataset), document.schema_name, *hashes)
    console.print(table)
    console.print(plain(f"Fields: {', '.join(version.fields)}."), soft_wrap=True)
    for before, after in zip(testset.versions, testset.versions[1:], strict=False):
        found = testsets.differences(before, after.documents, only_of_version=False)
        console.print(plain(f"{testset.title(before)} to {testset.title(after)}: {found.sentence}."), soft_wrap=True)


def check(name: NameArgument) -> None:
    """Check that documents and labels are those that were frozen.

    The exit code is 1 if they are not.
    """
    project = find_project()
    testset, version = testsets.version_of(project.testsets, name)
    with opened(project).snapshot() as snapshot:
        found = changes(snapshot, version)
    if found:
        raise ConfigurationError(changed_sentence(testset, version, found))
    console.print(f"{testset.title(version)}: unchanged, {counted(len(version.documents), 'document')}.")
