"""Which schemas a project has, and which of them the documents of a data set follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ocr_pipeline.document_schema.constraints import constraint_problems
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema, invoice_schema
from ocr_pipeline.document_schema.spec import NAME_PATTERN, Name, SchemaSpec
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import SCHEMAS_FOLDER
from ocr_pipeline.yaml_files import line_of, load_yaml

FOLDER = SCHEMAS_FOLDER
SCHEMA_FILE = "schema.yaml"
DATASET_FILE = "dataset.yaml"


class DatasetFile(BaseModel):
    """The content of `dataset.yaml`: the schema of the documents of a data set, or the schemas that they may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: Name | None = Field(default=None, alias="schema")
    schemas: list[Name] = []
    documents: dict[str, Name] = {}
    """The schema of documents by their path in the folder of the data set: `notes/*.pdf: delivery_notes`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "DatasetFile":
        if (self.schema_name is None) == (not self.schemas):
            raise ValueError("name either `schema` or `schemas`")
        return self

    @property
    def names(self) -> list[str]:
        """The schemas that documents may have, the default first."""
        return [self.schema_name] if self.schema_name else list(self.schemas)


def load_schemas(root: Path) -> dict[str, DocumentSchema]:
    """The schemas of the project in a folder by name, the one of invoices first.

    Raises:
        ConfigurationError: one of the files is invalid; the message names file and line.
    """
    schemas = {INVOICE_NAME: invoice_schema()}
    for path in sorted((root / FOLDER).glob(f"*/{SCHEMA_FILE}")):
        schemas[path.parent.name] = load_schema(path)
    return schemas


def load_schema(path: Path) -> DocumentSchema:
    """The schema in a file `NAME/schema.yaml`.

    Raises:
        ConfigurationError: it is invalid; the message names the line.
    """
    name = path.parent.name
    if not re.fullmatch(NAME_PATTERN, name):
        raise ConfigurationError(f"{name} cannot be the name of a schema: use a-z, 0-9 and _, a letter first.")
    if name == INVOICE_NAME:
        raise ConfigurationError(f"The schema {name} is part of the program; give {path.parent} another name.")
    try:
        stat = path.stat()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    return _load_schema(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _load_schema(path: Path, modified: int, size: int) -> DocumentSchema:
    try:
        spec, text = load_yaml(path, SchemaSpec)
    except ConfigurationError as error:
        raise ConfigurationError(f"{FOLDER}/{path.parent.name}/{error}") from None
    for position, problem in constraint_problems(spec):
        line = line_of(text, ("constraints", position))
        raise ConfigurationError(f"{FOLDER}/{path.parent.name}/{path.name}{line}: {problem}")
    return DocumentSchema(path.parent.name, spec, text)


def known_fields(root: Path) -> list[str]:
    """The single-valued fields of all schemas of a project, those of invoices first. Raises ConfigurationError."""
    return list(dict.fromkeys(name for schema in load_schemas(root).values() for name in schema.field_kinds))


def schema_named(schemas: Mapping[str, DocumentSchema], name: str | None) -> DocumentSchema:
    """The schema of this name; None: that of invoices. Raises ConfigurationError if the project does not have it."""
    if (name or INVOICE_NAME) not in schemas:
        raise ConfigurationError(f"{FOLDER}/{name}/{SCHEMA_FILE} is missing; ingested documents follow it.")
    return schemas[name or INVOICE_NAME]


@dataclass(frozen=True)
class DatasetSchemas:
    """The schemas that the documents of a data set may have, the default first. `patterns`: of documents by path."""

    allowed: tuple[DocumentSchema, ...]
    patterns: Mapping[str, DocumentSchema]

    def of(self, path: str) -> tuple[DocumentSchema, ...]:
        """The schemas that a document may have, the default first; of several, its label chooses. `path`: in the folder of
        the data set."""
        chosen = (schema for pattern, schema in self.patterns.items() if fnmatchcase(path, pattern))
        return tuple(dict.fromkeys([*list(chosen)[:1], *self.allowed]))


def dataset_schemas(folder: Path, schemas: Mapping[str, DocumentSchema]) -> DatasetSchemas | None:
    """What `dataset.yaml` in the folder of a data set says; None without such a file: all documents are invoices.

    Raises:
        ConfigurationError: it is invalid, or names a schema that the project does not have.
    """
    path = folder / DATASET_FILE
    if not path.is_file():
        return None
    try:
        content, text = load_yaml(path, DatasetFile)
    except ConfigurationError as error:
        raise ConfigurationError(f"{folder.name}/{error}") from None
    places: list[tuple[tuple[object, ...], str]] = [
        (("schema",) if content.schema_name else ("schemas", position), name)
        for position, name in enumerate(content.names)
    ]
    places += [(("documents", pattern), name) for pattern, name in content.documents.items()]
    for place, name in places:
        if name not in schemas:
            known = ", ".join(schemas)
            raise ConfigurationError(
                f"{folder.name}/{path.name}{line_of(text, place)}: no schema {name} in {FOLDER}/; known are {known}."
            )
    return DatasetSchemas(
        tuple(schemas[name] for name in content.names),
        {pattern: schemas[name] for pattern, name in content.documents.items()},
    )
