"""Versioned test sets: which documents and labels a score is of, in a file for version control (`data/testsets/NAME.json`).

A version never changes. Scores of different versions are not compared: a difference may be one of the documents.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.store import write_durably

MAX_NAMED = 3
"""Documents that a sentence names; the others are counted."""

_NAME = re.compile(r"[a-z0-9_-]{1,60}")


class FrozenDocument(BaseModel):
    """A document of a test set. `label_sha256`: hash of the label file and of the decisions about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    dataset: str
    schema_name: str = Field(default="invoice", alias="schema", description="Schema of the label.")
    sha256: str
    label_sha256: str


class Version(BaseModel):
    """One version of a test set. `fields`: those that its labels have; they are what is scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    frozen_at: datetime
    fields: tuple[str, ...]
    documents: dict[str, FrozenDocument]


class TestSet(BaseModel):
    """All versions of a test set, oldest first."""

    __test__ = False

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def title(self, version: Version | None = None) -> str:
        """`receipts@2`: how a version is named in tables and commands."""
        return f"{self.name}@{(version or self.latest).version}"


@dataclass(frozen=True)
class Differences:
    """How documents and labels differ from those of a version, by document id."""

    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.added or self.changed or self.relabelled)

    @property
    def sentence(self) -> str:
        """`2 labels changed (a, b), 1 document is missing (c)`."""
        parts = [
            _counted(self.relabelled, "label changed", "labels changed"),
            _counted(self.changed, "file changed", "files changed"),
            _counted(self.missing, "document is missing", "documents are missing"),
            _counted(self.added, "document was added", "documents were added"),
        ]
        return ", ".join(part for part in parts if part)


def _counted(ids: tuple[str, ...], one: str, more: str) -> str:
    if not ids:
        return ""
    named = ", ".join(ids[:MAX_NAMED]) + (", …" if len(ids) > MAX_NAMED else "")
    return f"{len(ids)} {one if len(ids) == 1 else more} ({named})"


def differences(version: Version, now: Mapping[str, FrozenDocument], *, only_of_version: bool = True) -> Differences:
    """Compare a version with other documents. `only_of_version`: further documents are not a difference."""
    then = version.documents
    both = sorted(then.keys() & now.keys())
    return Differences(
        missing=tuple(sorted(then.keys() - now.keys())),
        added=() if only_of_version else tuple(sorted(now.keys() - then.keys())),
        changed=tuple(key for key in both if then[key].sha256 != now[key].sha256),
        relabelled=tuple(key for key in both if _label(then[key]) != _label(now[key])),
    )


def _label(document: FrozenDocument) -> tuple[str, str]:
    return document.schema_name, document.label_sha256


def freeze(
    folder: Path, name: str, documents: Mapping[str, FrozenDocument], fields: tuple[str, ...], moment: datetime
) -> TestSet:
    """Write the next version of a test set.

    Raises:
        ConfigurationError: the name is not allowed, there are no documents, or nothing changed since the last version.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r}: names of test sets may contain a-z, 0-9, _ and -.")
    if not documents:
        raise ConfigurationError("No labelled document to freeze: label documents and run `ocr-pipeline run` first.")
    known = load(folder, name) if (folder / f"{name}.json").exists() else None
    if known and not differences(known.latest, documents, only_of_version=False):
        raise ConfigurationError(f"Nothing changed since {known.title()}; no version was written.")
    version = Version(
        version=known.latest.version + 1 if known else 1,
        frozen_at=moment,
        fields=fields,
        documents=dict(sorted(documents.items())),
    )
    written = TestSet(name=name, versions=(*(known.versions if known else ()), version))
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / f"{name}.json", written.model_dump_json(indent=1, by_alias=True) + "\n")
    return written


def load(folder: Path, name: str) -> TestSet:
    """The test set of this name.

    Raises:
        ConfigurationError: there is none, or its file is damaged.
    """
    path = folder / f"{name}.json"
    try:
        return TestSet.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise ConfigurationError(f"There is no test set {name!r}; known are: {known}.") from None
    except ValidationError:
        raise ConfigurationError(f"{path.name} is not a test set: restore it from version control.") from None


def load_all(folder: Path) -> list[TestSet]:
    """Every test set, by name."""
    return [load(folder, path.stem) for path in sorted(folder.glob("*.json"))]


def version_of(folder: Path, title: str) -> tuple[TestSet, Version]:
    """The test set and version of a name like `receipts` (the latest) or `receipts@1`.

    Raises:
        ConfigurationError: there is none.
    """
    name, _, number = title.partition("@")
    found = load(folder, name)
    if not number:
        return found, found.latest
    for version in found.versions:
        if str(version.version) == number:
            return found, version
    raise ConfigurationError(f"{name} has no version {number!r}; the latest is {found.latest.version}.")
