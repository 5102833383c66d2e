"""The `dataset.yaml` of a data set that documents are imported into."""

from collections.abc import Mapping
from pathlib import Path

from ocr_pipeline.document_schema.loading import DATASET_FILE, DatasetSchemas, dataset_schemas
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema
from ocr_pipeline.documents.importers.source import Source
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.store import write_durably


def choose_schemas(
    target: Path, given: Source, schema: str | None, schemas: Mapping[str, DocumentSchema]
) -> DatasetSchemas | None:
    """The schemas of a data set; None: its documents are invoices. A data set without a `dataset.yaml` gets one.

    Args:
        target: the folder of the data set in the project.
        given: the `dataset.yaml` of the source, if it has one.
        schema: the name that was asked for.

    Raises:
        ConfigurationError: there is no such schema, the data set has another one, or a file is invalid.
    """
    if schema is not None and schema not in schemas:
        raise ConfigurationError(f"There is no schema {schema!r}; known are {', '.join(schemas)}.")
    known = dataset_schemas(target, schemas)
    if known is not None:
        names = [entry.name for entry in known.allowed]
        if schema is not None and names != [schema]:
            raise ConfigurationError(f"The data set {target.name} has the schema {' or '.join(names)}, not {schema}.")
        return known
    text = f"schema: {schema}\n" if schema else given.read_bytes().decode("utf-8") if given.is_file() else None
    if text is None or schema == INVOICE_NAME:
        return None
    target.mkdir(parents=True, exist_ok=True)
    write_durably(target / DATASET_FILE, text)
    try:
        return dataset_schemas(target, schemas)
    except ConfigurationError:
        (target / DATASET_FILE).unlink()
        raise
