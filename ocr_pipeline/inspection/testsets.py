"""Test sets compared with the documents and labels of the database."""

from collections.abc import Collection

from ocr_pipeline.documents.testsets import (
    Differences,
    TestSet,
    Version,
    differences,
    load_all,
    version_of,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader


def require_unchanged(project: Project, reader: Reader, title: str) -> tuple[TestSet, Version]:
    """The version of a test set whose documents and labels have not changed.

    Raises:
        ConfigurationError: there is none, or something changed.
    """
    testset, version = version_of(project.testsets, title)
    if found := changes(reader, version):
        raise ConfigurationError(changed_sentence(testset, version, found))
    return testset, version


def changes(reader: Reader, version: Version) -> Differences:
    """What changed since a version was frozen, as far as it was ingested."""
    return differences(version, tables.testsets.labelled_documents(reader))


def unchanged_testsets(project: Project, reader: Reader) -> dict[str, Collection[str]]:
    """The documents of the latest version of each test set, by its name and version. A set of which something changed is left
    out: what is scored today is not what was frozen."""
    return {
        testset.title(): testset.latest.documents.keys()
        for testset in load_all(project.testsets)
        if not changes(reader, testset.latest)
    }


def changed_sentence(testset: TestSet, version: Version, found: Differences) -> str:
    return (
        f"{testset.title(version)} is no longer what was frozen: {found.sentence}. Restore them, or freeze a new version "
        f"with `ocr-pipeline testset freeze {testset.name}`."
    )


def between_versions(project: Project, before: str, now: str) -> str:
    """Why evaluations of two versions (`receipts@1`, `receipts@2`) are not compared."""
    try:
        _, old = version_of(project.testsets, before)
        _, new = version_of(project.testsets, now)
    except ConfigurationError as error:
        return f"not compared: {error}"
    found = differences(old, new.documents, only_of_version=False).sentence
    return f"not compared: the baseline is of {before}, the latest evaluation of {now}: {found}."
