"""The extractor `external`: the imported prediction of a document, mapped to our fields."""

from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema, invoice_schema
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.external.mapping import Mapping, NullValues, map_row
from ocr_pipeline.extraction.external.names import ABOUT_THE_ROW, DEFAULTS, defaults_of, list_cells
from ocr_pipeline.extraction.external.strict_json import BadJson, parse
from ocr_pipeline.schemas import Extraction


class External(BaseModel, Extractor):
    """Returns predictions imported with `ocr-pipeline import predictions`. Documents without one fail with the reason
    `no_prediction`.

    `null_values`: by field, values that stand for none, such as a cost of 0 that means unknown. A given value that cannot be
    read is not dropped: it is in `Extraction.unreadable` and scores as wrong.

    `fields` maps our fields to columns of the imported rows or JMESPath expressions; the default is our own name. Amounts are
    decimals and dates ISO unless `decimal_separator` or `day_first` say how they are printed. `schema` names the schema that
    `fields` and `null_values` are about, default that of invoices; they do not apply to documents of another one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str] = "external"
    capabilities: ClassVar[Capabilities] = Capabilities(imports=True, schemas="any")

    of_schema: str | None = Field(default=None, alias="schema")
    fields: dict[str, str] = {}
    decimal_separator: Literal[".", ","] | None = None
    day_first: bool | None = None
    null_values: NullValues = {}

    @field_validator("null_values", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        """Single values become lists; numbers are compared with those of the rows, which are decimals."""
        if not isinstance(value, dict):
            return value
        lists = {name: entry if isinstance(entry, list | tuple) else [entry] for name, entry in value.items()}
        return {
            name: tuple(Decimal(str(entry)) if _is_number(entry) else entry for entry in entries)
            for name, entries in lists.items()
        }

    @field_validator("null_values")
    @classmethod
    def _known_null(cls, value: NullValues, info: ValidationInfo) -> NullValues:
        if info.data.get("of_schema"):
            return value  # checked when a document of that schema is mapped
        unknown = sorted(set(value) - set(DEFAULTS) - list_cells(invoice_schema()))
        if unknown:
            raise ValueError(
                f"unknown field {unknown[0]!r}; known are {', '.join(DEFAULTS)}, line_items.amount and so on"
            )
        return value

    @field_validator("fields")
    @classmethod
    def _known(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if info.data.get("of_schema"):
            return value  # checked when a document of that schema is mapped
        unknown = sorted(set(value) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(DEFAULTS)}")
        return value

    @property
    def mapping(self) -> Mapping:
        """How rows about invoices are mapped."""
        return self.mapping_of(invoice_schema())

    def mapping_of(self, schema: DocumentSchema) -> Mapping:
        """How rows about documents of a schema are mapped.

        Raises:
            ConfigurationError: `fields` names a field that the schema does not have.
        """
        if (self.of_schema or INVOICE_NAME) != schema.name:
            about_row = {name: path for name, path in self.fields.items() if name in ABOUT_THE_ROW}
            return Mapping(about_row, self.decimal_separator, self.day_first, {}, schema)
        known = {*defaults_of(schema), *list_cells(schema)}
        if unknown := sorted({*self.fields, *self.null_values} - known):
            raise ConfigurationError(
                f"backends.yaml maps {unknown[0]!r}, which the schema {schema.name} does not have; "
                f"it has {', '.join(defaults_of(schema))}."
            )
        return Mapping(self.fields, self.decimal_separator, self.day_first, self.null_values, schema)

    def fingerprint(self) -> dict[str, object]:
        """Leaves out the column of the document name: only the import needs it."""
        fields = {name: path for name, path in self.fields.items() if name != "document"}
        nulls = {name: [str(value) for value in values] for name, values in self.null_values.items()}
        of_schema = {"schema": self.of_schema} if self.of_schema else {}
        options = self.model_dump(exclude={"of_schema"})
        return {**options, **of_schema, "fields": fields, "null_values": nulls, "extractor": "external", "version": 2}

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.prediction is None:
            raise DocumentError("no_prediction", "No prediction was imported for this document.")
        try:
            mapped = map_row(parse(document.prediction()), self.mapping_of(document.schema))
        except BadJson as error:
            raise ConfigurationError(f"An imported prediction is damaged ({error}): import it again.") from None
        return mapped.extraction


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
